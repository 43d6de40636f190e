//! `plan`, `explain` and `watch`: looking without touching.

use plimsoll::run::Command;
use plimsoll_sim::{ServiceSpec, TaskBehaviour};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{
    crash, definition, images, instance, large, redeploy, roomy, service, story_of,
};

/// Whatever else happens: nothing is written.
fn untouched(told: &Told) {
    let writes: Vec<String> = told
        .sim
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .filter(|operation| {
            ["Register", "Update", "Stop", "Deregister"]
                .iter()
                .any(|verb| operation.starts_with(verb))
        })
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert!(!told.report.service_changed);
}

#[tokio::test(start_paused = true)]
async fn a_plan_shows_the_change_and_the_forecast_and_changes_nothing() {
    let told = redeploy(large)
        .input("service", "sample")
        .input("dry-run", "true")
        .deploy()
        .await;
    untouched(&told);
    assert_eq!((told.outcome(), told.report.exit_code()), ("planned", 0));
    assert_eq!(
        told.report.services[0]
            .forecast
            .as_ref()
            .map(|forecast| forecast.verdict.as_str()),
        Some("blocked")
    );
    insta::assert_snapshot!(story_of(&told), @"
      0:00  forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      0:00    at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      0:00    each new task needs 6144 CPU units, 16384 MiB, 1 network interface
      0:00    instance             type        CPU free  MiB free  ENI free  GPU free
      0:00    i-0e6984080bab12a02  m5.2xlarge      2048     15360         2         0  6144 CPU units needed, 2048 free, 4096 short; 16384 MiB needed, 15360 free, 1024 short
      0:00    would help: set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
      0:00    would help: give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384; cost: each task then has less to work with
      0:00    would help: add 1 more instance of type m5.2xlarge to the cluster; cost: the price of that instance while it runs

    planned: nothing was changed; as it stands, the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)
    ");
}

#[tokio::test(start_paused = true)]
async fn a_strict_plan_gates_a_pull_request() {
    let told = redeploy(large)
        .input("service", "sample")
        .input("dry-run", "true")
        .input("strict", "true")
        .deploy()
        .await;
    untouched(&told);
    assert_eq!((told.outcome(), told.report.exit_code()), ("blocked", 3));
}

#[tokio::test(start_paused = true)]
async fn explain_says_that_a_steady_service_could_not_be_deployed_again() {
    let told = Story::new(large)
        .input("service", "sample")
        .carry_out(Command::Explain)
        .await;
    untouched(&told);
    assert_eq!(told.report.exit_code(), 0);
    assert!(
        told.log.contains("steady: sample:1 runs 1 of 1 tasks"),
        "{}",
        told.log
    );
    assert!(told.log.contains("forecast: blocked"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn explain_calls_a_stuck_rollout_stuck() {
    let told = Story::new(|world| {
        large(world);
        world.add_image("api", "v9", "amd64");
        let next = world.tasks()[0].task_definition.clone();
        world
            .update_service(
                "web",
                "sample",
                &json!({"taskDefinition": next, "forceNewDeployment": true}),
            )
            .unwrap();
    })
    .input("service", "sample")
    .carry_out(Command::Explain)
    .await;
    untouched(&told);
    assert_eq!(told.report.exit_code(), 4, "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"cpu"));
}

#[tokio::test(start_paused = true)]
async fn explain_says_what_a_moving_rollout_waits_for() {
    let told = Story::new(|world| {
        roomy(world, 2);
        world.behaviour(
            "api",
            TaskBehaviour {
                pull_secs: 300,
                ..TaskBehaviour::default()
            },
        );
        world
            .update_service("web", "api", &json!({"forceNewDeployment": true}))
            .unwrap();
        world.advance_to(START);
    })
    .carry_out(Command::Explain)
    .await;
    untouched(&told);
    assert_eq!(told.report.exit_code(), 0, "{}", told.log);
    assert!(
        told.log
            .contains("moving: api:1 is rolling out, waiting for"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn watch_follows_what_somebody_else_started() {
    let told = Story::new(|world| {
        roomy(world, 2);
        world
            .update_service("web", "api", &json!({"forceNewDeployment": true}))
            .unwrap();
    })
    .carry_out(Command::Watch)
    .await;
    untouched(&told);
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn watch_never_rolls_back_what_it_did_not_start() {
    let told = Story::new(|world| {
        images(world);
        instance(world);
        service(world, definition("api", 256, 512), ServiceSpec::default());
        crash(world, "api", 1);
        world
            .update_service("web", "api", &json!({"forceNewDeployment": true}))
            .unwrap();
    })
    .input("on-failure", "rollback")
    .carry_out(Command::Watch)
    .await;
    untouched(&told);
    assert_eq!(told.outcome(), "failed", "{}", told.log);
}
