//! Several services deployed in one run: they compete for the same room.
//!
//! Each is forecast against what the others could do at best and at worst, whatever the order in
//! which ECS serves them. At best their old tasks all make room and their new ones go elsewhere;
//! at worst the old ones stay and the new ones take as many slots as they can.

use super::forecast::{Forecast, forecast_on, written};
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::facts::input::{Cluster, Deploy};
use crate::capacity::fit::cluster_index::ClusterIndex;
use crate::capacity::fit::scaling::{Growth, growth};
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::fit::sibling_index::meet;
use crate::capacity::prove::decide::decide;
use crate::capacity::prove::fargate;
use crate::capacity::prove::rolling::best_stops;
use crate::snapshot::Scheduling;

/// How often it is asked which services can set room free: each round adds at least one, and
/// after so many all are taken for able to.
const MOST_ROUNDS: usize = 4;

/// The forecasts of all services of one run on one cluster, in their order.
pub fn forecast_together<'a>(cluster: &Cluster<'a>, deploys: &[Deploy<'a>]) -> Vec<Forecast> {
    let index = index_of_run(cluster, deploys);
    // What others of the run may set free is asked only where it may matter.
    let decided: Vec<Option<Forecast>> = deploys
        .iter()
        .map(|deploy| decided_on(&index, deploy))
        .collect();
    let settled = match decided.iter().any(Option::is_none) {
        true => settle(&index, deploys),
        false => None,
    };
    let index = settled.as_ref().unwrap_or(&index);
    let both = decided.into_iter().zip(deploys);
    both.map(|(forecast, deploy)| forecast.unwrap_or_else(|| forecast_on(index, deploy)))
        .collect()
}

/// The forecast where it is a certain one.
fn decided_on(index: &ClusterIndex<'_>, deploy: &Deploy<'_>) -> Option<Forecast> {
    let placement = ServicePlacement::new(index, deploy);
    let decision = decide(&placement);
    (!decision.verdict.is_unknown()).then(|| written(placement, decision))
}

/// The index on which the services of one run meet.
pub(in crate::capacity) fn index_of_run<'a>(
    cluster: &Cluster<'a>,
    deploys: &[Deploy<'a>],
) -> ClusterIndex<'a> {
    let mut index = ClusterIndex::new(*cluster, deploys.iter().map(|deploy| deploy.needs));
    if deploys.len() > 1 {
        deploys.iter().for_each(|deploy| meet(&mut index, deploy));
        index.sum_holdings(|_| true);
    }
    index
}

/// The same index, where only those services set room free that ever can: those that may stop an
/// old task as things are, those that may once these have made all the room that they can, and so
/// on. `None` where that is all of them.
///
/// The first stop of any other service would have to come before itself.
pub(in crate::capacity) fn settle<'a>(
    index: &ClusterIndex<'a>,
    deploys: &[Deploy<'a>],
) -> Option<ClusterIndex<'a>> {
    if deploys.len() < 2 {
        return None;
    }
    let mut able = vec![false; deploys.len()];
    let mut settled = index.clone();
    for _ in 0..MOST_ROUNDS {
        settled.sum_holdings(|at| able[at]);
        let mut next = able.clone();
        for (can, deploy) in next.iter_mut().zip(deploys).filter(|(can, _)| !**can) {
            *can = may_stop(&ServicePlacement::new(&settled, deploy));
        }
        if next == able {
            return able.contains(&false).then_some(settled);
        }
        able = next;
    }
    None
}

/// Whether the service may ever stop an old task, in the best case.
fn may_stop(placement: &ServicePlacement<'_, '_>) -> bool {
    let service = placement.deploy.service;
    if service.scheduling == Scheduling::Daemon || service.has_second_set() || !placement.is_read()
    {
        return true;
    }
    let bounds = Bounds::of(service, 0);
    // Its tasks have no instances, and further instances don't help them.
    if fargate::is_fargate(placement.index, service) {
        return placement.old > 0 && !bounds.deadlocked() && fargate::may_stop(placement, &bounds);
    }
    let certain = placement.doubts.missing == 0 && placement.doubts.unsteady == 0;
    let grows = growth(placement.index, service, placement.deploy.needs);
    if !certain || grows != Growth::Fixed(Vec::new()) {
        return true;
    }
    placement.old > 0 && !bounds.deadlocked() && best_stops(placement, &bounds).margin >= 0
}

#[cfg(test)]
mod tests;
