//! The forecast: whether a rolling update can reach its end.
//!
//! `Blocked` is a proof: no order of starts and stops that the bounds allow ends, even if all
//! that is not known turns out well. `Fits` holds for *every* order that ECS could take, even if
//! it turns out badly. Everything between is `Unknown`, with its reasons. Nothing else is assumed
//! to interfere: other services keep what they have.

use super::instance_table::{InstanceTable, InstanceView};
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::facts::input::{Cluster, Deploy};
use crate::capacity::facts::needs::TaskNeeds;
use crate::capacity::fit::blockers::Blocker;
use crate::capacity::fit::cluster_index::ClusterIndex;
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::prove::decide::decide;
use crate::capacity::prove::decision::{Basis, Decision, ForecastVerdict};
use crate::capacity::remedy::remedies;
use crate::cause::{CauseKind, Remedy};

/// The forecast for one service.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// What it comes to.
    pub verdict: ForecastVerdict,
    /// What a blocked rollout lacks most of all.
    pub kind: Option<CauseKind>,
    /// What a verdict that is certain rests on.
    pub basis: Vec<Basis>,
    /// How many tasks must and may run.
    pub bounds: Bounds,
    /// What each new task needs.
    pub needs: TaskNeeds,
    /// What a blocked rollout lacks, after as many old tasks have stopped as the bounds let; the
    /// instances that come closest first.
    pub blockers: Vec<Blocker>,
    /// The instances as they are now, those that come closest first.
    pub instances: Vec<InstanceView>,
    /// How many instances `instances` leaves out.
    pub left_out: usize,
    /// Each checked by this same forecast; smallest change first. Only a size for Fargate, which
    /// is never known to have room, says of itself that it was not.
    pub remedies: Vec<Remedy>,
}

/// The forecast for one service that is deployed alone.
pub fn forecast(cluster: &Cluster<'_>, deploy: &Deploy<'_>) -> Forecast {
    let index = ClusterIndex::new(*cluster, [deploy.needs]);
    forecast_on(&index, deploy)
}

/// The same on a index that several forecasts share.
pub(in crate::capacity) fn forecast_on(index: &ClusterIndex<'_>, deploy: &Deploy<'_>) -> Forecast {
    let placement = ServicePlacement::new(index, deploy);
    let decision = decide(&placement);
    written(placement, decision)
}

/// The decision with all that a report shows of it.
pub(in crate::capacity) fn written(
    placement: ServicePlacement<'_, '_>,
    decision: Decision,
) -> Forecast {
    let needs = placement.deploy.needs.clone();
    let views = InstanceTable::of(&placement, &decision);
    let remedies = match decision.obstacle() {
        Some(obstacle) => remedies(placement, &decision, obstacle),
        None => Vec::new(),
    };
    // Where it is about instances, the one that comes closest says what is short.
    let nearest = || views.blockers.first().map(|blocker| blocker.kind);
    let kind = decision.obstacle().map(|obstacle| {
        let kind = obstacle.kind().or_else(nearest);
        kind.unwrap_or(CauseKind::Unknown)
    });
    Forecast {
        kind,
        verdict: decision.verdict,
        basis: decision.basis,
        bounds: decision.bounds,
        needs,
        blockers: views.blockers,
        instances: views.instances,
        left_out: views.left_out,
        remedies,
    }
}

#[cfg(test)]
mod tests;
