//! What a forecast is given: one cluster and the services that are to be deployed on it, as far as
//! they could be read. Plain data.

use std::collections::{BTreeMap, BTreeSet};

use super::eni_limits::EniLimits;
use super::known::BOUNDLESS;
use super::needs::TaskNeeds;
use crate::snapshot::{CapacityProvider, Instance, Service, Task};

/// One cluster as far as it could be read.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'a> {
    /// All container instances, whatever their state.
    pub instances: &'a [Instance],
    /// The tasks of the services that are deployed, and those of others as far as they were read:
    /// they hold network interfaces.
    pub tasks: &'a [Task],
    /// The capacity providers of the cluster.
    pub providers: &'a [CapacityProvider],
    /// How many tasks with a network interface an instance takes, by its type.
    pub eni_limits: &'a EniLimits,
    /// What an instance of a type has in all, where DescribeInstanceTypes says so.
    pub type_sizes: &'a BTreeMap<String, TypeSize>,
    /// ARNs of instances whose agent stayed unconnected over several looks. One look is no proof.
    pub agents_lost: &'a BTreeSet<String>,
    /// What could not be read.
    pub unread: &'a [Unread],
}

/// The size of an instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeSize {
    /// CPU units.
    pub cpu: i64,
    /// MiB.
    pub memory: i64,
}

/// Something that could not be read, and so can't be counted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What it is.
    pub what: Source,
    /// `ecs:ListContainerInstances`: the IAM action that is missing, where that is why.
    pub action: Option<String>,
    /// Why it could not be read, where it is not a missing action.
    pub why: String,
}

/// What a forecast reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Instances,
    Tasks,
    TaskDefinitions,
    /// Which instances match a `memberOf` expression.
    Constraint,
    CapacityProviders,
    ScalingGroups,
    InstanceTypes,
    Subnets,
    Quotas,
}

/// One service that is to be deployed, or that is being deployed.
#[derive(Clone, Copy, Debug)]
pub struct Deploy<'a> {
    /// The service as it is to be: with the count of tasks that is wanted.
    pub service: &'a Service,
    /// What a task of the new revision needs.
    pub needs: &'a TaskNeeds,
    /// What the tasks that run now were started with, by the ARN of their revision.
    pub old_needs: &'a BTreeMap<String, TaskNeeds>,
    /// ARNs of the instances that match all `memberOf` expressions, as ECS itself says.
    pub member_of: Option<&'a BTreeSet<String>>,
    /// The availability zones of the service's subnets, for tasks with a network interface of
    /// their own; where they are not known, any instance will do.
    pub zones: Option<&'a BTreeSet<String>>,
    /// The free addresses of those subnets, by zone; where they are not known, there are enough.
    pub addresses: Option<&'a BTreeMap<String, Addresses>>,
    /// The deployment whose tasks count as new (`ecs-svc/…`); none before a deploy.
    pub target: Option<&'a str>,
    /// Where the tasks run on Fargate: what is known of its limits.
    pub fargate: Option<&'a FargateLimits>,
}

/// What is known of the limits that Fargate tasks run into. What is absent is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FargateLimits {
    /// The account's quota of vCPUs, in CPU units.
    pub quota: Option<i64>,
    /// CPU units of all Fargate tasks of the account that run now.
    pub in_use: Option<i64>,
    /// Addresses free in the service's subnets, all together.
    pub addresses: Option<i64>,
}

/// Free addresses in the service's subnets of one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// In all of them together.
    pub all: i64,
    /// In the one that has the fewest: which of them a task gets is ECS's choice.
    pub fewest: i64,
}

impl Addresses {
    /// By zone, from the zone and the count of each subnet; none where a count isn't known.
    pub fn by_zone(
        subnets: impl IntoIterator<Item = (String, Option<i64>)>,
    ) -> Option<BTreeMap<String, Addresses>> {
        let mut zones: BTreeMap<String, Addresses> = BTreeMap::new();
        for (zone, free) in subnets {
            let free = free?;
            let (all, fewest) = (0, i64::MAX);
            let one = zones.entry(zone).or_insert(Addresses { all, fewest });
            one.all = one.all.saturating_add(free).min(BOUNDLESS);
            one.fewest = one.fewest.min(free);
        }
        Some(zones)
    }
}
