use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

/// The word for what an event was read as, as the fixtures have it.
fn word(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Steady => "steady",
        EventKind::Started { .. } => "started",
        EventKind::Stopped { .. } => "stopped",
        EventKind::Registered { .. } => "registered",
        EventKind::Deregistered { .. } => "deregistered",
        EventKind::Draining { .. } => "draining",
        EventKind::Completed => "completed",
        EventKind::RollingBack { .. } => "rolling-back",
        EventKind::Balance => "balance",
        EventKind::Trouble(trouble) => trouble.kind.as_str(),
        EventKind::Other => "other",
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(word(&parse(text).kind), expected, "{text}");
}

#[test]
fn every_recorded_event_is_read_as_what_it_is() {
    let mut seen = BTreeSet::new();
    for line in include_str!("../../../tests/data/ecs-events.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (text, means) = (
            row["text"].as_str().unwrap(),
            row["means"].as_str().unwrap(),
        );
        check(text, means);
        seen.insert(means.to_owned());
    }
    assert!(seen.len() > 30, "{seen:?}");
}

#[test]
fn the_api_and_the_console_write_the_same_thing() {
    for (text, expected) in OTHERS {
        check(&format!("(service web) {text}"), expected);
        check(&format!("service web {text}"), expected);
        check(&format!("service (web) {text}"), expected);
        check(
            &format!("(service web, taskSet ecs-svc/1111111111111111111) {text}"),
            expected,
        );
        check(
            &format!("(service web) {}", text.replace('\'', "\u{2019}")),
            expected,
        );
        check(
            &format!("service web {}", text.replace(['(', ')'], "")),
            expected,
        );
    }
}

/// Wordings other than the recorded ones.
const OTHERS: &[(&str, &str)] = &[
    (
        "was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5-ffdd-4954-af7e-75b4be0c8841) encountered error \"AGENT\".",
        "agent",
    ),
    (
        "was unable to place a task because no container instance met all of its requirements. The closest matching container-instance AAA-BBB has no **** available",
        "unknown",
    ),
    (
        "was unable to reach steady state. Reason: No Container Instances were found in your capacity provider.",
        "no-instances",
    ),
    (
        "Timed out waiting for Amazon ECS Agent to start. Please check logs at /var/log/ecs/ecs-agent.log\".",
        "agent",
    ),
    (
        "was unable to place a task. Reason: TaskFailedToStart: RESOURCE:CPU.",
        "cpu",
    ),
    (
        "was unable to place a task. Reason: TaskFailedToStart: RESOURCE:PORTS.",
        "port",
    ),
    (
        "was unable to place a task. Reason: TaskFailedToStart: RESOURCE:ENI.",
        "eni",
    ),
    (
        "was unable to place a task. Reason: TaskFailedToStart: ATTRIBUTE.",
        "attribute",
    ),
    (
        "was unable to place a task. Reason: TaskFailedToStart: MemberOf placement constraint unsatisfied.",
        "constraint",
    ),
    (
        "was unable to place a task. Reason: TaskFailedToStart: EMPTY CAPACITY PROVIDER.",
        "no-instances",
    ),
    (
        "was unable to place a task. The reason for failure is Capacity is unavailable at this time.",
        "fargate-capacity",
    ),
    (
        "was unable to place a task. Reason: The requested CPU configuration is above your limit.",
        "quota",
    ),
    (
        "was unable to place a task. Reason: Internal error.",
        "fargate-capacity",
    ),
    (
        "was unable to place a task. Reason: ResourceInitializationError: Unable to launch instance(s) for capacity provider cp. MaxSpotInstanceCountExceeded: Max spot instance count exceeded. RequestId: 1.",
        "quota",
    ),
    (
        "was unable to place a task. Reason: ResourceInitializationError: Unable to launch instance(s) for capacity provider cp. VcpuLimitExceeded: no.",
        "quota",
    ),
    (
        "was unable to place a task. Reason: something that AWS will say next year.",
        "unknown",
    ),
    (
        "has started 1 tasks in eu-central-1a to AZ Rebalance: (task 22450d8cbf7b4648ac0837b9a710e807).",
        "balance",
    ),
    (
        "is unable to place a task in eu-central-1a because no container instance met all of its requirements.",
        "balance",
    ),
    (
        "was unable to AZ Rebalance because ecs-svc/1 was unable to scale in due to (reason 1 tasks under protection).",
        "balance",
    ),
    ("stopped AZ Rebalancing.", "balance"),
    (
        "deployment ecs-svc/8028000000000000000 deployment failed: alarm detected.",
        "alarm",
    ),
    (
        "deployment failed: Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-central-1:000000000000:function:gate returned FAILED status.",
        "lifecycle-hook",
    ),
    (
        "deployment failed: Service deployment rolled back because the circuit breaker threshold was exceeded.",
        "circuit-breaker",
    ),
    (
        "deployment failed: Service deployment rolled back because of something new.",
        "unknown",
    ),
    (
        "was unable to reach steady state because task set (ecs-svc/1) was unable to scale in. Reason: The number of protected tasks are more than the desired count of tasks",
        "task-protection",
    ),
    (
        "failed to register targets in (target-group arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/web/4d2246e3635cc45b) with (error The security token is invalid)",
        "load-balancer-health",
    ),
    (
        "failed to describe target health on (target-group web) with (error User: arn:aws:sts::000000000000:assumed-role/r/x is not authorized to perform: elasticloadbalancing:DescribeTargetHealth)",
        "role",
    ),
    (
        "(instance 10.0.0.29) (port 8080) is unhealthy in target-group web due to (reason Request timed out)",
        "load-balancer-health",
    ),
    (
        "(task 9d85800c30b349039d104d52b506b930) is unhealthy in (elb web) due to (reason Instance has failed at least the UnhealthyThreshold number of health checks consecutively.)",
        "load-balancer-health",
    ),
    (
        "task set (ecs-svc/1) (task 9d85800c30b349039d104d52b506b930) is not healthy in target-group (web) due to TARGET GROUP IS NOT FOUND.",
        "load-balancer-health",
    ),
    ("does something that nobody has seen yet.", "other"),
];

#[test]
fn names_are_taken_out_of_the_text() {
    let parsed = parse(
        "(service web, taskSet ecs-svc/12) has started 2 tasks: (task 22450d8cbf7b4648ac0837b9a710e807) \
         (task 0668979337dc48ebb791640cd1162053). Amazon ECS replaced 1 tasks due to an unhealthy status.",
    );
    assert_eq!(parsed.service.as_deref(), Some("web"));
    assert_eq!(parsed.deployment.as_deref(), Some("ecs-svc/12"));
    assert_eq!(parsed.tasks.len(), 2);
    assert_eq!(
        parsed.kind,
        EventKind::Started {
            tasks: 2,
            replaced: 1
        }
    );

    let parsed = parse("(service web) (deployment ecs-svc/13) deployment completed.");
    assert_eq!(parsed.deployment.as_deref(), Some("ecs-svc/13"));

    let parsed = parse("(service web) rolling back to deployment ecs-svc/14.");
    assert_eq!(
        parsed.kind,
        EventKind::RollingBack {
            to: "ecs-svc/14".to_owned()
        }
    );

    let EventKind::Trouble(trouble) = parse(
        "(service no-such-host) was unable to place a task because no container instance met all of its \
         requirements. The closest matching (container-instance 3f4d) has insufficient memory available.",
    )
    .kind
    else {
        panic!("not read as trouble")
    };
    assert_eq!(
        (trouble.kind, trouble.instance.as_deref()),
        (CauseKind::Memory, Some("3f4d"))
    );
}
