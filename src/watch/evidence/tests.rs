use serde_json::json;

use super::ended;
use crate::aws::LogStream;
use crate::aws_text::stop_reason;
use crate::definition::TaskDefinition;
use crate::rollout::why_stopped;
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

#[test]
fn the_log_is_that_of_the_container_that_the_cause_names() {
    // A proxy that was killed because the app had ended: its exit code is not a failure of its own.
    let document = json!({"containerDefinitions": [{"name": "proxy"}, {"name": "app"}]});
    let crashed = task(
        "t1",
        vec![container("proxy", Some(137)), container("app", Some(1))],
    );
    let definition = TaskDefinition::of(&document);
    let stop = stop_reason::read(&crashed, definition);
    assert_eq!(stop.container.map(|one| one.name.as_str()), Some("app"));
    assert_eq!(ended(&crashed, &document), Some("app"));
    assert_eq!(
        why_stopped(&crashed, definition),
        " (container `app`, exit code 1)"
    );
}
