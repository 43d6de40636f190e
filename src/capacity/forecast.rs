//! The forecast: whether a rolling update can reach its end.
//!
//! `Blocked` is a proof: no order of starts and stops that the bounds allow ends, even if all
//! that is not known turns out well. `Fits` holds for *every* order that ECS could take, even if
//! it turns out badly. Everything between is `Unknown`, with its reasons. Nothing else is assumed
//! to interfere: other services keep what they have.

use super::arithmetic::Bounds;
use super::claim::Claim;
use super::greedy::{Tightest, walk};
use super::ground::{Cluster, Deploy, Ground};
use super::growth::{Growth, growth};
use super::needs::TaskNeeds;
use super::order::Stops;
use super::reasons::reasons;
use super::remedies::remedies;
use super::room::BOUNDLESS;
use super::view::{InstanceView, Views};
use super::why::Blocker;
use super::{daemon, fargate};
use crate::cause::{CauseKind, Remedy};
use crate::snapshot::{Scheduling, Service};

/// What the forecast comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fits {
        waves: u32,
        tightest: Option<Tightest>,
    },
    Blocked,
    Unknown,
}

impl Verdict {
    /// The word in the log, the output and the report.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Fits { .. } => "fits",
            Verdict::Blocked => "blocked",
            Verdict::Unknown => "unknown",
        }
    }
}

/// The forecast for one service.
#[derive(Clone, Debug)]
pub struct Forecast {
    pub verdict: Verdict,
    /// One sentence for a tired person.
    pub headline: String,
    /// What it rests on, or why it can't be known, one sentence each.
    pub reasons: Vec<String>,
    pub bounds: Bounds,
    pub needs: TaskNeeds,
    /// What a blocked rollout lacks, after as many old tasks have stopped as the bounds let; the
    /// instances that come closest first.
    pub blockers: Vec<Blocker>,
    /// The instances as they are now, those that come closest first.
    pub instances: Vec<InstanceView>,
    /// How many instances `instances` leaves out.
    pub left_out: usize,
    /// Each checked by this same forecast; smallest change first.
    pub remedies: Vec<Remedy>,
}

/// What is decided before anything is written down.
#[derive(Debug)]
pub(super) struct Decision {
    pub verdict: Verdict,
    /// What is short where it is blocked: the leading kind.
    pub kind: Option<CauseKind>,
    pub headline: String,
    pub reasons: Vec<String>,
    pub bounds: Bounds,
    /// How many old tasks have stopped on each plot when a best order can go no further.
    pub stopped: Vec<usize>,
}

/// The forecast for one service that is deployed alone.
pub fn forecast(cluster: &Cluster<'_>, deploy: &Deploy<'_>) -> Forecast {
    let ground = Ground::new(*cluster, [deploy.needs]);
    forecast_on(&ground, deploy)
}

/// The same on a ground that several forecasts share.
pub(super) fn forecast_on(ground: &Ground<'_>, deploy: &Deploy<'_>) -> Forecast {
    let claim = Claim::new(ground, deploy);
    let decision = decide(&claim);
    let views = Views::of(&claim, &decision);
    let remedies = match decision.verdict {
        Verdict::Blocked => remedies(&claim, &decision),
        _ => Vec::new(),
    };
    Forecast {
        verdict: decision.verdict,
        headline: decision.headline,
        reasons: decision.reasons,
        bounds: decision.bounds,
        needs: deploy.needs.clone(),
        blockers: views.blockers,
        instances: views.instances,
        left_out: views.left_out,
        remedies,
    }
}

/// The verdict, and what it rests on.
pub(super) fn decide(claim: &Claim<'_, '_>) -> Decision {
    let service = claim.deploy.service;
    if fargate::is_fargate(claim.ground, service) {
        return fargate::decide(claim);
    }
    if service.scheduling == Scheduling::Daemon {
        return daemon::decide(claim);
    }
    let bounds = Bounds::of(service, 0);
    if bounds.desired == 0 {
        return Decision::fits(
            bounds,
            "no tasks are wanted, so none need room".to_owned(),
            (0, None),
        );
    }
    if has_second_set(service) {
        return second_set(claim, bounds);
    }
    if let Some(deadlock) = deadlock(claim, bounds) {
        return deadlock;
    }
    rolling(claim, bounds)
}

/// Native blue/green, linear and canary deployments start a whole second set first.
pub(super) fn has_second_set(service: &Service) -> bool {
    ["BLUE_GREEN", "LINEAR", "CANARY"].contains(&service.configuration.strategy.as_str())
}

/// The percentages alone forbid the rollout.
pub(super) fn deadlock(claim: &Claim<'_, '_>, bounds: Bounds) -> Option<Decision> {
    if !bounds.deadlocked() || claim.old == 0 {
        return None;
    }
    let Bounds {
        desired,
        minimum_percent,
        maximum_percent,
        lower,
        upper,
    } = bounds;
    let headline = format!(
        "the rollout can't finish: with {minimum_percent}/{maximum_percent} and {desired} wanted, ECS may \
         neither stop an old task (at least {lower} must run) nor start a new one (at most {upper} may run)"
    );
    let mut decision = Decision::blocked(bounds, CauseKind::DeploymentConfiguration, headline);
    decision.reasons.push(bounds.sums());
    decision.stopped = vec![0; claim.plots.len()];
    Some(decision)
}

/// The stops of the rollout in the best case.
pub(super) fn best_stops(claim: &Claim<'_, '_>, bounds: &Bounds) -> Stops {
    let now = claim.best_now();
    let chains = claim.plots.iter().map(|plot| gains(&plot.best)).collect();
    Stops {
        margin: margin(claim, bounds, now),
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

fn rolling(claim: &Claim<'_, '_>, bounds: Bounds) -> Decision {
    let grows = growth(claim.ground, claim.deploy.service, claim.deploy.needs);
    let reasons = reasons(claim, &grows);
    let provable = provable(claim, &grows) && bounds.upper >= bounds.desired;
    let stops = best_stops(claim, &bounds);
    let wanted = wanted(claim, &bounds);
    let at_end = best_at_end(claim);
    if provable && (at_end < wanted || !stops.some_order_ends()) {
        return blocked(claim, bounds, (&stops, at_end, &grows));
    }
    if reasons.sure && every_order_ends(claim, &bounds) {
        let (waves, tightest) = walk(claim, &bounds);
        let headline = format!(
            "the rollout fits: {} new {} in {waves} {}",
            bounds.desired,
            plural(bounds.desired, "task"),
            plural(waves, "wave")
        );
        let mut decision = Decision::fits(bounds, headline, (waves, tightest));
        decision.reasons.push(bounds.sums());
        return decision;
    }
    let mut reasons = reasons.sentences;
    if reasons.is_empty() {
        reasons.push(if at_end < wanted {
            "no instance has room that is known".to_owned()
        } else {
            "it depends on which old task ECS stops first: some orders end, others don't".to_owned()
        });
    }
    Decision::unknown(bounds, reasons)
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
        let seats = |plot: &super::claim::Plot| -> Vec<i64> {
            match plot.provider == Some(provider) {
                true => plot.worst.clone(),
                false => vec![0; plot.worst.len()],
            }
        };
        let plots: Vec<Vec<i64>> = claim.plots.iter().map(seats).collect();
        let elsewhere = claim.elsewhere_worst[provider].saturating_sub(claim.loss);
        let now = plots.iter().fold(elsewhere, |sum, seats| sum + seats[0]);
        let end = plots
            .iter()
            .fold(elsewhere, |sum, seats| sum + seats[seats.len() - 1]);
        let chains = plots.iter().map(|seats| gains(seats)).collect();
        let stops = Stops {
            margin: margin(claim, bounds, now),
            chains,
        };
        end >= wanted(claim, bounds) && stops.every_order_ends()
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
    let headline = if at_end == 0 && wanted > 0 {
        "the rollout can't finish: no instance can take a new task, even with every old one gone"
            .to_owned()
    } else if at_end < wanted {
        format!(
            "the rollout can't finish: there is room for {at_end} of {wanted} new {}, even with every old task gone",
            plural(bounds.desired, "task")
        )
    } else {
        format!(
            "the rollout can't finish: after {gone} stopped and {placed} started {}, no instance has room for \
             another one and no further old task may stop",
            plural(bounds.desired, "task")
        )
    };
    let headline = if gone == 0 && placed == 0 && at_end >= wanted {
        "the rollout can't finish: no instance has room for a new task beside the old ones, and none of the \
         old ones may stop first"
            .to_owned()
    } else {
        headline
    };
    let mut decision = Decision::blocked(bounds, CauseKind::Unknown, headline);
    decision.reasons.push(bounds.sums());
    if let Growth::Fixed(why) = grows {
        decision
            .reasons
            .extend(why.iter().map(|(_, text)| text.clone()));
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

fn second_set(claim: &Claim<'_, '_>, bounds: Bounds) -> Decision {
    let strategy = claim.deploy.service.configuration.strategy.as_str();
    let grows = growth(claim.ground, claim.deploy.service, claim.deploy.needs);
    let reasons = reasons(claim, &grows);
    let wanted = wanted(claim, &bounds);
    let best = claim.best_now();
    let none = vec![0; claim.plots.len()];
    if provable(claim, &grows) && best < wanted {
        let headline = format!(
            "the rollout can't finish: {strategy} starts all {wanted} new {} beside the old ones, and there is room for {best}",
            plural(bounds.desired, "task")
        );
        let mut decision = Decision::blocked(bounds, CauseKind::Unknown, headline);
        decision.stopped = none;
        return decision;
    }
    let worst = |provider: usize| {
        let own = claim
            .plots
            .iter()
            .filter(|plot| plot.provider == Some(provider));
        own.fold(claim.elsewhere_worst[provider], |sum, plot| {
            sum + plot.worst[0]
        })
    };
    if reasons.sure
        && (0..claim.elsewhere_worst.len()).all(|provider| worst(provider) >= wanted + claim.loss)
    {
        let headline = format!(
            "the rollout fits: all {wanted} new tasks start beside the old ones ({strategy})"
        );
        let spare = (best - wanted).max(0);
        let tightest = Tightest {
            old: claim.old,
            new: bounds.desired,
            spare,
        };
        return Decision::fits(bounds, headline, (1, Some(tightest)));
    }
    Decision::unknown(bounds, reasons.sentences)
}

impl Decision {
    pub(super) fn fits(
        bounds: Bounds,
        headline: String,
        (waves, tightest): (u32, Option<Tightest>),
    ) -> Self {
        let verdict = Verdict::Fits { waves, tightest };
        Decision {
            verdict,
            kind: None,
            headline,
            reasons: Vec::new(),
            bounds,
            stopped: Vec::new(),
        }
    }

    pub(super) fn blocked(bounds: Bounds, kind: CauseKind, headline: String) -> Self {
        let (reasons, stopped) = (Vec::new(), Vec::new());
        Decision {
            verdict: Verdict::Blocked,
            kind: Some(kind),
            headline,
            reasons,
            bounds,
            stopped,
        }
    }

    pub(super) fn unknown(bounds: Bounds, reasons: Vec<String>) -> Self {
        let headline = match reasons.first() {
            Some(first) => format!("whether the rollout fits can't be known: {first}"),
            None => "whether the rollout fits can't be known".to_owned(),
        };
        Decision {
            verdict: Verdict::Unknown,
            kind: None,
            headline,
            reasons,
            bounds,
            stopped: Vec::new(),
        }
    }
}

pub(super) fn plural(count: u32, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

#[cfg(test)]
pub(super) mod tests;
