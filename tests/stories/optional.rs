//! Optional reads that fail, each in every way: the end is that of a run in which they are denied.

use plimsoll::run::Command;
use plimsoll_sim::{FaultKind, ProviderSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::evidence::logging;
use crate::fargate::on_fargate;
use crate::reads::{interfaces, templated};
use crate::setting::{
    crash, definition, grouped, images, instance, large, redeploy, roomy, service,
};

/// How a read may fail other than by a denial. The slow one answers long after anybody waits for it.
fn failures() -> [(&'static str, FaultKind); 8] {
    [
        ("500", FaultKind::ServerError),
        ("closed", FaultKind::Drop),
        ("throttled", FaultKind::Throttle),
        ("slow", FaultKind::Slow { by_ms: 600_000 }),
        ("moto", FaultKind::NotImplemented { status: 500 }),
        ("501", FaultKind::NotImplemented { status: 501 }),
        ("unknown", FaultKind::UnknownOperation),
        ("garbage", FaultKind::Garbage),
    ]
}

/// The whole run; longer than any.
const ALWAYS: std::ops::Range<i64> = 0..90_000;

/// A few looks of a read that nobody answers: 5 s apart, and 10 s each.
const A_FEW_LOOKS: u64 = 3 * (5 + 10) + 5;

/// Runs the story with each of `actions` denied, and then failing in each way for good: the end is
/// the same, a few looks later at most, and the log names the action once.
async fn each_failure_ends_as_a_denial(story: fn() -> Story, actions: &[&str]) {
    for action in actions {
        let denied = story().deny(action).deploy().await;
        let (_, operation) = action.split_once(':').unwrap();
        for (how, kind) in failures() {
            let told = story().trouble(operation, ALWAYS, kind).deploy().await;
            let what = format!("{action} {how}, {} s\n{}", told.seconds, told.log);
            assert!(told.calls(operation) > 0, "{what}");
            assert_eq!(end(&told), end(&denied), "{what}");
            assert!(
                told.seconds <= denied.seconds + A_FEW_LOOKS,
                "{} s where it is denied; {what}",
                denied.seconds
            );
            let (before, _) = told.log.split_once("\ncause (").unwrap_or((&told.log, ""));
            assert_eq!(before.matches(action).count(), 1, "{what}");
        }
    }
}

/// Outcome and first cause.
fn end(told: &Told) -> (&'static str, Option<&'static str>) {
    (told.outcome(), told.kinds().first().copied())
}

/// A healthy deploy, which the forecast doesn't look at.
fn healthy() -> Story {
    redeploy(|world| roomy(world, 3)).input("capacity-check", "off")
}

#[tokio::test(start_paused = true)]
async fn a_healthy_deploy_succeeds_whichever_read_of_the_watch_fails() {
    let actions = [
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:ListServiceDeployments",
        "ecs:DescribeServiceDeployments",
    ];
    each_failure_ends_as_a_denial(healthy, &actions).await;
}

/// New tasks end with exit code 1 soon after their start, and no circuit breaker decides about them.
fn crash_loop() -> Story {
    let story = redeploy(|world| {
        images(world);
        instance(world);
        crash(world, "api@", 1);
        service(world, logging(), ServiceSpec::default());
    });
    story.input("capacity-check", "off")
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_ends_the_same_whichever_read_of_the_watch_fails() {
    let actions = [
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:ListServiceDeployments",
        "ecs:DescribeServiceDeployments",
        "logs:GetLogEvents",
    ];
    each_failure_ends_as_a_denial(crash_loop, &actions).await;
}

/// Two tasks behind a target group; one of the old ones is protected for longer than anybody waits.
fn behind_a_load_balancer() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/1";
        let spec = ServiceSpec {
            desired: 2,
            target_groups: vec![group.to_owned()],
            ..ServiceSpec::default()
        };
        service(world, definition("api", 256, 512), spec);
        let slow = TaskBehaviour {
            healthy_after_secs: 100,
            ..TaskBehaviour::default()
        };
        world.behaviour("api@", slow);
        let id = world.tasks()[0].id.clone();
        world.protect(&id, true, Some(120));
    })
}

#[tokio::test(start_paused = true)]
async fn a_standstill_ends_the_same_whichever_evidence_fails() {
    let actions = [
        "elasticloadbalancing:DescribeTargetHealth",
        "ecs:GetTaskProtection",
    ];
    each_failure_ends_as_a_denial(behind_a_load_balancer, &actions).await;
}

/// A group that has no instance to spare and launches none: what is read of it decides.
fn failing_group(world: &mut World) {
    let error = "We currently do not have sufficient m5.large capacity";
    let group = ProviderSpec {
        max: 4,
        launch_error: Some(error.to_owned()),
        ..ProviderSpec::default()
    };
    grouped(world, group);
}

#[tokio::test(start_paused = true)]
async fn a_standstill_is_called_the_same_whichever_read_of_the_cluster_fails() {
    let story = || {
        redeploy(failing_group)
            .input("capacity-check", "off")
            .input("poll-interval", "15s")
    };
    let actions = [
        "ecs:DescribeContainerInstances",
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScalingActivities",
    ];
    each_failure_ends_as_a_denial(story, &actions).await;
}

/// A story, and the actions that fail in it.
type Row = (fn() -> Story, &'static [&'static str]);

/// Only what is read before a deploy.
fn planned(story: Story) -> Story {
    story
        .input("dry-run", "true")
        .input("capacity-check", "fail")
}

#[tokio::test(start_paused = true)]
async fn a_forecast_is_the_same_whichever_read_fails() {
    let rows: [Row; 5] = [
        (
            || planned(redeploy(|world| roomy(world, 3))),
            &[
                "ecs:ListContainerInstances",
                "ecs:DescribeContainerInstances",
                "ecs:ListTasks",
                "ecs:DescribeTasks",
                "ecr:GetDownloadUrlForLayer",
            ],
        ),
        (
            || planned(redeploy(failing_group)),
            &[
                "ecs:DescribeCapacityProviders",
                "autoscaling:DescribeAutoScalingGroups",
            ],
        ),
        (
            || planned(templated()),
            &["ec2:DescribeLaunchTemplateVersions"],
        ),
        (|| planned(interfaces()), &["ec2:DescribeInstanceTypes"]),
        (
            || planned(redeploy(on_fargate)),
            &["ec2:DescribeSubnets", "servicequotas:GetServiceQuota"],
        ),
    ];
    for (story, actions) in rows {
        each_failure_ends_as_a_denial(story, actions).await;
    }
}

/// An image that is named in full is asked of ECR, and goes on as it is written where that fails.
#[tokio::test(start_paused = true)]
async fn an_image_is_deployed_whichever_read_of_ecr_fails() {
    let named = || {
        planned(Story::new(|world| roomy(world, 3))).input(
            "image",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v2",
        )
    };
    each_failure_ends_as_a_denial(named, &["ecr:BatchGetImage"]).await;
    for (how, kind) in failures() {
        let story = named().trouble("DescribeRepositories", ALWAYS, kind);
        let told = story.deploy().await;
        assert_eq!(told.outcome(), "planned", "{how}: {}", told.log);
        let digest = told.report.image.map(|image| image.digest);
        assert!(digest.is_some_and(|digest| !digest.is_empty()), "{how}");
    }
}

/// moto's server knows no service deployments, and is right about all else.
#[tokio::test(start_paused = true)]
async fn an_emulator_without_service_deployments_ends_a_healthy_deploy_well() {
    let moto = FaultKind::NotImplemented { status: 500 };
    let told = redeploy(|world| roomy(world, 3)).trouble("ListServiceDeployments", ALWAYS, moto);
    let told = told.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let named: Vec<&str> = told
        .log
        .lines()
        .filter_map(|line| line.split_once("! `ecs:ListServiceDeployments`"))
        .map(|(_, rest)| rest)
        .collect();
    insta::assert_snapshot!(named.join("\n"), @" isn't answered (HTTP 500, and nothing that AWS says): the rollout is judged without it, and the log says less about what it waits for");
    assert!(told.calls("ListServiceDeployments") < 30, "{}", told.log);
}

/// What fails for all services is named once, and not as one service's.
#[tokio::test(start_paused = true)]
async fn a_read_that_fails_for_several_services_is_named_once() {
    let story = redeploy(|world| {
        images(world);
        for name in ["api", "jobs"] {
            instance(world);
            let spec = ServiceSpec {
                name: name.to_owned(),
                ..ServiceSpec::default()
            };
            service(world, definition(name, 128, 256), spec);
        }
    });
    let told = story
        .input("service", "api\njobs")
        .trouble("ListServiceDeployments", ALWAYS, FaultKind::ServerError)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let named = "! `ecs:ListServiceDeployments` isn't answered";
    assert_eq!(told.log.matches(named).count(), 1, "{}", told.log);
}

/// The service deployments are listed, and can't be described: the tasks tell that they crash.
#[tokio::test(start_paused = true)]
async fn a_crash_loop_whose_deployment_cannot_be_described_is_a_failure() {
    let told = crash_loop().trouble("DescribeServiceDeployments", ALWAYS, FaultKind::ServerError);
    let told = told.deploy().await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"container-exit"));
}

/// The tasks can't be read for a minute and a half; from then on the log counts by them again.
#[tokio::test(start_paused = true)]
async fn a_read_that_answers_again_is_used_again() {
    let slow = |world: &mut World| {
        roomy(world, 3);
        let behaviour = TaskBehaviour {
            pull_secs: 200,
            ..TaskBehaviour::default()
        };
        world.behaviour("api@", behaviour);
    };
    let told = redeploy(slow)
        .input("capacity-check", "off")
        .trouble("ListTasks", 0..90, FaultKind::ServerError)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let at = |call: &plimsoll_sim::Call| (call.at - START) / 1000;
    let calls = told.sim.calls();
    let calls = calls.iter().filter(|call| call.operation == "ListTasks");
    let asked: Vec<i64> = calls.map(at).collect();
    let asked_in = |span: std::ops::Range<i64>| asked.iter().filter(|at| span.contains(at)).count();
    // Two calls a look, and up to four tries of the first.
    assert!(asked_in(30..90) <= 8, "now and then: {asked:?}");
    assert!(asked_in(120..300) > 4, "used again: {asked:?}");
    // Only tasks tell that those which run aren't healthy yet.
    assert!(told.log.contains("not healthy yet"), "{}", told.log);
    let named = "`ecs:ListTasks` isn't answered";
    assert_eq!(told.log.matches(named).count(), 1, "{}", told.log);
}

/// No part of a look fails for good, and yet no look is whole.
#[tokio::test(start_paused = true)]
async fn parts_that_fail_in_turns_hide_no_end() {
    let calm = healthy().deploy().await;
    let mut story = healthy();
    for second in (0..3600).step_by(16) {
        let throttle = FaultKind::Throttle;
        story = story
            .trouble("DescribeTasks", second..second + 8, throttle.clone())
            .trouble(
                "DescribeServiceDeployments",
                second + 8..second + 16,
                throttle,
            );
    }
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(
        told.seconds <= calm.seconds + A_FEW_LOOKS,
        "{} s, and {} s without trouble",
        told.seconds,
        calm.seconds
    );
}

/// All that is optional hangs, and the run waits for half a minute of it before it deploys.
#[tokio::test(start_paused = true)]
async fn optional_reads_that_hang_share_one_bound_before_a_deploy() {
    let hanging = [
        "ListContainerInstances",
        "ListTasks",
        "DescribeCapacityProviders",
        "DescribeAutoScalingGroups",
        "DescribeInstanceTypes",
        "DescribeSubnets",
        "GetServiceQuota",
        "GetDownloadUrlForLayer",
        "ListServiceDeployments",
    ];
    for build in [failing_group, on_fargate] {
        let mut story = redeploy(build).input("wait-for-minutes", "1");
        for operation in hanging {
            story = story.silent(operation);
        }
        let told = story.deploy().await;
        let calls = told.sim.calls();
        let update = calls.iter().find(|call| call.operation == "UpdateService");
        let update = (update.unwrap().at - START) / 1000;
        assert!((20..=31).contains(&update), "{update} s\n{}", told.log);
        assert!(told.seconds <= 31 + 60 + 20, "{} s", told.seconds);
    }
}

/// `explain` takes a few looks, and one more for each that lacks a part.
#[tokio::test(start_paused = true)]
async fn explain_says_the_same_without_an_optional_read() {
    let stuck = || {
        Story::new(|world| {
            large(world);
            let next = world.tasks()[0].task_definition.clone();
            let update = json!({"taskDefinition": next, "forceNewDeployment": true});
            world.update_service("web", "sample", &update).unwrap();
        })
        .input("service", "sample")
    };
    for (how, kind) in failures() {
        let story = stuck().trouble("ListServiceDeployments", ALWAYS, kind);
        let told = story.carry_out(Command::Explain).await;
        assert_eq!(told.outcome(), "stuck", "{how}: {}", told.log);
        assert_eq!(told.kinds().first(), Some(&"cpu"), "{how}");
    }
}
