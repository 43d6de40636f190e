//! Native deployments and protected tasks where less may be seen, or nothing may start.

use super::*;

/// Only the service deployment shows stages: without it time that they take is no standstill.
#[tokio::test(start_paused = true)]
async fn a_bake_time_that_may_not_be_seen_is_no_standstill() {
    for configuration in [
        json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 12}),
        json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 8}}),
    ] {
        let told = deploying(&configuration)
            .deny("ecs:ListServiceDeployments")
            .input("wait-for-minutes", "60")
            .deploy()
            .await;
        ended(&told, "succeeded", "api:2");
    }
}

/// All old tasks are protected and have to go first: nothing can start, and nothing may stop.
#[tokio::test(start_paused = true)]
async fn protected_tasks_that_have_to_go_first_are_named() {
    let story = redeploy(|world| {
        images(world);
        instance(world);
        let spec = ServiceSpec {
            desired: 4,
            minimum_healthy_percent: 50,
            maximum_percent: 100,
            ..ServiceSpec::default()
        };
        service(world, definition("api", 128, 256), spec);
        let ids: Vec<String> = world.tasks().iter().map(|task| task.id.clone()).collect();
        for id in ids {
            world.protect(&id, true, Some(600));
        }
    });
    let told = story.input("capacity-check", "off").deploy().await;
    ended(&told, "stuck", "api:2");
    caused(&told, "task-protection");
}

/// A hook that holds the deployment before its first task, and that nobody may see.
#[tokio::test(start_paused = true)]
async fn a_hook_before_the_first_task_that_may_not_be_seen_is_no_standstill() {
    let hook = json!({"hookTargetArn": GATE, "roleArn": "arn:aws:iam::111122223333:role/hooks",
                      "lifecycleStages": ["PRE_SCALE_UP"]});
    let story = deploying(&json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [hook]}))
        .deny("ecs:ListServiceDeployments");
    let spec = LambdaSpec {
        in_progress_secs: 600,
        answer: LambdaAnswer::Succeeded,
    };
    story.sim.with(|world| world.lambda(GATE, spec));
    let told = story.deploy().await;
    ended(&told, "succeeded", "api:2");
}
