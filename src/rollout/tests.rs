//! Looks that the stand-in doesn't show: task protection that nobody may read, floods of events.

mod completion;
mod judged;

use std::time::Duration;

use serde_json::json;

use super::{Look, Patience, RolloutVerdict, SeenBefore, State, Step, Target, own_status, step};
use crate::snapshot::{
    Deployment, DeploymentStatus, Event, Health, RolloutState, Service, ServiceDeployment, Task,
    TaskStatus, Timestamp,
};

const START: Timestamp = Timestamp(1_795_194_000_000);

fn state() -> State {
    let target = Target {
        cluster: "web".to_owned(),
        service: "api".to_owned(),
        deployment: "ecs-svc/2".to_owned(),
        task_definition: "arn:api:2".to_owned(),
        created: START,
        tell_since: START,
        since: START,
        previous: Some("arn:api:1".to_owned()),
        counted: None,
    };
    let patience = Patience {
        stuck_after: Duration::from_secs(120),
        limit: Duration::from_secs(7200),
        deadline: START.plus(Duration::from_secs(7200)),
        wait_when_stuck: false,
    };
    State::new(target, patience, json!({"containerDefinitions": []}))
}

fn deployment(id: &str, status: DeploymentStatus, rollout: RolloutState) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{id}"),
        status,
        task_definition: format!("arn:api:{id}"),
        desired: 1,
        pending: 0,
        running: 1,
        failed: 0,
        created: START,
        updated: START,
        rollout: Some(rollout),
        rollout_reason: String::new(),
    }
}

fn task(id: &str) -> Task {
    Task {
        arn: format!("arn:task/{id}"),
        task_definition: format!("arn:api:{id}"),
        started_by: format!("ecs-svc/{id}"),
        group: "service:api".to_owned(),
        instance: Some("arn:instance/1".to_owned()),
        capacity_provider: None,
        launch_type: Some("EC2".to_owned()),
        availability_zone: None,
        last_status: TaskStatus::Running,
        desired_status: "RUNNING".to_owned(),
        health: Health::Unknown,
        created: START,
        started: Some(START),
        stopping: None,
        stopped: None,
        stop_code: None,
        stopped_reason: String::new(),
        has_eni: false,
        protected: false,
        in_service: None,
        cpu: None,
        memory: None,
        containers: Vec::new(),
    }
}

/// Both tasks run; ECS has still to take the old one away.
fn look(events: Vec<Event>) -> Look {
    let service = Service {
        name: "api".to_owned(),
        desired: 1,
        running: 2,
        deployments: vec![
            deployment("2", DeploymentStatus::Primary, RolloutState::InProgress),
            deployment("1", DeploymentStatus::Active, RolloutState::Completed),
        ],
        events,
        ..Service::default()
    };
    Look {
        service: Some(service),
        tasks: Some(vec![task("2"), task("1")]),
        ..Look::default()
    }
}

/// Looks every 15 s for `minutes`; the last step and all that was said.
fn watched(look: &Look, minutes: i64) -> (Step, String) {
    let mut state = state();
    let mut said = String::new();
    let mut last = Step::default();
    for tick in 0..=minutes * 4 {
        last = step(&mut state, look, Timestamp(START.0 + tick * 15_000));
        for line in &last.say {
            said.push_str(&line.text);
            said.push('\n');
        }
        if last.verdict.is_some() {
            break;
        }
    }
    (last, said)
}

#[test]
fn protected_old_tasks_are_waited_for_and_then_named() {
    let event = Event {
        id: "1".to_owned(),
        at: Timestamp(START.0 + 60_000),
        message: "(service api) was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in due to (reason 1 tasks under protection)".to_owned(),
    };
    let (last, _) = watched(&look(vec![event]), 10);
    assert_eq!(last.verdict, Some(RolloutVerdict::Stuck { proven: false }));
    assert_eq!(
        last.causes.first().map(|cause| cause.kind.as_str()),
        Some("task-protection")
    );
}

#[test]
fn a_flood_of_events_is_shown_in_part_and_counted() {
    let events: Vec<Event> = (0..100)
        .map(|number| Event {
            id: number.to_string(),
            at: START,
            message: format!("(service api) has started 1 tasks: (task {number})."),
        })
        .collect();
    let (_, said) = watched(&look(events), 0);
    assert_eq!(said.matches("ECS: ").count(), 12);
    assert!(said.contains("88 more ECS events"), "{said}");
}

/// Every status that a service deployment can have, while ours is PRIMARY and after another took its
/// place: what it means, and that a word nobody knows yet decides nothing.
#[test]
fn each_status_of_a_service_deployment_means_one_thing() {
    let told = |status: &str, is_primary: bool| {
        let own = if is_primary {
            DeploymentStatus::Primary
        } else {
            DeploymentStatus::Active
        };
        let mut deployments = vec![deployment("2", own, RolloutState::InProgress)];
        if !is_primary {
            let back = Deployment {
                task_definition: "arn:api:1".to_owned(),
                created: START.plus(Duration::from_secs(60)),
                ..deployment("3", DeploymentStatus::Primary, RolloutState::InProgress)
            };
            deployments.insert(0, back);
        }
        let service = Service {
            status: "ACTIVE".to_owned(),
            desired: 1,
            deployments,
            ..Service::default()
        };
        let known = ServiceDeployment {
            status: status.to_owned(),
            reason: "why".to_owned(),
            ..ServiceDeployment::default()
        };
        let before = SeenBefore {
            now: START.plus(Duration::from_secs(90)),
            seen: Some(START),
            failed: false,
            has_state: true,
        };
        let found = own_status(&state().target, &service, Some(&known), before);
        let text = format!("{found:?}");
        text.split([' ', '{']).next().unwrap_or_default().to_owned()
    };
    let expected = [
        ("PENDING", "InProgress", "Superseded"),
        ("IN_PROGRESS", "InProgress", "Superseded"),
        ("STOP_REQUESTED", "InProgress", "Superseded"),
        ("STOPPED", "Failed", "Superseded"),
        ("SUCCESSFUL", "Completed", "Superseded"),
        ("ROLLBACK_REQUESTED", "RollingBack", "RollingBack"),
        ("ROLLBACK_IN_PROGRESS", "RollingBack", "RollingBack"),
        ("ROLLBACK_SUCCESSFUL", "RolledBack", "RolledBack"),
        ("ROLLBACK_FAILED", "RollbackFailed", "RollbackFailed"),
        ("A_WORD_OF_TOMORROW", "InProgress", "Superseded"),
    ];
    for (status, primary, replaced) in expected {
        assert_eq!(told(status, true), primary, "{status} while PRIMARY");
        assert_eq!(
            told(status, false),
            replaced,
            "{status} with another PRIMARY"
        );
    }
}
