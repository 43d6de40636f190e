//! Whether a service's capacity may grow by itself.
//!
//! Only a `no` counts for a proof: a group that is at its maximum, or whose smallest instance
//! type is too small for the task, gets no further instance from ECS.

use super::cluster_index::ClusterIndex;
use crate::capacity::facts::input::TypeSize;
use crate::capacity::facts::needs::TaskNeeds;
use crate::snapshot::{CapacityProvider, ScalingGroup, Service, last_part};

/// What can be said about one service's capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::capacity) enum Growth {
    /// It stays as it is; for providers with managed scaling, why they don't scale.
    Fixed(Vec<FixedCapacity>),
    /// It may grow, or may not be known at all: why.
    May(MayGrow),
}

/// Why a capacity provider with managed scaling brings no further instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixedCapacity {
    /// The Auto Scaling group is at its maximum.
    AtMaximum {
        provider: String,
        group: String,
        /// Instances that the group wants.
        desired: u32,
        /// Instances that it may want.
        max: u32,
    },
    /// The task is larger than the smallest instance type of the group, by which ECS scales it.
    TaskTooLarge {
        provider: String,
        /// What the task needs: CPU units.
        cpu: i64,
        /// MiB.
        memory: i64,
        instance_type: String,
        size: TypeSize,
    },
}

/// Why further instances may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayGrow {
    /// The capacity provider could not be read.
    ProviderUnread { provider: String },
    /// A kind of capacity provider that brings its own capacity.
    OwnCapacity { provider: String, kind: String },
    /// Its Auto Scaling group could not be read.
    GroupUnread { provider: String },
    /// Not all instances that its group wants have registered.
    Registering {
        provider: String,
        registered: usize,
        /// Instances that the group wants.
        desired: u32,
    },
    /// Its group is below its maximum.
    BelowMaximum {
        provider: String,
        /// Instances that the group wants.
        desired: u32,
        /// Instances that it may want.
        max: u32,
    },
}

/// Whether ECS may bring instances for this task.
pub(in crate::capacity) fn growth(
    index: &ClusterIndex<'_>,
    service: &Service,
    needs: &TaskNeeds,
) -> Growth {
    let mut fixed = Vec::new();
    for item in &service.capacity_providers {
        let name = last_part(&item.provider);
        let Some(provider) = index
            .cluster
            .providers
            .iter()
            .find(|one| last_part(&one.name) == name)
        else {
            return Growth::May(MayGrow::ProviderUnread {
                provider: name.to_owned(),
            });
        };
        match one(index, provider, needs) {
            Growth::May(why) => return Growth::May(why),
            Growth::Fixed(why) => fixed.extend(why),
        }
    }
    Growth::Fixed(fixed)
}

fn one(index: &ClusterIndex<'_>, provider: &CapacityProvider, needs: &TaskNeeds) -> Growth {
    let name = last_part(&provider.name);
    let provider_name = || name.to_owned();
    match provider.kind.as_str() {
        "EC2_AUTOSCALING" | "" if !provider.managed_scaling => return Growth::Fixed(Vec::new()),
        "EC2_AUTOSCALING" | "" => {}
        kind => {
            return Growth::May(MayGrow::OwnCapacity {
                provider: provider_name(),
                kind: kind.to_owned(),
            });
        }
    }
    let Some(group) = &provider.group else {
        return Growth::May(MayGrow::GroupUnread {
            provider: provider_name(),
        });
    };
    let there = index
        .rooms
        .iter()
        .filter(|room| room.instance.capacity_provider.as_deref().map(last_part) == Some(name));
    let there = there.count();
    if usize::try_from(group.desired).is_ok_and(|desired| there < desired) {
        return Growth::May(MayGrow::Registering {
            provider: provider_name(),
            registered: there,
            desired: group.desired,
        });
    }
    if group.desired >= group.max {
        return Growth::Fixed(vec![FixedCapacity::AtMaximum {
            provider: provider_name(),
            group: group.name.clone(),
            desired: group.desired,
            max: group.max,
        }]);
    }
    match smallest_too_small(index, group, needs) {
        Some((kind, size)) => Growth::Fixed(vec![FixedCapacity::TaskTooLarge {
            provider: provider_name(),
            cpu: needs.cpu,
            memory: needs.memory,
            instance_type: kind.to_owned(),
            size,
        }]),
        None => Growth::May(MayGrow::BelowMaximum {
            provider: provider_name(),
            desired: group.desired,
            max: group.max,
        }),
    }
}

/// The group's smallest instance type, where the task is larger than it: then ECS doesn't scale the
/// group. It is not known which type that is where any size is missing.
pub(in crate::capacity) fn smallest_too_small<'g>(
    index: &ClusterIndex<'_>,
    group: &'g ScalingGroup,
    needs: &TaskNeeds,
) -> Option<(&'g str, TypeSize)> {
    let sizes: Option<Vec<(&str, TypeSize)>> = group
        .instance_types
        .iter()
        .map(|kind| Some((kind.as_str(), size(index, kind)?)))
        .collect();
    let smallest = sizes?
        .into_iter()
        .min_by_key(|(_, size)| (size.cpu, size.memory));
    smallest.filter(|(_, size)| is_larger(needs, *size))
}

/// Whether a task can't be on an instance of this size, even alone.
pub(in crate::capacity) fn is_larger(needs: &TaskNeeds, size: TypeSize) -> bool {
    needs.cpu > size.cpu || needs.memory > size.memory
}

/// What an instance of the type has in all: as its peers in the cluster registered, else as EC2
/// says (which is a little more than an instance registers).
pub(in crate::capacity) fn size(index: &ClusterIndex<'_>, kind: &str) -> Option<TypeSize> {
    let peers = index.rooms.iter().filter(|room| room.kind == Some(kind));
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
        None => index.cluster.type_sizes.get(kind).copied(),
    }
}
