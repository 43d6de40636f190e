//! What goes wrong between the run and AWS, and what a person reads of it.

use plimsoll_sim::{FaultKind, ServiceSpec, TaskBehaviour, World};

use crate::door::{Story, Told};
use crate::setting::{definition, images, instance, large, redeploy, roomy, service};

/// Registrations that were carried out: revisions of `api` after the first.
fn revisions(told: &Told) -> usize {
    told.sim.with(|world| {
        (2..9)
            .filter(|number| {
                world
                    .find_task_definition(&format!("api:{number}"))
                    .is_some()
            })
            .count()
    })
}

/// Deployments that the service ever began after its first.
fn deployments(told: &Told) -> usize {
    told.sim.with(|world| {
        world
            .service("web", "api")
            .unwrap()
            .service_deployments
            .len()
            - 1
    })
}

fn steady() -> Story {
    redeploy(|world| roomy(world, 3))
}

async fn survives(story: Story) -> Told {
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(revisions(&told), 1, "one new revision");
    assert_eq!(deployments(&told), 1, "one deployment");
    told
}

#[tokio::test(start_paused = true)]
async fn a_runner_whose_clock_is_off_tells_the_same_story() {
    let right = redeploy(|world| roomy(world, 2)).deploy().await;
    for minutes in [-20, -3, 3, 20] {
        let mut story = redeploy(|world| roomy(world, 2));
        story.clock_ahead = minutes * 60_000;
        let told = story.deploy().await;
        assert_eq!(told.log, right.log, "{minutes} minutes off");
        assert_eq!(told.report.finished, right.report.finished);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_during_the_wait_never_ends_it() {
    for kind in [FaultKind::Throttle, FaultKind::ServerError, FaultKind::Drop] {
        let told = survives(steady().trouble("*", 10..500, kind.clone())).await;
        assert!(told.seconds >= 500, "{kind:?} {}", told.seconds);
        assert!(
            told.seconds <= 530,
            "{kind:?}: the end is seen soon after: {}",
            told.seconds
        );
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_with_what_is_optional_does_not_hide_the_end() {
    let calm = survives(steady()).await;
    let told = survives(steady().trouble(
        "ListTasks,DescribeTasks,ListServiceDeployments",
        10..9000,
        FaultKind::ServerError,
    ))
    .await;
    assert!(
        told.seconds <= calm.seconds + 60,
        "{} s, and {} s without trouble",
        told.seconds,
        calm.seconds
    );
}

/// Many deploys at once share the account's limits: seven refusals in a row are nothing, before
/// anything was changed too.
#[tokio::test(start_paused = true)]
async fn a_first_read_that_is_throttled_for_a_while_ends_no_run() {
    let told = survives(steady().fault("DescribeServices", 7, FaultKind::Throttle)).await;
    assert!(told.calls("DescribeServices") > 7, "{}", told.log);
    let told = steady().fault("DescribeServices", 8, FaultKind::Throttle);
    let told = told.deploy().await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert!(
        told.log.contains("the service was not changed"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn five_throttled_looks_in_a_row_are_nothing() {
    survives(steady().trouble("DescribeServices", 20..120, FaultKind::Throttle)).await;
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_whatever_aws_does() {
    for kind in [FaultKind::Throttle, FaultKind::Drop] {
        let told = steady()
            .input("wait-for-minutes", "5")
            .trouble("*", 10..9000, kind)
            .deploy()
            .await;
        assert_eq!(told.outcome(), "timed-out", "{}", told.log);
        assert!(told.seconds <= 5 * 60 + 45, "{} s", told.seconds);
        assert!(
            told.report.reason.contains("AWS to answer again"),
            "{}",
            told.report.reason
        );
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_end_are_an_error_and_no_failure() {
    let told = steady()
        .trouble("*", 20..9000, FaultKind::ExpiredToken)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert!(
        told.log.contains("the service was changed by this run"),
        "{}",
        told.log
    );
    assert!(
        told.log.contains("ask for a longer session"),
        "{}",
        told.log
    );
    assert!(
        told.log.contains("the deployment goes on in ECS"),
        "{}",
        told.log
    );
    assert!(!told.log.contains("failed:\n"), "{}", told.log);
    assert_eq!(
        told.report.services[0]
            .outcome
            .map(plimsoll::report::Outcome::as_str),
        Some("error")
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_looked_up() {
    for write in ["RegisterTaskDefinition", "UpdateService"] {
        let told = survives(steady().fault(write, 1, FaultKind::LostAnswer)).await;
        assert_eq!(told.calls(write), 1, "{write} is not repeated");
        // Forced deployments are never repeated by mistake either, though reads lag behind.
        let told = survives(
            steady()
                .input("force-new-deployment", "true")
                .fault(write, 1, FaultKind::LostAnswer)
                .trouble("DescribeServices", 0..5, FaultKind::Stale { by_ms: 5000 }),
        )
        .await;
        assert_eq!(told.calls(write), 1, "{write} is not repeated");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_arrived_is_repeated() {
    for write in ["RegisterTaskDefinition", "UpdateService"] {
        for kind in [FaultKind::Drop, FaultKind::Throttle, FaultKind::ServerError] {
            let told = survives(steady().fault(write, 1, kind)).await;
            assert_eq!(told.calls(write), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reads_that_lag_behind_the_update_decide_nothing() {
    survives(steady().trouble(
        "DescribeServices",
        1..50,
        FaultKind::Stale { by_ms: 60_000 },
    ))
    .await;
    survives(steady().trouble("DescribeServices", 12..40, FaultKind::Missing)).await;
    // As after an earlier rollback: the deployment that is there says why it was started.
    survives(steady().trouble("DescribeServices", 1..50, FaultKind::Stale { by_ms: 60_000 }).rewrite(
        "DescribeServices",
        "completed.\"",
        "completed: ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.\"",
    ))
    .await;
}

#[tokio::test(start_paused = true)]
async fn optional_permissions_are_optional() {
    let optional = [
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:ListContainerInstances",
        "ecs:DescribeContainerInstances",
        "ecs:ListServiceDeployments",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeCapacityProviders",
        "ecs:DescribeClusters",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
    ];
    for action in optional {
        let told = survives(steady().deny(action)).await;
        assert!(
            told.log.matches(&format!("`{action}` is denied")).count() <= 1,
            "{}",
            told.log
        );
        let asked = action.split_once(':').unwrap().1;
        assert!(
            told.calls(asked) <= 4,
            "{action} is asked for {} times",
            told.calls(asked)
        );
    }
    let told = survives(steady().deny(&optional.join(" "))).await;
    assert_eq!(
        told.log.matches("`ecs:ListTasks` is denied").count(),
        1,
        "{}",
        told.log
    );
}

/// What Plimsoll asks for besides what amazon-ecs-deploy-task-definition needs.
const LOOKS: &str = "ecs:ListTasks ecs:DescribeTasks ecs:ListContainerInstances ecs:DescribeContainerInstances \
    ecs:ListServiceDeployments ecs:DescribeServiceDeployments ecs:DescribeCapacityProviders ecs:DescribeClusters";

/// What amazon-ecs-deploy-task-definition needs is enough: nothing slow is taken for stuck.
#[tokio::test(start_paused = true)]
async fn with_the_four_permissions_a_slow_rollout_is_no_stuck_one() {
    let told = survives(
        redeploy(|world| {
            images(world);
            instance(world);
            let target_groups = vec![
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123"
                    .to_owned(),
            ];
            world.behaviour(
                "api@",
                TaskBehaviour {
                    healthy_after_secs: 170,
                    ..Default::default()
                },
            );
            let spec = ServiceSpec {
                desired: 2,
                target_groups,
                health_check_grace_secs: 300,
                ..ServiceSpec::default()
            };
            service(world, definition("api", 256, 512), spec);
        })
        .deny(LOOKS),
    )
    .await;
    assert!(told.seconds > 300, "it was slow: {} s", told.seconds);
}

/// The same, where it fails: ECS's own count and events are enough to tell.
#[tokio::test(start_paused = true)]
async fn with_the_four_permissions_a_failing_rollout_is_called_so() {
    let blind = |build: fn(&mut World)| redeploy(build).deny(LOOKS);
    let told = blind(|world| {
        roomy(world, 1);
        let pull_error = "CannotPullContainerError: pull image manifest has been retried 1 time(s)";
        let behaviour = TaskBehaviour {
            pull_error: Some(pull_error.to_owned()),
            ..TaskBehaviour::default()
        };
        world.behaviour("api@", behaviour);
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"image-pull"));
    let why = "ECS counts 3 failed tasks of the new revision in a row, and none runs";
    assert!(told.report.reason.contains(why), "{}", told.report.reason);
    assert!(told.seconds < 300, "{} s", told.seconds);
    // Tasks without a place are counted too, and may get one.
    let told = blind(large)
        .input("service", "sample")
        .input("capacity-check", "off")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_denied_write_is_named_and_nothing_is_hidden() {
    let told = steady().deny("ecs:RegisterTaskDefinition").deploy().await;
    assert_eq!(
        (told.outcome(), told.calls("UpdateService")),
        ("error", 0),
        "{}",
        told.log
    );
    assert!(
        told.log.contains("the service was not changed"),
        "{}",
        told.log
    );
    let told = steady().deny("ecs:UpdateService").deploy().await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert!(
        told.log.contains("allow `ecs:UpdateService`"),
        "{}",
        told.log
    );
    assert!(
        told.log
            .contains("task-definition/api:2` is registered and unused"),
        "{}",
        told.log
    );
    assert!(
        told.log.contains("the service was not changed"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn a_document_that_ecs_refuses_is_invalid() {
    let mut document = definition("api", 256, 512);
    document["tags"] = serde_json::json!([]);
    document["cpu"] = serde_json::json!("a lot");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("task.json"), document.to_string()).unwrap();
    let told = steady()
        .input("task-definition", "task.json")
        .workspace(folder.path())
        .deploy()
        .await;
    assert_eq!(
        (
            told.outcome(),
            told.calls("RegisterTaskDefinition"),
            told.calls("UpdateService")
        ),
        ("invalid", 1, 0),
        "{}",
        told.log
    );
    assert!(
        told.log.contains("the service was not changed"),
        "{}",
        told.log
    );
}

/// The answer to an update of the second service is lost, and so are the looks for what became of
/// it; then ECS refuses. It isn't said that nothing was changed, nor that its revision is unused.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_answer_proves_nothing() {
    let story = redeploy(|world| {
        images(world);
        for name in ["api", "jobs"] {
            instance(world);
            service(
                world,
                definition(name, 128, 256),
                ServiceSpec {
                    name: name.to_owned(),
                    ..ServiceSpec::default()
                },
            );
        }
    });
    let told = story
        .input("service", "api\njobs")
        .input("max-parallel", "1")
        .trouble("UpdateService", 30..200, FaultKind::LostAnswer)
        .deploy()
        .await;
    let jobs = &told.report.services[1];
    assert!(jobs.changed && told.report.service_changed, "{}", told.log);
    assert!(!told.log.contains("registered and unused"), "{}", told.log);
}

/// Only the count is changed, and all answers to that are lost: another count says that it was.
#[tokio::test(start_paused = true)]
async fn a_count_whose_answer_is_lost_is_no_unchanged_service() {
    let counted = |kind: FaultKind| async move {
        let story = Story::new(|world| roomy(world, 1)).input("desired-count", "3");
        story.trouble("UpdateService", 0..600, kind).deploy().await
    };
    let told = counted(FaultKind::LostAnswer).await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert!(told.report.service_changed, "{}", told.log);
    let told = counted(FaultKind::Drop).await;
    assert!(!told.report.service_changed, "{}", told.log);
}
