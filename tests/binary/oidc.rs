//! The action with `role-to-assume`, as the runner starts it, and what of it must not be shown.

use plimsoll_sim::{RoleSpec, World};

use crate::log::commands;
use crate::stage::{Ended, Stage, usual};

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";

pub(crate) fn trusting(world: &mut World) {
    usual(world);
    world.add_oidc_provider(
        "https://token.actions.githubusercontent.com",
        &["sts.amazonaws.com"],
    );
    world.add_role(RoleSpec::default());
}

/// The redeploy in a job with `id-token: write` and without any credentials.
fn stage(build: impl FnOnce(&mut World)) -> Stage {
    in_a_job(Stage::new(build).redeploy().input("role-to-assume", ROLE))
}

/// The stage in a job that may have tokens, without any credentials.
pub(crate) fn in_a_job(stage: Stage) -> Stage {
    let url = format!("{}/_runner/idtoken?api-version=2.0", stage.endpoint);
    let bearer = stage.sim.with(|world| world.runner.request_token.clone());
    stage
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "")
        .env("AWS_SESSION_TOKEN", "")
        .env("GITHUB_REPOSITORY", "octo-org/hello")
        .env("GITHUB_RUN_ID", "17812345678")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", &url)
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &bearer)
}

/// Every secret of the run, and all that the run wrote save the lines that mask them.
fn check_secrets(stage: &Stage, ended: &Ended) {
    let calls = stage.sim.calls();
    let tokens = calls
        .iter()
        .filter_map(|call| call.body["WebIdentityToken"].as_str());
    let mut secrets: Vec<String> = tokens
        .flat_map(|token| token.split('.').skip(1).map(str::to_owned))
        .collect();
    assert!(!secrets.is_empty(), "{}", ended.log);
    stage.sim.with(|world| {
        secrets.push(world.runner.request_token.clone());
        for session in world.sessions() {
            secrets.extend([
                session.access_key.clone(),
                session.secret_key.clone(),
                session.token.clone(),
            ]);
        }
    });
    let log = ended.log.lines();
    let log = log.filter(|line| !line.starts_with("::add-mask::"));
    let mut all = log.collect::<Vec<_>>().join("\n");
    for name in [
        "_temp/_runner_file_commands/output",
        "_temp/_runner_file_commands/summary",
        "_temp/plimsoll-report.json",
    ] {
        all.push_str(&std::fs::read_to_string(stage.path(name)).unwrap());
    }
    for secret in &secrets {
        assert!(!all.contains(secret.as_str()), "{secret} in\n{all}");
    }
}

#[test]
fn the_action_needs_nothing_but_the_role_and_tells_no_secret() {
    for (variable, value) in [("RUNNER_DEBUG", "1"), ("RUST_LOG", "trace")] {
        let stage = stage(trusting).env(variable, value);
        let ended = stage.run();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        assert_eq!(stage.output("outcome"), "succeeded");
        let arn = stage.sim.with(|world| world.sessions()[0].arn.clone());
        assert!(arn.ends_with("/plimsoll-hello-17812345678"), "{arn}");
        let masked: Vec<String> = commands(&ended.log)
            .into_iter()
            .filter(|command| command.name == "add-mask")
            .map(|command| command.data)
            .collect();
        stage.sim.with(|world| {
            let session = &world.sessions()[0];
            assert!(masked.contains(&session.secret_key) && masked.contains(&session.token));
        });
        check_secrets(&stage, &ended);
    }
}

/// What another step, or a file, left at its end; it was a panic.
#[test]
fn a_request_token_with_a_line_end_is_used_without_it() {
    let stage = stage(trusting).input("dry-run", "true");
    let mut token = stage
        .variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        .unwrap()
        .to_owned();
    token.push('\n');
    let stage = stage.odd(b"ACTIONS_ID_TOKEN_REQUEST_TOKEN", token.as_bytes());
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

#[test]
fn a_request_token_that_can_not_be_sent_is_named() {
    let name = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
    let stage = stage(trusting).odd(name.as_bytes(), b"two\nlines");
    let ended = stage.run();
    assert_eq!(ended.code, Some(8), "{}", ended.log);
    assert!(
        stage
            .output("reason")
            .contains(&format!("`{name}` holds a line end"))
    );
    assert!(!ended.log.contains("two\nlines"), "{}", ended.log);
}

#[test]
fn a_refused_token_is_explained_without_being_shown() {
    let stage = stage(|world| {
        trusting(world);
        world.runner.repository = "octo-org/other".to_owned();
    })
    .env("RUNNER_DEBUG", "1");
    let ended = stage.run();
    assert_eq!(ended.code, Some(8), "{}", ended.log);
    assert!(
        ended
            .log
            .contains("repo:octo-org@123456/other@456789:ref:refs/heads/main"),
        "{}",
        ended.log
    );
    // Tried again with a fresh token each time, which the debug lines tell.
    assert!(
        ended.log.contains("::debug::the role is asked for again"),
        "{}",
        ended.log
    );
    assert_eq!(stage.calls("AssumeRoleWithWebIdentity"), 3);
    assert_eq!(stage.output("service-changed"), "false");
    check_secrets(&stage, &ended);
}
