//! Fargate: no instances, but sizes that exist, a quota of vCPUs and addresses in subnets.
//!
//! AWS's own capacity can't be known, so a forecast here is never `fits` with tasks to start; it
//! is `blocked` where the size doesn't exist, the percentages forbid it, or the quota or the
//! addresses that were read prove it.

use super::deadlock::deadlock;
use super::decision::{Decision, FargateSize, Obstacle, QuotaUsers};
use super::doubts::unread;
use super::shared_pool::{SharedPool, address_of, loose};
use super::uncertainty::Uncertainty;
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::facts::fargate_sizes::{is_size, next_size};
use crate::capacity::facts::input::FargateLimits;
use crate::capacity::facts::known::BOUNDLESS;
use crate::capacity::fit::cluster_index::ClusterIndex;
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::snapshot::{Service, Task, TaskStatus, last_part};

/// Whether the service's tasks run on Fargate.
pub(in crate::capacity) fn is_fargate(index: &ClusterIndex<'_>, service: &Service) -> bool {
    let kind = |name: &str| {
        index
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

pub(in crate::capacity) fn decide(
    placement: &ServicePlacement<'_, '_>,
    bounds: Bounds,
) -> Decision {
    let service = placement.deploy.service;
    if let (Some(cpu), Some(memory)) = placement.deploy.needs.task_size
        && !is_size(cpu, memory)
    {
        let next = next_size(cpu, memory).map(|(cpu, memory)| FargateSize { cpu, memory });
        let asked = FargateSize { cpu, memory };
        return Decision::blocked(bounds, Obstacle::FargateSize { asked, next });
    }
    if bounds.desired == 0 {
        return Decision::no_tasks_wanted(bounds);
    }
    if !service.has_second_set()
        && let Some(deadlock) = deadlock(placement, bounds)
    {
        return deadlock;
    }
    if let Some(limits) = placement.deploy.fargate
        && let Some(decision) = over_limits(placement, bounds, limits)
    {
        return decision;
    }
    let mut uncertainties = vec![Uncertainty::FargateCapacity];
    uncertainties.extend(unread(placement));
    Decision::unknown(bounds, uncertainties)
}

/// The quota and the addresses, each as one instance that all tasks share.
fn over_limits(
    placement: &ServicePlacement<'_, '_>,
    bounds: Bounds,
    limits: &FargateLimits,
) -> Option<Decision> {
    // No task on Fargate ever has an instance: each that was started holds its part of the limits.
    let new = placement.new + placement.doubts.unplaced;
    if let Some((quota, in_use, shared)) = cpu_left(placement, limits)
        && shared.never_ends(placement, &bounds, new)
    {
        let users = match (limits.in_use, placement.index.siblings.is_empty()) {
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
    let (addresses, shared) = addresses_left(placement, limits)?;
    if shared.never_ends(placement, &bounds, new) {
        let obstacle = Obstacle::SubnetAddresses {
            zones: Vec::new(),
            free: addresses,
        };
        return Some(Decision::blocked(bounds, obstacle));
    }
    None
}

/// Whether the service may ever stop an old task within its limits, in the best case.
pub(in crate::capacity) fn may_stop(placement: &ServicePlacement<'_, '_>, bounds: &Bounds) -> bool {
    let Some(limits) = placement.deploy.fargate else {
        return true;
    };
    let cpu = cpu_left(placement, limits).map(|(.., shared)| shared.slots(0));
    let addresses = addresses_left(placement, limits).map(|(_, shared)| shared.slots(0));
    let slots = cpu.into_iter().chain(addresses).min().unwrap_or(BOUNDLESS);
    let present =
        placement.old + placement.new + placement.doubts.unplaced + placement.doubts.unsteady;
    i64::from(present).saturating_add(slots) > i64::from(bounds.lower)
}

/// The quota, what is in use of it at least, and what that leaves.
fn cpu_left(
    placement: &ServicePlacement<'_, '_>,
    limits: &FargateLimits,
) -> Option<(i64, i64, SharedPool)> {
    let (quota, need) = (
        limits.quota?,
        placement.deploy.needs.task_size.0.filter(|cpu| *cpu > 0)?,
    );
    // What the account uses is at least what the services of the run do.
    let in_use = limits.in_use.unwrap_or_else(|| cpu_of_run(placement));
    let spot = is_on_spot(placement);
    let loose = loose(placement, |task| {
        match is_spot(task) == spot && task.instance.is_none() {
            true => cpu_of(placement, task),
            false => 0,
        }
    });
    let shared = SharedPool {
        free: quota.saturating_sub(in_use).saturating_add(loose),
        need,
        back: old_cpu(placement),
    };
    Some((quota, in_use, shared))
}

/// The free addresses of the service's subnets, and what they leave.
fn addresses_left(
    placement: &ServicePlacement<'_, '_>,
    limits: &FargateLimits,
) -> Option<(i64, SharedPool)> {
    let addresses = limits.addresses?;
    let shared = SharedPool {
        free: addresses.saturating_add(loose(placement, address_of)),
        need: 1,
        back: 1,
    };
    Some((addresses, shared))
}

/// What the tasks of the run's services take at least, in CPU units.
fn cpu_of_run(placement: &ServicePlacement<'_, '_>) -> i64 {
    let (index, name) = (placement.index, &placement.deploy.service.name);
    let spot = is_on_spot(placement);
    let of = |service| index.tasks_of(service).iter().map(|(task, _)| *task);
    let others = index.others(name).flat_map(|sibling| of(sibling.service));
    others
        .filter(|task| task.launch_type.as_deref() == Some("FARGATE"))
        .chain(of(name))
        .filter(|task| task.last_status != TaskStatus::Stopped && is_spot(task) == spot)
        .filter_map(|task| task.cpu)
        .fold(0, i64::saturating_add)
}

/// On demand and Spot have a quota each; a task of the other kind doesn't count.
fn is_on_spot(placement: &ServicePlacement<'_, '_>) -> bool {
    let mut items = placement.deploy.service.capacity_providers.iter();
    items.any(|item| item.provider == "FARGATE_SPOT")
}

fn is_spot(task: &Task) -> bool {
    task.capacity_provider.as_deref() == Some("FARGATE_SPOT")
}

/// What an old task gives back at most, in CPU units.
fn old_cpu(placement: &ServicePlacement<'_, '_>) -> i64 {
    let own = placement.index.tasks_of(&placement.deploy.service.name);
    let known = own
        .iter()
        .filter(|(task, _)| !placement.is_new(task))
        .map(|(task, _)| cpu_of(placement, task))
        .max();
    // A task that nobody described may be of any size.
    known.unwrap_or(BOUNDLESS)
}

/// The CPU units of a task; more than any has, where that is not known.
fn cpu_of(placement: &ServicePlacement<'_, '_>, task: &Task) -> i64 {
    let old = placement.deploy.old_needs.get(&task.task_definition);
    task.cpu.or_else(|| old?.task_size.0).unwrap_or(BOUNDLESS)
}

#[cfg(test)]
mod tests;
