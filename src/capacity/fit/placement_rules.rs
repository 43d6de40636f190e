//! What a service asks of an instance apart from room: its capacity provider, attributes,
//! placement constraints and zones.

use std::collections::BTreeSet;

use super::cluster_index::ClusterIndex;
use crate::capacity::facts::input::{Deploy, Source};
use crate::capacity::facts::known::Known;
use crate::capacity::facts::room::Room;
use crate::snapshot::{Constraint, last_part};

/// The attribute with which an instance names its availability zone.
pub(in crate::capacity) const ZONE: &str = "ecs.availability-zone";

/// What the service asks of an instance apart from room.
#[derive(Debug)]
pub(in crate::capacity) struct PlacementRules<'g> {
    /// Whether an instance takes one task of the service at most (`distinctInstance`).
    pub distinct: bool,
    /// For each attribute that is asked for and not to be had everywhere: which rooms have it, and
    /// whether it is asked for for sure.
    pub attributes: Vec<(&'g [bool], bool)>,
    /// Whether there is any `memberOf`, and whether its answer stays the same while tasks move.
    pub member_of: Option<bool>,
    /// A constraint of a kind that is not known.
    pub other: bool,
    /// The zones that a task with a network interface of its own may go to.
    pub zones: Option<&'g BTreeSet<String>>,
    /// Where the zones could not be read: those that tasks of the service are in.
    pub zones_seen: Option<BTreeSet<String>>,
    /// Whether every expression was evaluated.
    pub all_read: bool,
    /// Which rooms match, where ECS said so.
    pub matching: Option<Vec<bool>>,
    /// The capacity providers that take tasks; empty where the launch type rules.
    pub providers: Vec<&'g str>,
}

/// Where tasks of the service run, a subnet of theirs is; of other zones nothing is known.
fn zones_seen(index: &ClusterIndex<'_>, deploy: &Deploy<'_>) -> Option<BTreeSet<String>> {
    let unread = deploy.zones.is_none() && !index.has_read(Source::Subnets);
    (unread && deploy.needs.enis > 0).then(|| {
        let own = index.tasks_of(&deploy.service.name).iter();
        own.filter_map(|(task, _)| task.availability_zone.clone())
            .collect()
    })
}

impl<'g> PlacementRules<'g> {
    pub(in crate::capacity) fn of(
        index: &'g ClusterIndex<'_>,
        deploy: &Deploy<'g>,
    ) -> PlacementRules<'g> {
        let constraints = || {
            deploy
                .service
                .constraints
                .iter()
                .chain(&deploy.needs.constraints)
        };
        let mut member_of: Option<bool> = None;
        for constraint in constraints() {
            if let Constraint::MemberOf(expression) = constraint {
                // What these name changes with each start and stop.
                let moving = ["task:", "TasksCount", "agentConnected"];
                let still = !moving.iter().any(|word| expression.contains(word));
                member_of = Some(member_of.unwrap_or(true) && still);
            }
        }
        let items = &deploy.service.capacity_providers;
        let weighted = items.iter().any(|item| item.weight > 0 || item.base > 0);
        let takes = items
            .iter()
            .filter(|item| !weighted || item.weight > 0 || item.base > 0);
        PlacementRules {
            distinct: constraints().any(|one| *one == Constraint::DistinctInstance),
            attributes: index.attributes(deploy.needs),
            member_of,
            other: constraints().any(|one| matches!(one, Constraint::Other(_))),
            zones: deploy.zones.filter(|_| deploy.needs.enis > 0),
            zones_seen: zones_seen(index, deploy),
            all_read: index.has_read(Source::Constraint),
            matching: deploy.member_of.map(|set| {
                let mut matching = vec![false; index.rooms.len()];
                let places = set.iter().filter_map(|arn| index.place.get(arn.as_str()));
                places.for_each(|at| matching[*at] = true);
                matching
            }),
            providers: takes.map(|item| item.provider.as_str()).collect(),
        }
    }

    /// Which of the providers the instance belongs to; `None` where it is of none of them.
    pub(in crate::capacity) fn provider(&self, room: &Room<'_>) -> Option<usize> {
        if self.providers.is_empty() {
            return Some(0);
        }
        let own = room.instance.capacity_provider.as_deref()?;
        self.providers
            .iter()
            .position(|name| last_part(name) == own)
    }

    pub(in crate::capacity) fn has_attributes(&self, at: usize) -> Known {
        let missing = |(has, _): &&(&[bool], bool)| has.get(at) == Some(&false);
        self.attributes
            .iter()
            .filter(missing)
            .fold(Known::Yes, |known, (_, certain)| {
                known.and(if *certain { Known::No } else { Known::Unknown })
            })
    }

    /// Whether the instance is in a zone of the service's subnets.
    pub(in crate::capacity) fn in_zone(&self, room: &Room<'_>) -> Known {
        let Some(zones) = self.zones else {
            let seen = |zones: &BTreeSet<String>| {
                let zone = room.instance.attribute(ZONE);
                zone.is_some_and(|zone| zones.contains(zone))
            };
            return match &self.zones_seen {
                Some(zones) if !seen(zones) => Known::Unknown,
                _ => Known::Yes,
            };
        };
        match room.instance.attribute(ZONE) {
            Some(zone) if zones.contains(zone) => Known::Yes,
            Some(_) => Known::No,
            None => Known::Unknown,
        }
    }

    pub(in crate::capacity) fn matches(&self, at: usize) -> Known {
        let known = match (self.member_of, &self.matching) {
            (None, _) => Known::Yes,
            // Of several expressions one may not have been evaluated.
            (Some(true), Some(set)) if set.get(at) == Some(&true) && self.all_read => Known::Yes,
            (Some(true), Some(set)) if set.get(at) == Some(&true) => Known::Unknown,
            (Some(true), Some(_)) => Known::No,
            _ => Known::Unknown,
        };
        if self.other {
            known.and(Known::Unknown)
        } else {
            known
        }
    }
}
