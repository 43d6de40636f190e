//! Addresses of subnets: each task with a network interface of its own takes one.
//!
//! ECS places by zones and looks at no addresses; where the subnet has none, the start fails and
//! is tried again. So they are room of a second kind, which all instances of a zone share. Where
//! they were not read nothing is said of them.

use std::collections::{BTreeMap, BTreeSet};

use super::decision::{Basis, Decision, Obstacle};
use super::shared_pool::{SharedPool, address_of, loose};
use super::uncertainty::Uncertainty;
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::facts::input::Addresses;
use crate::capacity::facts::known::{BOUNDLESS, Known};
use crate::capacity::facts::room::Room;
use crate::capacity::fit::placement_rules::ZONE;
use crate::capacity::fit::scaling::{Growth, growth};
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::snapshot::Scheduling;

/// One zone as the tasks of a rollout share it, in the best case.
#[derive(Clone, Copy, Debug, Default)]
struct Zone {
    free: i64,
    /// Old tasks there that may stop.
    old: i64,
    /// Slots on its instances with no old task stopped, and with all.
    now: i64,
    end: i64,
}

/// The proof that there are too few addresses, however much room the instances have.
pub(in crate::capacity) fn too_few(
    placement: &ServicePlacement<'_, '_>,
    bounds: Bounds,
) -> Option<Decision> {
    let known = known(placement)?;
    if !placement.is_read() || placement.doubts.missing > 0 || bounds.upper < bounds.desired {
        return None;
    }
    let zones = open_zones(placement, known);
    let wanted = (i64::from(bounds.desired) - i64::from(placement.new)).max(0);
    let free = zones.values().map(|zone| zone.free).fold(0, sum);
    let loose = loose(placement, address_of);
    // With as many in each zone as there are new tasks, none is ever short.
    let ample = |zone: &Zone| sum(zone.free, loose) >= wanted;
    if zones.is_empty() || zones.values().all(ample) {
        return None;
    }
    let shared = SharedPool {
        free: sum(free, loose),
        need: 1,
        back: 1,
    };
    // The room that there is counts only where no more may come.
    let short = || stays_as_it_is(placement) && is_short(placement, &bounds, zones.clone(), loose);
    if !shared.never_ends(placement, &bounds, placement.new) && !short() {
        return None;
    }
    let names = zones.keys().copied();
    let obstacle = Obstacle::SubnetAddresses {
        zones: names.map(str::to_owned).collect(),
        free,
    };
    let mut decision = Decision::blocked(bounds, obstacle);
    decision.basis.push(Basis::Bounds);
    decision.stopped = vec![0; placement.hosts.len()];
    Some(decision)
}

/// Whether room and addresses together are too few: zone by zone, the fewer of both counts.
fn is_short(
    placement: &ServicePlacement<'_, '_>,
    bounds: &Bounds,
    mut zones: BTreeMap<&str, Zone>,
    loose: i64,
) -> bool {
    let mut hosts = placement.hosts.iter().peekable();
    for (at, room) in placement.index.rooms.iter().enumerate() {
        let host = hosts.next_if(|host| host.room == at);
        if placement.allowed[at] == Known::No && host.is_none() {
            continue;
        }
        let zone = room.instance.attribute(ZONE);
        let Some(zone) = zone.and_then(|zone| zones.get_mut(zone)) else {
            // In no zone that is known: it may be in any.
            if placement.allowed[at] == Known::No {
                continue;
            }
            return false;
        };
        let (now, end, old) = match host {
            Some(host) => (host.best[0], host.best[host.old.len()], host.old.len()),
            None => {
                let slots = placement.slots_at(at).0;
                (slots, slots, 0)
            }
        };
        zone.now = sum(zone.now, now);
        zone.end = sum(zone.end, end);
        zone.old = sum(zone.old, i64::try_from(old).unwrap_or(BOUNDLESS));
    }
    let all = |of: fn(&Zone, i64) -> i64| zones.values().map(|zone| of(zone, loose)).fold(0, sum);
    let now = all(|zone, loose| zone.now.min(sum(zone.free, loose)));
    let end = all(|zone, loose| zone.end.min(sum(sum(zone.free, loose), zone.old)));
    let wanted = (i64::from(bounds.desired) - i64::from(placement.new)).max(0);
    let present = placement.old + placement.new + placement.doubts.unsteady + placement.moving;
    let may_stop = i64::from(present) + now > i64::from(bounds.lower);
    end < wanted || (now < wanted && !(may_stop && placement.old > 0))
}

/// The zones of the service's subnets in which an instance takes its tasks, or may do so.
fn open_zones<'c>(
    placement: &'c ServicePlacement<'_, '_>,
    known: &'c BTreeMap<String, Addresses>,
) -> BTreeMap<&'c str, Zone> {
    let here = placement.index.rooms.iter().zip(&placement.allowed);
    let mut open = here.filter(|(_, allowed)| **allowed != Known::No);
    let named = |room: &Room<'_>| {
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
    if each_named.is_none() || !stays_as_it_is(placement) {
        known.iter().for_each(add);
    }
    zones
}

/// Whether no instance joins by itself.
fn stays_as_it_is(placement: &ServicePlacement<'_, '_>) -> bool {
    let grows = growth(
        placement.index,
        placement.deploy.service,
        placement.deploy.needs,
    );
    placement.reachable > 0 && matches!(grows, Growth::Fixed(_))
}

/// Whether a task that starts now finds an address at all, as far as is known.
pub(in crate::capacity) fn has_any_address(placement: &ServicePlacement<'_, '_>) -> bool {
    let some = |known| {
        open_zones(placement, known)
            .values()
            .any(|zone| zone.free > 0)
    };
    known(placement).is_none_or(some)
}

/// Why a task may find no address, in the worst case: all tasks that are still to start go to one
/// subnet, before any address there comes back.
pub(in crate::capacity) fn address_doubt(
    placement: &ServicePlacement<'_, '_>,
) -> Option<Uncertainty> {
    let known = known(placement)?;
    let starts = starts(placement);
    // An instance that is closed just now may be opened, and one more may join it.
    let rooms = || placement.index.rooms.iter();
    let there: BTreeSet<Option<&str>> = rooms().map(|room| room.instance.attribute(ZONE)).collect();
    let counts = |zone: &str| {
        there.contains(&Some(zone)) || there.contains(&None) || !stays_as_it_is(placement)
    };
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
fn starts(placement: &ServicePlacement<'_, '_>) -> i64 {
    let service = placement.deploy.service;
    let desired = match service.scheduling {
        Scheduling::Replica => i64::from(service.desired),
        Scheduling::Daemon => i64::from(placement.reachable),
    };
    let wanted = (desired - i64::from(placement.new)).max(0);
    let own = sum(
        wanted,
        (placement.moving + placement.doubts.unsteady).into(),
    );
    let others = placement.index.others(&service.name);
    others.fold(own, |all, sibling| {
        sum(all, sibling.starts(&placement.index.rooms))
    })
}

/// The addresses, where they were read and the tasks take any.
fn known<'c>(placement: &'c ServicePlacement<'_, '_>) -> Option<&'c BTreeMap<String, Addresses>> {
    placement
        .deploy
        .addresses
        .filter(|_| placement.deploy.needs.enis > 0)
}

fn sum(one: i64, other: i64) -> i64 {
    one.saturating_add(other).min(BOUNDLESS)
}

#[cfg(test)]
mod tests;
