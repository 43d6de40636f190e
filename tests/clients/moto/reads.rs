//! What only reads: `explain`, `plan`, and runs that are refused before anything is changed.

use std::fs;

use super::{Moto, definition, image};

const EXPLAIN: [&str; 5] = ["explain", "--cluster", "web", "--service", "api"];
const PLAN: [&str; 5] = ["plan", "--cluster", "web", "--service", "api"];

#[test]
fn a_steady_service_is_explained_with_the_room_of_both_instances() {
    let moto = Moto::steady();
    assert_eq!(moto.status_of("ListServiceDeployments"), 500);
    let ended = moto.run(&EXPLAIN);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    ended.says(&[
        "steady: api:1 runs 2 of 2 tasks, and its deployment is complete",
        "forecast: the rollout fits: 2 new tasks in 1 wave",
        // What moto's instances have, less one task of 256 units and 512 MiB each.
        "m5.large      3840      6970",
    ]);
}

/// moto counts two tasks and lists none: the count is taken, not the list.
#[test]
fn a_service_whose_tasks_are_counted_and_not_listed_is_not_called_stuck() {
    let moto = Moto::new("2");
    moto.create_service("api", "api:1");
    let ended = moto.run(&EXPLAIN);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    ended.says(&[
        "steady: api:1 runs 2 of 2 tasks",
        "2 tasks of the service could not be found on the instances that were read",
    ]);
}

#[test]
fn a_plan_shows_the_change_and_makes_none() {
    let moto = Moto::steady();
    let before = moto.service("api");
    let arguments = [&PLAN[..], &["--repository", "api", "--image-tag", "v2"]].concat();
    let ended = moto.run(&arguments);
    ended.is("planned", 0).says(&[
        "task definition: a new revision of `api`, 1 change",
        "containerDefinitions[app].image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:v1 → 123456789012.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:",
        "forecast: the rollout fits",
    ]);
    assert_eq!((moto.service("api"), moto.revisions()), (before, 1));
}

/// moto has no blobs, and so no configuration that names the platform.
#[test]
fn an_image_whose_platform_cannot_be_read_is_planned_with_a_warning() {
    let moto = Moto::steady();
    moto.put_image("v3");
    let arguments = [&PLAN[..], &["--repository", "api", "--image-tag", "v3"]].concat();
    moto.run(&arguments).is("planned", 0).says(&[
        "the platform of the image is not checked: `ecr:GetDownloadUrlForLayer`",
        "task definition: a new revision of `api`, 1 change",
    ]);
}

#[test]
fn what_fits_on_no_instance_is_blocked_before_anything_is_registered() {
    let moto = Moto::steady();
    let file = moto.path("large.json");
    fs::write(&file, definition(&image("v2"), 7000).to_string()).unwrap();
    let deploy = ["deploy", "--cluster", "web", "--service", "api"];
    let arguments = [&deploy[..], &["--task-definition", "large.json"]].concat();
    let ended = moto.run(&arguments);
    // 7482 MiB less the 512 of the task that runs.
    ended.is("blocked", 3).says(&[
        "m5.large      3840      6970         2         0  7000 MiB needed, 6970 free, 30 short",
    ]);
    let service = &ended.report["services"][0];
    assert_eq!(service["causes"][0]["kind"], "memory");
    assert_eq!(service["forecast"]["blockers"][1]["short"], 30);
    assert_eq!(moto.revisions(), 1);
}

#[test]
fn what_is_not_there_is_invalid_in_the_words_of_ecs() {
    let moto = Moto::steady();
    for (cluster, service, definition, said) in [
        (
            "nowhere",
            "api",
            "api:1",
            "ClusterNotFoundException: Cluster not found.",
        ),
        (
            "web",
            "nothing",
            "api:1",
            "there is no service `nothing` in cluster `web`",
        ),
        (
            "web",
            "api",
            "api:9",
            "ClientException: Unable to describe task definition.",
        ),
        ("web", "api", "gone.json", "gone.json"),
    ] {
        let ended = moto.run(&[
            "deploy",
            "--cluster",
            cluster,
            "--service",
            service,
            "--task-definition",
            definition,
        ]);
        ended.is("invalid", 2).says(&[said]);
        assert_eq!(ended.report["serviceChanged"], false);
    }
}
