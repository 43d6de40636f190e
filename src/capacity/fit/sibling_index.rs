//! The services of one run, noted on the cluster that they share.

use std::collections::HashMap;

use super::cluster_index::ClusterIndex;
use super::held::{ReleasedResources, SiblingHoldings};
use super::sibling::SiblingService;
use crate::capacity::facts::input::Deploy;
use crate::snapshot::Scheduling;

/// Notes a service of the run on the index.
pub(in crate::capacity) fn meet<'a>(index: &mut ClusterIndex<'a>, deploy: &Deploy<'a>) {
    let service = deploy.service;
    let rolling = service.scheduling == Scheduling::Replica && !service.has_second_set();
    let desired = match service.scheduling {
        Scheduling::Replica => i64::from(service.desired),
        Scheduling::Daemon => i64::try_from(index.rooms.len()).unwrap_or(i64::MAX),
    };
    let mut sibling = SiblingService {
        service: &service.name,
        target: deploy.target,
        needs: deploy.needs,
        desired,
        placed: 0,
        rooms: Vec::new(),
        gives: rolling.then_some(SiblingHoldings::MOST),
        held: Vec::new(),
        frees: true,
        rebalances: service.az_rebalancing,
        has_old: false,
        moves: HashMap::new(),
    };
    let mut held = Vec::new();
    for (task, room) in index.tasks_of(&service.name) {
        sibling.has_old |= !task.is_going() && !sibling.is_new(task);
        let Some(at) = room.filter(|_| !task.is_going()) else {
            continue;
        };
        let freed = ReleasedResources::of(task, deploy.old_needs, &index.rooms[at], deploy.needs);
        if sibling.is_new(task) {
            sibling.placed += 1;
            if sibling.rebalances {
                let here = sibling.moves.entry(at).or_default();
                *here = here.plus(SiblingHoldings::of(&freed));
            }
            continue;
        }
        held.push((at, SiblingHoldings::of(&freed)));
        if task.is_steady() {
            sibling.rooms.push(at);
            sibling.gives = sibling.gives.map(|gives| gives.least(&freed));
        }
    }
    sibling.held = held;
    index.siblings.push(sibling);
}

impl<'a> ClusterIndex<'a> {
    /// The other services of the run.
    pub(in crate::capacity) fn others<'s>(
        &'s self,
        service: &'s str,
    ) -> impl Iterator<Item = &'s SiblingService<'a>> {
        self.siblings
            .iter()
            .filter(move |sibling| sibling.service != service)
    }

    /// What the service's own new tasks hold, where that is in the sum of the siblings' holdings.
    pub(in crate::capacity) fn moves_of(
        &self,
        service: &str,
    ) -> Option<&HashMap<usize, SiblingHoldings>> {
        let own = self
            .siblings
            .iter()
            .find(|sibling| sibling.service == service);
        own.filter(|sibling| sibling.may_move())
            .map(|sibling| &sibling.moves)
    }

    /// Sums up what the old tasks hold of those services (by their place in the run) that may
    /// set it free, and the new ones of those that may move.
    pub(in crate::capacity) fn sum_holdings(&mut self, frees: impl Fn(usize) -> bool) {
        let mut sibling_holdings = vec![SiblingHoldings::default(); self.rooms.len()];
        for (at, sibling) in self.siblings.iter_mut().enumerate() {
            sibling.frees = frees(at);
            for (room, one) in sibling.held.iter().filter(|_| sibling.frees) {
                sibling_holdings[*room] = sibling_holdings[*room].plus(*one);
            }
            for (room, all) in sibling.moves.iter().filter(|_| sibling.may_move()) {
                sibling_holdings[*room] = sibling_holdings[*room].plus(*all);
            }
        }
        self.sibling_holdings = sibling_holdings;
    }

    /// Whether what the service's own old tasks hold is in the sum of the siblings' holdings.
    pub(in crate::capacity) fn sums_up(&self, service: &str) -> bool {
        self.siblings
            .iter()
            .any(|sibling| sibling.service == service && sibling.frees)
    }
}
