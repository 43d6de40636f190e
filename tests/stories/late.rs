//! Tasks that crash late: after they got healthy, and after ECS called the deployment complete.

use plimsoll::run::Command;
use plimsoll_sim::{Breaker, Exit, ServiceSpec, TaskBehaviour, World};

use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{definition, images, instance, redeploy, service, story_of};

fn exits_after(after_secs: i64) -> TaskBehaviour {
    let exit = Some(Exit {
        after_secs,
        code: 1,
        reason: String::new(),
    });
    TaskBehaviour {
        exit,
        ..TaskBehaviour::default()
    }
}

/// Behind a load balancer whose old task drains for 150 s; the new one crashes `after_secs` after its start.
fn crashing_late(world: &mut World, after_secs: i64, breaker: bool) {
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123";
    let breaker = breaker.then(|| Breaker {
        rollback: false,
        ..Breaker::default()
    });
    images(world);
    instance(world);
    world.behaviour("api@", exits_after(after_secs));
    let spec = ServiceSpec {
        minimum_healthy_percent: 0,
        maximum_percent: 100,
        breaker,
        target_groups: vec![group.to_owned()],
        deregistration_delay_secs: 150,
        ..ServiceSpec::default()
    };
    service(world, definition("api", 256, 512), spec);
}

/// Each gets healthy first, which sets the breaker's count back; and ECS calls the deployment
/// complete as soon as one of them happens to run.
#[tokio::test(start_paused = true)]
async fn what_crashes_after_it_got_healthy_is_no_success() {
    for (after_secs, breaker) in [(45, true), (50, false), (60, true), (60, false), (80, true)] {
        let told = redeploy(|world| crashing_late(world, after_secs, breaker))
            .deploy()
            .await;
        let what = format!("{after_secs} s, {breaker}\n{}", told.log);
        assert_eq!(told.outcome(), "failed", "{what}");
        assert_eq!(told.kinds().first(), Some(&"container-exit"), "{what}");
        assert!(told.seconds < 300, "{what}");
        assert!(
            told.log.contains("ECS calls the deployment complete"),
            "{what}"
        );
    }
    let told = redeploy(|world| crashing_late(world, 55, true))
        .deploy()
        .await;
    insta::assert_snapshot!(story_of(&told), @"
      0:00  forecast: the rollout fits: 1 new task in 1 wave
      0:00    at least 0 healthy (1 × 0 % rounded up), at most 1 running or pending (1 × 100 % rounded down)
      0:00    each new task needs 256 CPU units, 512 MiB
      0:00    instance             type      CPU free  MiB free  ENI free  GPU free
      0:00    i-0e6984080bab12a02  m5.large      1792      7252         2         0  takes one more
      0:00  service `api`: deployment ecs-svc/1226 started
      0:00  0 of 1 new task running; 1 old running
      0:10  ECS: has stopped 1 running tasks: (task 77cb).
      0:10  ECS: has begun draining connections on 1 tasks.
      0:10  ECS: has started 1 tasks: (task f5d8).
      0:10  0 of 1 new task running, 1 starting; 0 old running, 1 old stopping
      0:20  1 of 1 new task running (1 not healthy yet); 0 old running, 1 old stopping
      1:05  1 of 1 new task running; 0 old running, 1 old stopping
      1:15  ! task f5d81f33: Essential container in task exited (container `app`, exit code 1)
      1:15  0 of 1 new task running, 1 failed; 0 old running, 1 old stopping
      1:20  ECS: has started 1 tasks: (task 0de2).
      1:20  0 of 1 new task running, 1 starting, 1 failed; 0 old running, 1 old stopping
      1:30  1 of 1 new task running (1 not healthy yet), 1 failed; 0 old running, 1 old stopping
      2:05  1 of 1 new task running, 1 failed; 0 old running, 1 old stopping
      2:25  ECS: has started 1 tasks: (task ef68).
      2:25  0 of 1 new task running, 1 starting, 2 failed; 0 old running, 1 old stopping
      2:40  1 of 1 new task running (1 not healthy yet), 2 failed
      3:10  1 of 1 new task running, 2 failed
      3:15  ECS: (deployment ecs-svc/1226) deployment completed.
      3:15  ECS: has reached a steady state.
      3:15  ! ECS calls the deployment complete; waiting all the same for 1 new task to run for longer than 1m 22s: one ran for 55s and failed
      3:35  ECS: has started 1 tasks: (task d3f1).
      3:35  0 of 1 new task running, 1 starting, 3 failed

    cause (container-exit): the essential container `app` ended with exit code 1, 55s after its start
      · 3 tasks, container `app`, exit code 1: Essential container in task exited
      → read its log; the task definition has no `awslogs` group for it, so see where its log driver sends it
      → run the image `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba79` elsewhere with the same settings
      → AWS's page: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html

    failed: the rollout of api:2 failed: 3 tasks of the new revision failed in a row and none ran for longer than 55s: task ef684142: Essential container in task exited (container `app`, exit code 1)
    the service was changed by this run
    ");
}

/// The first task finds its database away, the next one doesn't: it is believed once it is older.
#[tokio::test(start_paused = true)]
async fn a_crash_on_the_way_only_delays_the_success() {
    let told = redeploy(|world| {
        crashing_late(world, 80, false);
        world.script(START + 60_000, |world| {
            world.behaviour("api@", TaskBehaviour::default());
        });
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.log.contains("one ran for"), "{}", told.log);
}

/// A service whose deployment was complete once, after 600 s and more of crashing in a loop.
fn crashes_since(at: i64) -> Story {
    Story::new(|world| {
        images(world);
        instance(world);
        service(world, definition("api", 256, 512), ServiceSpec::default());
        world.behaviour("api", exits_after(70));
        let again = json!({"forceNewDeployment": true});
        world.update_service("web", "api", &again).unwrap();
        world.advance_to(START + at * 1000);
    })
}

fn is_failing(told: &Told) {
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    let why = "in a row and none ran for longer than 1m 10s: task";
    assert!(told.report.reason.contains(why), "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"container-exit"));
}

/// ECS calls its deployment complete all the while.
#[tokio::test(start_paused = true)]
async fn a_service_that_was_deployed_and_crashes_is_explained_as_failing() {
    for at in 600..660 {
        is_failing(&crashes_since(at).carry_out(Command::Explain).await);
    }
}

/// Its count is full half of the time: the person who runs a failed job again must not get a green one.
#[tokio::test(start_paused = true)]
async fn the_same_again_is_no_unchanged_service_while_it_crashes() {
    for at in 600..660 {
        let told = crashes_since(at).deploy().await;
        is_failing(&told);
        assert_eq!(told.calls("UpdateService"), 0);
        assert!(told.seconds < 120, "{} s", told.seconds);
    }
}
