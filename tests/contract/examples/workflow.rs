//! A YAML block as a workflow: whole as it stands, or wrapped, and what is wrong with it.

use std::collections::BTreeSet;

use plimsoll::report::OUTPUTS;
use plimsoll::request::inputs::{self, Kind};
use plimsoll::request::{Facts, RawInputs, Request, variable_of};
use yaml_serde::Value;

use super::blocks::Block;
use super::expressions::{Reference, references, within};

/// What stands in front of the version in `uses`.
const ACTION: &str = "plimsoll-dev/plimsoll@";

/// The version that the docs tell people to take.
const VERSION: &str = "v1";

/// What may stand at the top of a workflow next to its jobs.
const TOP: &[&str] = &[
    "name",
    "on",
    "permissions",
    "concurrency",
    "env",
    "defaults",
];

/// The block as a workflow that stands by itself.
///
/// # Errors
/// It is none of what the docs show.
pub(crate) fn whole(block: &Block) -> Result<String, String> {
    let value: Value = yaml_serde::from_str(&block.text).map_err(|error| error.to_string())?;
    if let Some(steps) = value.as_sequence() {
        let is_step = |step: &Value| step["uses"].is_string() || step["run"].is_string();
        if !steps.iter().all(is_step) {
            return Err("a list, but not one of steps".to_owned());
        }
        let steps: String = block
            .text
            .lines()
            .map(|line| format!("      {line}\n"))
            .collect();
        return Ok(format!("{}{steps}", head(block, "on: push\n")));
    }
    let Some(keys) = value.as_mapping() else {
        return Err("neither a workflow nor steps".to_owned());
    };
    let has = |name: &str| !value[name].is_null();
    if has("jobs") && has("on") {
        return Ok(block.text.clone());
    }
    if keys
        .keys()
        .all(|key| key.as_str().is_some_and(|key| TOP.contains(&key)))
    {
        let on = if has("on") { "" } else { "on: push\n" };
        let top = format!("{on}{}", block.text);
        return Ok(format!("{}      - run: \"true\"\n", head(block, &top)));
    }
    Err("neither a workflow nor steps nor the top of a workflow".to_owned())
}

/// A workflow up to its first step.
fn head(block: &Block, top: &str) -> String {
    let permissions = if top.contains("permissions:") {
        ""
    } else {
        "permissions: {}\n"
    };
    format!(
        "name: {}\n{top}{permissions}jobs:\n  example:\n    runs-on: ubuntu-latest\n    \
         timeout-minutes: 60\n    permissions:\n      contents: read\n      id-token: write\n    \
         steps:\n",
        block.place().replace(':', " line ")
    )
}

/// What is wrong with a whole workflow.
pub(crate) fn problems(text: &str) -> Vec<String> {
    let workflow: Value = match yaml_serde::from_str(text) {
        Ok(workflow) => workflow,
        Err(error) => return vec![error.to_string()],
    };
    let mut wrong = Vec::new();
    let jobs = workflow["jobs"].as_mapping();
    for (name, job) in jobs.into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        for step in job["steps"].as_sequence().into_iter().flatten() {
            if let Some(version) = step["uses"]
                .as_str()
                .and_then(|uses| uses.strip_prefix(ACTION))
            {
                if version != VERSION {
                    wrong.push(format!("`{version}` in `uses`, not `{VERSION}`"));
                }
                wrong.extend(wrong_inputs(&step["with"]));
            }
        }
        let mut found = Vec::new();
        expressions(job, false, &mut found, &mut wrong);
        for reference in found {
            wrong.extend(unknown(&reference, &workflow, name, job));
        }
    }
    let mut found = Vec::new();
    let rest = workflow.as_mapping().into_iter().flatten();
    for (_, value) in rest.filter(|(key, _)| key.as_str() != Some("jobs")) {
        expressions(value, false, &mut found, &mut wrong);
    }
    wrong
}

/// Held against the table, then by the action's own check.
fn wrong_inputs(with: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut env = Vec::new();
    for (name, value) in with.as_mapping().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let Some(input) = inputs::find(name) else {
            wrong.push(format!("there is no input `{name}`"));
            continue;
        };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            _ => {
                wrong.push(format!("`{name}` is not a text"));
                continue;
            }
        };
        env.push((variable_of(input), sample(&text, input.kind)));
    }
    let facts = Facts {
        sha: Some("4f2a91c0d3b5e6978a1b2c3d4e5f60718293a4b5".to_owned()),
        region: Some("eu-west-1".to_owned()),
        ..Facts::default()
    };
    if wrong.is_empty()
        && let Err(problems) = Request::check(&RawInputs::from_env(env), &facts)
    {
        wrong.extend(problems.iter().map(ToString::to_string));
    }
    wrong
}

/// `text` with something that suits in the place of each expression.
fn sample(text: &str, kind: Kind) -> String {
    let stand_in = match kind {
        Kind::Flag => "true",
        Kind::Choice(words) => words.first().copied().unwrap_or_default(),
        Kind::Count | Kind::Duration(_) => "1",
        Kind::Text | Kind::List | Kind::Lines => "sample",
    };
    let mut text = text.to_owned();
    while let Some((before, rest)) = text.split_once("${{") {
        let after = rest.split_once("}}").map_or("", |(_, after)| after);
        text = format!("{before}{stand_in}{after}");
    }
    text
}

/// Everything that the expressions in `value` refer to. An `if` is one as a whole.
fn expressions(value: &Value, whole: bool, found: &mut Vec<Reference>, wrong: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let parts = match within(text) {
                Ok(parts) if whole && parts.is_empty() => vec![text.as_str()],
                Ok(parts) => parts,
                Err(why) => return wrong.push(why),
            };
            for part in parts {
                match references(part) {
                    Ok(references) => found.extend(references),
                    Err(why) => wrong.push(why),
                }
            }
        }
        Value::Sequence(items) => {
            for item in items {
                expressions(item, false, found, wrong);
            }
        }
        Value::Mapping(members) => {
            for (key, member) in members {
                expressions(member, key.as_str() == Some("if"), found, wrong);
            }
        }
        _ => {}
    }
}

/// Why a reference of the job `name` leads nowhere.
fn unknown(reference: &Reference, workflow: &Value, name: &str, job: &Value) -> Option<String> {
    let parts: Vec<&str> = reference.iter().map(String::as_str).collect();
    let told = |what: &str| Some(format!("`{}`: {what}", parts.join(".")));
    match parts.as_slice() {
        ["steps", id, rest @ ..] => {
            let mut steps = job["steps"].as_sequence().into_iter().flatten();
            let Some(step) = steps.find(|step| step["id"].as_str() == Some(id)) else {
                return told("the job has no step of that id");
            };
            let ours = step["uses"]
                .as_str()
                .is_some_and(|uses| uses.starts_with(ACTION));
            match rest {
                ["outputs", output] if ours && !OUTPUTS.iter().any(|(name, _)| name == output) => {
                    told("the action has no such output")
                }
                ["outputs" | "outcome" | "conclusion", ..] => None,
                _ => told("a step has `outputs`, `outcome` and `conclusion`"),
            }
        }
        ["needs", needed, rest @ ..] => {
            let needs = &job["needs"];
            let list = needs.as_sequence().into_iter().flatten();
            let mut list = list.chain(Some(needs)).filter_map(Value::as_str);
            if !list.any(|other| other == *needed) {
                return told(&format!("`{name}` doesn't need that job"));
            }
            match rest {
                ["outputs", output] if workflow["jobs"][*needed]["outputs"][*output].is_null() => {
                    told("that job has no such output")
                }
                _ => None,
            }
        }
        ["matrix", key, ..] => {
            let matrix = &job["strategy"]["matrix"];
            let included = matrix["include"].as_sequence().into_iter().flatten();
            let known =
                !matrix[*key].is_null() || included.into_iter().any(|row| !row[*key].is_null());
            // A matrix that is one expression is known only at run time.
            if known || matrix.is_string() {
                None
            } else {
                told("the matrix has no such key")
            }
        }
        ["inputs", input, ..] => {
            let asked =
                ["workflow_dispatch", "workflow_call"].map(|on| &workflow["on"][on]["inputs"]);
            let known: BTreeSet<&str> = asked
                .into_iter()
                .flat_map(|inputs| inputs.as_mapping().into_iter().flatten())
                .filter_map(|(name, _)| name.as_str())
                .collect();
            if known.contains(input) {
                None
            } else {
                told("the workflow has no such input")
            }
        }
        _ => None,
    }
}
