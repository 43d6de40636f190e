//! The command: `plimsoll deploy`, `plan`, `explain`, `watch` and `demo`.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::Command;

use crate::app::{self, Environment, Process, Surroundings};
use crate::console::Style;
use crate::demo;
use crate::request::{RawInputs, cli};
use crate::run::Command as Asked;

/// What the arguments ask for; the exit code. Wrong usage is `invalid`, as a wrong input is.
pub async fn run(arguments: Vec<OsString>, environment: Environment, process: &mut Process) -> u8 {
    let mut out = process.output.clone();
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = out.write_all(error.to_string().as_bytes());
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    let Some((name, matches)) = matches.subcommand() else {
        return 2;
    };
    let (asked, raw) = match name {
        "deploy" => (Asked::Deploy, RawInputs::from_matches(matches)),
        "plan" => (
            Asked::Deploy,
            RawInputs::from_matches(matches).with("dry-run", "true"),
        ),
        "watch" => (Asked::Watch, RawInputs::from_matches(matches)),
        "explain" => (Asked::Explain, RawInputs::from_matches(matches)),
        _ => return demo::run(matches, &environment.pairs, process).await,
    };
    let report_path = matches.get_one::<String>("report").map(PathBuf::from);
    app::run(
        asked,
        raw,
        Surroundings {
            style: Style::Plain,
            environment,
            report_path,
        },
        process,
    )
    .await
}

/// What `watch` and `explain` take of the inputs.
const LOOKING: [&str; 13] = [
    "aws-region",
    "role-to-assume",
    "role-session-name",
    "role-duration-seconds",
    "audience",
    "allowed-account-ids",
    "cluster",
    "service",
    "wait-for-minutes",
    "poll-interval",
    "stuck-after",
    "on-stuck",
    "on-superseded",
];

fn command() -> Command {
    Command::new("plimsoll")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Deploys an image to Amazon ECS and says the truth about how it ended")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(cli::deploy_command())
        .subcommand(cli::plan_command())
        .subcommand(
            Command::new("explain")
                .about("Say of a service whether its rollout is moving, waiting or stuck, and why; change nothing")
                .args(cli::args_for(&LOOKING[..8]))
                .arg(cli::report_arg()),
        )
        .subcommand(
            Command::new("watch")
                .about("Follow a rollout that somebody else started")
                .args(cli::args_for(&LOOKING))
                .arg(cli::report_arg()),
        )
        .subcommand(demo::command())
}
