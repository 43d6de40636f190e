//! The main job: what is registered, updated and followed.
//!
//! moto leaves a service's deployment as it is, so that the test does what ECS does: when the update
//! is sent, it puts a deployment of the new revision in its place.

use std::fs;

use serde_json::json;

use super::{Ended, Moto, definition, image};

const DEPLOY: [&str; 9] = [
    "deploy",
    "--cluster",
    "web",
    "--service",
    "api",
    "--poll-interval",
    "1s",
    "--wait-for-minutes",
    "1",
];

fn deploy(moto: &Moto, more: &[&str]) -> Ended {
    moto.run(&[&DEPLOY[..], more].concat())
}

/// Deploys api:2, with the world moved once ECS has the update.
fn deploy_and_roll_out(moto: &Moto, more: &[&str]) -> Ended {
    let mut updated = 0;
    let ended = moto.run_while(&[&DEPLOY[..], more].concat(), |line| {
        if line.contains("names no deployment of api:2") {
            moto.roll_out("api", "api:2");
            updated += 1;
        }
    });
    assert_eq!(updated, 1, "{}", ended.log);
    ended
}

/// Asserts that api:2 serves, by the deployment that is there now.
fn serves(moto: &Moto, ended: &Ended) {
    ended
        .is("succeeded", 0)
        .says(&["succeeded: api:2 serves: the deployment is complete"]);
    let service = &ended.report["services"][0];
    assert_eq!(service["deploymentId"], moto.deployment("api"));
    assert_eq!(ended.report["taskDefinition"]["revision"], 2);
    assert_eq!(ended.report["serviceChanged"], true);
}

#[test]
fn an_image_by_its_tag_is_deployed_by_its_digest() {
    let moto = Moto::steady();
    let ended = deploy_and_roll_out(&moto, &["--repository", "api", "--image-tag", "v2"]);
    serves(&moto, &ended);
    let registered = moto.ecs(
        "DescribeTaskDefinition",
        &json!({"taskDefinition": "api:2"}),
    );
    let container = &registered["taskDefinition"]["containerDefinitions"][0];
    assert_eq!(container["image"], ended.report["image"]["reference"]);
    // All else is as it was.
    assert_eq!(
        (&container["cpu"], &container["memory"]),
        (&json!(256), &json!(512))
    );
}

#[test]
fn a_file_is_registered_and_deployed() {
    let moto = Moto::steady();
    let file = moto.path("task-definition.json");
    fs::write(&file, definition(&image("v2"), 512).to_string()).unwrap();
    let ended = deploy_and_roll_out(&moto, &["--task-definition", "task-definition.json"]);
    serves(&moto, &ended);
    ended.says(&["registered api:2"]);
}

#[test]
fn a_familys_newest_revision_is_deployed_as_it_is() {
    let moto = Moto::steady();
    moto.register(&image("v2"));
    let ended = deploy_and_roll_out(&moto, &["--task-definition", "api"]);
    serves(&moto, &ended);
    assert_eq!(moto.revisions(), 2);
}

#[test]
fn a_revision_is_deployed_as_it_is() {
    let moto = Moto::steady();
    moto.register(&image("v2"));
    moto.register(&image("v1"));
    let ended = deploy_and_roll_out(&moto, &["--task-definition", "api:2"]);
    serves(&moto, &ended);
    assert_eq!(moto.revisions(), 3);
}

/// Left alone, moto has the service at api:2 and its deployment at api:1: no success.
fn is_no_success(more: &[&str]) {
    let moto = Moto::steady();
    moto.register(&image("v2"));
    let ended = deploy(&moto, &[&["--task-definition", "api:2"][..], more].concat());
    ended
        .is("error", 8)
        .says(&["ECS took the update of service `api` to api:2, and names ecs-svc/"]);
    assert_eq!(ended.report["serviceChanged"], true);
    let service = moto.service("api");
    let at =
        |revision: &str| format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/{revision}");
    assert_eq!(service["taskDefinition"], at("api:2"));
    assert_eq!(service["deployments"][0]["taskDefinition"], at("api:1"));
}

#[test]
fn a_deployment_that_never_comes_is_no_success() {
    is_no_success(&[]);
}

#[test]
fn a_new_deployment_of_the_old_revision_is_no_success() {
    is_no_success(&["--force-new-deployment", "true"]);
}

#[test]
fn without_a_wait_the_run_ends_with_the_update() {
    let moto = Moto::steady();
    moto.register(&image("v2"));
    let no_wait = [
        "--task-definition",
        "api:2",
        "--wait-for-service-stability",
        "false",
    ];
    deploy(&moto, &no_wait)
        .is("started", 0)
        .says(&["no wait was asked for"]);
}

#[test]
fn the_same_revision_is_started_again() {
    let moto = Moto::steady();
    let before = moto.deployment("api");
    let ended = deploy(&moto, &["--force-new-deployment", "true"]);
    ended
        .is("succeeded", 0)
        .says(&["succeeded: api:1 serves: the deployment is complete"]);
    let now = moto.deployment("api");
    assert_eq!(ended.report["services"][0]["deploymentId"], now);
    assert_ne!(now, before);
}

#[test]
fn what_runs_already_is_left_alone() {
    let moto = Moto::steady();
    let before = moto.service("api");
    let ended = deploy(&moto, &["--task-definition", "api:1"]);
    ended.is("unchanged", 0);
    assert_eq!(moto.service("api"), before);
}

#[test]
fn another_deployment_in_its_place_is_reported() {
    let moto = Moto::new("0");
    moto.create_service("api", "api:1");
    moto.register(&image("v2"));
    let force = [&DEPLOY[..], &["--force-new-deployment", "true"]].concat();
    let ended = moto.run_while(&force, |line| {
        // The first look has seen the run's own deployment.
        if line.contains("0 of 2 new tasks running") {
            moto.create_service("api", "api:2");
        }
    });
    ended.is("superseded", 6).says(&["api:2"]);
}

#[test]
fn register_only_leaves_the_services_alone() {
    let moto = Moto::steady();
    let before = moto.service("api");
    let file = moto.path("task-definition.json");
    fs::write(&file, definition(&image("v2"), 512).to_string()).unwrap();
    let ended = moto.run(&[
        "deploy",
        "--register-only",
        "true",
        "--task-definition",
        "task-definition.json",
    ]);
    ended.is("planned", 0).says(&["registered api:2"]);
    assert_eq!((moto.service("api"), moto.revisions()), (before, 2));
}

#[test]
fn each_of_several_services_has_its_own_deployment() {
    let moto = Moto::steady();
    moto.roll_out("worker", "api:1");
    let more = ["--service", "worker", "--force-new-deployment", "true"];
    let ended = deploy(&moto, &more);
    ended.is("succeeded", 0);
    for (index, name) in ["api", "worker"].into_iter().enumerate() {
        let service = &ended.report["services"][index];
        assert_eq!(service["service"], name);
        assert_eq!(service["outcome"], "succeeded", "{}", ended.log);
        assert_eq!(service["deploymentId"], moto.deployment(name));
    }
}

/// moto's task ends with exit code 0 once it has been looked at often enough.
#[test]
fn a_one_off_task_is_run_before_the_update() {
    let moto = Moto::steady();
    moto.tasks_move_after(1);
    let ended = deploy(
        &moto,
        &[
            "--force-new-deployment",
            "true",
            "--run-task",
            "true",
            "--run-task-command",
            "./migrate --now",
        ],
    );
    ended
        .is("succeeded", 0)
        .says(&["one-off task: container `app` ended with exit code 0"]);
    let told = ended.log.find("ended with exit code 0").unwrap();
    let updated = ended.log.find("deployment ecs-svc/").unwrap();
    assert!(told < updated, "{}", ended.log);
}
