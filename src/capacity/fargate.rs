//! Fargate: no instances, but sizes that exist, a quota of vCPUs and addresses in subnets.
//!
//! AWS's own capacity can't be known, so a forecast here is never `fits` with tasks to start; it
//! is `blocked` where the size doesn't exist, the percentages forbid it, or the quota or the
//! addresses that were read prove it.

use serde_json::json;

use super::addresses::{Shared, address_of, loose};
use super::arithmetic::Bounds;
use super::claim::Claim;
use super::decision::{Decision, FargateSize, Obstacle, QuotaUsers};
use super::forecast::{self, has_second_set};
use super::ground::{Deploy, FargateLimits, Ground};
use super::needs::TaskNeeds;
use super::rolling::deadlock;
use super::room::BOUNDLESS;
use super::uncertainty::{Uncertainty, unread};
use crate::cause::Remedy;
use crate::snapshot::{Service, Task, TaskStatus, last_part};

/// CPU units, the least and the most memory in MiB, and the step. From the developer guide's
/// table of task sizes; 512 MiB stands beside 1024 and 2048 at 256 units.
const SIZES: &[(i64, i64, i64, i64)] = &[
    (256, 1024, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// Whether the service's tasks run on Fargate.
pub(super) fn is_fargate(ground: &Ground<'_>, service: &Service) -> bool {
    let kind = |name: &str| {
        ground
            .cluster
            .providers
            .iter()
            .find(|one| last_part(&one.name) == name)
    };
    let fargate = |name: &str| {
        name.starts_with("FARGATE") || kind(name).is_some_and(|one| one.kind.starts_with("FARGATE"))
    };
    match service.capacity_providers.first() {
        Some(item) => fargate(last_part(&item.provider)),
        None => service.launch_type.as_deref() == Some("FARGATE"),
    }
}

/// Whether Fargate has a task of this size.
pub fn is_size(cpu: i64, memory: i64) -> bool {
    (cpu, memory) == (256, 512)
        || SIZES.iter().any(|(units, least, most, step)| {
            *units == cpu && (*least..=*most).contains(&memory) && (memory - least) % step == 0
        })
}

/// The smallest size that holds this.
pub fn next_size(cpu: i64, memory: i64) -> Option<(i64, i64)> {
    if cpu <= 256 && memory <= 512 {
        return Some((256, 512));
    }
    SIZES
        .iter()
        .filter(|(units, _, most, _)| cpu <= *units && memory <= *most)
        .find_map(|(units, least, most, step)| {
            let over = (memory - least).max(0);
            let fitting = least + (over + step - 1) / step * step;
            (fitting <= *most).then_some((*units, fitting))
        })
}

pub(super) fn decide(claim: &Claim<'_, '_>, bounds: Bounds) -> Decision {
    let service = claim.deploy.service;
    if let (Some(cpu), Some(memory)) = claim.deploy.needs.task_size
        && !is_size(cpu, memory)
    {
        let next = next_size(cpu, memory).map(|(cpu, memory)| FargateSize { cpu, memory });
        let asked = FargateSize { cpu, memory };
        return Decision::blocked(bounds, Obstacle::FargateSize { asked, next });
    }
    if bounds.desired == 0 {
        return Decision::no_tasks_wanted(bounds);
    }
    if !has_second_set(service)
        && let Some(deadlock) = deadlock(claim, bounds)
    {
        return deadlock;
    }
    if let Some(limits) = claim.deploy.fargate
        && let Some(decision) = over_limits(claim, bounds, limits)
    {
        return decision;
    }
    let mut uncertainties = vec![Uncertainty::FargateCapacity];
    uncertainties.extend(unread(claim));
    Decision::unknown(bounds, uncertainties)
}

/// The smallest size that Fargate has for the task, where the forecast then isn't blocked.
pub(super) fn offer(claim: &Claim<'_, '_>) -> Option<Remedy> {
    let (Some(cpu), Some(memory)) = claim.deploy.needs.task_size else {
        return None;
    };
    let (cpu, memory) = next_size(cpu, memory)?;
    let needs = TaskNeeds {
        cpu,
        memory,
        task_size: (Some(cpu), Some(memory)),
        ..claim.deploy.needs.clone()
    };
    let deploy = Deploy {
        needs: &needs,
        ..*claim.deploy
    };
    let verdict = forecast::decide(&Claim::new(claim.ground, &deploy)).verdict;
    (!verdict.is_blocked()).then(|| Remedy {
        text: format!("give the task {cpu} CPU units and {memory} MiB"),
        change: json!({"cpu": cpu, "memory": memory}),
        cost: Some("what Fargate charges for the larger size".to_owned()),
        checked: verdict.is_fit(),
    })
}

/// The quota and the addresses, each as one instance that all tasks share.
fn over_limits(claim: &Claim<'_, '_>, bounds: Bounds, limits: &FargateLimits) -> Option<Decision> {
    // No task on Fargate ever has an instance: each that was started holds its part of the limits.
    let new = claim.new + claim.doubts.unplaced;
    if let Some((quota, in_use, shared)) = cpu_left(claim, limits)
        && shared.never_ends(claim, &bounds, new)
    {
        let users = match (limits.in_use, claim.ground.comers.is_empty()) {
            (Some(_), _) => QuotaUsers::Account,
            (None, true) => QuotaUsers::Service,
            (None, false) => QuotaUsers::Run,
        };
        let obstacle = Obstacle::FargateQuota {
            quota,
            in_use,
            users,
            needed: shared.need,
        };
        return Some(Decision::blocked(bounds, obstacle));
    }
    let (addresses, shared) = addresses_left(claim, limits)?;
    if shared.never_ends(claim, &bounds, new) {
        let obstacle = Obstacle::SubnetAddresses {
            zones: Vec::new(),
            free: addresses,
        };
        return Some(Decision::blocked(bounds, obstacle));
    }
    None
}

/// Whether the service may ever stop an old task within its limits, in the best case.
pub(super) fn may_stop(claim: &Claim<'_, '_>, bounds: &Bounds) -> bool {
    let Some(limits) = claim.deploy.fargate else {
        return true;
    };
    let cpu = cpu_left(claim, limits).map(|(.., shared)| shared.seats(0));
    let addresses = addresses_left(claim, limits).map(|(_, shared)| shared.seats(0));
    let seats = cpu.into_iter().chain(addresses).min().unwrap_or(BOUNDLESS);
    let present = claim.old + claim.new + claim.doubts.unplaced + claim.doubts.unsteady;
    i64::from(present).saturating_add(seats) > i64::from(bounds.lower)
}

/// The quota, what is in use of it at least, and what that leaves.
fn cpu_left(claim: &Claim<'_, '_>, limits: &FargateLimits) -> Option<(i64, i64, Shared)> {
    let (quota, need) = (
        limits.quota?,
        claim.deploy.needs.task_size.0.filter(|cpu| *cpu > 0)?,
    );
    // What the account uses is at least what the services of the run do.
    let in_use = limits.in_use.unwrap_or_else(|| cpu_of_run(claim));
    let spot = is_on_spot(claim);
    let loose = loose(claim, |task| {
        match is_spot(task) == spot && task.instance.is_none() {
            true => cpu_of(claim, task),
            false => 0,
        }
    });
    let shared = Shared {
        free: quota.saturating_sub(in_use).saturating_add(loose),
        need,
        back: old_cpu(claim),
    };
    Some((quota, in_use, shared))
}

/// The free addresses of the service's subnets, and what they leave.
fn addresses_left(claim: &Claim<'_, '_>, limits: &FargateLimits) -> Option<(i64, Shared)> {
    let addresses = limits.addresses?;
    let shared = Shared {
        free: addresses.saturating_add(loose(claim, address_of)),
        need: 1,
        back: 1,
    };
    Some((addresses, shared))
}

/// What the tasks of the run's services take at least, in CPU units.
fn cpu_of_run(claim: &Claim<'_, '_>) -> i64 {
    let (ground, name) = (claim.ground, &claim.deploy.service.name);
    let spot = is_on_spot(claim);
    let of = |service| ground.tasks_of(service).iter().map(|(task, _)| *task);
    let others = ground.others(name).flat_map(|comer| of(comer.service));
    others
        .filter(|task| task.launch_type.as_deref() == Some("FARGATE"))
        .chain(of(name))
        .filter(|task| task.last_status != TaskStatus::Stopped && is_spot(task) == spot)
        .filter_map(|task| task.cpu)
        .fold(0, i64::saturating_add)
}

/// On demand and Spot have a quota each; a task of the other kind doesn't count.
fn is_on_spot(claim: &Claim<'_, '_>) -> bool {
    let mut items = claim.deploy.service.capacity_providers.iter();
    items.any(|item| item.provider == "FARGATE_SPOT")
}

fn is_spot(task: &Task) -> bool {
    task.capacity_provider.as_deref() == Some("FARGATE_SPOT")
}

/// What an old task gives back at most, in CPU units.
fn old_cpu(claim: &Claim<'_, '_>) -> i64 {
    let own = claim.ground.tasks_of(&claim.deploy.service.name);
    let known = own
        .iter()
        .filter(|(task, _)| !claim.is_new(task))
        .map(|(task, _)| cpu_of(claim, task))
        .max();
    // A task that nobody described may be of any size.
    known.unwrap_or(BOUNDLESS)
}

/// The CPU units of a task; more than any has, where that is not known.
fn cpu_of(claim: &Claim<'_, '_>, task: &Task) -> i64 {
    let old = claim.deploy.old_needs.get(&task.task_definition);
    task.cpu.or_else(|| old?.task_size.0).unwrap_or(BOUNDLESS)
}

#[cfg(test)]
mod tests;
