//! Which proof a service takes: by where its tasks run and how ECS replaces them.

use super::daemon;
use super::deadlock::deadlock;
use super::decision::Decision;
use super::fargate;
use super::rolling::rolling;
use super::second_set::second_set;
use crate::capacity::facts::deployment_bounds::{Bounds, Percentages};
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::snapshot::Scheduling;

/// The verdict, and what it rests on.
pub(in crate::capacity) fn decide(placement: &ServicePlacement<'_, '_>) -> Decision {
    decide_within(placement, Percentages::of(placement.deploy.service))
}

/// The same with other percentages: where tasks fit doesn't depend
/// on them.
pub(in crate::capacity) fn decide_within(
    placement: &ServicePlacement<'_, '_>,
    percentages: Percentages,
) -> Decision {
    let service = placement.deploy.service;
    let bounds = Bounds::within(service.desired, percentages);
    if fargate::is_fargate(placement.index, service) {
        return fargate::decide(placement, bounds);
    }
    if service.scheduling == Scheduling::Daemon {
        return daemon::decide(placement, percentages);
    }
    if bounds.desired == 0 {
        return Decision::no_tasks_wanted(bounds);
    }
    if service.has_second_set() {
        return second_set(placement, bounds);
    }
    if let Some(deadlock) = deadlock(placement, bounds) {
        return deadlock;
    }
    rolling(placement, bounds)
}
