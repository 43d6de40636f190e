//! What to run once before the services are updated: `run-task` and what goes with it.
//!
//! What isn't given is absent here; that the service's own settings take its place is the plan's
//! business.

use std::time::Duration;

use serde::Deserialize;

use super::edits;
use super::options::{AssignPublicIp, LaunchType};
use super::reader::Reader;
use crate::snapshot::StrategyItem;

/// ECS takes no more providers in a strategy, and no heavier ones.
const PROVIDERS_MOST: usize = 20;
const WEIGHT_MOST: u32 = 1000;
const BASE_MOST: u32 = 100_000;

/// The one-off task that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOffOptions {
    /// `run-task-container`.
    pub container: Option<String>,
    /// `run-task-command`, word by word.
    pub command: Option<Vec<String>>,
    /// Empty: the service's.
    pub subnets: Vec<String>,
    /// Empty: the service's.
    pub security_groups: Vec<String>,
    /// `run-task-assign-public-ip`.
    pub assign_public_ip: Option<AssignPublicIp>,
    /// Empty: the service's, unless a launch type is given.
    pub providers: Vec<StrategyItem>,
    /// `run-task-launch-type`.
    pub launch_type: Option<LaunchType>,
    /// `run-task-timeout`.
    pub timeout: Duration,
}

/// One item as RunTask has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item {
    capacity_provider: String,
    #[serde(default)]
    weight: u32,
    #[serde(default)]
    base: u32,
}

/// Inputs that mean nothing without `run-task`.
const OF_THE_TASK: [&str; 8] = [
    "run-task-container",
    "run-task-command",
    "run-task-subnets",
    "run-task-security-groups",
    "run-task-assign-public-ip",
    "run-task-capacity-provider-strategy",
    "run-task-launch-type",
    "run-task-timeout",
];

/// Checks all of them, and drops them where `run-task` is `false`: a workflow may switch it. Where it
/// isn't given at all, they were meant to do something.
pub(super) fn options(r: &mut Reader<'_>) -> Option<OneOffOptions> {
    let given = r.optional_flag("run-task");
    for name in OF_THE_TASK.into_iter().filter(|_| given.is_none()) {
        if r.is_given(name) {
            let value = r.text(name).unwrap_or_default();
            let why = "it belongs to `run-task`, which isn't given: set `run-task: true`, or `false` to leave the task out";
            r.wrong(name, value, why);
        }
    }
    let wanted = given == Some(true);
    let options = OneOffOptions {
        container: r.text("run-task-container").map(str::to_owned),
        command: edits::command(r, "run-task-command"),
        subnets: named(r, "run-task-subnets", "subnet-"),
        security_groups: named(r, "run-task-security-groups", "sg-"),
        assign_public_ip: r.choice("run-task-assign-public-ip"),
        providers: providers(r),
        launch_type: r.choice("run-task-launch-type"),
        timeout: r.duration("run-task-timeout"),
    };
    if !options.providers.is_empty() && options.launch_type.is_some() {
        let why = "a launch type and a capacity provider strategy exclude each other: leave `run-task-launch-type` out";
        let text = r.text("run-task-launch-type").unwrap_or_default();
        r.wrong("run-task-launch-type", text, why);
    }
    let stops_before = r
        .text("register-only")
        .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if wanted && stops_before {
        let why = "`register-only` stops before a task could run: set one of them";
        r.wrong("run-task", "true", why);
    }
    wanted.then_some(options)
}

/// Ids that begin as AWS's do.
fn named(r: &mut Reader<'_>, input: &str, prefix: &str) -> Vec<String> {
    let ids = r.list(input);
    for id in ids.iter().filter(|id| !id.starts_with(prefix)) {
        r.wrong(
            input,
            id,
            format!("an id such as `{prefix}0123abcd` is needed"),
        );
    }
    ids
}

fn providers(r: &mut Reader<'_>) -> Vec<StrategyItem> {
    const INPUT: &str = "run-task-capacity-provider-strategy";
    let Some(text) = r.text(INPUT) else {
        return Vec::new();
    };
    let read = serde_json::from_str::<Vec<Item>>(text);
    let items = match read {
        Ok(items) if (1..=PROVIDERS_MOST).contains(&items.len()) => items,
        Ok(_) => {
            r.wrong(
                INPUT,
                text,
                format!("1 to {PROVIDERS_MOST} items are needed"),
            );
            return Vec::new();
        }
        Err(error) => {
            let why = format!(
                "a JSON list such as `[{{\"capacityProvider\": \"FARGATE_SPOT\", \"weight\": 1}}]` is needed ({error})"
            );
            r.wrong(INPUT, text, why);
            return Vec::new();
        }
    };
    for item in &items {
        if item.weight > WEIGHT_MOST || item.base > BASE_MOST {
            let why = format!("`weight` is at most {WEIGHT_MOST}, `base` at most {BASE_MOST}");
            r.wrong(INPUT, &item.capacity_provider, why);
        }
    }
    let item = |item: Item| StrategyItem {
        provider: item.capacity_provider,
        weight: item.weight,
        base: item.base,
    };
    items.into_iter().map(item).collect()
}
