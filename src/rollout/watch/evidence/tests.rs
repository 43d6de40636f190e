use serde_json::json;

use super::{ended, merge, task_behind};
use crate::aws::LogStream;
use crate::diagnosis::TargetHealth;
use crate::snapshot::{Container, Health, Task, TaskStatus, Timestamp};

fn task(id: &str, containers: Vec<Container>) -> Task {
    Task {
        arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/web/{id}"),
        task_definition: String::new(),
        started_by: String::new(),
        group: String::new(),
        instance: None,
        capacity_provider: None,
        launch_type: None,
        availability_zone: None,
        last_status: TaskStatus::Running,
        desired_status: "RUNNING".to_owned(),
        health: Health::Unknown,
        created: Timestamp(0),
        started: None,
        stopping: None,
        stopped: None,
        stop_code: Some("EssentialContainerExited".to_owned()),
        stopped_reason: String::new(),
        has_eni: false,
        protected: false,
        in_service: None,
        cpu: None,
        memory: None,
        containers,
    }
}

fn container(name: &str, exit_code: Option<i64>) -> Container {
    Container {
        name: name.to_owned(),
        exit_code,
        ..Container::default()
    }
}

fn target(id: &str, port: u16, state: &str) -> TargetHealth {
    TargetHealth {
        target: id.to_owned(),
        port,
        state: state.to_owned(),
        ..TargetHealth::default()
    }
}

#[test]
fn a_target_is_a_task_only_where_one_can_be_meant() {
    let at = |address: &str, port: u16| Container {
        addresses: vec![address.to_owned()],
        host_ports: vec![port],
        ..Container::default()
    };
    let tasks = [
        task("a", vec![at("10.0.0.1", 8080)]),
        task("b", vec![at("10.0.0.2", 8080)]),
        task("c", vec![at("10.0.0.3", 32_769)]),
    ];
    for (id, port, expected) in [
        ("10.0.0.2", 80, Some("b")),
        ("10.0.0.9", 80, None),
        ("i-1", 32_769, Some("c")),
        ("i-1", 8080, None),
    ] {
        assert_eq!(
            task_behind(&target(id, port, "unhealthy"), &tasks).map(Task::id),
            expected,
            "{id}:{port}"
        );
    }
}

#[test]
fn unhealthy_is_remembered_until_it_is_healthy() {
    let mut seen = Vec::new();
    merge(
        &mut seen,
        vec![
            target("a", 1, "unhealthy"),
            target("b", 1, "healthy"),
            target("c", 1, "unhealthy.draining"),
        ],
    );
    assert_eq!(seen.len(), 2);
    merge(
        &mut seen,
        vec![target("a", 1, "draining"), target("c", 1, "healthy")],
    );
    assert_eq!(seen, [target("a", 1, "unhealthy")]);
}

#[test]
fn the_log_is_that_of_the_container_that_ended_first() {
    let log = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/app", "awslogs-stream-prefix": "p", "awslogs-region": "eu-west-1"}});
    let document = json!({"containerDefinitions": [
        {"name": "side", "essential": false, "logConfiguration": log},
        {"name": "proxy", "logConfiguration": {"logDriver": "json-file"}},
        {"name": "app", "essential": true, "logConfiguration": log},
        {"name": "bare", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/app"}}},
    ]});
    let crashed = task(
        "t1",
        vec![
            container("side", Some(2)),
            container("proxy", Some(143)),
            container("app", Some(1)),
        ],
    );
    assert_eq!(ended(&crashed, &document), Some("app"));
    let found = LogStream::of(&document, "app", "t1").expect("a stream");
    assert_eq!(
        (
            found.group.as_str(),
            found.stream.as_str(),
            found.region.as_deref()
        ),
        ("/app", "p/app/t1", Some("eu-west-1"))
    );
    for without in ["proxy", "bare", "unknown"] {
        assert_eq!(LogStream::of(&document, without, "t1"), None, "{without}");
    }
}
