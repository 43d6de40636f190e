//! `action.yml` holds just the inputs of the table and the outputs of the report.

use std::fmt::Write;

use plimsoll::report::OUTPUTS;
use plimsoll::request::inputs::INPUTS;
use yaml_serde::Value;

use crate::files;

const HEAD: &str = "\
name: Plimsoll
description: Deploys an image to Amazon ECS, forecasts whether the rollout fits, and says the truth about how it ended
author: Plimsoll maintainers
branding:
  icon: anchor
  color: blue
";

/// The binary is its own process after the job, by another name.
fn tail() -> String {
    format!(
        "runs:\n  using: docker\n  image: Dockerfile\n  # Tells what a step that was killed could not.\n  post-entrypoint: {}\n",
        plimsoll::app::after::ENTRYPOINT
    )
}

/// The whole file.
fn rendered() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("inputs:\n");
    for input in INPUTS {
        writeln!(text, "  {}:", input.name).unwrap();
        writeln!(text, "    description: {}", quoted(input.help)).unwrap();
        if !input.default.is_empty() {
            writeln!(text, "    default: {}", quoted(input.default)).unwrap();
        }
    }
    text.push_str("outputs:\n");
    for (name, description) in OUTPUTS {
        writeln!(text, "  {name}:\n    description: {}", quoted(description)).unwrap();
    }
    text + &tail()
}

/// JSON's quotes are YAML's too.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn action_yml_is_the_table() {
    files::check("action.yml", &rendered());
}

/// What the runner reads, and not only what is written.
#[test]
fn the_runner_reads_the_same_inputs_and_outputs() {
    let action: Value = yaml_serde::from_str(&files::read("action.yml")).unwrap();
    let inputs = action["inputs"].as_mapping().unwrap();
    assert_eq!(inputs.len(), INPUTS.len());
    for input in INPUTS {
        let row = &action["inputs"][input.name];
        let default = row["default"].as_str().unwrap_or_default();
        assert_eq!(default, input.default, "default of {}", input.name);
        assert_eq!(
            row["description"].as_str(),
            Some(input.help),
            "{}",
            input.name
        );
    }
    let outputs = action["outputs"].as_mapping().unwrap();
    assert_eq!(outputs.len(), OUTPUTS.len());
    assert!(
        OUTPUTS
            .iter()
            .all(|(name, _)| action["outputs"][*name].is_mapping())
    );
    assert_eq!(action["runs"]["using"].as_str(), Some("docker"));
    assert!(
        action["runs"]["args"].is_null(),
        "inputs come by the environment"
    );
}

/// A runner evaluates expressions wherever they stand in the file. Outside a default no context is
/// there, and it refuses to load the action.
#[test]
fn no_expression_stands_where_a_runner_refuses_one() {
    fn expressions(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains("${{") => found.push(path.to_owned()),
            Value::Mapping(members) => {
                for (name, member) in members {
                    let name = name.as_str().unwrap_or_default();
                    expressions(member, &format!("{path}/{name}"), found);
                }
            }
            Value::Sequence(items) => {
                items.iter().for_each(|item| expressions(item, path, found));
            }
            _ => {}
        }
    }
    let action: Value = yaml_serde::from_str(&files::read("action.yml")).unwrap();
    let mut found = Vec::new();
    expressions(&action, "", &mut found);
    found.retain(|path| !(path.starts_with("/inputs/") && path.ends_with("/default")));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn names_are_kebab_case_and_stand_once() {
    let mut names: Vec<&str> = INPUTS.iter().map(|input| input.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    let kebab = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    assert_eq!(names.iter().find(|name| !kebab(name)), None);
    for input in INPUTS {
        assert!(
            !input.help.ends_with('.') && !input.help.contains('\n'),
            "{}",
            input.name
        );
    }
}
