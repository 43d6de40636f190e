//! The forecast: whether a rolling update can reach its end.
//!
//! `Blocked` is a proof: no order of starts and stops that the bounds allow ends, even if all
//! that is not known turns out well. `Fits` holds for *every* order that ECS could take, even if
//! it turns out badly. Everything between is `Unknown`, with its reasons. Nothing else is assumed
//! to interfere: other services keep what they have.

use super::addresses::too_few;
use super::arithmetic::Bounds;
use super::claim::Claim;
use super::decision::{Decision, plural};
use super::greedy::Tightest;
use super::ground::{Cluster, Deploy, Ground};
use super::growth::growth;
use super::needs::TaskNeeds;
use super::reasons::reasons;
use super::remedies::remedies;
use super::rolling::{deadlock, provable, rolling, wanted};
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
    /// What a blocked rollout lacks most of all.
    pub kind: Option<CauseKind>,
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
    let remedies = match decision.verdict {
        Verdict::Blocked => remedies(claim, &decision),
        _ => Vec::new(),
    };
    // Where it is about instances, the one that comes closest says what is short.
    let nearest = || views.blockers.first().map(|blocker| blocker.kind);
    let kind = match decision.kind {
        Some(CauseKind::Unknown) => nearest().or(decision.kind),
        kind => kind,
    };
    Forecast {
        kind,
        verdict: decision.verdict,
        headline: decision.headline,
        reasons: decision.reasons,
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

fn second_set(claim: &Claim<'_, '_>, bounds: Bounds) -> Decision {
    let strategy = claim.deploy.service.configuration.strategy.as_str();
    let grows = growth(claim.ground, claim.deploy.service, claim.deploy.needs);
    let reasons = reasons(claim, &grows);
    let wanted = wanted(claim, &bounds);
    let best = claim.best_now();
    let none = vec![0; claim.plots.len()];
    if provable(claim, &grows) && best < wanted {
        let all = bounds.desired;
        let missing = if wanted < i64::from(all) {
            format!(", {wanted} are missing yet")
        } else {
            String::new()
        };
        let headline = format!(
            "the rollout can't finish: {strategy} starts all {all} new {} beside the old ones{missing}, and there is room for {best}",
            plural(all, "task")
        );
        let mut decision = Decision::blocked(bounds, CauseKind::Unknown, headline);
        decision.stopped = none;
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

#[cfg(test)]
pub(super) mod tests;
