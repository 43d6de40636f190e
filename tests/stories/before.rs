//! What is found out before anything is changed.

use plimsoll_sim::{DOCKER_MANIFEST, Image, ServiceSpec, digest};
use serde_json::{Value, json};

use crate::door::{START, Story, Told};
use crate::setting::{definition, images, instance, redeploy, roomy, service};

const WRITES: [&str; 3] = [
    "RegisterTaskDefinition",
    "UpdateService",
    "StopServiceDeployment",
];
const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn writes(told: &Told) -> Vec<String> {
    let calls = told.sim.calls().into_iter().map(|call| call.operation);
    calls
        .filter(|operation| WRITES.contains(&operation.as_str()))
        .collect()
}

fn body(told: &Told, operation: &str) -> Value {
    told.sim
        .calls()
        .into_iter()
        .find(|call| call.operation == operation)
        .unwrap()
        .body
}

/// Refused before anything was changed; the log holds all of `words`.
async fn refused(story: Story, words: &[&str]) -> Told {
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

async fn succeeds(story: Story) -> Told {
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    told
}

fn simple() -> Story {
    redeploy(|world| roomy(world, 1))
}

/// Two containers; the second's image is from another repository.
fn pair() -> Story {
    redeploy(|world| {
        images(world);
        world.add_image("proxy", "v1", "amd64");
        instance(world);
        instance(world);
        service(world, two(), ServiceSpec::default());
    })
}

fn two() -> Value {
    let mut document = definition("api", 128, 256);
    let mut second = document["containerDefinitions"][0].clone();
    second["name"] = json!("proxy");
    second["image"] = json!(format!("{HOST}/proxy:v1"));
    second["portMappings"] = json!([]);
    document["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(second);
    document
}

fn images_of(told: &Told) -> Vec<String> {
    let list = body(told, "RegisterTaskDefinition")["containerDefinitions"].clone();
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["image"].as_str().unwrap().to_owned())
        .collect()
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
async fn an_image_that_is_not_there() {
    let told = refused(
        simple().input("image-tag", "v9"),
        &[
            "repository `api` holds no image `v9`",
            "the newest tags are: ",
        ],
    )
    .await;
    assert!(
        told.log.contains("v1") && told.log.contains("v2"),
        "{}",
        told.log
    );
    refused(
        simple().input("repository", "nope"),
        &[
            "RepositoryNotFoundException",
            "create-repository --repository-name nope",
        ],
    )
    .await;
    let missing = format!("{HOST}/api@{}", digest(b"nothing"));
    refused(
        Story::new(|world| roomy(world, 1)).input("image", &missing),
        &["holds no image `sha256:"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_image_for_another_platform() {
    let story = simple();
    story
        .sim
        .with(|world| world.add_image("api", "arm", "arm64"));
    refused(
        story.input("image-tag", "arm"),
        &["image `arm` is for linux/arm64, and linux/amd64 is wanted"],
    )
    .await;
    let story = simple()
        .input("image-tag", "arm")
        .input("platform", "linux/arm64");
    story
        .sim
        .with(|world| world.add_image("api", "arm", "arm64"));
    // The platform that is asked for is the one that is checked.
    assert_ne!(story.deploy().await.outcome(), "invalid");
}

fn index(story: &Story, tag: &str, architectures: &[&str]) {
    story.sim.with(|world| {
        let mut list = Vec::new();
        for architecture in architectures {
            let digest = world.add_image("api", &format!("{tag}-{architecture}"), architecture);
            let os = if *architecture == "unknown" { "unknown" } else { "linux" };
            list.push(json!({"mediaType": DOCKER_MANIFEST, "size": 500, "digest": digest, "platform": {"architecture": architecture, "os": os}}));
        }
        let media_type = "application/vnd.oci.image.index.v1+json";
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": list}).to_string();
        let image = Image {
            digest: digest(manifest.as_bytes()),
            media_type: media_type.to_owned(),
            manifest: manifest.into(),
            tags: vec![tag.to_owned()],
            pushed: START,
            config: None,
            architecture: Some("amd64".to_owned()),
            size: 1000,
        };
        world.put_image("api", image);
    });
}

#[tokio::test(start_paused = true)]
async fn a_list_of_images_is_judged_by_its_platforms() {
    let story = simple().input("image-tag", "multi");
    index(&story, "multi", &["arm64", "amd64", "unknown"]);
    let told = succeeds(story).await;
    assert_eq!(told.report.image.as_ref().unwrap().platform, "linux/amd64");
    assert!(
        told.report
            .image
            .as_ref()
            .unwrap()
            .reference
            .contains("@sha256:")
    );
    let story = simple().input("image-tag", "arms");
    index(&story, "arms", &["arm64", "unknown"]);
    refused(story, &["is for linux/arm64, and linux/amd64 is wanted"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_image_by_digest_and_one_from_elsewhere() {
    let story = Story::new(|world| roomy(world, 1));
    let held = story
        .sim
        .with(|world| world.add_image("api", "v3", "amd64"));
    let told = succeeds(story.input("image", &format!("{HOST}/api@{held}"))).await;
    assert_eq!(images_of(&told), [format!("{HOST}/api@{held}")]);
    // A tag is pinned; what no registry tells is taken as it is.
    let told =
        succeeds(Story::new(|world| roomy(world, 1)).input("image", &format!("{HOST}/api:v2")))
            .await;
    assert!(images_of(&told)[0].starts_with(&format!("{HOST}/api@sha256:")));
    let told =
        succeeds(Story::new(|world| roomy(world, 1)).input("image", "ghcr.io/acme/api:v2")).await;
    assert_eq!(images_of(&told), ["ghcr.io/acme/api:v2"]);
    // ECR may not be asked: the tag stands as it was given.
    let story = || Story::new(|world| roomy(world, 1)).input("image", &format!("{HOST}/api:v2"));
    let told = succeeds(story().deny("ecr:BatchGetImage")).await;
    assert_eq!(images_of(&told), [format!("{HOST}/api:v2")]);
    assert!(told.log.contains("ecr:BatchGetImage"), "{}", told.log);
    // The images of a repository may be read where the repository itself may not.
    let told = succeeds(story().deny("ecr:DescribeRepositories")).await;
    assert!(images_of(&told)[0].starts_with(&format!("{HOST}/api@sha256:")));
}

#[tokio::test(start_paused = true)]
async fn which_container_gets_the_image() {
    refused(
        simple().input("container-name", "nope"),
        &["no container `nope`; it has `app`"],
    )
    .await;
    let told = succeeds(pair()).await;
    assert!(images_of(&told)[0].contains("/api@") && images_of(&told)[1].ends_with("/proxy:v1"));
    let told = succeeds(pair().input("container-name", "proxy")).await;
    assert!(images_of(&told)[0].ends_with("/api:v1") && images_of(&told)[1].contains("/api@"));
    // Without `repository` the image tells its own.
    let story = |image: &str| {
        let mut story = pair().input("repository", "").input("image-tag", "");
        story = story.input("image", image);
        story
    };
    let told = succeeds(story(&format!("{HOST}/api:v2"))).await;
    assert!(images_of(&told)[0].contains("/api@") && images_of(&told)[1].ends_with("/proxy:v1"));
    refused(
        story("ghcr.io/acme/api:v2"),
        &["2 containers", "`container-name`", "`app`, `proxy`"],
    )
    .await;
    let told = succeeds(
        pair()
            .input("image-tag", "")
            .input("images", &format!("app={HOST}/api:v2\nproxy={HOST}/api:v2")),
    )
    .await;
    assert!(
        images_of(&told)
            .iter()
            .all(|image| image.contains("/api@sha256:"))
    );
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
    // Only the count is changed: no deployment is claimed to have been started.
    let told = succeeds(redeploy(pinned).input("desired-count", "3")).await;
    assert_eq!(writes(&told), ["UpdateService"]);
    assert!(!told.log.contains("started"), "{}", told.log);
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
