//! What would let a blocked rollout finish.
//!
//! Each remedy is applied to a copy of what was seen and forecast again by the same rules; only
//! what then fits is offered. The smallest change comes first.

mod add_instances;
mod checked;
mod fargate_size;
mod percentages;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::capacity::facts::input::Deploy;
use crate::capacity::facts::needs::TaskNeeds;
use crate::capacity::facts::room::Room;
use crate::capacity::fit::nearest::roomiest;
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::prove::decide::decide;
use crate::capacity::prove::decision::{Decision, Obstacle};
use crate::cause::Remedy;
use checked::checked;

/// Instances that are tried for a smaller task, the closest first: more make no better offer.
const MOST_SIZES: usize = 3;
/// Closed instances that are named: one is enough to act on.
const MOST_REOPENED: usize = 1;
/// Below this share of what is asked for (one part in this many) a smaller task is no offer.
const SMALLEST_SHARE: i64 = 4;

/// The remedies for a rollout that is blocked.
pub(in crate::capacity) fn remedies(
    placement: ServicePlacement<'_, '_>,
    decision: &Decision,
    obstacle: &Obstacle,
) -> Vec<Remedy> {
    if matches!(obstacle, Obstacle::FargateSize { .. }) {
        return fargate_size::offer(&placement).into_iter().collect();
    }
    let mut offers = Vec::new();
    // A second set, as blue/green starts it, goes by no percentages.
    if !placement.deploy.service.has_second_set() {
        offers.extend(percentages::offer(&placement, decision));
    }
    if *obstacle != Obstacle::Percentages {
        offers.extend(dynamic_port(&placement));
        offers.extend(smaller_task(&placement, decision));
        offers.extend(reopened(&placement));
        offers.extend(add_instances::offer(placement));
    }
    offers
}

/// Whether the rollout fits with another task.
fn fits_with_needs(placement: &ServicePlacement<'_, '_>, needs: &TaskNeeds) -> bool {
    let deploy = Deploy {
        needs,
        ..*placement.deploy
    };
    decide(&ServicePlacement::new(placement.index, &deploy))
        .verdict
        .is_fit()
}

/// A port of the dynamic range, in the bridge network mode.
fn dynamic_port(placement: &ServicePlacement<'_, '_>) -> Option<Remedy> {
    let needs = placement.deploy.needs;
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
    fits_with_needs(placement, &changed).then(|| {
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
fn smaller_task(placement: &ServicePlacement<'_, '_>, decision: &Decision) -> Option<Remedy> {
    let needs = placement.deploy.needs;
    roomiest(placement, &decision.stopped, MOST_SIZES)
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
            fits_with_needs(placement, &changed).then(|| {
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
                    Some("each task then has less to work with".to_owned()),
                )
            })
        })
}

/// An instance that takes no tasks just now: draining, or without its agent.
fn reopened(placement: &ServicePlacement<'_, '_>) -> Vec<Remedy> {
    let closed = placement
        .index
        .rooms
        .iter()
        .enumerate()
        .filter(|(_, room)| {
            let instance = room.instance;
            instance.status == "DRAINING"
                || (instance.status == "ACTIVE" && !instance.agent_connected)
        });
    let offer = |(at, room): (usize, &Room<'_>)| {
        let instance = room.instance;
        let named = match &instance.ec2_instance_id {
            Some(ec2) => format!("`{}` ({ec2})", instance.id()),
            None => format!("`{}`", instance.id()),
        };
        let reopened = ServicePlacement::with_open(placement.index, placement.deploy, Some(at));
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

#[cfg(test)]
mod tests;
