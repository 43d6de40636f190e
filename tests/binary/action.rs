//! The action from its inputs to its outputs.

use plimsoll_sim::{Fault, FaultKind};
use serde_json::json;

use crate::stage::{Stage, usual};

const MEMBERS: [&str; 10] = [
    "schemaVersion",
    "outcome",
    "reason",
    "serviceChanged",
    "startedAt",
    "finishedAt",
    "image",
    "taskDefinition",
    "oneOffTask",
    "services",
];

#[test]
fn a_redeploy_ends_well_and_tells_so_everywhere() {
    let stage = Stage::new(usual).redeploy();
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(stage.output("outcome"), "succeeded");
    assert_eq!(stage.output("service-changed"), "true");
    assert_eq!(stage.output("image-tag"), "v2");
    assert!(stage.output("image-digest").starts_with("sha256:"));
    assert!(
        stage
            .output("image")
            .ends_with(&format!("api@{}", stage.output("image-digest")))
    );
    assert_eq!(stage.output("task-definition-family"), "api");
    assert_eq!(stage.output("task-definition-revision"), "2");
    assert!(stage.output("deployment-id").starts_with("ecs-svc/"));
    assert_eq!(
        stage.output("report"),
        stage
            .path("_temp/plimsoll-report.json")
            .display()
            .to_string()
    );
    let summary = stage.summary();
    assert!(
        summary.starts_with("### ✅ succeeded: api:2 serves") && summary.contains("```mermaid"),
        "{summary}"
    );
    assert!(
        ended
            .log
            .contains("::notice title=Plimsoll%3A succeeded::api:2 serves"),
        "{}",
        ended.log
    );
    let report = stage.report();
    let members: Vec<&str> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(members, MEMBERS);
    assert_eq!(report["schemaVersion"], json!(1));
    assert_eq!(report["taskDefinition"]["registered"], json!(true));
    assert_eq!(report["services"][0]["outcome"], json!("succeeded"));
    assert_eq!(
        report["services"][0]["deploymentId"],
        json!(stage.output("deployment-id"))
    );
    assert_eq!(
        (
            stage.calls("RegisterTaskDefinition"),
            stage.calls("UpdateService")
        ),
        (1, 1)
    );
}

#[test]
fn nothing_is_done_twice() {
    let stage = Stage::new(usual).redeploy();
    assert_eq!(stage.run().code, Some(0));
    stage.next_step();
    let again = stage.run();
    assert_eq!(again.code, Some(0), "{}", again.log);
    assert_eq!(stage.output("outcome"), "unchanged", "{}", again.log);
    assert_eq!(
        (
            stage.calls("RegisterTaskDefinition"),
            stage.calls("UpdateService")
        ),
        (1, 1)
    );
}

#[test]
fn all_problems_of_the_inputs_are_named_at_once_and_nothing_is_called() {
    let stage = Stage::new(usual)
        .input("service", "")
        .input("wait-for-minutes", "soon")
        .input("capacity-check", "maybe")
        .input("image-tag", "v2");
    let ended = stage.run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    for name in [
        "`service`",
        "`wait-for-minutes`",
        "`capacity-check`",
        "`repository`",
    ] {
        assert!(
            ended.log.contains(name),
            "{name} is missing in:\n{}",
            ended.log
        );
    }
    assert_eq!(stage.output("outcome"), "invalid");
    assert_eq!(stage.output("service-changed"), "false");
    assert_eq!(stage.report()["outcome"], json!("invalid"));
    assert!(stage.sim.calls().is_empty());
}

#[test]
fn the_defaults_of_every_input_alone_are_refused_with_what_is_missing() {
    let ended = Stage::new(usual).run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    assert!(ended.log.contains("`service`"), "{}", ended.log);
    assert!(!ended.log.contains("panicked"), "{}", ended.log);
}

#[test]
fn a_tag_that_is_not_there_is_answered_with_those_that_are() {
    let stage = Stage::new(usual).redeploy().input("image-tag", "v9");
    let ended = stage.run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    assert!(ended.log.contains("v2"), "{}", ended.log);
    assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
}

#[test]
fn an_answer_of_a_write_that_is_lost_is_looked_up() {
    let stage = Stage::new(usual).redeploy();
    stage
        .sim
        .fault(Fault::new("UpdateService", 1, FaultKind::LostAnswer));
    stage
        .sim
        .fault(Fault::new("DescribeServices", 2, FaultKind::Throttle));
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(stage.calls("UpdateService"), 1);
}

#[test]
fn files_that_cannot_be_written_are_named_and_change_nothing() {
    let stage = Stage::new(usual).redeploy();
    std::fs::remove_dir_all(stage.path("_temp")).unwrap();
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(
        ended.log.contains("the report could not be written"),
        "{}",
        ended.log
    );
}
