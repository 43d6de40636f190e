//! What several forecasts on one cluster share: the rooms, who is where, which instance has which
//! attribute. It is worked out once, so that the cost of each further service stays small.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::addresses::Addresses;
use super::limits::EniLimits;
use super::needs::TaskNeeds;
use super::room::{Room, rooms};
use super::seats::Rival;
use super::together::Comer;
use super::why::has_attribute;
use crate::snapshot::{CapacityProvider, Instance, Service, Task};

/// One cluster as far as it could be read.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'a> {
    pub instances: &'a [Instance],
    /// The tasks of the services that are deployed, and those of others as far as they were read:
    /// they hold network interfaces.
    pub tasks: &'a [Task],
    pub providers: &'a [CapacityProvider],
    pub eni_limits: &'a EniLimits,
    /// What an instance of a type has in all, where DescribeInstanceTypes told it.
    pub type_sizes: &'a BTreeMap<String, TypeSize>,
    /// ARNs of instances whose agent stayed unconnected over several looks. One look is no proof.
    pub agents_lost: &'a BTreeSet<String>,
    /// What could not be read.
    pub unread: &'a [Unread],
}

/// CPU units and MiB of an instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeSize {
    pub cpu: i64,
    pub memory: i64,
}

/// Something that could not be read, and so can't be reckoned with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
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

/// A task, and where its instance stands among the rooms.
pub(super) type Placed<'a> = (&'a Task, Option<usize>);

/// The cluster with its indexes.
#[derive(Clone, Debug)]
pub(super) struct Ground<'a> {
    pub cluster: Cluster<'a>,
    pub rooms: Vec<Room<'a>>,
    /// Where an instance's room stands in `rooms`, by ARN.
    pub place: HashMap<&'a str, usize>,
    /// What the old tasks of all services that are deployed in this run hold, by room; empty
    /// where there is one service only.
    pub(super) rivals: Vec<Rival>,
    /// The new tasks of all services that are deployed in this run.
    pub(super) comers: Vec<Comer<'a>>,
    /// The rooms of each instance type.
    pub(super) by_type: BTreeMap<&'a str, Vec<usize>>,
    tasks_of: HashMap<&'a str, Vec<Placed<'a>>>,
    /// Which rooms have an attribute that is asked for; absent where all have it.
    attributes: HashMap<(&'a str, Option<&'a str>), Option<Vec<bool>>>,
}

impl<'a> Ground<'a> {
    /// Indexes the cluster for these needs. Linear in instances and tasks.
    pub(super) fn new(
        cluster: Cluster<'a>,
        needs: impl IntoIterator<Item = &'a TaskNeeds>,
    ) -> Ground<'a> {
        let mut rooms = rooms(cluster.instances, cluster.tasks, cluster.eni_limits);
        for room in &mut rooms {
            room.confirm_agent(cluster.agents_lost);
        }
        let place: HashMap<&str, usize> = cluster
            .instances
            .iter()
            .enumerate()
            .map(|(at, one)| (one.arn.as_str(), at))
            .collect();
        let mut tasks_of: HashMap<&str, Vec<Placed<'_>>> = HashMap::new();
        for task in cluster.tasks {
            if let Some(service) = task.group.strip_prefix("service:") {
                let arn = task.instance.as_deref();
                let at = arn.and_then(|arn| place.get(arn)).copied();
                tasks_of.entry(service).or_default().push((task, at));
            }
        }
        let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, room) in rooms.iter().enumerate() {
            if let Some(kind) = room.kind {
                by_type.entry(kind).or_default().push(at);
            }
        }
        let mut ground = Ground {
            by_type,
            cluster,
            rooms,
            place,
            tasks_of,
            attributes: HashMap::new(),
            rivals: Vec::new(),
            comers: Vec::new(),
        };
        for needs in needs {
            ground.index_attributes(needs);
        }
        ground
    }

    fn index_attributes(&mut self, needs: &'a TaskNeeds) {
        for required in &needs.attributes {
            let (name, value) = (required.name.as_str(), required.value.as_deref());
            let rooms = &self.rooms;
            self.attributes.entry((name, value)).or_insert_with(|| {
                let has: Vec<bool> = rooms
                    .iter()
                    .map(|room| has_attribute(room, name, value))
                    .collect();
                has.contains(&false).then_some(has)
            });
        }
    }

    /// All known tasks of a service.
    pub(super) fn tasks_of(&self, service: &str) -> &[Placed<'a>] {
        self.tasks_of.get(service).map_or(&[], Vec::as_slice)
    }

    /// For each attribute that is asked for and not to be had everywhere: who has it, and whether
    /// it is asked for for sure.
    pub(super) fn attributes<'s>(&'s self, needs: &'s TaskNeeds) -> Vec<(&'s [bool], bool)> {
        let mut found = Vec::new();
        for required in &needs.attributes {
            let key = (required.name.as_str(), required.value.as_deref());
            if let Some(Some(has)) = self.attributes.get(&key) {
                found.push((has.as_slice(), required.certain));
            }
        }
        found
    }

    /// Whether this was read.
    pub(super) fn has_read(&self, what: Source) -> bool {
        self.cluster.unread.iter().all(|unread| unread.what != what)
    }
}
