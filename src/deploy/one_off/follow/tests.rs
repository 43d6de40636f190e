use super::super::job::End;
use super::end_of;
use crate::snapshot::{Container, Health, Task, TaskStatus, Timestamp};

fn task(status: TaskStatus, stop_code: &str, containers: &[(&str, Option<i64>)]) -> Task {
    Task {
        arn: "arn:aws:ecs:eu-west-1:111122223333:task/web/t1".to_owned(),
        task_definition: String::new(),
        started_by: String::new(),
        group: String::new(),
        instance: None,
        capacity_provider: None,
        launch_type: None,
        availability_zone: None,
        last_status: status,
        desired_status: "RUNNING".to_owned(),
        health: Health::Unknown,
        created: Timestamp(0),
        started: None,
        stopping: None,
        stopped: None,
        stop_code: Some(stop_code.to_owned()).filter(|code| !code.is_empty()),
        stopped_reason: String::new(),
        has_eni: false,
        protected: false,
        in_service: None,
        cpu: None,
        memory: None,
        containers: containers
            .iter()
            .map(|(name, exit_code)| Container {
                name: (*name).to_owned(),
                exit_code: *exit_code,
                ..Container::default()
            })
            .collect(),
    }
}

#[test]
fn one_container_decides_and_only_its_own_end() {
    use TaskStatus::{Deprovisioning, Running, Stopped};
    let exited = "EssentialContainerExited";
    for (status, code, containers, expected) in [
        (Running, "", vec![("app", None), ("side", Some(3))], None),
        (
            Running,
            "",
            vec![("app", Some(0)), ("side", None)],
            Some(End::Exited(0)),
        ),
        (
            Deprovisioning,
            exited,
            vec![("side", Some(137)), ("app", Some(0))],
            Some(End::Exited(0)),
        ),
        (
            Deprovisioning,
            exited,
            vec![("app", None), ("side", Some(0))],
            None,
        ),
        (
            Stopped,
            exited,
            vec![("app", None), ("side", Some(0))],
            Some(End::NoExitCode),
        ),
        (Stopped, "TaskFailedToStart", vec![], Some(End::NoExitCode)),
        (
            Stopped,
            "SpotInterruption",
            vec![("app", Some(0))],
            Some(End::CutShort),
        ),
        (
            Stopped,
            "UserInitiated",
            vec![("app", Some(143))],
            Some(End::Exited(143)),
        ),
    ] {
        let told = task(status, code, &containers);
        assert_eq!(end_of(&told, "app"), expected, "{told:?}");
    }
}
