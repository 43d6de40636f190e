//! Answers that no AWS gives: nothing is deployed on their word, and none ends the run without one.

use plimsoll_sim::{Exit, TaskBehaviour};
use serde_json::json;

use crate::exits::{Left, check};
use crate::stage::{Stage, usual};

/// Seconds since the epoch, some million years from now.
const FAR: &str = "99999999999999.0,\"before\":";

#[test]
fn two_accounts_in_one_answer_are_none() {
    let stage = Stage::new(usual)
        .redeploy()
        .input("allowed-account-ids", "111122223333");
    stage.gate.rewrite(
        "GetCallerIdentity",
        "<Account>111122223333</Account>",
        "<Account>999900001111</Account><Account>111122223333</Account>",
    );
    let ended = stage.run();
    assert_eq!(ended.code, Some(8), "{}", ended.log);
    let left = Left {
        outcome: "error",
        changed: false,
    };
    check("two accounts", &stage, &ended, &left);
    assert!(
        stage
            .output("reason")
            .contains("the answer holds `Account` twice"),
        "{}",
        ended.log
    );
    assert_eq!(stage.calls("DescribeServices"), 0);
}

#[test]
fn a_member_that_stands_twice_in_json_is_none() {
    let stage = Stage::new(usual).redeploy();
    stage.gate.rewrite(
        "DescribeServices",
        "\"desiredCount\":",
        "\"desiredCount\":7,\"desiredCount\":",
    );
    let ended = stage.run();
    assert_eq!(ended.code, Some(8), "{}", ended.log);
    assert!(
        stage
            .output("reason")
            .contains("the answer holds `desiredCount` twice"),
        "{}",
        ended.log
    );
    assert_eq!(stage.calls("UpdateService"), 0);
}

#[test]
fn another_familys_revision_is_not_deployed() {
    for operation in ["RegisterTaskDefinition", "DescribeTaskDefinition"] {
        let stage = Stage::new(usual).redeploy();
        stage
            .gate
            .rewrite(operation, "task-definition/api:", "task-definition/evil:");
        stage
            .gate
            .rewrite(operation, "\"family\":\"api\"", "\"family\":\"evil\"");
        let ended = stage.run();
        assert_eq!(ended.code, Some(8), "{}", ended.log);
        let left = Left {
            outcome: "error",
            changed: false,
        };
        check(operation, &stage, &ended, &left);
        let reason = stage.output("reason");
        assert!(
            reason.contains("`api") && reason.contains("family `evil`"),
            "{operation}: {reason}"
        );
        assert_eq!(stage.calls("UpdateService"), 0, "{operation}");
    }
}

/// What is registered is the family's, but says something else's number.
#[test]
fn an_arn_that_contradicts_its_own_answer_is_not_deployed() {
    let stage = Stage::new(usual).redeploy();
    stage.gate.rewrite(
        "RegisterTaskDefinition",
        "task-definition/api:2",
        "task-definition/api:1",
    );
    let ended = stage.run();
    assert_eq!(ended.code, Some(8), "{}", ended.log);
    assert_eq!(stage.calls("UpdateService"), 0);
}

#[test]
fn times_after_the_year_9999_are_no_bug() {
    for (operation, member) in [
        ("UpdateService", "createdAt"),
        ("UpdateService", "updatedAt"),
        ("DescribeServices", "createdAt"),
        ("DescribeTasks", "startedAt"),
        ("DescribeTasks", "createdAt"),
    ] {
        let way = format!("{member} of {operation}");
        let stage = Stage::new(usual).redeploy().input("wait-for-minutes", "5");
        let (from, to) = (format!("\"{member}\":"), format!("\"{member}\":{FAR}"));
        stage.gate.rewrite(operation, &from, &to);
        let ended = stage.run();
        assert!(!ended.log.contains("a bug in"), "{way}: {}", ended.log);
        assert!(matches!(ended.code, Some(0..=7)), "{way}: {}", ended.log);
        assert_eq!(stage.output("service-changed"), "true", "{way}");
        assert!(stage.report()["startedAt"].is_string(), "{way}");
    }
}

#[test]
fn a_task_that_stopped_after_the_year_9999_is_no_bug() {
    let stage = Stage::new(|world| {
        usual(world);
        let exit = Some(Exit {
            after_secs: 3,
            code: 1,
            reason: String::new(),
        });
        let behaviour = TaskBehaviour {
            exit,
            ..TaskBehaviour::default()
        };
        world.behaviour("api@", behaviour);
    })
    .redeploy();
    let to = format!("\"stoppedAt\":{FAR}");
    stage.gate.rewrite("DescribeTasks", "\"stoppedAt\":", &to);
    let ended = stage.run();
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    let stopped = &stage.report()["services"][0]["stoppedTasks"][0]["stoppedAt"];
    assert_eq!(*stopped, json!("9999-12-31T23:59:59Z"), "{}", ended.log);
}
