//! The command: flags, help, plan, and surroundings in which nothing can be reached.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::stage::{Stage, usual};

#[test]
fn help_names_every_command_and_version_the_version() {
    let stage = Stage::new(usual);
    let help = stage.run_command(&["--help"]);
    assert_eq!(help.code, Some(0));
    for word in ["deploy", "plan", "demo"] {
        assert!(
            help.log.contains(word),
            "{word} is missing in:\n{}",
            help.log
        );
    }
    let version = stage.run_command(&["--version"]);
    assert_eq!(
        (version.code, version.log.trim()),
        (Some(0), concat!("plimsoll ", env!("CARGO_PKG_VERSION")))
    );
    let deploy = stage.run_command(&["deploy", "--help"]);
    assert_eq!(deploy.code, Some(0));
    assert!(deploy.log.contains("--image-tag"), "{}", deploy.log);
}

#[test]
fn wrong_usage_is_named_and_ends_with_2() {
    for arguments in [
        &["deploy", "--servise", "api"][..],
        &["roll"],
        &[],
        &["deploy", "--wait-for-minutes"],
    ] {
        let ended = Stage::new(usual).run_command(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.log);
        assert!(!ended.log.trim().is_empty(), "{arguments:?}");
    }
}

/// Left out in silence, it would deploy.
#[test]
fn a_flag_that_is_no_text_is_refused() {
    for flag in [
        &b"--dry-run=true\xff"[..],
        b"--allowed-account-ids=111122223333\xff",
    ] {
        let stage = Stage::new(usual);
        let arguments = [
            "deploy",
            "--cluster=web",
            "--service=api",
            "--force-new-deployment",
        ];
        let mut arguments: Vec<OsString> = arguments.map(OsString::from).to_vec();
        arguments.push(OsString::from_vec(flag.to_vec()));
        let ended = stage.run_command(&arguments);
        assert_eq!(ended.code, Some(2), "{}", ended.log);
        assert!(ended.log.contains("UTF-8"), "{}", ended.log);
        assert!(stage.sim.calls().is_empty());
    }
}

#[test]
fn a_plan_shows_the_change_and_makes_none() {
    let stage = Stage::new(usual);
    let report = stage.path("plan.json").display().to_string();
    let arguments = [
        "plan",
        "--repository",
        "api",
        "--image-tag",
        "v2",
        "--cluster",
        "web",
        "--service",
        "api",
        "--report",
        &report,
    ];
    let ended = stage.run_command(&arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(
        ended.log.contains("containerDefinitions[app].image"),
        "{}",
        ended.log
    );
    assert!(
        std::fs::read_to_string(report)
            .unwrap()
            .contains("\"planned\"")
    );
    assert_eq!(
        (
            stage.calls("RegisterTaskDefinition"),
            stage.calls("UpdateService")
        ),
        (0, 0)
    );
}

#[test]
fn aws_that_cannot_be_used_ends_with_8_and_what_to_do() {
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let unreachable = Stage::new(usual)
        .redeploy()
        .env("AWS_ENDPOINT_URL", &format!("http://{nobody}"));
    let without = Stage::new(usual)
        .redeploy()
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "")
        .env("AWS_SESSION_TOKEN", "");
    for (stage, words) in [
        (unreachable, "ecs:DescribeServices"),
        (without, "credentials"),
    ] {
        let ended = stage.run();
        assert_eq!(ended.code, Some(8), "{}", ended.log);
        assert!(
            ended.log.contains(words),
            "{words} is missing in:\n{}",
            ended.log
        );
        assert!(
            ended.log.contains("  → "),
            "nothing to do is named:\n{}",
            ended.log
        );
        assert!(
            ended.log.contains("the service was not changed"),
            "{}",
            ended.log
        );
        assert_eq!(stage.output("outcome"), "error");
    }
}

#[test]
fn without_a_region_the_input_is_named() {
    let stage = Stage::new(usual).redeploy().env("AWS_REGION", "");
    let ended = stage.run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    assert!(ended.log.contains("`aws-region`"), "{}", ended.log);
}
