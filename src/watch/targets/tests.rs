use super::{merge, task_behind};
use crate::snapshot::{Container, TargetHealth, Task};

fn task(id: &str, containers: Vec<Container>) -> Task {
    Task {
        arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/web/{id}"),
        containers,
        ..Task::default()
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
