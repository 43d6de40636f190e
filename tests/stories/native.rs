//! Native blue/green, linear and canary deployments, hooks, alarms, protected tasks and zones that
//! are rebalanced: what the watch makes of them.

mod unseen;

use plimsoll::run::Command;
use plimsoll_sim::{InstanceSpec, LambdaAnswer, LambdaSpec, ServiceSpec, World};
use serde_json::{Value, json};

use crate::door::{START, Story, Told};
use crate::rollbacks::runs;
use crate::setting::{definition, images, instance, redeploy, service, story_of};

const GATE: &str = "arn:aws:lambda:eu-west-1:111122223333:function:gate";

/// Service `api` of two tasks behind a target group, deployed as `configuration` says.
pub(crate) fn behind_a_load_balancer(world: &mut World, configuration: &Value) {
    images(world);
    instance(world);
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/1";
    let spec = ServiceSpec {
        desired: 2,
        target_groups: vec![group.to_owned()],
        deregistration_delay_secs: 30,
        ..ServiceSpec::default()
    };
    service(world, definition("api", 256, 512), spec);
    configure(world, configuration);
}

fn configure(world: &mut World, configuration: &Value) {
    let body = json!({"deploymentConfiguration": configuration});
    world.update_service("web", "api", &body).unwrap();
}

fn deploying(configuration: &Value) -> Story {
    redeploy(|world| behind_a_load_balancer(world, configuration))
}

/// What was waited for and how it ended, without ECS's events and the counts.
fn waits(told: &Told) -> String {
    let log = story_of(told);
    let kept = log.lines().filter(|line| {
        let words = ["waiting for", "rolling back", "stuck", "lifecycle hook"];
        words.iter().any(|word| line.contains(word)) || !line.starts_with(' ')
    });
    kept.collect::<Vec<_>>().join("\n")
}

fn ended(told: &Told, outcome: &str, revision: &str) {
    assert_eq!(told.outcome(), outcome, "{}", told.log);
    assert_eq!(runs(told), revision, "{}", told.log);
}

fn caused(told: &Told, kind: &str) {
    assert_eq!(told.kinds().first(), Some(&kind), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn blue_green_is_reported_by_stage_to_its_end() {
    let told = deploying(&json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}))
        .deploy()
        .await;
    ended(&told, "succeeded", "api:2");
    insta::assert_snapshot!(story_of(&told), @"
      0:00  forecast: the rollout fits: all 2 new tasks start while the old ones run (BLUE_GREEN)
      0:00    each new task needs 256 CPU units, 512 MiB
      0:00    instance             type      CPU free  MiB free  ENI free  GPU free
      0:00    i-0e6984080bab12a02  m5.large      1536      6740         2         0  takes one more
      0:00  service `api`: deployment ecs-svc/4420 started
      0:00  0 of 2 new tasks running; 2 old running
      0:00  waiting for stage PRE_SCALE_UP (0 % of the traffic)
      0:10  ECS: has started 1 tasks: (task 1b50).
      0:10  0 of 2 new tasks running, 1 starting; 2 old running
      0:15  ECS: has started 1 tasks: (task f5d8).
      0:15  0 of 2 new tasks running, 2 starting; 2 old running
      0:20  1 of 2 new tasks running (1 not healthy yet), 1 starting; 2 old running
      0:30  2 of 2 new tasks running (2 not healthy yet); 2 old running
      0:45  waiting for stage POST_SCALE_UP (0 % of the traffic)
      0:50  waiting for stage TEST_TRAFFIC_SHIFT (0 % of the traffic)
      0:55  waiting for stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      1:00  waiting for stage PRODUCTION_TRAFFIC_SHIFT (0 % of the traffic)
      1:05  2 of 2 new tasks running; 2 old running
      1:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (100 % of the traffic)
      1:10  waiting for stage POST_PRODUCTION_TRAFFIC_SHIFT (100 % of the traffic)
      1:15  waiting for stage BAKE_TIME (100 % of the traffic; about 5m left)
      2:15  waiting for stage BAKE_TIME (100 % of the traffic; about 4m left)
      3:15  waiting for stage BAKE_TIME (100 % of the traffic; about 3m left)
      4:15  waiting for stage BAKE_TIME (100 % of the traffic; about 2m left)
      5:15  waiting for stage BAKE_TIME (100 % of the traffic; about 1m left)
      6:15  ECS: has stopped 2 running tasks: (task 77cb) (task 225e).
      6:15  ECS: has begun draining connections on 2 tasks.
      6:15  2 of 2 new tasks running; 0 old running, 2 old stopping
      6:45  2 of 2 new tasks running
      7:05  ECS: (deployment ecs-svc/4420) deployment completed.
      7:05  ECS: has reached a steady state.

    succeeded: api:2 serves: the deployment is complete
    ");
}

#[tokio::test(start_paused = true)]
async fn linear_and_canary_are_reported_by_their_share_of_the_traffic() {
    let linear = json!({"strategy": "LINEAR", "linearConfiguration":
                        {"stepPercent": 40.0, "stepBakeTimeInMinutes": 1}});
    let told = deploying(&linear).deploy().await;
    ended(&told, "succeeded", "api:2");
    insta::assert_snapshot!(waits(&told), @"
      0:00  waiting for stage PRE_SCALE_UP (0 % of the traffic)
      0:45  waiting for stage POST_SCALE_UP (0 % of the traffic)
      0:50  waiting for stage TEST_TRAFFIC_SHIFT (0 % of the traffic)
      0:55  waiting for stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      1:00  waiting for stage PRODUCTION_TRAFFIC_SHIFT (0 % of the traffic)
      1:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (40 % of the traffic; the next step in about 1m)
      2:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (40 % of the traffic)
      2:10  waiting for stage PRODUCTION_TRAFFIC_SHIFT (80 % of the traffic; the next step in about 1m)
      3:10  waiting for stage PRODUCTION_TRAFFIC_SHIFT (80 % of the traffic)
      3:15  waiting for stage PRODUCTION_TRAFFIC_SHIFT (100 % of the traffic)
      3:20  waiting for stage POST_PRODUCTION_TRAFFIC_SHIFT (100 % of the traffic)
      3:25  waiting for stage BAKE_TIME (100 % of the traffic)

    succeeded: api:2 serves: the deployment is complete
    ");
    let canary = json!({"strategy": "CANARY", "bakeTimeInMinutes": 1, "canaryConfiguration":
                        {"canaryPercent": 2.5, "canaryBakeTimeInMinutes": 4}});
    let told = deploying(&canary).deploy().await;
    ended(&told, "succeeded", "api:2");
    insta::assert_snapshot!(waits(&told), @"
      0:00  waiting for stage PRE_SCALE_UP (0 % of the traffic)
      0:45  waiting for stage POST_SCALE_UP (0 % of the traffic)
      0:50  waiting for stage TEST_TRAFFIC_SHIFT (0 % of the traffic)
      0:55  waiting for stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      1:00  waiting for stage PRODUCTION_TRAFFIC_SHIFT (0 % of the traffic)
      1:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (2.5 % of the traffic; the next step in about 4m)
      2:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (2.5 % of the traffic; the next step in about 3m)
      3:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (2.5 % of the traffic; the next step in about 2m)
      4:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (2.5 % of the traffic; the next step in about 1m)
      5:05  waiting for stage PRODUCTION_TRAFFIC_SHIFT (2.5 % of the traffic)
      5:15  waiting for stage POST_PRODUCTION_TRAFFIC_SHIFT (100 % of the traffic)
      5:25  waiting for stage BAKE_TIME (100 % of the traffic; about 1m left)

    succeeded: api:2 serves: the deployment is complete
    ");
}

/// Blue/green that pauses for at most `minutes` after the test traffic was shifted.
fn paused(minutes: i64) -> Story {
    deploying(&json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [{
        "targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
        "timeoutConfiguration": {"timeoutInMinutes": minutes, "action": "ROLLBACK"}}]}))
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_waited_for_until_somebody_ends_it() {
    let story = paused(60);
    story.sim.with(|world| {
        world.script(START + 200_000, |world| {
            world.continue_deployment("web", "api").unwrap();
        });
    });
    let told = story.deploy().await;
    ended(&told, "succeeded", "api:2");
    insta::assert_snapshot!(waits(&told), @"
      0:00  waiting for stage PRE_SCALE_UP (0 % of the traffic)
      0:45  waiting for stage POST_SCALE_UP (0 % of the traffic)
      0:50  waiting for stage TEST_TRAFFIC_SHIFT (0 % of the traffic)
      0:55  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 59m 57s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      2:05  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 58m 47s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      3:05  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 57m 47s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      3:20  waiting for stage PRODUCTION_TRAFFIC_SHIFT (0 % of the traffic)
      3:25  waiting for stage PRODUCTION_TRAFFIC_SHIFT (100 % of the traffic)
      3:30  waiting for stage POST_PRODUCTION_TRAFFIC_SHIFT (100 % of the traffic)
      3:35  waiting for stage BAKE_TIME (100 % of the traffic)

    succeeded: api:2 serves: the deployment is complete
    ");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_nobody_ends_rolls_back() {
    let told = paused(5).deploy().await;
    ended(&told, "rolled-back", "api:1");
    caused(&told, "lifecycle-hook");
    insta::assert_snapshot!(waits(&told), @"
      0:00  waiting for stage PRE_SCALE_UP (0 % of the traffic)
      0:45  waiting for stage POST_SCALE_UP (0 % of the traffic)
      0:50  waiting for stage TEST_TRAFFIC_SHIFT (0 % of the traffic)
      0:55  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 4m 57s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      2:05  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 3m 47s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      3:05  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 2m 47s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      4:05  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 1m 47s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      5:05  waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857` (for 47s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)
      5:55  ! ECS: (deployment ecs-svc/4420) deployment failed: Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook ecs-pause-4857 timed out.
      5:55  ECS: rolling back to deployment ecs-svc/2251.
      5:55  ! ECS is rolling back: Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook ecs-pause-4857 timed out.

    cause (lifecycle-hook): a lifecycle hook failed the deployment
      · deployment: Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook ecs-pause-4857 timed out.
      · event 53s ago: (service api) (deployment ecs-svc/4420) deployment failed: Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook ecs-pause-4857 timed out.
      → look at the deployment's lifecycle hooks: a pause that nobody ended in time, a function that failed, or its role

    rolled-back: ECS put api:1 back: Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook ecs-pause-4857 timed out.
    the service was changed by this run
    ");
    // Out of time while it waits: that is no verdict about the deployment.
    let told = paused(60).input("wait-for-minutes", "4").deploy().await;
    ended(&told, "timed-out", "api:2");
    insta::assert_snapshot!(told.report.reason, @"api:2 was still rolling out after 4 minutes, waiting for somebody to let the deployment go on at lifecycle hook `ecs-pause-4857c52e70ded4d28eb67bb2bf528e01` (for 56m 52s at most, then ECS rolls back); stage POST_TEST_TRAFFIC_SHIFT (0 % of the traffic)");
}

#[tokio::test(start_paused = true)]
async fn a_function_that_says_no_rolls_back() {
    let story = deploying(&json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [{
        "hookTargetArn": GATE, "roleArn": "arn:aws:iam::111122223333:role/hooks",
        "lifecycleStages": ["PRE_SCALE_UP"]}]}));
    let spec = LambdaSpec {
        in_progress_secs: 200,
        answer: LambdaAnswer::Failed,
    };
    story.sim.with(|world| world.lambda(GATE, spec));
    let told = story.deploy().await;
    ended(&told, "rolled-back", "api:1");
    caused(&told, "lifecycle-hook");
    insta::assert_snapshot!(waits(&told), @"
      0:00  waiting for stage PRE_SCALE_UP (0 % of the traffic)
      0:05  waiting for the function `gate` of lifecycle hook `ecs-lambda-1b50` to answer (for 23h 59m at most, then ECS rolls back); stage PRE_SCALE_UP (0 % of the traffic)
      1:05  waiting for the function `gate` of lifecycle hook `ecs-lambda-1b50` to answer (for 23h 58m at most, then ECS rolls back); stage PRE_SCALE_UP (0 % of the traffic)
      2:05  waiting for the function `gate` of lifecycle hook `ecs-lambda-1b50` to answer (for 23h 57m at most, then ECS rolls back); stage PRE_SCALE_UP (0 % of the traffic)
      3:05  waiting for the function `gate` of lifecycle hook `ecs-lambda-1b50` to answer (for 23h 56m at most, then ECS rolls back); stage PRE_SCALE_UP (0 % of the traffic)
      3:35  ! ECS: (deployment ecs-svc/4420) deployment failed: Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-west-1:111122223333:function:gate returned FAILED status.
      3:35  ECS: rolling back to deployment ecs-svc/2714.
      3:35  ! ECS is rolling back: Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-west-1:111122223333:function:gate returned FAILED status.

    cause (lifecycle-hook): a lifecycle hook failed the deployment: `arn:aws:lambda:eu-west-1:111122223333:function:gate`
      · deployment: Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-west-1:111122223333:function:gate returned FAILED status.
      · event 29s ago: (service api) (deployment ecs-svc/4420) deployment failed: Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-west-1:111122223333:function:gate returned FAILED status.

    rolled-back: ECS put api:1 back: Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-west-1:111122223333:function:gate returned FAILED status.
    the service was changed by this run
    ");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_in_the_bake_time_rolls_back() {
    let alarms = json!({"alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}});
    let blue_green = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 10,
                            "alarms": alarms["alarms"]});
    for configuration in [alarms, blue_green] {
        for denied in ["", "ecs:ListServiceDeployments"] {
            let story = deploying(&configuration).deny(denied);
            story.sim.with(|world| {
                world.script(START + 240_000, |world| world.set_alarm("errors", true));
            });
            let told = story.deploy().await;
            ended(&told, "rolled-back", "api:1");
            caused(&told, "alarm");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_bakes_as_long_as_its_alarms_take() {
    let told = deploying(&json!({"bakeTimeInMinutes": 4})).deploy().await;
    ended(&told, "succeeded", "api:2");
    insta::assert_snapshot!(waits(&told), @"
      1:35  waiting for stage BAKE_TIME (about 4m left)
      2:35  waiting for stage BAKE_TIME (about 3m left)
      3:35  waiting for stage BAKE_TIME (about 2m left)
      4:35  waiting for stage BAKE_TIME (about 1m left)

    succeeded: api:2 serves: the deployment is complete
    ");
    let alarms = json!({"alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}});
    let told = deploying(&alarms)
        .deny("ecs:ListServiceDeployments")
        .deploy()
        .await;
    ended(&told, "succeeded", "api:2");
    insta::assert_snapshot!(waits(&told), @"
      2:15  waiting for ECS to call the deployment complete (it watches the deployment's alarms first)
      3:15  waiting for ECS to call the deployment complete (it watches the deployment's alarms first)
      4:15  waiting for ECS to call the deployment complete (it watches the deployment's alarms first)
      5:15  waiting for ECS to call the deployment complete (it watches the deployment's alarms first)
      6:15  waiting for ECS to call the deployment complete (it watches the deployment's alarms first)

    succeeded: api:2 serves: the deployment is complete
    ");
}

/// Room for three tasks, and a second set of two is asked for.
fn cramped() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        let spec = ServiceSpec {
            desired: 2,
            minimum_healthy_percent: 50,
            maximum_percent: 150,
            ..ServiceSpec::default()
        };
        service(world, definition("api", 640, 512), spec);
        configure(world, &json!({"strategy": "BLUE_GREEN"}));
    })
}

#[tokio::test(start_paused = true)]
async fn blue_green_without_room_for_a_second_set_is_blocked_or_stuck() {
    let told = cramped().deploy().await;
    ended(&told, "blocked", "api:1");
    let told = cramped().input("capacity-check", "off").deploy().await;
    ended(&told, "stuck", "api:2");
    caused(&told, "cpu");
    insta::assert_snapshot!(told.report.reason, @"the rollout of api:2 can't go on: BLUE_GREEN starts all 2 new tasks while the old ones run, 1 are missing yet, and there is room for 0 (i-0e6984080bab12a02: 640 CPU units needed, 128 free, 512 short)");
    // A rolling update of the same fits.
    let story = cramped();
    story
        .sim
        .with(|world| configure(world, &json!({"strategy": "ROLLING"})));
    assert_eq!(story.deploy().await.outcome(), "succeeded");
}

#[tokio::test(start_paused = true)]
async fn early_success_counts_while_old_tasks_still_drain() {
    let criteria = json!({"earlySuccessCriteria": {"enable": true, "healthyPercent": 100,
                          "sourceServiceRevisionCleanup": "DEFERRED"}});
    let told = deploying(&criteria).deploy().await;
    ended(&told, "succeeded", "api:2");
    let left = told
        .sim
        .with(|world| world.service("web", "api").unwrap().deployments.len());
    assert_eq!(left, 2, "old tasks drain yet");
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_is_rebalanced_is_not_misread() {
    let explained = |at: i64| async move {
        Story::new(|world| {
            images(world);
            instance(world);
            let spec = ServiceSpec {
                desired: 4,
                az_rebalancing: true,
                ..ServiceSpec::default()
            };
            service(world, definition("api", 256, 512), spec);
            world.add_instance(InstanceSpec {
                az: "eu-west-1b".to_owned(),
                ..InstanceSpec::default()
            });
            // The world is as many seconds further when it is looked at.
            world.advance_to(START + at * 1000);
        })
        .carry_out(Command::Explain)
        .await
    };
    let mut running = Vec::new();
    for at in [0, 20, 52, 60, 200] {
        let told = explained(at).await;
        assert_eq!(told.report.exit_code(), 0, "{at}: {}", told.log);
        assert!(
            told.log.contains("steady: api:1 runs"),
            "{at}: {}",
            told.log
        );
        assert!(
            told.log.contains("forecast: the rollout fits"),
            "{at}: {}",
            told.log
        );
        running.push(told.sim.with(|world| {
            world
                .tasks()
                .iter()
                .filter(|task| task.stopped.is_none())
                .count()
        }));
    }
    // Looks at one task more, and at one that is stopping.
    assert_eq!(running, [4, 5, 5, 5, 4]);
}

/// One of two old tasks is protected for so many minutes.
fn protected(minutes: i64) -> Story {
    let story = deploying(&json!({}));
    story.sim.with(|world| {
        let id = world.tasks()[0].id.clone();
        world.protect(&id, true, Some(minutes));
    });
    story
}

#[tokio::test(start_paused = true)]
async fn a_protected_old_task_is_waited_for_and_then_named() {
    let told = protected(120).deploy().await;
    ended(&told, "stuck", "api:2");
    caused(&told, "task-protection");
    insta::assert_snapshot!(waits(&told), @"
      2:05  waiting for ECS to stop 1 old task (task protection holds 1 of them, for 1h 57m at most)

    cause (task-protection): task protection holds 1 old task, and ECS can't stop them

    stuck: the rollout of api:2 has not moved: task protection holds 1 old task, and ECS can't stop them
    the service was changed by this run
    ");
    // It ends by itself soon enough, or may not be asked about.
    let told = protected(3).deploy().await;
    ended(&told, "succeeded", "api:2");
    let told = protected(120).deny("ecs:GetTaskProtection").deploy().await;
    ended(&told, "stuck", "api:2");
    caused(&told, "task-protection");
}

#[tokio::test(start_paused = true)]
async fn more_protected_tasks_are_asked_about_than_one_call_takes() {
    let story = redeploy(|world| {
        images(world);
        world.add_instance(InstanceSpec {
            ec2_type: "m5.4xlarge".to_owned(),
            ..InstanceSpec::default()
        });
        let spec = ServiceSpec {
            desired: 101,
            ..ServiceSpec::default()
        };
        service(world, definition("api", 16, 16), spec);
        let ids: Vec<String> = world.tasks().iter().map(|task| task.id.clone()).collect();
        ids.iter().for_each(|id| world.protect(id, true, None));
    });
    let told = story.deploy().await;
    ended(&told, "stuck", "api:2");
    let held = "101 old tasks (task protection holds 101 of them, for 1h";
    assert!(told.log.contains(held), "{}", told.log);
    let calls = told.calls("GetTaskProtection");
    assert!(calls > 0 && calls % 2 == 0, "two calls a look, not {calls}");
}
