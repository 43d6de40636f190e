//! The GitHub deployment of a step, however the step ends: well, killed, cancelled, unheard.

use serde_json::Value;

use crate::door::Hold;
use crate::signals::{check, slow};
use crate::stage::{SHA, Stage, usual};

/// The step with a token and an environment; GitHub is where the stand-in listens.
pub(crate) fn told(stage: Stage) -> Stage {
    let token = stage.sim.with(|world| {
        world.github.refs.push(SHA.to_owned());
        world.github.token.clone()
    });
    let api = format!("{}/api/v3", stage.endpoint);
    stage
        .env("GITHUB_API_URL", &api)
        .env("GITHUB_SERVER_URL", "https://github.example.com")
        .env("GITHUB_REPOSITORY", "acme/shop")
        .env("GITHUB_RUN_ID", "4711")
        .input("github-token", &token)
        .input("environment", "production")
}

/// State and description of each status of the one deployment.
fn statuses(stage: &Stage) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    stage.sim.with(|world| {
        let [deployment] = &world.github.deployments[..] else {
            panic!("one deployment: {:?}", world.github.deployments)
        };
        let all = deployment.statuses.iter();
        all.map(|(_, status)| (text(&status["state"]), text(&status["description"])))
            .collect()
    })
}

fn states(stage: &Stage) -> String {
    let all: Vec<String> = statuses(stage).into_iter().map(|one| one.0).collect();
    all.join(", ")
}

#[test]
fn after_a_step_that_said_everything_nothing_is_left() {
    let stage = told(Stage::new(usual).redeploy());
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(states(&stage), "in_progress, success");
    let calls = stage.sim.calls().len();
    let after = stage.run_after();
    assert_eq!(after.code, Some(0));
    assert_eq!(
        after
            .log
            .lines()
            .filter(|line| !line.starts_with("::add-mask::"))
            .count(),
        0,
        "{}",
        after.log
    );
    assert_eq!(stage.sim.calls().len(), calls);
}

#[test]
fn a_step_that_was_killed_is_reported_after_it() {
    let stage = told(slow());
    let mut running = stage.start();
    running.until("the watch", || {
        stage.log().contains("0 of 1 new task running")
    });
    let killed = running.signal("KILL");
    assert_eq!(killed.code, None);
    assert_eq!(states(&stage), "in_progress");
    let updates = stage.calls("UpdateService");
    let after = stage.run_after();
    assert_eq!(after.code, Some(0), "{}", after.log);
    assert!(
        after
            .log
            .contains("::error title=Plimsoll%3A cut off::the deploy of `web/api` was cut off"),
        "{}",
        after.log
    );
    let all = statuses(&stage);
    assert_eq!(states(&stage), "in_progress, error");
    assert_eq!(
        all[1].1,
        "the step was cut off before it could say how it ended"
    );
    assert_eq!(stage.calls("UpdateService"), updates, "nothing is deployed");
}

#[test]
fn what_github_did_not_hear_is_said_again_after_it() {
    let stage = told(Stage::new(usual).redeploy());
    let mut running = stage.start();
    running.until("the watch", || stage.calls("UpdateService") == 1);
    // What is posted without a name of AWS's is for GitHub.
    stage.gate.hold("post", Hold::Request);
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(ended.log.contains("::warning"), "{}", ended.log);
    assert_eq!(states(&stage), "in_progress");
    stage.gate.open();
    let after = stage.run_after();
    assert_eq!(states(&stage), "in_progress, success", "{}", after.log);
    assert!(!after.log.contains("cut off"), "{}", after.log);
    let all = statuses(&stage);
    assert!(all[1].1.starts_with("succeeded: api:2 serves"), "{all:?}");
}

/// The runner sends SIGTERM 7.5 s after SIGINT, and kills 2.5 s later: neither finds anybody.
#[test]
fn a_cancelled_step_ends_its_deployment_before_the_second_signal() {
    let stage = told(slow()).input("on-cancel", "rollback");
    let mut running = stage.start();
    running.until("the watch", || {
        stage.log().contains("0 of 1 new task running")
    });
    let ended = running.signal("INT");
    check(&stage, &ended, (130, true));
    assert_eq!(states(&stage), "in_progress, error");
    assert_eq!(stage.calls("StopServiceDeployment"), 1, "{}", ended.log);
}

#[test]
fn a_cancelled_step_that_nobody_answers_is_gone_in_time_too() {
    let stage = told(slow()).input("on-cancel", "rollback");
    let mut running = stage.start();
    running.until("the watch", || {
        stage.log().contains("0 of 1 new task running")
    });
    stage.gate.hold("*", Hold::Request);
    let ended = running.signal("INT");
    check(&stage, &ended, (130, true));
    stage.gate.open();
    stage.run_after();
    let all = statuses(&stage);
    assert_eq!(states(&stage), "in_progress, error");
    assert_eq!(all[1].1, "cancelled: the run was cancelled");
}

#[test]
fn the_process_after_the_job_never_deploys() {
    // Also where the step has left nothing, which is said.
    let stage = Stage::new(usual).redeploy();
    let after = stage.run_after();
    assert_eq!(after.code, Some(0), "{}", after.log);
    assert!(stage.sim.calls().is_empty());
    assert!(
        after
            .log
            .contains("::warning title=Plimsoll::this is the process after the job"),
        "{}",
        after.log
    );
}

/// Any workflow can set a variable that is called as the step's state is.
#[test]
fn a_step_deploys_whatever_state_stands_in_its_environment() {
    for value in ["", "true", "bug src/x.rs:1:1"] {
        let stage = Stage::new(usual)
            .redeploy()
            .odd(b"STATE_unfinished", value.as_bytes());
        let ended = stage.run();
        assert_eq!(ended.code, Some(0), "`{value}`: {}", ended.log);
        assert_eq!(
            stage.output("outcome"),
            "succeeded",
            "`{value}`: {}",
            ended.log
        );
        assert_eq!(stage.calls("UpdateService"), 1, "`{value}`");
    }
}
