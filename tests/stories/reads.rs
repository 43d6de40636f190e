//! What the optional reads beside ECS add, and what is left without them.

use plimsoll_sim::{Breaker, Exit, Fault, FaultKind, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::{Value, json};

use crate::door::{Story, Told};
use crate::setting::{definition, images, instance, redeploy, service};

/// Two tasks of this size don't fit on one m5.large.
const LARGE: (i64, i64) = (1536, 4096);

/// The group `workers` with one m5.large that the service's one task fills.
fn workers(world: &mut World, spec: ProviderSpec) {
    images(world);
    let kind = spec.instance.ec2_type.clone();
    let instance = InstanceSpec { ec2_type: kind, capacity_provider: Some("workers".to_owned()), ..InstanceSpec::default() };
    world.add_capacity_provider(ProviderSpec { instance, ..spec });
    let of_group = ServiceSpec { capacity_providers: vec![("workers".to_owned(), 1, 0)], ..ServiceSpec::default() };
    service(world, definition("api", LARGE.0, LARGE.1), of_group);
}

fn full() -> Story {
    redeploy(|world| workers(world, ProviderSpec { max: 1, ..ProviderSpec::default() }))
}

/// Everything that explains the outcome of the one service, in one text.
fn causes(told: &Told) -> String {
    let causes = told.report.services.iter().flat_map(|service| &service.causes);
    causes.map(|cause| format!("{}: {}\n{}\n", cause.kind.as_str(), cause.message, cause.evidence.join("\n"))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_group_at_its_maximum_is_part_of_the_proof() {
    let told = full().deploy().await;
    assert_eq!(told.outcome(), "blocked", "{}", told.log);
    assert_eq!(told.calls("UpdateService"), 0);
    assert!(told.log.contains("`workers` is at its maximum: 1 of 1 instances"), "{}", told.log);

    let told = full().input("capacity-check", "off").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.seconds <= 30, "called as soon as it was certain: {} s", told.seconds);
    assert!(causes(&told).contains("at its maximum: 1 of 1 instances"), "{}", causes(&told));
}

#[tokio::test(start_paused = true)]
async fn a_task_larger_than_the_groups_smallest_type_gets_no_instance() {
    let mixed = |world: &mut World| {
        images(world);
        let instance = InstanceSpec { ec2_type: "m5.xlarge".to_owned(), ..InstanceSpec::default() };
        let types = vec!["m5.xlarge".to_owned(), "m5.large".to_owned()];
        world.add_capacity_provider(ProviderSpec { max: 4, instance, types, ..ProviderSpec::default() });
        let of_group = ServiceSpec { capacity_providers: vec![("workers".to_owned(), 1, 0)], ..ServiceSpec::default() };
        service(world, definition("api", 3072, 8192), of_group);
    };
    let told = redeploy(mixed).input("capacity-check", "off").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    let causes = causes(&told);
    assert!(causes.contains("smallest instance type, `m5.large` (2048 CPU units, 8192 MiB)"), "{causes}");
    assert!(told.seconds <= 30, "{} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn a_group_below_its_maximum_is_waited_for() {
    let told = redeploy(|world| workers(world, ProviderSpec { max: 2, ..ProviderSpec::default() })).input("stuck-after", "5m").deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(told.report.services[0].causes, []);
}

#[tokio::test(start_paused = true)]
async fn what_ec2_answers_to_a_launch_is_the_evidence() {
    let error = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a). Launching EC2 instance failed.";
    let failing = ProviderSpec { max: 4, launch_error: Some(error.to_owned()), ..ProviderSpec::default() };
    let told = redeploy(|world| workers(world, failing)).input("stuck-after", "5m").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(causes(&told).contains("scaling activity of `workers`: We currently do not have sufficient m5.large capacity"), "{}", causes(&told));
}

/// Two tasks with network interfaces of their own fill the one instance, of a type that is newer
/// than the table in the source.
fn interfaces() -> Story {
    redeploy(|world| {
        images(world);
        world.add_instance(InstanceSpec { ec2_type: "m8i.large".to_owned(), ..InstanceSpec::default() });
        let mut document = definition("api", 128, 256);
        document["networkMode"] = json!("awsvpc");
        document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
        service(world, document, ServiceSpec { desired: 2, ..ServiceSpec::default() });
    })
    .input("capacity-check", "off")
    .input("stuck-after", "10m")
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_network_interfaces_comes_from_ec2() {
    let told = interfaces().deploy().await;
    assert_eq!((told.outcome(), told.kinds().first()), ("stuck", Some(&"eni")), "{}", told.log);
    assert!(told.seconds <= 30, "{} s", told.seconds);

    let story = interfaces();
    story.sim.with(|world| world.deny("ec2:DescribeInstanceTypes"));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.seconds >= 600, "not certain without the limit: {} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn denied_reads_of_groups_leave_the_forecast_unknown_and_are_named_once() {
    let story = full();
    story.sim.with(|world| {
        world.deny("autoscaling:DescribeAutoScalingGroups");
        world.deny("autoscaling:DescribeScalingActivities");
    });
    let told = story.input("stuck-after", "2m").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert_eq!(told.calls("UpdateService"), 1, "an unknown forecast holds nothing back");
    // Once while it goes on, and once more as evidence where it ends without a proof.
    let (before, closing) = told.log.split_once("\ncause (").unwrap();
    for part in [before, closing] {
        assert_eq!(part.matches("autoscaling:DescribeAutoScalingGroups").count(), 1, "{}", told.log);
    }
}

#[tokio::test(start_paused = true)]
async fn plain_deploys_read_nothing_beside_ecs() {
    let told = redeploy(|world| crate::setting::roomy(world, 3)).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    for operation in ["DescribeAutoScalingGroups", "DescribeInstanceTypes", "GetLogEvents", "DescribeTargetHealth"] {
        assert_eq!(told.calls(operation), 0, "{operation}");
    }
}

/// A task definition whose one container logs to `/app/api`.
fn logging() -> Value {
    let mut document = definition("api", 256, 512);
    let options = json!({"awslogs-group": "/app/api", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"});
    document["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs", "options": options});
    document
}

/// New tasks write a few lines and end with exit code 1.
fn crashing() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        let log = ["listening soon", "\u{1b}[31mFATAL\u{1b}[0m no DATABASE_URL", "::error::forged"].map(str::to_owned).to_vec();
        let exit = Some(Exit { after_secs: 3, code: 1, reason: String::new() });
        world.behaviour("api@", TaskBehaviour { exit, log, ..TaskBehaviour::default() });
        let breaker = Some(Breaker::default());
        service(world, logging(), ServiceSpec { breaker, ..ServiceSpec::default() });
    })
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_told_with_the_last_lines_of_its_log() {
    let told = crashing().deploy().await;
    assert_eq!((told.outcome(), told.kinds().first()), ("rolled-back", Some(&"container-exit")), "{}", told.log);
    let evidence = causes(&told);
    assert!(evidence.contains("log of `app`: ") && evidence.contains("no DATABASE_URL"), "{evidence}");
    assert!(told.log.contains("no DATABASE_URL"), "{}", told.log);
    assert!(!told.log.contains('\u{1b}'), "control characters are escaped");
    assert!(!told.log.lines().any(|line| line.trim_start().starts_with("::")), "no line is a command: {}", told.log);
    assert!(told.calls("GetLogEvents") <= 2, "read once, for the verdict");
}

#[tokio::test(start_paused = true)]
async fn without_its_log_a_crash_is_told_as_before() {
    let story = crashing();
    story.sim.with(|world| world.deny("logs:GetLogEvents"));
    let told = story.deploy().await;
    assert_eq!((told.outcome(), told.kinds().first()), ("rolled-back", Some(&"container-exit")), "{}", told.log);
    assert!(told.log.contains("aws logs tail"), "{}", told.log);
    assert_eq!(told.log.matches("logs:GetLogEvents").count(), 1, "{}", told.log);
    assert_eq!(told.calls("GetLogEvents"), 1);
}

/// New tasks never answer the health check; ECS gives them two minutes of grace.
fn unhealthy(network: &str) -> Story {
    let network = network.to_owned();
    redeploy(move |world| {
        images(world);
        instance(world);
        instance(world);
        world.behaviour("api@", TaskBehaviour { never_healthy: true, unhealthy_after_secs: 20, ..TaskBehaviour::default() });
        let mut document = definition("api", 128, 256);
        document["networkMode"] = json!(network);
        if network == "awsvpc" {
            document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
        }
        let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef".to_owned();
        let breaker = Some(Breaker::default());
        let spec = ServiceSpec { target_groups: vec![group], health_check_grace_secs: 120, deregistration_delay_secs: 5, breaker, ..ServiceSpec::default() };
        service(world, document, spec);
    })
    .input("wait-for-minutes", "60")
}

#[tokio::test(start_paused = true)]
async fn unhealthy_targets_are_told_with_their_reason() {
    for network in ["awsvpc", "bridge"] {
        let told = unhealthy(network).deploy().await;
        assert_eq!((told.outcome(), told.kinds().first()), ("rolled-back", Some(&"load-balancer-health")), "{}", told.log);
        let evidence = causes(&told);
        assert!(evidence.contains("unhealthy Target.ResponseCodeMismatch Health checks failed with these codes: [503]"), "{evidence}");
        assert!(!evidence.contains("isn't known"), "the task behind the target is known: {evidence}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_targets_health_its_verdict_stays() {
    let story = unhealthy("bridge");
    story.sim.with(|world| world.deny("elasticloadbalancing:DescribeTargetHealth"));
    let told = story.deploy().await;
    assert_eq!((told.outcome(), told.kinds().first()), ("rolled-back", Some(&"load-balancer-health")), "{}", told.log);
    assert_eq!(told.log.matches("elasticloadbalancing:DescribeTargetHealth").count(), 1, "{}", told.log);
    assert_eq!(told.calls("DescribeTargetHealth"), 1);
}

#[tokio::test(start_paused = true)]
async fn evidence_that_fails_to_come_changes_no_verdict() {
    for kind in [FaultKind::ServerError, FaultKind::Throttle, FaultKind::Drop] {
        let story = crashing();
        story.sim.fault(Fault::new("GetLogEvents", 100, kind));
        let told = story.deploy().await;
        assert_eq!((told.outcome(), told.kinds().first()), ("rolled-back", Some(&"container-exit")), "{}", told.log);
        assert!(told.calls("GetLogEvents") <= 6, "two logs, three tries each: {}", told.calls("GetLogEvents"));
    }
    let story = crashing();
    story.sim.fault(Fault::new("GetLogEvents", 2, FaultKind::Throttle));
    assert!(causes(&story.deploy().await).contains("no DATABASE_URL"), "a passing fault is tried again");
}
