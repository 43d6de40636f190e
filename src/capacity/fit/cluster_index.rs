//! What several forecasts on one cluster share: the rooms, who is where, which instance has which
//! attribute. It is worked out once, so that the cost of each further service stays small.

use std::collections::{BTreeMap, HashMap};

use super::blockers::has_attribute;
use super::held::SiblingHoldings;
use super::sibling::SiblingService;
use crate::capacity::facts::input::{Cluster, Source};
use crate::capacity::facts::needs::TaskNeeds;
use crate::capacity::facts::room::{Room, rooms};
use crate::snapshot::Task;

/// A task, and where its instance stands among the rooms.
pub(in crate::capacity) type Placed<'a> = (&'a Task, Option<usize>);

/// The cluster with its indexes.
#[derive(Clone, Debug)]
pub(in crate::capacity) struct ClusterIndex<'a> {
    /// What was read.
    pub cluster: Cluster<'a>,
    /// What each instance has left, in the order of the instances.
    pub rooms: Vec<Room<'a>>,
    /// Where an instance's room stands in `rooms`, by ARN.
    pub place: HashMap<&'a str, usize>,
    /// What the old tasks of all services that are deployed in this run hold, by room; empty
    /// where there is one service only.
    pub(in crate::capacity) sibling_holdings: Vec<SiblingHoldings>,
    /// The new tasks of all services that are deployed in this run.
    pub(in crate::capacity) siblings: Vec<SiblingService<'a>>,
    /// The rooms of each instance type.
    pub(in crate::capacity) by_type: BTreeMap<&'a str, Vec<usize>>,
    tasks_of: HashMap<&'a str, Vec<Placed<'a>>>,
    /// Which rooms have an attribute that is asked for; absent where all have it.
    attributes: HashMap<(&'a str, Option<&'a str>), Option<Vec<bool>>>,
}

impl<'a> ClusterIndex<'a> {
    /// Indexes the cluster for these needs. Linear in instances and tasks.
    pub(in crate::capacity) fn new(
        cluster: Cluster<'a>,
        needs: impl IntoIterator<Item = &'a TaskNeeds>,
    ) -> ClusterIndex<'a> {
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
        let mut index = ClusterIndex {
            by_type,
            cluster,
            rooms,
            place,
            tasks_of,
            attributes: HashMap::new(),
            sibling_holdings: Vec::new(),
            siblings: Vec::new(),
        };
        for needs in needs {
            index.index_attributes(needs);
        }
        index
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
    pub(in crate::capacity) fn tasks_of(&self, service: &str) -> &[Placed<'a>] {
        self.tasks_of.get(service).map_or(&[], Vec::as_slice)
    }

    /// For each attribute that is asked for and not to be had everywhere: who has it, and whether
    /// it is asked for for sure.
    pub(in crate::capacity) fn attributes<'s>(
        &'s self,
        needs: &'s TaskNeeds,
    ) -> Vec<(&'s [bool], bool)> {
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
    pub(in crate::capacity) fn has_read(&self, what: Source) -> bool {
        self.cluster.unread.iter().all(|unread| unread.what != what)
    }
}
