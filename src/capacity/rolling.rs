//! The rolling update: the proof that it can't end, or that it can't help ending.

use super::addresses::too_few;
use super::arithmetic::Bounds;
use super::claim::{Claim, Plot};
use super::decision::{Basis, Decision, Fit, HowItFits, Obstacle};
use super::greedy::walk;
use super::growth::{Growth, growth};
use super::order::Stops;
use super::room::{BOUNDLESS, Tri};
use super::uncertainty::{Uncertainty, doubt};

/// The percentages alone forbid the rollout.
pub(super) fn deadlock(claim: &Claim<'_, '_>, bounds: Bounds) -> Option<Decision> {
    if !bounds.deadlocked() || claim.old == 0 {
        return None;
    }
    let mut decision = Decision::blocked(bounds, Obstacle::Percentages);
    decision.basis.push(Basis::Bounds);
    decision.stopped = vec![0; claim.plots.len()];
    Some(decision)
}

/// The stops of the rollout in the best case.
pub(super) fn best_stops(claim: &Claim<'_, '_>, bounds: &Bounds) -> Stops {
    let now = claim.best_now();
    let chains = claim.plots.iter().map(|plot| gains(&plot.best)).collect();
    // One that is started anew elsewhere counts there before it stops here.
    let moving = match claim.allowed.iter().all(|allowed| *allowed == Tri::No) {
        true => 0,
        false => claim.moving,
    };
    Stops {
        // What isn't steady may get steady, and then lets another one stop.
        margin: margin(claim, bounds, now)
            .saturating_add(i64::from(moving + claim.doubts.unsteady)),
        chains,
    }
}

fn margin(claim: &Claim<'_, '_>, bounds: &Bounds, seats: i64) -> i64 {
    let present = i64::from(claim.old) + i64::from(claim.new);
    present.saturating_add(seats).min(BOUNDLESS) - i64::from(bounds.lower) - 1
}

/// What each stop adds: the seats that it opens, less the task that is gone.
fn gains(seats: &[i64]) -> Vec<i64> {
    seats.windows(2).map(|pair| pair[1] - pair[0] - 1).collect()
}

/// New tasks that are still to find a place.
pub(super) fn wanted(claim: &Claim<'_, '_>, bounds: &Bounds) -> i64 {
    (i64::from(bounds.desired) - i64::from(claim.new)).max(0)
}

/// The seats there are in the best case once all old tasks have gone.
pub(super) fn best_at_end(claim: &Claim<'_, '_>) -> i64 {
    claim.plots.iter().fold(claim.elsewhere_best, |sum, plot| {
        sum + plot.best[plot.old.len()]
    })
}

/// The verdict on a rolling update whose percentages let it move.
pub(super) fn rolling(claim: &Claim<'_, '_>, bounds: Bounds) -> Decision {
    let grows = growth(claim.ground, claim.deploy.service, claim.deploy.needs);
    let doubt = doubt(claim, &grows);
    let provable = provable(claim, &grows) && bounds.upper >= bounds.desired;
    let stops = best_stops(claim, &bounds);
    let wanted = wanted(claim, &bounds);
    let at_end = best_at_end(claim);
    if provable && (at_end < wanted || !stops.some_order_ends()) {
        return blocked(claim, bounds, (&stops, at_end, &grows));
    }
    if let Some(decision) = too_few(claim, bounds) {
        return decision;
    }
    if doubt.sure && every_order_ends(claim, &bounds) {
        let (waves, tightest) = walk(claim, &bounds);
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
pub(super) fn provable(claim: &Claim<'_, '_>, grows: &Growth) -> bool {
    let Growth::Fixed(why) = grows else {
        return false;
    };
    // A cluster (or a capacity provider) without any instance just now may have one in a minute,
    // unless it is known why not.
    let reachable = claim.reachable > 0 || !why.is_empty();
    claim.is_read() && claim.doubts.missing == 0 && reachable
}

/// Whether each order ends in the worst case, whichever capacity provider takes the tasks.
pub(super) fn every_order_ends(claim: &Claim<'_, '_>, bounds: &Bounds) -> bool {
    let unsteady = claim.doubts.unsteady;
    // Tasks that neither count as healthy nor go take places below the upper bound.
    let upper = bounds
        .upper
        .saturating_sub(unsteady + claim.doubts.unplaced);
    if upper < bounds.desired || (claim.old > 0 && bounds.lower > 0 && upper <= bounds.lower) {
        return false;
    }
    (0..claim.elsewhere_worst.len()).all(|provider| {
        // Where a plot belongs to another provider, a stop there brings nothing.
        let own = |plot: &&Plot| plot.provider == Some(provider);
        let elsewhere = claim.elsewhere_worst[provider].saturating_sub(claim.loss);
        let sum = |of: fn(&Plot) -> i64| {
            let plots = claim.plots.iter().filter(own);
            plots.fold(elsewhere, |sum, plot| sum + of(plot))
        };
        if sum(|plot| plot.worst[plot.old.len()]) < wanted(claim, bounds) {
            return false;
        }
        let chain = |plot: &Plot| match own(&plot) {
            true => gains(&plot.worst),
            false => vec![-1; plot.old.len()],
        };
        let stops = Stops {
            margin: margin(claim, bounds, sum(|plot| plot.worst[0])),
            chains: claim.plots.iter().map(chain).collect(),
        };
        stops.every_order_ends()
    })
}

fn blocked(
    claim: &Claim<'_, '_>,
    bounds: Bounds,
    (stops, at_end, grows): (&Stops, i64, &Growth),
) -> Decision {
    let stopped = stops.furthest();
    let wanted = wanted(claim, &bounds);
    let gone: usize = stopped.iter().sum();
    let placed = seats_after(claim, &stopped).min(wanted);
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

/// The seats in the best case after this many stops on each plot.
pub(super) fn seats_after(claim: &Claim<'_, '_>, stopped: &[usize]) -> i64 {
    let plots = claim.plots.iter().zip(stopped);
    plots.fold(claim.elsewhere_best, |sum, (plot, stopped)| {
        sum + plot.best[*stopped]
    })
}
