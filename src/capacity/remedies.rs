//! What would let a blocked rollout finish.
//!
//! Each remedy is applied to a copy of what was seen and forecast again by the same rules; only
//! what then fits is offered. The smallest change comes first.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::claim::Claim;
use super::decision::{Decision, Obstacle};
use super::fargate;
use super::forecast::{decide, has_second_set};
use super::ground::Deploy;
use super::needs::TaskNeeds;
use super::percentages;
use super::pools;
use super::room::Room;
use super::view::roomiest;
use crate::cause::Remedy;

/// Instances that are tried for a smaller task, the closest first: more make no better offer.
const MOST_SIZES: usize = 3;
/// Closed instances that are named: one is enough to act on.
const MOST_REOPENED: usize = 1;
/// Below this share of what is asked for (one part in this many) a smaller task is no offer.
const SMALLEST_SHARE: i64 = 4;

/// The remedies for a rollout that is blocked.
pub(super) fn remedies(
    claim: Claim<'_, '_>,
    decision: &Decision,
    obstacle: &Obstacle,
) -> Vec<Remedy> {
    if matches!(obstacle, Obstacle::FargateSize { .. }) {
        return fargate::offer(&claim).into_iter().collect();
    }
    let mut offers = Vec::new();
    // A second set, as blue/green starts it, heeds no percentages.
    if !has_second_set(claim.deploy.service) {
        offers.extend(percentages::offer(&claim, decision));
    }
    if *obstacle != Obstacle::Percentages {
        offers.extend(dynamic_port(&claim));
        offers.extend(smaller_task(&claim, decision));
        offers.extend(reopened(&claim));
        offers.extend(pools::offer(claim));
    }
    offers
}

/// Whether the rollout fits with another task.
fn fits_with_needs(claim: &Claim<'_, '_>, needs: &TaskNeeds) -> bool {
    let deploy = Deploy {
        needs,
        ..*claim.deploy
    };
    decide(&Claim::new(claim.ground, &deploy)).verdict.is_fit()
}

/// A remedy that was checked.
pub(super) fn checked(text: String, change: Value, cost: Option<String>) -> Remedy {
    Remedy {
        text,
        change,
        cost,
        checked: true,
    }
}

/// A port of the dynamic range, in the bridge network mode.
fn dynamic_port(claim: &Claim<'_, '_>) -> Option<Remedy> {
    let needs = claim.deploy.needs;
    let fixed: Vec<String> = needs
        .tcp_ports
        .iter()
        .chain(&needs.udp_ports)
        .map(ToString::to_string)
        .collect();
    if fixed.is_empty() || needs.network_mode != "bridge" {
        return None;
    }
    let changed = TaskNeeds {
        tcp_ports: BTreeSet::new(),
        udp_ports: BTreeSet::new(),
        ..needs.clone()
    };
    fits_with_needs(claim, &changed).then(|| {
        let text = format!(
            "set `hostPort` to 0 instead of {}, so that ECS picks a free port for each task",
            fixed.join(", ")
        );
        let cost =
            "what calls the fixed port must go through the load balancer or service discovery";
        checked(text, json!({"hostPort": 0}), Some(cost.to_owned()))
    })
}

/// The largest task that would go where there is most room.
fn smaller_task(claim: &Claim<'_, '_>, decision: &Decision) -> Option<Remedy> {
    let needs = claim.deploy.needs;
    roomiest(claim, decision, MOST_SIZES)
        .into_iter()
        .find_map(|(cpu, memory)| {
            let (cpu, memory) = (cpu.min(needs.cpu), memory.min(needs.memory));
            let enough = |part: i64, whole: i64| part.saturating_mul(SMALLEST_SHARE) >= whole;
            let smaller = cpu < needs.cpu || memory < needs.memory;
            if !smaller || !enough(cpu, needs.cpu) || !enough(memory, needs.memory) {
                return None;
            }
            let changed = TaskNeeds {
                cpu,
                memory,
                ..needs.clone()
            };
            fits_with_needs(claim, &changed).then(|| {
                let mut change = serde_json::Map::new();
                let mut parts = Vec::new();
                if cpu < needs.cpu {
                    change.insert("cpu".to_owned(), json!(cpu));
                    parts.push(format!("{cpu} CPU units instead of {}", needs.cpu));
                }
                if memory < needs.memory {
                    change.insert("memory".to_owned(), json!(memory));
                    parts.push(format!("{memory} MiB instead of {}", needs.memory));
                }
                let text = format!("give the task {}", parts.join(" and "));
                checked(
                    text,
                    Value::Object(change),
                    Some("each task has that much less".to_owned()),
                )
            })
        })
}

/// An instance that takes no tasks just now: draining, or without its agent.
fn reopened(claim: &Claim<'_, '_>) -> Vec<Remedy> {
    let closed = claim.ground.rooms.iter().enumerate().filter(|(_, room)| {
        let instance = room.instance;
        instance.status == "DRAINING" || (instance.status == "ACTIVE" && !instance.agent_connected)
    });
    let offer = |(at, room): (usize, &Room<'_>)| {
        let instance = room.instance;
        let named = match &instance.ec2_instance_id {
            Some(ec2) => format!("`{}` ({ec2})", instance.id()),
            None => format!("`{}`", instance.id()),
        };
        let reopened = Claim::with_open(claim.ground, claim.deploy, Some(at));
        decide(&reopened)
            .verdict
            .is_fit()
            .then(|| match instance.status.as_str() {
                "DRAINING" => checked(
                    format!(
                        "set the container instance {named} back from DRAINING to ACTIVE \
                     (`aws ecs update-container-instances-state --status ACTIVE`)"
                    ),
                    json!({"containerInstance": instance.id(), "status": "ACTIVE"}),
                    Some("what drains it no longer empties it".to_owned()),
                ),
                _ => checked(
                    format!(
                        "bring back the ECS agent of the container instance {named} \
                     (there, on Amazon Linux: `sudo systemctl restart ecs`)"
                    ),
                    json!({"containerInstance": instance.id(), "agentConnected": true}),
                    None,
                ),
            })
    };
    // Each try goes through the whole cluster, so only as many are tried as may be offered twice.
    closed
        .take(2 * MOST_REOPENED)
        .filter_map(offer)
        .take(MOST_REOPENED)
        .collect()
}

/// `1 more instance`.
pub(super) fn more(count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} more instance{plural}")
}

#[cfg(test)]
mod tests;
