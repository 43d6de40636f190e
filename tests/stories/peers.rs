//! What the public tests of other deploy tools hold, where no other story does, in our own words.

use plimsoll::report::outputs;
use plimsoll_sim::ServiceSpec;
use serde_json::json;

use crate::before::{body, refused, simple, succeeds};
use crate::door::Story;
use crate::setting::{definition, images, instance, redeploy, roomy, service};

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_not_there_is_said_by_its_name() {
    for which in [
        "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:99",
        "arn:aws:ecs:eu-west-1:999988887777:task-definition/api:1",
        "arn:aws:ecs:us-east-1:111122223333:task-definition/api:1",
        "nope",
    ] {
        refused(
            simple().input("task-definition", which),
            &[which, "check `task-definition`", "in this region"],
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_cluster_is_default_where_none_is_named() {
    let story = redeploy(|world| {
        images(world);
        world.add_cluster("default");
        let mut place = plimsoll_sim::InstanceSpec::default();
        "default".clone_into(&mut place.cluster);
        world.add_instance(place);
        let spec = ServiceSpec {
            cluster: "default".to_owned(),
            ..ServiceSpec::default()
        };
        service(world, definition("api", 256, 512), spec);
    });
    let told = succeeds(story.input("cluster", "")).await;
    assert_eq!(body(&told, "UpdateService")["cluster"], "default");
}

#[tokio::test(start_paused = true)]
async fn empty_properties_of_a_proxy_and_empty_options_stay() {
    let proxy = json!({"type": "APPMESH", "containerName": "app", "properties": [
        {"name": "IgnoredUID", "value": ""}, {"name": "IgnoredGID", "value": "1337"}, {"name": "EgressIgnoredIPs", "value": ""}]});
    let log = json!({"logDriver": "splunk", "options": {"splunk-url": "https://s", "tag": ""}, "secretOptions": []});
    let given = (proxy.clone(), log.clone());
    let story = redeploy(move |world| {
        images(world);
        instance(world);
        let mut document = definition("api", 256, 512);
        document["proxyConfiguration"] = given.0;
        document["containerDefinitions"][0]["logConfiguration"] = given.1;
        document["containerDefinitions"][0]["healthCheck"] =
            json!({"command": ["CMD-SHELL", ""], "startPeriod": 0});
        service(world, document, ServiceSpec::default());
    });
    let told = story.input("register-only", "true").deploy().await;
    let sent = body(&told, "RegisterTaskDefinition");
    assert_eq!(sent["proxyConfiguration"].to_string(), proxy.to_string());
    let container = &sent["containerDefinitions"][0];
    assert_eq!(container["logConfiguration"].to_string(), log.to_string());
    assert_eq!(
        container["healthCheck"]["command"],
        json!(["CMD-SHELL", ""])
    );
    assert_eq!(container["healthCheck"]["startPeriod"], 0);
}

/// A token in a log option is a credential.
#[tokio::test(start_paused = true)]
async fn a_token_among_the_log_options_is_not_shown() {
    let told = simple()
        .input("log-configuration-log-driver", "splunk")
        .input(
            "log-configuration-options",
            "splunk-url=https://s\nsplunk-token=hunter2",
        )
        .input("show-values", "true")
        .input("dry-run", "true")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    assert!(!told.log.contains("hunter2"), "{}", told.log);
}

/// A job that masks the account id loses outputs that hold it.
#[tokio::test(start_paused = true)]
async fn some_outputs_never_hold_the_account() {
    let story = Story::new(|world| roomy(world, 1))
        .input("repository", "api")
        .input("image-tag", "v2");
    let told = succeeds(story).await;
    let outputs = outputs(&told.shown(), None, told.report.finished);
    for name in [
        "image-digest",
        "image-tag",
        "task-definition-family",
        "task-definition-revision",
    ] {
        let (_, value) = outputs.iter().find(|(known, _)| *known == name).unwrap();
        assert!(
            !value.is_empty() && !value.contains("111122223333"),
            "{name}: {value}"
        );
    }
}
