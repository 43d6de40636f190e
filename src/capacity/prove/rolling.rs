//! The rolling update: the proof that it can't end, or that it can't help ending.

use super::decision::{Basis, Decision, Fit, HowItFits, Obstacle};
use super::doubts::doubt;
use super::simulate_ecs_order::walk;
use super::stop_order::Stops;
use super::subnet_addresses::too_few;
use super::uncertainty::Uncertainty;
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::facts::known::{BOUNDLESS, Known};
use crate::capacity::fit::scaling::{Growth, growth};
use crate::capacity::fit::service_placement::{HostWithOldTasks, ServicePlacement};

/// The stops of the rollout in the best case.
pub(in crate::capacity) fn best_stops(
    placement: &ServicePlacement<'_, '_>,
    bounds: &Bounds,
) -> Stops {
    let now = placement.best_now();
    let chains = placement
        .hosts
        .iter()
        .map(|host| gains(&host.best))
        .collect();
    // One that is started again elsewhere counts there before it stops here.
    let moving = match placement
        .allowed
        .iter()
        .all(|allowed| *allowed == Known::No)
    {
        true => 0,
        false => placement.moving,
    };
    Stops {
        // What isn't steady may get steady, and then lets another one stop.
        margin: margin(placement, bounds, now)
            .saturating_add(i64::from(moving + placement.doubts.unsteady)),
        chains,
    }
}

fn margin(placement: &ServicePlacement<'_, '_>, bounds: &Bounds, slots: i64) -> i64 {
    let present = i64::from(placement.old) + i64::from(placement.new);
    present.saturating_add(slots).min(BOUNDLESS) - i64::from(bounds.lower) - 1
}

/// What each stop adds: the slots that it opens, less the task that is gone.
fn gains(slots: &[i64]) -> Vec<i64> {
    slots.windows(2).map(|pair| pair[1] - pair[0] - 1).collect()
}

/// New tasks that are still to find a place.
pub(in crate::capacity) fn wanted(placement: &ServicePlacement<'_, '_>, bounds: &Bounds) -> i64 {
    (i64::from(bounds.desired) - i64::from(placement.new)).max(0)
}

/// The slots there are in the best case once all old tasks have gone.
pub(in crate::capacity) fn best_at_end(placement: &ServicePlacement<'_, '_>) -> i64 {
    placement
        .hosts
        .iter()
        .fold(placement.elsewhere_best, |sum, host| {
            sum + host.best[host.old.len()]
        })
}

/// The verdict on a rolling update whose percentages let it move.
pub(in crate::capacity) fn rolling(
    placement: &ServicePlacement<'_, '_>,
    bounds: Bounds,
) -> Decision {
    let grows = growth(
        placement.index,
        placement.deploy.service,
        placement.deploy.needs,
    );
    let doubt = doubt(placement, &grows);
    let provable = provable(placement, &grows) && bounds.upper >= bounds.desired;
    let stops = best_stops(placement, &bounds);
    let wanted = wanted(placement, &bounds);
    let at_end = best_at_end(placement);
    if provable && (at_end < wanted || !stops.some_order_ends()) {
        let best = BestCase {
            stops: &stops,
            at_end,
            grows: &grows,
        };
        return blocked(placement, bounds, &best);
    }
    if let Some(decision) = too_few(placement, bounds) {
        return decision;
    }
    if doubt.sure && every_order_ends(placement, &bounds) {
        let (waves, tightest) = walk(placement, &bounds);
        let fit = Fit {
            how: HowItFits::InWaves {
                tasks: bounds.desired,
            },
            waves,
            tightest,
        };
        let mut decision = Decision::fits(bounds, fit);
        decision.basis.push(Basis::Bounds);
        return decision;
    }
    let mut uncertainties = doubt.uncertainties;
    if uncertainties.is_empty() {
        uncertainties.push(if at_end < wanted {
            Uncertainty::NoKnownRoom
        } else {
            Uncertainty::OrderOfStops
        });
    }
    Decision::unknown(bounds, uncertainties)
}

/// Whether the best case is one: nothing outside it could bring room.
pub(in crate::capacity) fn provable(placement: &ServicePlacement<'_, '_>, grows: &Growth) -> bool {
    let Growth::Fixed(why) = grows else {
        return false;
    };
    // A cluster (or a capacity provider) without any instance just now may have one in a minute,
    // unless it is known why not.
    let reachable = placement.reachable > 0 || !why.is_empty();
    placement.is_read() && placement.doubts.missing == 0 && reachable
}

/// Whether each order ends in the worst case, whichever capacity provider takes the tasks.
pub(in crate::capacity) fn every_order_ends(
    placement: &ServicePlacement<'_, '_>,
    bounds: &Bounds,
) -> bool {
    let unsteady = placement.doubts.unsteady;
    // Tasks that neither count as healthy nor go take places below the upper bound.
    let upper = bounds
        .upper
        .saturating_sub(unsteady + placement.doubts.unplaced);
    if upper < bounds.desired || (placement.old > 0 && bounds.lower > 0 && upper <= bounds.lower) {
        return false;
    }
    (0..placement.elsewhere_worst.len()).all(|provider| {
        // Where a host belongs to another provider, a stop there brings nothing.
        let own = |host: &&HostWithOldTasks| host.provider == Some(provider);
        let elsewhere = placement.elsewhere_worst[provider].saturating_sub(placement.loss);
        let sum = |of: fn(&HostWithOldTasks) -> i64| {
            let hosts = placement.hosts.iter().filter(own);
            hosts.fold(elsewhere, |sum, host| sum + of(host))
        };
        if sum(|host| host.worst[host.old.len()]) < wanted(placement, bounds) {
            return false;
        }
        let chain = |host: &HostWithOldTasks| match own(&host) {
            true => gains(&host.worst),
            false => vec![-1; host.old.len()],
        };
        let stops = Stops {
            margin: margin(placement, bounds, sum(|host| host.worst[0])),
            chains: placement.hosts.iter().map(chain).collect(),
        };
        stops.every_order_ends()
    })
}

/// What the best case of a rollout comes to.
struct BestCase<'r> {
    stops: &'r Stops,
    /// New tasks that have room once all old ones have gone.
    at_end: i64,
    grows: &'r Growth,
}

fn blocked(placement: &ServicePlacement<'_, '_>, bounds: Bounds, best: &BestCase<'_>) -> Decision {
    let BestCase {
        stops,
        at_end,
        grows,
    } = *best;
    let stopped = stops.furthest();
    let wanted = wanted(placement, &bounds);
    let gone: usize = stopped.iter().sum();
    let placed = slots_after(placement, &stopped).min(wanted);
    let obstacle = if at_end == 0 && wanted > 0 {
        Obstacle::NoInstance
    } else if at_end < wanted {
        Obstacle::TooLittleRoom {
            room: at_end,
            wanted,
        }
    } else if gone == 0 && placed == 0 {
        Obstacle::NoFirstStep
    } else {
        Obstacle::NoFurtherStep {
            stopped: gone,
            started: placed,
        }
    };
    let mut decision = Decision::blocked(bounds, obstacle);
    decision.basis.push(Basis::Bounds);
    if let Growth::Fixed(why) = grows {
        let fixed = why.iter().cloned();
        let fixed = fixed.map(|why| Basis::FixedCapacity { why });
        decision.basis.extend(fixed);
    }
    decision.stopped = stopped;
    decision
}

/// The slots in the best case after this many stops on each host.
pub(in crate::capacity) fn slots_after(
    placement: &ServicePlacement<'_, '_>,
    stopped: &[usize],
) -> i64 {
    let hosts = placement.hosts.iter().zip(stopped);
    hosts.fold(placement.elsewhere_best, |sum, (host, stopped)| {
        sum + host.best[*stopped]
    })
}
