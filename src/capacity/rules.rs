//! What a service asks of an instance apart from room: its capacity provider, attributes,
//! placement constraints and zones.

use std::collections::BTreeSet;

use super::ground::{Deploy, Ground, Source};
use super::room::{Room, Tri};
use crate::snapshot::{Constraint, last_part};

/// The attribute with which an instance names its availability zone.
pub(super) const ZONE: &str = "ecs.availability-zone";

/// What the service asks of an instance apart from room.
#[derive(Debug)]
pub(super) struct Rules<'g> {
    pub distinct: bool,
    pub attributes: Vec<(&'g [bool], bool)>,
    /// Whether there is any `memberOf`, and whether its answer stays the same while tasks move.
    pub member_of: Option<bool>,
    /// A constraint of a kind that is not known.
    pub other: bool,
    /// The zones that a task with a network interface of its own may go to.
    pub zones: Option<&'g BTreeSet<String>>,
    /// Whether every expression was evaluated.
    pub all_read: bool,
    /// Which rooms match, where ECS said so.
    pub matching: Option<Vec<bool>>,
    /// The capacity providers that take tasks; empty where the launch type rules.
    pub providers: Vec<&'g str>,
}

impl<'g> Rules<'g> {
    pub(super) fn of(ground: &'g Ground<'_>, deploy: &Deploy<'g>) -> Rules<'g> {
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
        Rules {
            distinct: constraints().any(|one| *one == Constraint::DistinctInstance),
            attributes: ground.attributes(deploy.needs),
            member_of,
            other: constraints().any(|one| matches!(one, Constraint::Other(_))),
            zones: deploy.zones.filter(|_| deploy.needs.enis > 0),
            all_read: ground.has_read(Source::Constraint),
            matching: deploy.member_of.map(|set| {
                let mut matching = vec![false; ground.rooms.len()];
                let places = set.iter().filter_map(|arn| ground.place.get(arn.as_str()));
                places.for_each(|at| matching[*at] = true);
                matching
            }),
            providers: takes.map(|item| item.provider.as_str()).collect(),
        }
    }

    /// Which of the providers the instance belongs to; `None` where it is of none of them.
    pub(super) fn provider(&self, room: &Room<'_>) -> Option<usize> {
        if self.providers.is_empty() {
            return Some(0);
        }
        let own = room.instance.capacity_provider.as_deref()?;
        self.providers
            .iter()
            .position(|name| last_part(name) == own)
    }

    pub(super) fn has_attributes(&self, at: usize) -> Tri {
        let missing = |(has, _): &&(&[bool], bool)| has.get(at) == Some(&false);
        self.attributes
            .iter()
            .filter(missing)
            .fold(Tri::Yes, |tri, (_, certain)| {
                tri.and(if *certain { Tri::No } else { Tri::Maybe })
            })
    }

    /// Whether the instance is in a zone of the service's subnets.
    pub(super) fn in_zone(&self, room: &Room<'_>) -> Tri {
        let Some(zones) = self.zones else {
            return Tri::Yes;
        };
        match room.instance.attribute(ZONE) {
            Some(zone) if zones.contains(zone) => Tri::Yes,
            Some(_) => Tri::No,
            None => Tri::Maybe,
        }
    }

    pub(super) fn matches(&self, at: usize) -> Tri {
        let known = match (self.member_of, &self.matching) {
            (None, _) => Tri::Yes,
            // Of several expressions one may not have been evaluated.
            (Some(true), Some(set)) if set.get(at) == Some(&true) && self.all_read => Tri::Yes,
            (Some(true), Some(set)) if set.get(at) == Some(&true) => Tri::Maybe,
            (Some(true), Some(_)) => Tri::No,
            _ => Tri::Maybe,
        };
        if self.other {
            known.and(Tri::Maybe)
        } else {
            known
        }
    }
}
