//! Percentages that forbid a rollout by themselves.

use super::decision::{Basis, Decision, Obstacle};
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::fit::service_placement::ServicePlacement;

/// The percentages alone forbid the rollout.
pub(in crate::capacity) fn deadlock(
    placement: &ServicePlacement<'_, '_>,
    bounds: Bounds,
) -> Option<Decision> {
    if !bounds.deadlocked() || placement.old == 0 {
        return None;
    }
    let mut decision = Decision::blocked(bounds, Obstacle::Percentages);
    decision.basis.push(Basis::Bounds);
    decision.stopped = vec![0; placement.hosts.len()];
    Some(decision)
}
