//! The command: `plimsoll deploy`, `plan` and `demo`.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::Command;

use crate::app::{self, Signals, Surroundings};
use crate::console::Style;
use crate::demo;
use crate::request::{RawInputs, cli};

/// What the arguments ask for; the exit code. Wrong usage is `invalid`, as a wrong input is.
pub async fn run(arguments: Vec<OsString>, env: Vec<(String, String)>, signals: &mut Signals) -> u8 {
    let mut out = std::io::stdout();
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = write!(out, "{error}");
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    let surroundings = |report: Option<&String>| Surroundings { style: Style::Plain, env: env.clone(), report_path: report.map(PathBuf::from) };
    match matches.subcommand() {
        Some(("deploy", matches)) => {
            let surroundings = surroundings(matches.get_one("report"));
            app::deploy(RawInputs::from_matches(matches), surroundings, signals, Box::new(out)).await
        }
        Some(("plan", matches)) => {
            let surroundings = surroundings(matches.get_one("report"));
            let raw = RawInputs::from_matches(matches).with("dry-run", "true");
            app::deploy(raw, surroundings, signals, Box::new(out)).await
        }
        Some(("demo", matches)) => demo::run(matches, env, signals).await,
        _ => 2,
    }
}

fn command() -> Command {
    Command::new("plimsoll")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Deploys an image to Amazon ECS and says the truth about how it ended")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(cli::deploy_command())
        .subcommand(cli::plan_command())
        .subcommand(demo::command())
}
