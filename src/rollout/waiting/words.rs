//! What is waited for in words, with how long it may take where that is known.
//!
//! A duration stands here only if AWS tells it or documents it; where it isn't known, nothing is
//! said.

use std::fmt;
use std::time::Duration;

use super::{AtTimeout, Waiting};
use crate::durations::length;

/// The name of a function in its ARN.
fn function(arn: &str) -> &str {
    arn.split_once(":function:").map_or(arn, |(_, name)| name)
}

fn tasks(count: u32, which: &str) -> String {
    format!("{count} {which} task{}", if count == 1 { "" } else { "s" })
}

/// `somebody to let the deployment go on at lifecycle hook … (for 9m 12s yet, then ECS rolls back)`
fn hook(id: &str, target: &str, left: Option<Duration>, then: Option<AtTimeout>) -> String {
    let what = if target.is_empty() {
        format!("somebody to let the deployment go on at lifecycle hook `{id}`")
    } else {
        format!(
            "the function `{}` of lifecycle hook `{id}` to answer",
            function(target)
        )
    };
    let then = match then {
        Some(AtTimeout::GoesOn) => ", then ECS goes on",
        Some(AtTimeout::RollsBack) => ", then ECS rolls back",
        None => "",
    };
    match left {
        Some(left) => format!("{what} (for {} at most{then})", length(left)),
        None => what,
    }
}

fn stage(stage: &str, traffic: Option<f64>, left: Option<Duration>) -> String {
    let mut notes = Vec::new();
    if let Some(share) = traffic {
        // Steps are multiples of a tenth of a percent.
        notes.push(format!(
            "{} % of the traffic",
            (share * 10.0).round() / 10.0
        ));
    }
    if let Some(left) = left {
        let left = length(left);
        notes.push(match stage {
            "BAKE_TIME" => format!("about {left} left"),
            _ => format!("the next step in about {left}"),
        });
    }
    if notes.is_empty() {
        format!("stage {stage}")
    } else {
        format!("stage {stage} ({})", notes.join("; "))
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Waiting::Listing => "ECS to list the new deployment".to_owned(),
            Waiting::Answer => "AWS to answer again".to_owned(),
            Waiting::Starting { tasks: count } => format!("{} to start", tasks(*count, "new")),
            Waiting::Instance { tasks: count } => format!(
                "{} in PROVISIONING: the capacity provider is to bring an instance (ECS gives it 10 to 30 minutes)",
                tasks(*count, "new")
            ),
            Waiting::Healthy {
                tasks: count,
                after: None,
            } => {
                format!("{} to count as healthy", tasks(*count, "new"))
            }
            Waiting::Healthy {
                tasks: count,
                after: Some(after),
            } => format!(
                "{} to count as healthy ({} after it runs, as nothing checks its health)",
                tasks(*count, "new"),
                length(*after)
            ),
            Waiting::Trial {
                tasks: count,
                above,
                lived,
            } => format!(
                "{} to run for longer than {}: one ran for {} and failed",
                tasks(*count, "new"),
                length(*above),
                length(*lived)
            ),
            Waiting::Draining {
                tasks: count,
                registered,
            } => {
                let how_long = if *registered {
                    "the target group's deregistration delay, 300s by default, then `stopTimeout`, 30s by default"
                } else {
                    "`stopTimeout`, 30s by default"
                };
                format!("{} to drain and stop ({how_long})", tasks(*count, "old"))
            }
            Waiting::Placement { tasks: count } => format!("ECS to place {}", tasks(*count, "new")),
            Waiting::Retry { failed } => {
                format!("ECS to try again after {}", tasks(*failed, "failed"))
            }
            Waiting::OldTasks {
                tasks: count,
                protected: 0,
                ..
            } => {
                format!("ECS to stop {}", tasks(*count, "old"))
            }
            Waiting::OldTasks {
                tasks: count,
                protected,
                left,
            } => {
                let until = left.map(|left| format!(", for {} at most", length(left)));
                format!(
                    "ECS to stop {} (task protection holds {protected} of them{})",
                    tasks(*count, "old"),
                    until.unwrap_or_default()
                )
            }
            Waiting::Hook {
                id,
                target,
                left,
                then,
            } => hook(id, target, *left, *then),
            Waiting::Stage {
                stage: name,
                traffic,
                left,
            } => stage(name, *traffic, *left),
            Waiting::Completion {
                bake: Some(bake), ..
            } => format!(
                "ECS to call the deployment complete (bake time of {})",
                length(*bake)
            ),
            Waiting::Completion { alarms: true, .. } => {
                "ECS to call the deployment complete (it watches the deployment's alarms first)"
                    .to_owned()
            }
            Waiting::Completion { .. } => "ECS to call the deployment complete".to_owned(),
            Waiting::Rollback => "ECS to put the previous revision back".to_owned(),
        };
        formatter.write_str(&text)
    }
}
