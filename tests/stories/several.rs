//! Several services in one run: each reported, none hidden.

use plimsoll::report::Outcome;
use plimsoll_sim::{FaultKind, InstanceSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{crash, definition, images, instance, redeploy};

fn named(world: &mut World, cluster: &str, name: &str, task_definition: &str) {
    let spec = ServiceSpec {
        cluster: cluster.to_owned(),
        name: name.to_owned(),
        task_definition: task_definition.to_owned(),
        ..ServiceSpec::default()
    };
    world.create_service(spec);
}

/// Services `api`, `jobs` and `mail`, each with a definition of its own.
fn three() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        instance(world);
        instance(world);
        for name in ["api", "jobs", "mail"] {
            let arn = world.add_task_definition(definition(name, 128, 256));
            named(world, "web", name, &arn);
        }
    })
    .input("service", "api\njobs\nmail")
}

fn outcomes(told: &Told) -> Vec<&'static str> {
    told.report
        .services
        .iter()
        .map(|service| service.outcome.map_or("none", Outcome::as_str))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_hides_nothing() {
    let story = three();
    story.sim.with(|world| crash(world, "jobs:2", 1));
    let told = story.deploy().await;
    assert_eq!(
        outcomes(&told),
        ["succeeded", "failed", "succeeded"],
        "{}",
        told.log
    );
    assert_eq!((told.outcome(), told.report.exit_code()), ("failed", 1));
    assert!(
        told.report
            .reason
            .starts_with("2 of 3 services are well; `jobs`: "),
        "{}",
        told.report.reason
    );
    for name in ["api", "jobs", "mail"] {
        assert!(told.log.contains(&format!("[{name}] ")), "{}", told.log);
    }
    let table: Vec<&str> = told
        .log
        .lines()
        .filter(|line| {
            line.starts_with("  api ") || line.starts_with("  jobs") || line.starts_with("  mail")
        })
        .collect();
    assert_eq!(table.len(), 3, "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn one_definition_is_registered_once() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        instance(world);
        let arn = world.add_task_definition(definition("api", 128, 256));
        named(world, "web", "api", &arn);
        named(world, "web", "jobs", &arn);
    })
    .input("service", "api,jobs")
    .deploy()
    .await;
    assert_eq!(outcomes(&told), ["succeeded", "succeeded"], "{}", told.log);
    assert_eq!(
        (
            told.calls("RegisterTaskDefinition"),
            told.calls("UpdateService")
        ),
        (1, 2)
    );
    assert_ne!(
        told.report.services[0].deployment_id,
        told.report.services[1].deployment_id
    );
}

#[tokio::test(start_paused = true)]
async fn services_of_the_same_name_in_two_clusters_are_kept_apart() {
    let story = redeploy(|world| {
        images(world);
        instance(world);
        world.add_cluster("edge");
        for _ in 0..2 {
            world.add_instance(InstanceSpec {
                cluster: "edge".to_owned(),
                ..InstanceSpec::default()
            });
        }
        let arn = world.add_task_definition(definition("api", 128, 256));
        named(world, "web", "api", &arn);
        named(world, "edge", "api", &arn);
    });
    let told = story.input("service", "api\nedge/api").deploy().await;
    assert_eq!(outcomes(&told), ["succeeded", "succeeded"], "{}", told.log);
    let clusters: Vec<&str> = told
        .report
        .services
        .iter()
        .map(|service| service.cluster.as_str())
        .collect();
    assert_eq!(clusters, ["web", "edge"]);
    assert!(
        told.log.contains("[web/api] ") && told.log.contains("[edge/api] "),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_update_leaves_the_others_followed() {
    // Somebody deletes the second service between the look and the update.
    let story = three().rewrite(
        "DescribeServices",
        "\"status\":\"DRAINING\"",
        "\"status\":\"ACTIVE\"",
    );
    story
        .sim
        .with(|world| world.service_mut("web", "jobs").unwrap().status = "DRAINING".to_owned());
    let told = story.deploy().await;
    assert_eq!(
        outcomes(&told),
        ["succeeded", "error", "succeeded"],
        "{}",
        told.log
    );
    assert_eq!((told.outcome(), told.report.exit_code()), ("error", 8));
    assert!(
        told.log
            .contains("task-definition/jobs:2` is registered and unused"),
        "{}",
        told.log
    );
    assert!(
        !told
            .log
            .contains("task-definition/api:2` is registered and unused"),
        "{}",
        told.log
    );
    assert!(told.report.services[0].changed && !told.report.services[1].changed);
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_refused_changes_no_service() {
    let told = three()
        .fault("RegisterTaskDefinition", 0, FaultKind::Drop)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded");
    let story = three();
    // The second registration is denied: the first revision is left over, and named.
    story.sim.with(|world| {
        world.script(START + 1_000, |world| {
            world.deny("ecs:RegisterTaskDefinition");
        });
    });
    let told = story
        .trouble("RegisterTaskDefinition", 0..1, FaultKind::Throttle)
        .deploy()
        .await;
    assert_eq!(
        (told.outcome(), told.calls("UpdateService")),
        ("error", 0),
        "{}",
        told.log
    );
    assert!(told.log.contains("no service was changed"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_survives_the_end_of_the_credentials() {
    let story = three();
    story.sim.with(|world| {
        world.behaviour(
            "jobs:2",
            TaskBehaviour {
                pull_secs: 3600,
                ..TaskBehaviour::default()
            },
        );
    });
    let told = story
        .trouble("*", 600..9000, FaultKind::ExpiredToken)
        .deploy()
        .await;
    assert_eq!(
        outcomes(&told),
        ["succeeded", "error", "succeeded"],
        "{}",
        told.log
    );
    assert!(
        told.log.contains("ask for a longer session"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn superseded_may_be_fine() {
    let story = || {
        let story = three();
        story.sim.with(|world| {
            world.script(START + 30_000, |world| {
                let arn = world.add_task_definition(definition("mail", 64, 128));
                world
                    .update_service("web", "mail", &json!({"taskDefinition": arn}))
                    .unwrap();
            });
        });
        story
    };
    let told = story().deploy().await;
    assert_eq!(
        (told.outcome(), told.report.exit_code()),
        ("superseded", 6),
        "{}",
        told.log
    );
    let told = story().input("on-superseded", "ignore").deploy().await;
    assert_eq!(
        (told.outcome(), told.report.exit_code()),
        ("superseded", 0),
        "{}",
        told.log
    );
    assert_eq!(outcomes(&told), ["succeeded", "succeeded", "superseded"]);
    // Another service's failure is still one.
    let story = story().input("on-superseded", "ignore");
    story.sim.with(|world| crash(world, "jobs:2", 1));
    let told = story.deploy().await;
    assert_eq!(
        (told.outcome(), told.report.exit_code()),
        ("failed", 1),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_there_stops_all_before_anything() {
    let told = three().input("service", "api\nnope\nmail").deploy().await;
    assert_eq!(
        (
            told.outcome(),
            told.calls("RegisterTaskDefinition"),
            told.calls("UpdateService")
        ),
        ("invalid", 0, 0)
    );
    assert!(told.log.contains("no service `nope`"), "{}", told.log);
}
