//! What moves, what has failed and what stands still, by looks that are hard to bring about.

use std::sync::Arc;

use super::super::{ClusterLook, Counted, OwnStatus, Waiting};
use super::*;
use crate::snapshot::{CapacityProvider, CircuitBreaker, LoadBalancer, ScalingGroup};
use crate::survey::Survey;

/// Ten tasks are wanted behind a target group, with no circuit breaker.
fn behind_a_group(tasks: Vec<Task>, grace: u64) -> Look {
    let mut look = look(Vec::new());
    let service = look.service.as_mut().unwrap();
    service.desired = 10;
    service.deployments[0].desired = 10;
    service.health_check_grace = Duration::from_secs(grace);
    service.load_balancers = vec![LoadBalancer::default()];
    look.tasks = Some(tasks);
    look
}

fn running(number: u32, in_service: Option<bool>) -> Task {
    Task {
        arn: format!("arn:task/{number}"),
        in_service,
        ..task("2")
    }
}

fn stopped(number: u32, stop_code: Option<&str>, reason: &str) -> Task {
    Task {
        arn: format!("arn:task/s{number}"),
        last_status: TaskStatus::Stopped,
        desired_status: "STOPPED".to_owned(),
        stop_code: stop_code.map(str::to_owned),
        stopped_reason: reason.to_owned(),
        stopped: Some(START.plus(Duration::from_secs(20 + u64::from(number)))),
        ..task("2")
    }
}

fn crashed(number: u32) -> Task {
    stopped(
        number,
        Some("EssentialContainerExited"),
        "Essential container in task exited",
    )
}

#[test]
fn crashes_next_to_tasks_that_serve_are_no_failure_of_the_rollout() {
    let verdict = |in_service| {
        let tasks = (0..7).map(|number| Task {
            started: Some(Timestamp(START.0 - 60_000)),
            ..running(number, in_service)
        });
        let tasks = tasks.chain((0..3).map(crashed)).collect();
        watched(&behind_a_group(tasks, 0), 1).0.verdict
    };
    assert_eq!(verdict(Some(true)), None);
    // They run for longer than the others did, and may be getting healthy.
    assert_eq!((verdict(None), verdict(Some(false))), (None, None));
    // Those that run have just been started in the place of the failed ones.
    let tasks = (0..3).map(|number| Task {
        started: Some(Timestamp(START.0 - 5_000)),
        ..running(number, Some(false))
    });
    let tasks = tasks.chain((0..3).map(crashed)).collect();
    let verdict = watched(&behind_a_group(tasks, 0), 1).0.verdict;
    assert!(matches!(verdict, Some(RolloutVerdict::Failed { .. })));
}

/// A task that the load balancer never finds healthy isn't healthy for having grown old.
#[test]
fn a_task_that_outlives_its_grace_period_has_not_got_healthy() {
    let mut state = state();
    let mut last = Step::default();
    for tick in 0..60 {
        let mut tasks = vec![running(0, Some(false))];
        tasks.extend((0..u32::min(tick / 15, 3)).map(|number| Task {
            stopped: Some(START.plus(Duration::from_secs(u64::from(number + 1) * 225))),
            ..crashed(number)
        }));
        let now = Timestamp(START.0 + i64::from(tick) * 15_000);
        last = step(&mut state, &behind_a_group(tasks, 180), now);
        if last.verdict.is_some() {
            break;
        }
    }
    assert!(
        matches!(last.verdict, Some(RolloutVerdict::Failed { .. })),
        "{:?}",
        last.verdict
    );
}

#[test]
fn a_task_that_serves_is_not_waited_for_until_its_grace_period_is_over() {
    let healthy = |in_service| {
        let (last, _) = watched(&behind_a_group(vec![running(0, in_service)], 1800), 1);
        let mut waiting = last.waiting.iter();
        !waiting.any(|one| matches!(one, Waiting::Healthy { .. }))
    };
    assert_eq!((healthy(Some(true)), healthy(None)), (true, false));
}

/// Tasks that no instance could take, or whose instance went away, say nothing about the revision.
#[test]
fn what_had_no_place_or_lost_its_host_is_no_failure() {
    let failed = |code: Option<&str>, reason: &str, placed: bool| {
        let tasks = (0..3).map(|number| Task {
            instance: placed.then(|| "arn:instance/1".to_owned()),
            ..stopped(number, code, reason)
        });
        let (last, _) = watched(&behind_a_group(tasks.collect(), 0), 1);
        matches!(last.verdict, Some(RolloutVerdict::Failed { .. }))
    };
    let start = Some("TaskFailedToStart");
    for reason in [
        "TaskFailedToStart: RESOURCE:MEMORY",
        "TaskFailedToStart: AGENT",
        "TaskFailedToStart: MemberOf placement constraint unsatisfied",
        "TaskFailedToStart: EMPTY CAPACITY PROVIDER",
    ] {
        assert!(!failed(start, reason, false), "{reason}");
    }
    for (code, reason) in [
        (None, "Host EC2 (instance i-0123456789abcdef0) terminated."),
        (None, "Container instance deregistration forced by user"),
        (Some("InfrastructureHealth"), "The underlying host failed"),
    ] {
        assert!(!failed(code, reason, true), "{reason}");
    }
    assert!(failed(
        start,
        "CannotPullContainerError: no such manifest",
        true
    ));
    assert!(failed(
        start,
        "ResourceInitializationError: unable to pull secrets",
        true
    ));
}

/// ECS gave the deployment up; what becomes of it then.
#[test]
fn a_rollback_is_waited_for_only_where_one_can_come() {
    let breaker = |rollback| Some(CircuitBreaker { rollback });
    let told = |edit: &dyn Fn(&mut Service, &mut Target)| {
        let mut service = look(Vec::new()).service.unwrap();
        service.deployments[0].rollout = Some(RolloutState::Failed);
        service.deployments[0].rollout_reason =
            "ECS deployment circuit breaker: tasks failed to start.".to_owned();
        service.configuration.circuit_breaker = breaker(true);
        let mut target = state().target;
        edit(&mut service, &mut target);
        let before = SeenBefore {
            now: START.plus(Duration::from_secs(90)),
            seen: Some(START),
            failed: false,
            has_state: true,
        };
        matches!(
            own_status(&target, &service, None, before),
            OwnStatus::RollingBack { .. }
        )
    };
    assert!(told(&|_, _| {}));
    assert!(!told(
        &|service, _| service.configuration.circuit_breaker = breaker(false)
    ));
    // The alarms would roll back; it was the breaker that gave it up.
    assert!(!told(&|service, _| {
        service.configuration.circuit_breaker = breaker(false);
        service.configuration.alarms_roll_back = true;
    }));
    // Nothing was complete before.
    assert!(!told(&|service, target| {
        target.previous = None;
        service.deployments.truncate(1);
    }));
    assert!(!told(&|service, _| {
        service.events = vec![Event {
            id: "1".to_owned(),
            at: START,
            message: "(service api) (deployment ecs-svc/2) deployment failed: No rollback candidate was found to run the rollback.".to_owned(),
        }];
    }));
}

/// New tasks lack a place, and an old revision that crashes comes and goes next to them.
#[test]
fn an_old_revision_that_crashes_is_no_movement() {
    let mut state = state();
    let mut last = Step::default();
    for tick in 0..40 {
        let mut look = look(Vec::new());
        let old = Task {
            arn: format!("arn:task/old-{}", tick / 4),
            ..task("1")
        };
        let going = Task {
            arn: format!("arn:task/old-{}", tick / 4 - 1),
            last_status: TaskStatus::Stopping,
            desired_status: "STOPPED".to_owned(),
            stop_code: Some("EssentialContainerExited".to_owned()),
            ..task("1")
        };
        look.service.as_mut().unwrap().deployments[0].running = 0;
        look.tasks = Some(vec![if tick % 4 == 0 { going } else { old }]);
        last = step(&mut state, &look, Timestamp(START.0 + tick * 15_000));
        if last.verdict.is_some() {
            break;
        }
    }
    assert_eq!(last.verdict, Some(RolloutVerdict::Stuck { proven: false }));
}

/// `on-stuck: wait`: what moves again isn't stuck at the end, and a second standstill is reported.
#[test]
fn a_rollout_that_moves_again_is_stuck_no_more() {
    let mut state = state();
    state.patience.wait_when_stuck = true;
    state.patience.deadline = START.plus(Duration::from_secs(1800));
    let mut said = String::new();
    let mut last = Step::default();
    for tick in 0..=120_i64 {
        // Nothing for five minutes, then a task that starts, for as long as it takes.
        let mut look = look(Vec::new());
        look.service.as_mut().unwrap().deployments[0].running = 0;
        look.tasks = Some(vec![task("1")]);
        if tick > 40 {
            let starting = Task {
                last_status: TaskStatus::Pending,
                ..task("2")
            };
            look.tasks.as_mut().unwrap().push(starting);
        }
        last = step(&mut state, &look, Timestamp(START.0 + tick * 15_000));
        said.extend(last.say.iter().map(|line| format!("{}\n", line.text)));
    }
    assert_eq!(said.matches("the rollout is stuck").count(), 1, "{said}");
    assert!(
        matches!(last.verdict, Some(RolloutVerdict::TimedOut { .. })),
        "{:?}",
        last.verdict
    );
}

/// A group that wants one instance more than are here, whose latest activity is `status`.
fn growing(status: &str) -> Look {
    let mut look = look(Vec::new());
    look.service.as_mut().unwrap().deployments[0].running = 0;
    let waits = Task {
        last_status: TaskStatus::Provisioning,
        instance: None,
        launch_type: None,
        capacity_provider: Some("ec2".to_owned()),
        ..task("2")
    };
    look.tasks = Some(vec![task("1"), waits]);
    let group = ScalingGroup {
        desired: 1,
        max: 2,
        activities: vec![(status.to_owned(), String::new())],
        ..ScalingGroup::default()
    };
    let survey = Survey {
        providers: vec![CapacityProvider {
            name: "ec2".to_owned(),
            managed_scaling: true,
            group: Some(group),
            ..CapacityProvider::default()
        }],
        ..Survey::default()
    };
    look.cluster = Some(Arc::new(ClusterLook::of(survey, &[])));
    look
}

/// What is launched has to register; one that never does is not waited for until the limit.
#[test]
fn an_instance_that_never_registers_is_a_standstill() {
    assert_eq!(watched(&growing("PreInService"), 60).0.verdict, None);
    let (last, _) = watched(&growing("Successful"), 60);
    assert_eq!(last.verdict, Some(RolloutVerdict::Stuck { proven: false }));
}

/// ECS calls the deployment complete all along; the tasks tell, and not an answer from before.
#[test]
fn a_new_count_is_reached_when_the_tasks_run() {
    let mut state = state();
    state.target.counted = Some(Counted {
        desired: 2,
        whole: false,
    });
    let mut told = |desired: u32, tasks: Vec<Task>, seconds: u64| {
        let mut look = look(Vec::new());
        let service = look.service.as_mut().unwrap();
        service.deployments.truncate(1);
        service.deployments[0].rollout = Some(RolloutState::Completed);
        service.deployments[0].desired = desired;
        look.tasks = Some(tasks);
        step(&mut state, &look, START.plus(Duration::from_secs(seconds))).verdict
    };
    let old = || Task {
        started: Some(Timestamp(START.0 - 3_600_000)),
        ..running(0, None)
    };
    assert_eq!(told(1, vec![old()], 0), None, "an answer from before");
    assert_eq!(told(2, vec![old()], 5), None, "one is missing");
    let both = || {
        let young = Task {
            started: Some(START.plus(Duration::from_secs(10))),
            ..running(1, None)
        };
        vec![old(), young]
    };
    assert_eq!(told(2, both(), 15), None, "one isn't healthy yet");
    assert_eq!(told(2, both(), 60), Some(RolloutVerdict::Succeeded));
}
