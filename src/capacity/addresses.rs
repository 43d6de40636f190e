//! Addresses of subnets: each task with a network interface of its own takes one.
//!
//! ECS places by zones and looks at no addresses; where the subnet has none, the start fails and
//! is tried again. So they are room of a second kind, which all instances of a zone share. Where
//! they were not read nothing is said of them.

use std::collections::{BTreeMap, BTreeSet};

use super::arithmetic::Bounds;
use super::claim::{Claim, is_going, is_steady};
use super::decision::{Basis, Decision, Obstacle};
use super::forecast::has_second_set;
use super::growth::{Growth, growth};
use super::order::Stops;
use super::room::{BOUNDLESS, Tri};
use super::rules::ZONE;
use super::uncertainty::Uncertainty;
use crate::snapshot::{Scheduling, Task, TaskStatus};

/// Free addresses in the service's subnets of one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// In all of them together.
    pub all: i64,
    /// In the one that has the fewest: which of them a task gets is ECS's choice.
    pub fewest: i64,
}

impl Addresses {
    /// By zone, from the zone and the count of each subnet; none where a count isn't known.
    pub fn by_zone(
        subnets: impl IntoIterator<Item = (String, Option<i64>)>,
    ) -> Option<BTreeMap<String, Addresses>> {
        let mut zones: BTreeMap<String, Addresses> = BTreeMap::new();
        for (zone, free) in subnets {
            let free = free?;
            let (all, fewest) = (0, i64::MAX);
            let one = zones.entry(zone).or_insert(Addresses { all, fewest });
            one.all = one.all.saturating_add(free).min(BOUNDLESS);
            one.fewest = one.fewest.min(free);
        }
        Some(zones)
    }
}

/// What a task takes of something that all tasks share: how much is free at most, how much each
/// new task needs, how much an old one gives back at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    pub free: i64,
    pub need: i64,
    pub back: i64,
}

impl Shared {
    /// How many new tasks find their part once so many old ones have stopped.
    pub(super) fn seats(self, stopped: i64) -> i64 {
        let back = self.back.saturating_mul(stopped);
        self.free.saturating_add(back).max(0) / self.need
    }

    /// Whether no order of starts and stops ends, where `new` tasks have their part already.
    pub(super) fn never_ends(self, claim: &Claim<'_, '_>, bounds: &Bounds, new: u32) -> bool {
        let (old, new) = (i64::from(claim.old), i64::from(new));
        let seats = |stopped| self.seats(stopped);
        let wanted = (i64::from(bounds.desired) - new).max(0);
        if has_second_set(claim.deploy.service) {
            return seats(0) < wanted;
        }
        let gain = |stopped| seats(stopped + 1) - seats(stopped) - 1;
        // What isn't steady may get steady, or may be started anew elsewhere.
        let present = old + new + i64::from(claim.doubts.unsteady + claim.moving);
        let stops = Stops {
            margin: (present + seats(0)).min(BOUNDLESS) - i64::from(bounds.lower) - 1,
            chains: vec![(0..old).map(gain).collect()],
        };
        seats(old) < wanted || !stops.some_order_ends()
    }
}

/// The sum of `part` over all tasks that may go by themselves and give back what they hold: those
/// on their way down, those that aren't steady (a start may fail), and the old ones of other
/// services of the run. Where a new task of this service fails, another one is wanted.
pub(super) fn loose(claim: &Claim<'_, '_>, part: impl Fn(&Task) -> i64) -> i64 {
    let ground = claim.ground;
    let there = |task: &Task| task.last_status != TaskStatus::Stopped;
    let passing = |task: &Task| is_going(task) || !is_steady(task);
    let name = claim.deploy.service.name.as_str();
    let of = |service| ground.tasks_of(service).iter().map(|(task, _)| *task);
    let own = of(name).filter(|task| passing(task) && (is_going(task) || !claim.is_new(task)));
    let theirs = ground.others(name).flat_map(|comer| {
        let goes = |task: &Task| match comer.is_new(task) {
            true => comer.may_move(),
            false => comer.frees,
        };
        of(comer.service).filter(move |task| passing(task) || goes(task))
    });
    own.chain(theirs)
        .filter(|task| there(task))
        .map(part)
        .fold(0, |sum, one| sum.saturating_add(one).min(BOUNDLESS))
}

/// The addresses that a task holds at most.
pub(super) fn address_of(task: &Task) -> i64 {
    i64::from(task.has_eni || task.instance.is_none())
}

/// One zone as the tasks of a rollout share it, in the best case.
#[derive(Clone, Copy, Debug, Default)]
struct Zone {
    free: i64,
    /// Old tasks there that may stop.
    old: i64,
    /// Seats on its instances with no old task stopped, and with all.
    now: i64,
    end: i64,
}

/// The proof that there are too few addresses, however much room the instances have.
pub(super) fn too_few(claim: &Claim<'_, '_>, bounds: Bounds) -> Option<Decision> {
    let known = known(claim)?;
    if !claim.is_read() || claim.doubts.missing > 0 || bounds.upper < bounds.desired {
        return None;
    }
    let zones = open_zones(claim, known);
    let wanted = (i64::from(bounds.desired) - i64::from(claim.new)).max(0);
    let free = zones.values().map(|zone| zone.free).fold(0, sum);
    let loose = loose(claim, address_of);
    // With as many in each zone as there are new tasks, none is ever short.
    let ample = |zone: &Zone| sum(zone.free, loose) >= wanted;
    if zones.is_empty() || zones.values().all(ample) {
        return None;
    }
    let shared = Shared {
        free: sum(free, loose),
        need: 1,
        back: 1,
    };
    // The room that there is counts only where no more may come.
    let short = || stays_as_it_is(claim) && is_short(claim, &bounds, (zones.clone(), loose));
    if !shared.never_ends(claim, &bounds, claim.new) && !short() {
        return None;
    }
    let names = zones.keys().copied();
    let obstacle = Obstacle::SubnetAddresses {
        zones: names.map(str::to_owned).collect(),
        free,
    };
    let mut decision = Decision::blocked(bounds, obstacle);
    decision.basis.push(Basis::Bounds);
    decision.stopped = vec![0; claim.plots.len()];
    Some(decision)
}

/// Whether room and addresses together are too few: zone by zone, the fewer of both counts.
fn is_short(
    claim: &Claim<'_, '_>,
    bounds: &Bounds,
    (mut zones, loose): (BTreeMap<&str, Zone>, i64),
) -> bool {
    let mut plots = claim.plots.iter().peekable();
    for (at, room) in claim.ground.rooms.iter().enumerate() {
        let plot = plots.next_if(|plot| plot.room == at);
        if claim.allowed[at] == Tri::No && plot.is_none() {
            continue;
        }
        let zone = room.instance.attribute(ZONE);
        let Some(zone) = zone.and_then(|zone| zones.get_mut(zone)) else {
            // In no zone that is known: it may be in any.
            if claim.allowed[at] == Tri::No {
                continue;
            }
            return false;
        };
        let (now, end, old) = match plot {
            Some(plot) => (plot.best[0], plot.best[plot.old.len()], plot.old.len()),
            None => {
                let seats = claim.seats_at(at).0;
                (seats, seats, 0)
            }
        };
        zone.now = sum(zone.now, now);
        zone.end = sum(zone.end, end);
        zone.old = sum(zone.old, i64::try_from(old).unwrap_or(BOUNDLESS));
    }
    let all = |of: fn(&Zone, i64) -> i64| zones.values().map(|zone| of(zone, loose)).fold(0, sum);
    let now = all(|zone, loose| zone.now.min(sum(zone.free, loose)));
    let end = all(|zone, loose| zone.end.min(sum(sum(zone.free, loose), zone.old)));
    let wanted = (i64::from(bounds.desired) - i64::from(claim.new)).max(0);
    let present = claim.old + claim.new + claim.doubts.unsteady + claim.moving;
    let may_stop = i64::from(present) + now > i64::from(bounds.lower);
    end < wanted || (now < wanted && !(may_stop && claim.old > 0))
}

/// The zones of the service's subnets in which an instance takes its tasks, or may do so.
fn open_zones<'c>(
    claim: &'c Claim<'_, '_>,
    known: &'c BTreeMap<String, Addresses>,
) -> BTreeMap<&'c str, Zone> {
    let here = claim.ground.rooms.iter().zip(&claim.allowed);
    let mut open = here.filter(|(_, allowed)| **allowed != Tri::No);
    let named = |room: &super::room::Room<'_>| {
        let zone = room.instance.attribute(ZONE)?;
        known.get_key_value(zone)
    };
    let mut zones = BTreeMap::new();
    let mut add = |(zone, addresses): (&'c String, &Addresses)| {
        let free = addresses.all;
        zones.insert(
            zone.as_str(),
            Zone {
                free,
                ..Zone::default()
            },
        );
    };
    let each_named = open.try_for_each(|(room, _)| named(room).map(&mut add));
    if each_named.is_none() || !stays_as_it_is(claim) {
        known.iter().for_each(add);
    }
    zones
}

/// Whether no instance joins by itself.
fn stays_as_it_is(claim: &Claim<'_, '_>) -> bool {
    let grows = growth(claim.ground, claim.deploy.service, claim.deploy.needs);
    claim.reachable > 0 && matches!(grows, Growth::Fixed(_))
}

/// Whether a task that starts now finds an address at all, as far as is known.
pub(super) fn has_any(claim: &Claim<'_, '_>) -> bool {
    let some = |known| open_zones(claim, known).values().any(|zone| zone.free > 0);
    known(claim).is_none_or(some)
}

/// Why a task may find no address, in the worst case: all tasks that are still to start go to one
/// subnet, before any address there comes back.
pub(super) fn doubt(claim: &Claim<'_, '_>) -> Option<Uncertainty> {
    let known = known(claim)?;
    let starts = starts(claim);
    // An instance that is closed just now may be opened, and one more may come beside it.
    let rooms = || claim.ground.rooms.iter();
    let there: BTreeSet<Option<&str>> = rooms().map(|room| room.instance.attribute(ZONE)).collect();
    let counts =
        |zone: &str| there.contains(&Some(zone)) || there.contains(&None) || !stays_as_it_is(claim);
    let (zone, addresses) = known
        .iter()
        .find(|(zone, addresses)| addresses.fewest < starts && counts(zone))?;
    Some(Uncertainty::Addresses {
        zone: zone.clone(),
        free: addresses.fewest,
        starts,
    })
}

/// How many tasks may start at most, those of other services of the run too.
fn starts(claim: &Claim<'_, '_>) -> i64 {
    let service = claim.deploy.service;
    let desired = match service.scheduling {
        Scheduling::Replica => i64::from(service.desired),
        Scheduling::Daemon => i64::from(claim.reachable),
    };
    let wanted = (desired - i64::from(claim.new)).max(0);
    let own = sum(wanted, (claim.moving + claim.doubts.unsteady).into());
    let others = claim.ground.others(&service.name);
    others.fold(own, |all, comer| sum(all, comer.starts(claim.ground)))
}

/// The addresses, where they were read and the tasks take any.
fn known<'c>(claim: &'c Claim<'_, '_>) -> Option<&'c BTreeMap<String, Addresses>> {
    claim
        .deploy
        .addresses
        .filter(|_| claim.deploy.needs.enis > 0)
}

fn sum(one: i64, other: i64) -> i64 {
    one.saturating_add(other).min(BOUNDLESS)
}

#[cfg(test)]
mod tests;
