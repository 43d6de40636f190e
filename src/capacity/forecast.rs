//! The forecast: whether a rolling update can reach its end.
//!
//! `Blocked` is a proof: no order of starts and stops that the bounds allow ends, even if all
//! that is not known turns out well. `Fits` holds for *every* order that ECS could take, even if
//! it turns out badly. Everything between is `Unknown`, with its reasons. Nothing else is assumed
//! to interfere: other services keep what they have.

use super::addresses::too_few;
use super::arithmetic::Bounds;
use super::claim::Claim;
use super::decision::{Basis, Decision, Fit, HowItFits, Obstacle, Tightest, Verdict};
use super::ground::{Cluster, Deploy, Ground};
use super::growth::growth;
use super::needs::TaskNeeds;
use super::remedies::remedies;
use super::rolling::{deadlock, provable, rolling, wanted};
use super::uncertainty::doubt;
use super::view::{InstanceView, Views};
use super::why::Blocker;
use super::{daemon, fargate};
use crate::cause::{CauseKind, Remedy};
use crate::snapshot::{Scheduling, Service};

/// The forecast for one service.
#[derive(Clone, Debug)]
pub struct Forecast {
    pub verdict: Verdict,
    /// What a blocked rollout lacks most of all.
    pub kind: Option<CauseKind>,
    /// What a verdict that is certain rests on.
    pub basis: Vec<Basis>,
    pub bounds: Bounds,
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
    let ground = Ground::new(*cluster, [deploy.needs]);
    forecast_on(&ground, deploy)
}

/// The same on a ground that several forecasts share.
pub(super) fn forecast_on(ground: &Ground<'_>, deploy: &Deploy<'_>) -> Forecast {
    let claim = Claim::new(ground, deploy);
    let decision = decide(&claim);
    written(claim, decision)
}

/// The decision with all that a report shows of it.
pub(super) fn written(claim: Claim<'_, '_>, decision: Decision) -> Forecast {
    let needs = claim.deploy.needs.clone();
    let views = Views::of(&claim, &decision);
    let remedies = match decision.obstacle() {
        Some(obstacle) => remedies(claim, &decision, obstacle),
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

/// The verdict, and what it rests on.
pub(super) fn decide(claim: &Claim<'_, '_>) -> Decision {
    let configuration = &claim.deploy.service.configuration;
    let percentages = (
        configuration.minimum_healthy_percent,
        configuration.maximum_percent,
    );
    decide_within(claim, percentages)
}

/// The same with other percentages (the minimum and the maximum): where tasks fit doesn't depend
/// on them.
pub(super) fn decide_within(claim: &Claim<'_, '_>, percentages: (u32, u32)) -> Decision {
    let service = claim.deploy.service;
    let (minimum, maximum) = percentages;
    let bounds = Bounds::new(service.desired, minimum, maximum);
    if fargate::is_fargate(claim.ground, service) {
        return fargate::decide(claim, bounds);
    }
    if service.scheduling == Scheduling::Daemon {
        return daemon::decide(claim, percentages);
    }
    if bounds.desired == 0 {
        return Decision::no_tasks_wanted(bounds);
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

fn second_set(claim: &Claim<'_, '_>, bounds: Bounds) -> Decision {
    let strategy = || claim.deploy.service.configuration.strategy.clone();
    let grows = growth(claim.ground, claim.deploy.service, claim.deploy.needs);
    let doubt = doubt(claim, &grows);
    let wanted = wanted(claim, &bounds);
    let best = claim.best_now();
    if provable(claim, &grows) && best < wanted {
        let obstacle = Obstacle::SecondSet {
            strategy: strategy(),
            wanted,
            room: best,
        };
        let mut decision = Decision::blocked(bounds, obstacle);
        decision.stopped = vec![0; claim.plots.len()];
        return decision;
    }
    if let Some(decision) = too_few(claim, bounds) {
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
    if doubt.sure
        && (0..claim.elsewhere_worst.len()).all(|provider| worst(provider) >= wanted + claim.loss)
    {
        let tightest = Tightest {
            old: claim.old,
            new: bounds.desired,
            spare: (best - wanted).max(0),
        };
        let fit = Fit {
            how: HowItFits::SecondSet {
                tasks: wanted,
                strategy: strategy(),
            },
            waves: 1,
            tightest: Some(tightest),
        };
        return Decision::fits(bounds, fit);
    }
    Decision::unknown(bounds, doubt.uncertainties)
}

#[cfg(test)]
pub(crate) mod tests;
