//! What is found out before anything is changed.

use plimsoll_sim::ServiceSpec;
use serde_json::{Value, json};

use crate::door::{Story, Told};
use crate::setting::{definition, images, instance, redeploy, roomy, service};

const WRITES: [&str; 3] = [
    "RegisterTaskDefinition",
    "UpdateService",
    "StopServiceDeployment",
];
pub(crate) const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

pub(crate) fn writes(told: &Told) -> Vec<String> {
    let calls = told.sim.calls().into_iter().map(|call| call.operation);
    calls
        .filter(|operation| WRITES.contains(&operation.as_str()))
        .collect()
}

pub(crate) fn body(told: &Told, operation: &str) -> Value {
    told.sim
        .calls()
        .into_iter()
        .find(|call| call.operation == operation)
        .unwrap()
        .body
}

/// Refused before anything was changed; the log holds all of `words`.
pub(crate) async fn refused(story: Story, words: &[&str]) -> Told {
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "invalid", "{}", told.log);
    assert_eq!(told.report.exit_code(), 2);
    assert!(writes(&told).is_empty(), "{:?}", writes(&told));
    assert!(
        told.log.contains("the service was not changed"),
        "{}",
        told.log
    );
    for word in words {
        assert!(
            told.log.contains(word),
            "`{word}` is missing in\n{}",
            told.log
        );
    }
    told
}

pub(crate) async fn succeeds(story: Story) -> Told {
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    told
}

pub(crate) fn simple() -> Story {
    redeploy(|world| roomy(world, 1))
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_deployed_to() {
    refused(
        simple().input("service", "nope"),
        &["no service `nope` in cluster `web` (region eu-west-1)"],
    )
    .await;
    refused(
        simple().input("service", "API"),
        &["names are case-sensitive"],
    )
    .await;
    refused(
        simple().input("cluster", "nope"),
        &["cluster `nope`", "ClusterNotFoundException"],
    )
    .await;
    for status in ["INACTIVE", "DRAINING"] {
        let story = simple();
        story
            .sim
            .with(|world| world.service_mut("web", "api").unwrap().status = status.to_owned());
        refused(
            story,
            &[&format!("is {status}, not ACTIVE"), "create it again"],
        )
        .await;
    }
    for (controller, word) in [
        ("CODE_DEPLOY", "start a CodeDeploy deployment"),
        ("EXTERNAL", "steered from outside"),
    ] {
        let answer = format!("\"deploymentController\":{{\"type\":\"{controller}\"}}");
        let story = simple().rewrite(
            "DescribeServices",
            "\"deploymentController\":{\"type\":\"ECS\"}",
            &answer,
        );
        refused(story, &[word, "register-only"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_wrong_account_is_refused_before_anything_is_read() {
    let told = refused(
        simple().input("allowed-account-ids", "999988887777"),
        &["account 111122223333", "assumed-role"],
    )
    .await;
    assert_eq!(told.sim.calls().len(), 1);
    succeeds(simple().input("allowed-account-ids", "999988887777,111122223333")).await;
}

#[tokio::test(start_paused = true)]
async fn where_the_definition_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put(
        "task.json",
        &json!({"taskDefinition": definition("api", 64, 128), "tags": []}).to_string(),
    );
    let told = succeeds(
        simple()
            .input("task-definition", "task.json")
            .workspace(folder.path()),
    )
    .await;
    assert_eq!(
        body(&told, "RegisterTaskDefinition")["containerDefinitions"][0]["cpu"],
        64
    );
    put("bad.json", "{\n  \"family\": \"api\",\n  \"cpu\": }\n");
    refused(
        simple()
            .input("task-definition", "bad.json")
            .workspace(folder.path()),
        &["bad.json", "line 3", "column 10"],
    )
    .await;
    refused(
        simple()
            .input("task-definition", "none.json")
            .workspace(folder.path()),
        &["none.json", "actions/checkout"],
    )
    .await;
    refused(
        simple().input("task-definition", "nope:7"),
        &["nope:7", "ACTIVE family or revision"],
    )
    .await;
    // A family's latest, with the image set.
    let story = simple().input("task-definition", "api");
    story
        .sim
        .with(|world| world.add_task_definition(definition("api", 99, 256)));
    assert_eq!(
        body(&succeeds(story).await, "RegisterTaskDefinition")["containerDefinitions"][0]["cpu"],
        99
    );
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_exists_is_deployed_as_it_is() {
    for which in [
        "api:2",
        "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:2",
    ] {
        let story = Story::new(|world| roomy(world, 1)).input("task-definition", which);
        story
            .sim
            .with(|world| world.add_task_definition(definition("api", 99, 256)));
        let told = succeeds(story).await;
        assert_eq!(writes(&told), ["UpdateService"]);
        let definition = told.report.definition.unwrap();
        assert_eq!((definition.revision, definition.registered), (2, false));
    }
    let story = Story::new(|world| roomy(world, 1))
        .input("task-definition", "api:2")
        .rewrite(
            "DescribeTaskDefinition",
            "\"status\":\"ACTIVE\"",
            "\"status\":\"INACTIVE\"",
        );
    story
        .sim
        .with(|world| world.add_task_definition(definition("api", 99, 256)));
    refused(story, &["`api:2` is INACTIVE"]).await;
}

#[tokio::test(start_paused = true)]
async fn edits_change_what_they_name_and_nothing_else() {
    let story = redeploy(|world| {
        images(world);
        instance(world);
        let mut document = definition("api", 256, 512);
        document["containerDefinitions"][0]["environment"] =
            json!([{"name": "OLD", "value": "1"}, {"name": "KEPT", "value": ""}]);
        service(world, document, ServiceSpec::default());
    });
    let told = story
        .input("environment-variables", "NEW=a=b=c\n-OLD")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let sent = body(&told, "RegisterTaskDefinition")["containerDefinitions"][0].clone();
    let environment = sent["environment"].as_array().unwrap();
    assert!(
        environment.contains(&json!({"name": "NEW", "value": "a=b=c"}))
            && environment.contains(&json!({"name": "KEPT", "value": ""}))
    );
    assert!(!environment.iter().any(|one| one["name"] == "OLD"));
    assert!(!told.log.contains("a=b=c"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn what_runs_already_is_left_alone() {
    let pinned = |world: &mut plimsoll_sim::World| {
        images(world);
        instance(world);
        instance(world);
        let digest = world.add_image("api", "v2", "amd64");
        let mut document = definition("api", 256, 512);
        document["containerDefinitions"][0]["image"] = json!(format!("{HOST}/api@{digest}"));
        service(
            world,
            document,
            ServiceSpec {
                desired: 2,
                ..ServiceSpec::default()
            },
        );
    };
    let told = redeploy(pinned).deploy().await;
    assert_eq!(
        (told.outcome(), told.report.exit_code()),
        ("unchanged", 0),
        "{}",
        told.log
    );
    assert!(writes(&told).is_empty() && !told.report.service_changed);
    // Forced: a new deployment of the same revision.
    let told = succeeds(redeploy(pinned).input("force-new-deployment", "true")).await;
    assert_eq!(writes(&told), ["UpdateService"]);
    assert!(told.seconds > 20, "{}", told.seconds);
    // Still rolling out: followed to its own end, and never sent again.
    let story = redeploy(pinned);
    story.sim.with(|world| {
        world
            .update_service("web", "api", &json!({"forceNewDeployment": true}))
            .unwrap();
    });
    let told = succeeds(story).await;
    assert!(
        writes(&told).is_empty() && !told.report.service_changed,
        "{}",
        told.log
    );
    assert!(
        told.log.contains("under way already, and is followed"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_sent() {
    let told = succeeds(simple()).await;
    let sent = body(&told, "UpdateService");
    let mut members: Vec<&String> = sent.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["cluster", "service", "taskDefinition"]);
    let told = succeeds(
        simple()
            .input("propagate-tags", "SERVICE")
            .input("enable-ecs-managed-tags", "false")
            .input("desired-count", "2"),
    )
    .await;
    let sent = body(&told, "UpdateService");
    assert_eq!(
        (
            &sent["propagateTags"],
            &sent["enableECSManagedTags"],
            &sent["desiredCount"]
        ),
        (&json!("SERVICE"), &json!(false), &json!(2))
    );
    assert!(sent.get("forceNewDeployment").is_none());
}

#[tokio::test(start_paused = true)]
async fn ways_to_stop_early() {
    let told = simple().input("dry-run", "true").deploy().await;
    assert_eq!(
        (told.outcome(), writes(&told).len()),
        ("planned", 0),
        "{}",
        told.log
    );
    let told = simple().input("register-only", "true").deploy().await;
    assert_eq!(
        (told.outcome(), writes(&told)),
        ("planned", vec!["RegisterTaskDefinition".to_owned()]),
        "{}",
        told.log
    );
    assert!(!told.report.service_changed);
    let told = simple()
        .input("wait-for-service-stability", "false")
        .deploy()
        .await;
    assert_eq!(
        (told.outcome(), told.report.exit_code(), told.seconds),
        ("started", 0, 0),
        "{}",
        told.log
    );
    assert!(
        told.report.service_changed
            && told.report.services[0]
                .deployment_id
                .starts_with("ecs-svc/")
    );
}
