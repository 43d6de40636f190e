//! What must never be in a log, at any level, and texts that want to be commands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_sim::{Exit, TaskBehaviour, World};

use crate::github;
use crate::log::{Command, commands};
use crate::stage::{SECRET_KEY, SESSION_TOKEN, Stage, VALUE, usual};

/// Text as an attacker would write it where he may: a container's last words, a tag, a branch.
pub(crate) const HOSTILE: &str =
    "::add-mask::succeeded\n::error::boo ##[error]boo\r::stop-commands::x";

/// Characters that turn text, hide it or move a cursor, between letters.
const UNSEEN: &str = "boo\u{1b}[2Ka\u{202e}b\u{61c}c\u{ad}d\u{e0041}e\u{200b}f\u{feff}g\u{7}h";

fn hostile(world: &mut World) {
    says(world, HOSTILE);
}

/// A service whose container ends with `reason`.
fn says(world: &mut World, reason: &str) {
    usual(world);
    let exit = Some(Exit {
        after_secs: 3,
        code: 1,
        reason: reason.to_owned(),
    });
    world.behaviour(
        "api@",
        TaskBehaviour {
            exit,
            ..TaskBehaviour::default()
        },
    );
}

/// All that the run wrote: the log, the outputs, the summary, the report.
fn everything(stage: &Stage) -> String {
    let files = [
        "log",
        "_temp/_runner_file_commands/output",
        "_temp/_runner_file_commands/summary",
        "_temp/plimsoll-report.json",
    ];
    files
        .map(|name| std::fs::read_to_string(stage.path(name)).unwrap())
        .join("\n")
}

/// The log's commands are ours, and none of them carries out what a text wanted.
pub(crate) fn check(log: &str) -> Vec<Command> {
    let commands = commands(log);
    for command in &commands {
        let fence = command.name == "stop-commands" && command.data.starts_with("plimsoll-");
        let ours = ["group", "endgroup", "error", "warning", "notice", "debug"];
        let ours = fence || ours.contains(&command.name.as_str());
        assert!(ours, "{command:?} in\n{log}");
        assert!(!command.data.starts_with("boo"), "{command:?} in\n{log}");
    }
    commands
}

#[test]
fn no_secret_is_ever_shown_however_loud_the_log() {
    for (variable, value) in [
        ("RUNNER_DEBUG", "1"),
        ("RUST_LOG", "trace"),
        (
            "RUST_LOG",
            "aws_smithy_runtime=trace,hyper=trace,aws_config=trace",
        ),
    ] {
        let stage = Stage::new(usual).redeploy().env(variable, value).input(
            "environment-variables",
            "API_KEY=new-value-of-a-variable\nDATABASE_PASSWORD=changed-pass",
        );
        let ended = stage.run();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        let all = everything(&stage);
        for secret in [
            SECRET_KEY,
            SESSION_TOKEN,
            VALUE,
            "new-value-of-a-variable",
            "changed-pass",
            "AWS4-HMAC-SHA256",
        ] {
            assert!(
                !all.contains(secret),
                "{secret} with {variable}={value} in\n{all}"
            );
        }
        assert!(
            ended.log.contains("API_KEY"),
            "the change itself is reported:\n{}",
            ended.log
        );
    }
}

#[test]
fn values_are_shown_only_when_that_is_asked_for() {
    let stage = Stage::new(usual)
        .redeploy()
        .input("show-values", "true")
        .input("environment-variables", "API_URL=https://example.com");
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(ended.log.contains("https://example.com"), "{}", ended.log);
}

#[test]
fn texts_of_aws_are_no_commands() {
    let stage = Stage::new(hostile).redeploy().env("RUNNER_DEBUG", "1");
    let ended = stage.run();
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(
        ended.log.contains("boo"),
        "the text itself is shown:\n{}",
        ended.log
    );
    let commands = check(&ended.log);
    assert!(
        commands.iter().any(|command| command.name == "error"),
        "the failure is annotated:\n{}",
        ended.log
    );
    // A file of outputs that the text could write into would have one more name in it.
    assert_eq!(stage.output("outcome"), "failed");
}

#[test]
fn nothing_that_can_not_be_seen_is_shown_anywhere() {
    let stage = Stage::new(|world| says(world, UNSEEN)).redeploy();
    let ended = stage.run();
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    for text in [
        ended.log,
        stage.output("reason"),
        stage.summary(),
        stage.report().to_string(),
    ] {
        assert!(text.contains("booabcdefgh"), "{text}");
        let found = text
            .chars()
            .find(|c| "\u{1b}\u{7}\u{202e}\u{61c}\u{ad}\u{e0041}\u{feff}".contains(*c));
        assert_eq!(found, None, "{text}");
    }
    assert!(!stage.output("reason").contains('\u{200b}'));
}

#[test]
fn inputs_are_no_commands() {
    for name in [
        "image-tag",
        "service",
        "cluster",
        "repository",
        "task-definition",
        "capacity-check",
        "aws-region",
        "wait-for-minutes",
    ] {
        let stage = Stage::new(usual)
            .redeploy()
            .input(name, HOSTILE)
            .env("GITHUB_REF_NAME", HOSTILE)
            .env("GITHUB_ACTOR", HOSTILE);
        let ended = stage.run();
        assert!(
            matches!(ended.code, Some(2 | 8)),
            "{name}: {:?}\n{}",
            ended.code,
            ended.log
        );
        assert!(!ended.log.contains("panicked"), "{name}:\n{}", ended.log);
        check(&ended.log);
        assert!(["invalid", "error"].contains(&stage.output("outcome").as_str()));
    }
}

#[test]
fn an_unknown_input_with_a_hostile_name_is_no_command() {
    let stage = Stage::new(usual)
        .redeploy()
        .env("INPUT_X\n::ERROR::BOO", "1");
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    check(&ended.log);
}

/// A container's reason, as AWS hands it on, that holds the session token: as it is, in base64, and
/// cut by the one who wrote it.
#[test]
fn a_token_that_aws_repeats_is_shown_nowhere() {
    let encoded = STANDARD.encode(format!("AWS:{SESSION_TOKEN}"));
    let reason = format!("x-amz-security-token:{SESSION_TOKEN}, {encoded}, FwoGZXIvYXdzEB…");
    let stage = Stage::new(|world| {
        usual(world);
        let exit = Exit {
            after_secs: 3,
            code: 1,
            reason,
        };
        let behaviour = TaskBehaviour {
            exit: Some(exit),
            ..TaskBehaviour::default()
        };
        world.behaviour("api@", behaviour);
    });
    let stage = github::told(stage.redeploy()).env("RUNNER_DEBUG", "1");
    let ended = stage.run();
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    let told_to_github = stage
        .sim
        .with(|world| format!("{:?}", world.github.deployments));
    let all = everything(&stage) + &told_to_github;
    assert!(all.contains("x-amz-security-token:***"), "{all}");
    for secret in [SESSION_TOKEN, "FwoGZXIvYXdzEB", &encoded[8..24]] {
        assert!(!all.contains(secret), "{secret} in\n{all}");
    }
}
