//! Whether a service's capacity may grow by itself.
//!
//! Only a `no` counts for a proof: a group that is at its maximum, or whose smallest instance
//! type is too small for the task, gets no further instance from ECS.

use super::ground::{Ground, TypeSize};
use super::needs::TaskNeeds;
use crate::cause::CauseKind;
use crate::snapshot::{CapacityProvider, ScalingGroup, Service, last_part};

/// What can be said about one service's capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// It stays as it is; for providers with managed scaling, why they don't scale.
    Fixed(Vec<(CauseKind, String)>),
    /// It may grow, or may not be known at all: why.
    May(String),
}

/// Whether ECS may bring instances for this task.
pub(super) fn growth(ground: &Ground<'_>, service: &Service, needs: &TaskNeeds) -> Growth {
    let mut fixed = Vec::new();
    for item in &service.capacity_providers {
        let name = last_part(&item.provider);
        let Some(provider) = ground
            .cluster
            .providers
            .iter()
            .find(|one| last_part(&one.name) == name)
        else {
            return Growth::May(format!("the capacity provider `{name}` could not be read"));
        };
        match one(ground, provider, needs) {
            Growth::May(why) => return Growth::May(why),
            Growth::Fixed(why) => fixed.extend(why),
        }
    }
    Growth::Fixed(fixed)
}

fn one(ground: &Ground<'_>, provider: &CapacityProvider, needs: &TaskNeeds) -> Growth {
    let name = last_part(&provider.name);
    match provider.kind.as_str() {
        "EC2_AUTOSCALING" | "" if !provider.managed_scaling => return Growth::Fixed(Vec::new()),
        "EC2_AUTOSCALING" | "" => {}
        kind => {
            return Growth::May(format!(
                "the capacity provider `{name}` ({kind}) brings its own capacity"
            ));
        }
    }
    let Some(group) = &provider.group else {
        return Growth::May(format!(
            "the capacity provider `{name}` scales its Auto Scaling group, which could not be read"
        ));
    };
    let there = ground
        .rooms
        .iter()
        .filter(|room| room.instance.capacity_provider.as_deref().map(last_part) == Some(name));
    let there = there.count();
    if usize::try_from(group.desired).is_ok_and(|desired| there < desired) {
        return Growth::May(format!(
            "the capacity provider `{name}` has {there} of {} instances so far",
            group.desired
        ));
    }
    if group.desired >= group.max {
        let text = format!(
            "the Auto Scaling group `{}` of the capacity provider `{name}` is at its maximum: {} of {} instances",
            group.name, group.desired, group.max
        );
        return Growth::Fixed(vec![(CauseKind::CapacityProvider, text)]);
    }
    match smallest_too_small(ground, group, needs) {
        Some((kind, size)) => {
            let text = format!(
                "the capacity provider `{name}` doesn't scale for this task: it is larger ({} CPU units, {} MiB) \
                 than the group's smallest instance type, `{kind}` ({} CPU units, {} MiB)",
                needs.cpu, needs.memory, size.cpu, size.memory
            );
            Growth::Fixed(vec![(CauseKind::CapacityProvider, text)])
        }
        None => Growth::May(format!(
            "the capacity provider `{name}` may add instances: {} of {} run",
            group.desired, group.max
        )),
    }
}

/// The group's smallest instance type, where the task is larger than it: then ECS doesn't scale the
/// group. It is not known which type that is where any size is missing.
pub(super) fn smallest_too_small<'g>(
    ground: &Ground<'_>,
    group: &'g ScalingGroup,
    needs: &TaskNeeds,
) -> Option<(&'g str, TypeSize)> {
    let sizes: Option<Vec<(&str, TypeSize)>> = group
        .instance_types
        .iter()
        .map(|kind| Some((kind.as_str(), size(ground, kind)?)))
        .collect();
    let smallest = sizes?
        .into_iter()
        .min_by_key(|(_, size)| (size.cpu, size.memory));
    smallest.filter(|(_, size)| is_larger(needs, *size))
}

/// Whether a task can't be on an instance of this size, even alone.
pub(super) fn is_larger(needs: &TaskNeeds, size: TypeSize) -> bool {
    needs.cpu > size.cpu || needs.memory > size.memory
}

/// What an instance of the type has in all: as its peers in the cluster registered, else as EC2
/// says (which is a little more than an instance registers).
pub(super) fn size(ground: &Ground<'_>, kind: &str) -> Option<TypeSize> {
    let peers = ground.rooms.iter().filter(|room| room.kind == Some(kind));
    let registered = peers
        .filter_map(|room| {
            Some((
                room.instance.registered.cpu?,
                room.instance.registered.memory?,
            ))
        })
        .max();
    match registered {
        Some((cpu, memory)) => Some(TypeSize { cpu, memory }),
        None => ground.cluster.type_sizes.get(kind).copied(),
    }
}
