//! DAEMON services: one task on each instance that meets the constraints, so each instance stands
//! for itself and none can help another.

use super::deadlock::deadlock;
use super::decision::{Decision, Fit, HowItFits, Obstacle};
use super::doubts::doubt;
use super::uncertainty::Uncertainty;
use crate::capacity::facts::deployment_bounds::{Bounds, Percentages};
use crate::capacity::facts::known::Known;
use crate::capacity::fit::scaling::Growth;
use crate::capacity::fit::service_placement::{HostWithOldTasks, ServicePlacement};

/// The verdict on a DAEMON service.
pub(in crate::capacity) fn decide(
    placement: &ServicePlacement<'_, '_>,
    percentages: Percentages,
) -> Decision {
    let rooms = placement.index.rooms.len();
    let mut hosts: Vec<Option<&HostWithOldTasks>> = vec![None; rooms];
    for host in &placement.hosts {
        hosts[host.room] = Some(host);
    }
    let (mut served, mut short, mut open, mut cut_off) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut strays = false;
    for (at, host) in hosts.iter().enumerate() {
        let (best, worst) = placement.slots_at_end(at, *host);
        // A task of the new revision that runs there already has its place.
        if placement.placed.contains_key(&at) || worst > 0 {
            served += 1;
        } else if placement.allowed[at] == Known::Yes && best == 0 {
            short += 1;
        } else if placement.allowed[at] != Known::No {
            open += 1;
        } else if is_cut_off(placement, at) {
            open += 1;
            cut_off += 1;
        } else {
            strays |= host.is_some_and(|host| !host.old.is_empty());
        }
    }
    let bounds = Bounds::within(served + short + open, percentages);
    let doubt = doubt(placement, &Growth::Fixed(Vec::new()));
    if short > 0 && placement.is_read() && placement.doubts.missing == 0 {
        let mut decision = Decision::blocked(bounds, Obstacle::Daemon { short });
        decision.stopped = placement.hosts.iter().map(|host| host.old.len()).collect();
        return decision;
    }
    // A task on an instance that is to have none (one that drains) counts until it is stopped, and
    // lets another one stop meanwhile.
    if let Some(deadlock) = forbidden(placement, bounds, open).filter(|_| !strays) {
        return deadlock;
    }
    if doubt.sure && placement.loss == 0 && open == 0 && short == 0 && !bounds.deadlocked() {
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

/// The percentages alone forbid the rollout. A maximum of 100 starts nothing in addition to what runs and
/// a minimum of 100 stops nothing, however many instances there are; with other percentages it
/// hangs on their number, which must then be known.
fn forbidden(placement: &ServicePlacement<'_, '_>, bounds: Bounds, open: u32) -> Option<Decision> {
    let always = bounds.minimum_percent >= 100 && bounds.maximum_percent <= 100;
    let counted = placement.is_read() && open == 0;
    match always || counted {
        true => deadlock(placement, bounds),
        false => None,
    }
}

/// Whether the instance would get a task if its agent were not lost: ECS goes by the status, so
/// that the service waits for it.
fn is_cut_off(placement: &ServicePlacement<'_, '_>, at: usize) -> bool {
    let (room, rules) = (&placement.index.rooms[at], &placement.rules);
    let meets = rules
        .has_attributes(at)
        .and(rules.matches(at))
        .and(rules.in_zone(room));
    room.instance.status == "ACTIVE" && rules.provider(room).is_some() && meets != Known::No
}
