//! SIGTERM and SIGINT in every phase: gone in time, everything written, and the truth about it.

use std::time::Duration;

use plimsoll_sim::{ServiceSpec, TaskBehaviour};
use serde_json::json;

use crate::door::Hold;
use crate::stage::{Ended, Stage, definition, usual};

/// What is promised; the runner kills after ten.
const IN_TIME: Duration = Duration::from_secs(5);

/// The run is over as promised, and says everywhere whether the service was changed.
pub(crate) fn check(stage: &Stage, ended: &Ended, expected: (i32, bool)) {
    check_parts(stage, ended, expected);
    let words = if expected.1 {
        "the service was changed by this run"
    } else {
        "the service was not changed"
    };
    assert!(ended.log.contains(words), "{}", ended.log);
}

/// The same for several services, of which the words are others.
fn check_parts(stage: &Stage, ended: &Ended, (code, changed): (i32, bool)) {
    assert_eq!(ended.code, Some(code), "{}", ended.log);
    assert!(ended.took < IN_TIME, "gone after {:?}", ended.took);
    assert!(!ended.log.contains("panicked"), "{}", ended.log);
    assert_eq!(stage.output("outcome"), "cancelled");
    assert_eq!(
        stage.output("service-changed"),
        changed.to_string(),
        "{}",
        ended.log
    );
    let report = stage.report();
    assert_eq!(
        (&report["outcome"], &report["serviceChanged"]),
        (&json!("cancelled"), &json!(changed))
    );
    assert!(stage.summary().contains("cancelled"), "{}", stage.summary());
}

/// A redeploy whose new task takes an hour to start.
pub(crate) fn slow() -> Stage {
    Stage::new(|world| {
        usual(world);
        world.behaviour(
            "api@",
            TaskBehaviour {
                pull_secs: 3600,
                ..TaskBehaviour::default()
            },
        );
    })
    .redeploy()
}

/// Until the signal nothing is answered for `operation`.
fn held(stage: &Stage, operation: &str, hold: Hold) {
    stage.gate.hold(operation, hold);
}

#[test]
fn while_a_read_is_not_answered() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let stage = slow();
        held(&stage, "*", Hold::Request);
        let mut running = stage.start();
        running.until("a read", || stage.gate.holds("DescribeServices"));
        check(&stage, &running.signal(signal), (code, false));
    }
}

#[test]
fn while_the_registration_is_not_answered() {
    let stage = slow();
    held(&stage, "RegisterTaskDefinition", Hold::Answer);
    let mut running = stage.start();
    running.until("the registration", || {
        stage.gate.holds("RegisterTaskDefinition")
    });
    check(&stage, &running.signal("TERM"), (143, false));
}

#[test]
fn while_the_answer_to_the_update_is_kept_back() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let stage = slow();
        held(&stage, "UpdateService", Hold::Answer);
        let mut running = stage.start();
        running.until("the update", || stage.gate.holds("UpdateService"));
        let ended = running.signal(signal);
        check(&stage, &ended, (code, true));
        let started = stage.sim.with(|world| {
            world
                .service("web", "api")
                .map(|service| service.deployments.len())
        });
        assert_eq!(started, Some(2), "the update was carried out");
        assert!(
            stage.output("deployment-id").starts_with("ecs-svc/"),
            "{}",
            ended.log
        );
    }
}

#[test]
fn when_the_update_never_arrived() {
    let stage = slow();
    held(&stage, "UpdateService", Hold::Request);
    let mut running = stage.start();
    running.until("the update", || stage.gate.holds("UpdateService"));
    check(&stage, &running.signal("TERM"), (143, false));
    assert_eq!(stage.calls("UpdateService"), 0);
}

#[test]
fn when_nothing_can_be_asked_any_more_the_worst_is_said() {
    let stage = slow();
    held(&stage, "UpdateService", Hold::Answer);
    let mut running = stage.start();
    running.until("the update", || stage.gate.holds("UpdateService"));
    held(&stage, "*", Hold::Request);
    let ended = running.signal("TERM");
    check(&stage, &ended, (143, true));
    assert!(
        ended.log.contains("look at the service in the console"),
        "{}",
        ended.log
    );
}

#[test]
fn in_the_watch() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let stage = slow();
        let mut running = stage.start();
        running.until("the watch", || {
            stage.calls("UpdateService") == 1 && stage.log().contains("0 of 1 new task running")
        });
        let ended = running.signal(signal);
        check(&stage, &ended, (code, true));
        assert!(
            stage
                .output("reason")
                .contains("goes on in ECS (when last seen, 0 of 1 new tasks ran, and 1 old)"),
            "{}",
            ended.log
        );
        assert!(
            ended.log.contains("::error title=Plimsoll%3A cancelled::"),
            "{}",
            ended.log
        );
        // What was seen until then is reported, though no rollout ended.
        let first = &stage.report()["services"][0]["timeline"][0];
        assert_eq!(
            (&first["running"], &first["oldRunning"]),
            (&json!(0), &json!(1))
        );
        let summary = stage.summary();
        assert!(summary.starts_with("### ⏹️ cancelled: "), "{summary}");
        assert!(summary.contains("0 new and 1 old tasks ran."), "{summary}");
    }
}

#[test]
fn in_the_watch_with_a_rollback_asked_for() {
    let stage = slow().input("on-cancel", "rollback");
    let mut running = stage.start();
    running.until("the watch", || {
        stage.log().contains("0 of 1 new task running")
    });
    check(&stage, &running.signal("INT"), (130, true));
    let runs = stage.sim.with(|world| {
        world.advance_to(world.now() + 600_000);
        world
            .service("web", "api")
            .map(|service| service.deployments[0].task_definition.clone())
    });
    assert!(
        runs.as_ref().is_some_and(|arn| arn.ends_with("api:1")),
        "{runs:?}: {}",
        stage.log()
    );
}

#[test]
fn a_second_signal_changes_nothing() {
    let stage = slow();
    held(&stage, "UpdateService", Hold::Answer);
    let mut running = stage.start();
    running.until("the update", || stage.gate.holds("UpdateService"));
    running.send("INT");
    check(&stage, &running.signal("TERM"), (130, true));
}

/// Each service has a family of its own: the second one's update was carried out, and that is reported.
#[test]
fn while_the_second_services_update_is_not_answered() {
    let stage = Stage::new(|world| {
        usual(world);
        let mut document = definition("111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1");
        document["family"] = json!("jobs");
        let task_definition = world.add_task_definition(document);
        world.create_service(ServiceSpec {
            name: "jobs".to_owned(),
            task_definition,
            ..ServiceSpec::default()
        });
    })
    .redeploy()
    .input("service", "api\njobs")
    .input("max-parallel", "1");
    let mut running = stage.start();
    running.until("the first update", || stage.calls("UpdateService") == 1);
    held(&stage, "UpdateService", Hold::Answer);
    running.until("the second update", || stage.gate.holds("UpdateService"));
    let ended = running.signal("TERM");
    check_parts(&stage, &ended, (143, true));
    let jobs = &stage.report()["services"][1];
    let id = jobs["deploymentId"].as_str().unwrap_or_default();
    assert!(id.starts_with("ecs-svc/"), "{jobs}");
    assert!(
        stage.output("reason").contains("of jobs:2 goes on in ECS"),
        "{}",
        ended.log
    );
}
