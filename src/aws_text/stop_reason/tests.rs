use serde_json::json;

use super::*;
use crate::snapshot::{Health, TaskStatus, Timestamp};

fn container(name: &str, exit_code: Option<i64>, reason: &str) -> Container {
    let (name, reason) = (name.to_owned(), reason.to_owned());
    Container {
        name,
        exit_code,
        reason,
        ..Container::default()
    }
}

fn task(code: &str, reason: &str, containers: &[Container]) -> Task {
    Task {
        arn: "arn:aws:ecs:eu-central-1:000000000000:task/web/0123".to_owned(),
        task_definition: String::new(),
        started_by: "ecs-svc/1".to_owned(),
        group: "service:web".to_owned(),
        instance: None,
        capacity_provider: None,
        launch_type: None,
        availability_zone: None,
        last_status: TaskStatus::Stopped,
        desired_status: "STOPPED".to_owned(),
        health: Health::Unknown,
        created: Timestamp(0),
        started: None,
        stopping: None,
        stopped: None,
        stop_code: Some(code.to_owned()).filter(|code| !code.is_empty()),
        stopped_reason: reason.to_owned(),
        has_eni: false,
        protected: false,
        in_service: None,
        cpu: None,
        memory: None,
        containers: containers.to_vec(),
    }
}

#[track_caller]
fn check(task: &Task, expected: StopKind, container: Option<&str>) {
    let document = json!({"containerDefinitions": [
        {"name": "app"}, {"name": "agent"}, {"name": "init", "essential": false},
    ]});
    let stop = read(task, TaskDefinition::of(&document));
    assert_eq!(stop.kind, expected, "{}", task.stopped_reason);
    assert_eq!(
        stop.container.map(|one| one.name.as_str()),
        container,
        "{}",
        task.stopped_reason
    );
}

#[test]
fn texts_of_the_task() {
    const TEXTS: &[(&str, &str, CauseKind)] = &[
        (
            "TaskFailedToStart",
            "TaskFailedToStart: RESOURCE:MEMORY",
            CauseKind::Memory,
        ),
        (
            "TaskFailedToStart",
            "TaskFailedToStart: AGENT",
            CauseKind::Agent,
        ),
        (
            "TaskFailedToStart",
            "TaskFailedToStart: NO ACTIVE INSTANCES",
            CauseKind::NoInstances,
        ),
        (
            "TaskFailedToStart",
            "Unable to attach network interface to unused device index.",
            CauseKind::Eni,
        ),
        (
            "TaskFailedToStart",
            "Timeout waiting for network interface provisioning to complete.",
            CauseKind::Network,
        ),
        (
            "TaskFailedToStart",
            "Timeout waiting for EphemeralStorage provisioning to complete",
            CauseKind::Volume,
        ),
        (
            "TaskFailedToStart",
            "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
            CauseKind::SubnetAddresses,
        ),
        (
            "ServiceSchedulerInitiated",
            "Task failed ELB health checks in (target-group arn:x)",
            CauseKind::LoadBalancerHealth,
        ),
        (
            "ServiceSchedulerInitiated",
            "Task failed container health checks",
            CauseKind::ContainerHealth,
        ),
        (
            "SpotInterruption",
            "Your Spot Task was interrupted.",
            CauseKind::SpotInterruption,
        ),
        (
            "",
            "Host EC2 (instance i-0123) terminated.",
            CauseKind::SpotInterruption,
        ),
        (
            "TaskFailedToStart",
            "CannotPullContainerError: ref pull has been retried 5 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
            CauseKind::ImagePlatform,
        ),
        (
            "TaskFailedToStart",
            "CannotPullContainerError: The task can\u{2019}t pull the image. Check that the role has the permissions to pull images from the registry",
            CauseKind::Role,
        ),
        (
            "TaskFailedToStart",
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
            CauseKind::Logging,
        ),
        (
            "TaskFailedToStart",
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection timed out",
            CauseKind::Volume,
        ),
        (
            "TaskFailedToStart",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
            CauseKind::Secrets,
        ),
        ("TaskFailedToStart", "something new", CauseKind::Unknown),
    ];
    for (code, text, kind) in TEXTS {
        check(&task(code, text, &[]), StopKind::Failed(*kind), None);
    }
}

#[test]
fn a_replaced_task_is_no_failure() {
    let replaced = "Scaling activity initiated by (deployment ecs-svc/1)";
    check(
        &task(
            "ServiceSchedulerInitiated",
            replaced,
            &[container("app", Some(137), "")],
        ),
        StopKind::Replaced,
        None,
    );
    check(
        &task("UserInitiated", "out of memory, exec format error", &[]),
        StopKind::ByUser,
        None,
    );
}

#[test]
fn containers_are_judged_by_essential() {
    const EXITED: &str = "Essential container in task exited";
    let exited = |containers: &[Container]| task("EssentialContainerExited", EXITED, containers);
    let exit = StopKind::Failed(CauseKind::ContainerExit);

    // The one that ended by itself, not the one that was made to stop then, nor the init container.
    let all = [
        container("init", Some(1), ""),
        container("agent", Some(143), ""),
        container("app", Some(2), ""),
    ];
    check(&exited(&all), exit, Some("app"));
    // An end without complaint is one, too.
    check(
        &exited(&[
            container("agent", Some(137), ""),
            container("app", Some(0), ""),
        ]),
        exit,
        Some("app"),
    );
    // 137 alone is no lack of memory; the reason says so, or nobody does.
    check(
        &exited(&[container("app", Some(137), "")]),
        exit,
        Some("app"),
    );
    let oom = "OutOfMemoryError: Container killed due to memory usage";
    let memory = StopKind::Failed(CauseKind::OutOfMemory);
    check(
        &exited(&[container("app", Some(137), oom)]),
        memory,
        Some("app"),
    );
    check(
        &exited(&[
            container("init", Some(137), oom),
            container("app", Some(1), ""),
        ]),
        exit,
        Some("app"),
    );
    let exec = "exec /app: exec format error";
    check(
        &exited(&[container("app", Some(255), exec)]),
        StopKind::Failed(CauseKind::ImagePlatform),
        Some("app"),
    );
}

#[test]
fn conventional_exit_codes_have_a_meaning() {
    for code in [0, 126, 127, 134, 137, 139, 143, 255] {
        assert!(exit_meaning(code).is_some(), "{code}");
    }
    assert_eq!(exit_meaning(1), None);
}
