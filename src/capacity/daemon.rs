//! DAEMON services: one task on each instance that meets the constraints, so each instance stands
//! for itself and none can help another.

use super::arithmetic::Bounds;
use super::claim::{Claim, Plot};
use super::decision::{Decision, Fit, HowItFits, Obstacle};
use super::growth::Growth;
use super::rolling::deadlock;
use super::room::Tri;
use super::uncertainty::{Uncertainty, doubt};

pub(super) fn decide(claim: &Claim<'_, '_>, (minimum, maximum): (u32, u32)) -> Decision {
    let rooms = claim.ground.rooms.len();
    let mut plots: Vec<Option<&Plot>> = vec![None; rooms];
    for plot in &claim.plots {
        plots[plot.room] = Some(plot);
    }
    let (mut served, mut short, mut open, mut cut_off) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut strays = false;
    for (at, plot) in plots.iter().enumerate() {
        let (best, worst) = claim.seats_at_end(at, *plot);
        // A task of the new revision that runs there already has its place.
        if claim.placed.contains_key(&at) || worst > 0 {
            served += 1;
        } else if claim.allowed[at] == Tri::Yes && best == 0 {
            short += 1;
        } else if claim.allowed[at] != Tri::No {
            open += 1;
        } else if is_cut_off(claim, at) {
            open += 1;
            cut_off += 1;
        } else {
            strays |= plot.is_some_and(|plot| !plot.old.is_empty());
        }
    }
    let bounds = Bounds::new(served + short + open, minimum, maximum);
    let doubt = doubt(claim, &Growth::Fixed(Vec::new()));
    if short > 0 && claim.is_read() && claim.doubts.missing == 0 {
        let mut decision = Decision::blocked(bounds, Obstacle::Daemon { short });
        decision.stopped = claim.plots.iter().map(|plot| plot.old.len()).collect();
        return decision;
    }
    // A task on an instance that is to have none (one that drains) counts until it is stopped, and
    // lets another one stop meanwhile.
    if let Some(deadlock) = forbidden(claim, bounds, open).filter(|_| !strays) {
        return deadlock;
    }
    if doubt.sure && claim.loss == 0 && open == 0 && short == 0 && !bounds.deadlocked() {
        let fit = Fit {
            how: HowItFits::OnEachInstance { instances: served },
            waves: 1,
            tightest: None,
        };
        return Decision::fits(bounds, fit);
    }
    let mut uncertainties = doubt.uncertainties;
    if cut_off > 0 {
        uncertainties.push(Uncertainty::AgentsLost { instances: cut_off });
    }
    if bounds.deadlocked() {
        uncertainties.push(Uncertainty::NoTaskMayStop);
    }
    Decision::unknown(bounds, uncertainties)
}

/// The percentages alone forbid the rollout. A maximum of 100 starts nothing beside what runs and
/// a minimum of 100 stops nothing, however many instances there are; with other percentages it
/// hangs on their number, which must then be known.
fn forbidden(claim: &Claim<'_, '_>, bounds: Bounds, open: u32) -> Option<Decision> {
    let always = bounds.minimum_percent >= 100 && bounds.maximum_percent <= 100;
    let counted = claim.is_read() && open == 0;
    match always || counted {
        true => deadlock(claim, bounds),
        false => None,
    }
}

/// Whether the instance would get a task if its agent were not lost: ECS goes by the status, so
/// that the service waits for it.
fn is_cut_off(claim: &Claim<'_, '_>, at: usize) -> bool {
    let (room, rules) = (&claim.ground.rooms[at], &claim.rules);
    let meets = rules
        .has_attributes(at)
        .and(rules.matches(at))
        .and(rules.in_zone(room));
    room.instance.status == "ACTIVE" && rules.provider(room).is_some() && meets != Tri::No
}
