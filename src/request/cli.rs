//! The flags of the command, from the table of inputs.

use clap::{Arg, ArgAction, Command};

use super::inputs::{INPUTS, Input, Kind};

/// One flag for each input. A list's flag may be repeated; a switch may stand alone.
pub fn args() -> Vec<Arg> {
    INPUTS.iter().map(arg).collect()
}

/// The flags of these inputs alone, for commands that need few.
pub fn args_for(names: &[&str]) -> Vec<Arg> {
    INPUTS
        .iter()
        .filter(|input| names.contains(&input.name))
        .map(arg)
        .collect()
}

/// `--report PATH`, which is a flag only: the action has its own place for the report.
pub fn report_arg() -> Arg {
    Arg::new("report")
        .long("report")
        .value_name("PATH")
        .help("Write the JSON report here")
}

/// `plimsoll deploy`.
pub fn deploy_command() -> Command {
    Command::new("deploy")
        .about("Build or find the image, register the revision, update the service, follow it")
        .args(args())
        .arg(report_arg())
}

/// `plimsoll plan`: `deploy` with `dry-run`.
pub fn plan_command() -> Command {
    let others: Vec<&str> = INPUTS
        .iter()
        .map(|input| input.name)
        .filter(|name| *name != "dry-run")
        .collect();
    Command::new("plan")
        .about("Show what a deploy would change and whether it fits; change nothing")
        .args(args_for(&others))
        .arg(report_arg())
}

fn arg(input: &'static Input) -> Arg {
    let default = if input.default.is_empty() {
        String::new()
    } else {
        format!(" [default: {}]", input.default)
    };
    let arg = Arg::new(input.name)
        .long(input.name)
        .help(format!("{}{default}", input.help))
        .help_heading(input.group.title());
    match input.kind {
        Kind::Flag => arg
            .num_args(0..=1)
            .default_missing_value("true")
            .value_name("BOOL"),
        Kind::Text if input.name == "command" => {
            arg.value_name("COMMAND").allow_hyphen_values(true)
        }
        Kind::Text => arg.value_name("TEXT"),
        Kind::Choice(_) => arg.value_name("WORD"),
        Kind::Duration(_) => arg.value_name("TIME"),
        Kind::Count => arg.value_name("NUMBER"),
        // `-NAME` removes an entry, so a value may begin with a hyphen.
        Kind::List | Kind::Lines => arg
            .value_name("ITEM")
            .action(ArgAction::Append)
            .allow_hyphen_values(true),
    }
}
