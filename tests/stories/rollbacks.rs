//! What is done about a rollout that is stuck or failed: nothing, a rollback, more patience.

use plimsoll_sim::{ServiceSpec, TaskBehaviour};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{crash, definition, images, instance, redeploy, roomy, service};

/// A fixed port that the one instance's old task holds: stuck, proven.
fn jammed() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        let mut document = definition("api", 256, 512);
        document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(8080);
        service(world, document, ServiceSpec::default());
    })
    .input("capacity-check", "off")
}

fn failing() -> Story {
    let story = redeploy(|world| roomy(world, 1));
    story.sim.with(|world| crash(world, "api:2", 1));
    story
}

/// The revision that the service is steered to, and whether all its tasks are of it.
pub(crate) fn runs(told: &Told) -> String {
    told.sim.with(|world| {
        world
            .service("web", "api")
            .unwrap()
            .task_definition
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    })
}

/// The story's end is the same whatever of it is denied; `1` is back, and the report says so.
async fn rolled_back(story: Story, way: &str) -> Told {
    let told = story.deploy().await;
    assert_eq!(
        (told.outcome(), told.report.exit_code()),
        ("rolled-back", 5),
        "{}",
        told.log
    );
    assert_eq!(runs(&told), "api:1");
    assert!(
        told.report.service_changed
            && told
                .report
                .reason
                .starts_with("api:1 is back, because the rollout of api:2"),
        "{}",
        told.report.reason
    );
    assert!(told.calls(way) >= 1, "{way}");
    assert!(
        !told.kinds().is_empty(),
        "the cause stands next to the rollback\n{}",
        told.log
    );
    told
}

#[tokio::test(start_paused = true)]
async fn a_stuck_rollout_fails_or_is_rolled_back() {
    let told = jammed().deploy().await;
    assert_eq!(
        (
            told.outcome(),
            runs(&told).as_str(),
            told.calls("StopServiceDeployment")
        ),
        ("stuck", "api:2", 0)
    );
    let told = rolled_back(
        jammed().input("on-stuck", "rollback"),
        "StopServiceDeployment",
    )
    .await;
    assert_eq!(told.calls("UpdateService"), 1);
    let told = rolled_back(
        jammed()
            .input("on-stuck", "rollback")
            .deny("ecs:StopServiceDeployment"),
        "UpdateService",
    )
    .await;
    assert_eq!(told.calls("UpdateService"), 2);
    rolled_back(
        jammed()
            .input("on-stuck", "rollback")
            .deny("ecs:ListServiceDeployments"),
        "UpdateService",
    )
    .await;
    // The update that puts it back is repeated as any other.
    let story = jammed()
        .input("on-stuck", "rollback")
        .deny("ecs:StopServiceDeployment");
    rolled_back(
        story.trouble("UpdateService", 5..31, plimsoll_sim::FaultKind::Throttle),
        "UpdateService",
    )
    .await;
    // `on-failure` is about failures.
    assert_eq!(
        jammed()
            .input("on-failure", "rollback")
            .deploy()
            .await
            .outcome(),
        "stuck"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollout_is_rolled_back_where_asked() {
    assert_eq!(failing().deploy().await.outcome(), "failed");
    assert_eq!(
        failing()
            .input("on-stuck", "rollback")
            .deploy()
            .await
            .outcome(),
        "failed"
    );
    rolled_back(
        failing().input("on-failure", "rollback"),
        "StopServiceDeployment",
    )
    .await;
    let told = failing()
        .input("on-failure", "rollback")
        .deny("ecs:StopServiceDeployment ecs:UpdateService")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "error", "nothing was even begun");
    // A rollback that can't be begun doesn't hide the failure.
    let story = failing()
        .input("on-failure", "rollback")
        .deny("ecs:StopServiceDeployment");
    story
        .sim
        .with(|world| world.script(START + 10_000, |world| world.deny("ecs:UpdateService")));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert!(
        told.report.reason.contains("the rollback did not work"),
        "{}",
        told.report.reason
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_on_when_stuck() {
    let told = jammed()
        .input("on-stuck", "wait")
        .input("wait-for-minutes", "6")
        .deploy()
        .await;
    assert_eq!(
        (told.outcome(), told.seconds),
        ("stuck", 360),
        "{}",
        told.log
    );
    assert_eq!(
        told.log.matches("the rollout is stuck").count(),
        1,
        "{}",
        told.log
    );
    assert_eq!(told.kinds().first(), Some(&"port"));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_somebody_else_is_never_touched() {
    // Ours fails, and another's has taken its place by then.
    let story = failing()
        .input("on-failure", "rollback")
        .input("on-stuck", "rollback");
    story.sim.with(|world| {
        world.script(START + 20_000, |world| {
            let arn = world.add_task_definition(definition("api", 128, 256));
            world
                .update_service("web", "api", &json!({"taskDefinition": arn}))
                .unwrap();
        });
    });
    let told = story.deploy().await;
    assert_eq!(
        (
            told.outcome(),
            told.calls("StopServiceDeployment"),
            told.calls("UpdateService")
        ),
        ("superseded", 0, 1)
    );
    // A rollout of the same that somebody else began fails: it is not this run's to roll back.
    let story = Story::new(|world| {
        roomy(world, 1);
        crash(world, "api:2", 1);
        world.add_task_definition(definition("api", 128, 256));
        world
            .update_service("web", "api", &json!({"taskDefinition": "api:2"}))
            .unwrap();
    })
    .input("task-definition", "api:2")
    .input("on-failure", "rollback");
    let told = story.deploy().await;
    assert_eq!(
        (
            told.outcome(),
            told.calls("StopServiceDeployment"),
            told.calls("UpdateService")
        ),
        ("failed", 0, 0),
        "{}",
        told.log
    );
    assert!(!told.report.service_changed);
}

/// Five services under way, with a rollback asked for when the run is cancelled.
fn five() -> Story {
    let names = ["api", "jobs", "mail", "search", "web"];
    redeploy(|world| {
        images(world);
        instance(world);
        instance(world);
        let slow = TaskBehaviour {
            pull_secs: 3600,
            ..TaskBehaviour::default()
        };
        world.behaviour("api@", slow);
        for name in names {
            let spec = ServiceSpec {
                name: name.to_owned(),
                ..ServiceSpec::default()
            };
            service(world, definition(name, 128, 256), spec);
        }
    })
    .input("service", &names.join("\n"))
    .input("on-cancel", "rollback")
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_rolls_all_its_services_back_at_once() {
    let told = five().cancelled_after(60).await;
    assert_eq!(told.outcome(), "cancelled", "{}", told.log);
    assert_eq!(told.calls("StopServiceDeployment"), 5);
    assert_eq!(told.seconds, 60);
    let reason = told.report.reason.replace(|c: char| c.is_ascii_digit(), "");
    insta::assert_snapshot!(reason, @"the run was cancelled; ECS was asked to roll deployment ecs-svc/ back; ECS was asked to roll deployment ecs-svc/ back; ECS was asked to roll deployment ecs-svc/ back;  more deployments, of which the report tells the same");
    for service in &told.report.services {
        assert!(
            service
                .reason
                .contains("ECS was asked to roll deployment ecs-svc/"),
            "{}",
            service.reason
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_names_what_it_could_not_roll_back() {
    let told = five()
        .silent("StopServiceDeployment")
        .cancelled_after(60)
        .await;
    assert!((60..=64).contains(&told.seconds), "{} s", told.seconds);
    let going_on = |text: &str| {
        text.contains(
            "the rollback could not be asked for (no answer in time), and deployment ecs-svc/",
        )
    };
    assert!(going_on(&told.report.reason), "{}", told.report.reason);
    assert!(
        told.report
            .services
            .iter()
            .all(|one| going_on(&one.reason) && one.changed)
    );
    let told = five()
        .deny("ecs:StopServiceDeployment")
        .cancelled_after(60)
        .await;
    assert!(
        told.report.reason.contains("ecs:StopServiceDeployment"),
        "{}",
        told.report.reason
    );
}
