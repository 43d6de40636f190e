//! Which instances come closest to taking one more task, and what keeps it from them.

use super::blockers::{Blocker, Lack, gpus_needed, why_not_among};
use super::held::ReleasedResources;
use super::placement_rules::ZONE;
use super::service_placement::{HostWithOldTasks, ServicePlacement};
use crate::capacity::facts::known::{BOUNDLESS, Known, Range};
use crate::capacity::facts::room::Room;
use crate::cause::CauseKind;

/// What one closed door (status, attribute, constraint, provider) counts in closeness, against
/// shortages in thousandths of what is needed.
const CLOSED: i64 = 1_000_000;

/// How far the instance is from taking one more task.
pub(in crate::capacity) fn distance(
    placement: &ServicePlacement<'_, '_>,
    at: usize,
    host: Option<(&HostWithOldTasks, usize)>,
) -> i64 {
    let (room, needs) = (&placement.index.rooms[at], placement.deploy.needs);
    let mut distance = match placement.allowed[at] {
        Known::Yes => 0,
        Known::Unknown => CLOSED / 2,
        Known::No => CLOSED,
    };
    let stopped = host.map_or(&[][..], |(host, stopped)| {
        &host.old[..stopped.min(host.old.len())]
    });
    let back =
        |of: fn(&ReleasedResources) -> i64| stopped.iter().map(of).fold(0, i64::saturating_add);
    let mut short = |need: i64, free: i64| {
        if need > free {
            distance += (need - free).saturating_mul(1000) / need.max(1);
        }
    };
    short(
        needs.cpu,
        room.cpu.most.saturating_add(back(|one| one.cpu.most)),
    );
    short(
        needs.memory,
        room.memory.most.saturating_add(back(|one| one.memory.most)),
    );
    short(
        i64::from(needs.enis),
        room.enis.most.saturating_add(back(|one| one.enis)),
    );
    short(
        gpus_needed(needs, room),
        room.gpus.most.saturating_add(back(|one| one.gpus.most)),
    );
    if needs
        .tcp_ports
        .iter()
        .any(|port| room.tcp_taken.contains(port))
    {
        distance += 1000;
    }
    distance
}

/// The room once `stopped` old tasks have gone and the new ones that fit have come.
pub(in crate::capacity) fn after<'a>(
    placement: &ServicePlacement<'_, 'a>,
    at: usize,
    host: Option<(&HostWithOldTasks, usize)>,
) -> Room<'a> {
    let mut room = placement.index.rooms[at].clone();
    let Some((host, stopped)) = host else {
        take(&mut room, placement, placement.slots_at(at).0);
        return room;
    };
    let gone = &host.old[..stopped.min(host.old.len())];
    for freed in gone {
        give(&mut room.cpu, freed.cpu);
        give(&mut room.memory, freed.memory);
        give(&mut room.gpus, freed.gpus);
        let enis = Range {
            least: freed.enis,
            most: freed.enis,
        };
        give(&mut room.enis, enis);
        for port in &freed.ports {
            let taken = if port.udp {
                &mut room.udp_taken
            } else {
                &mut room.tcp_taken
            };
            taken.to_mut().remove(&port.number);
        }
    }
    take(&mut room, placement, host.best[stopped.min(host.old.len())]);
    room
}

fn give(room: &mut Range, back: Range) {
    room.most = room.most.saturating_add(back.most).min(BOUNDLESS);
    room.least = room.least.saturating_add(back.least).min(BOUNDLESS);
}

/// Lets `slots` new tasks take their part.
fn take(room: &mut Room<'_>, placement: &ServicePlacement<'_, '_>, slots: i64) {
    if slots == 0 {
        return;
    }
    let needs = placement.deploy.needs;
    let gpus = gpus_needed(needs, room);
    let parts = [
        (&mut room.cpu, needs.cpu),
        (&mut room.memory, needs.memory),
        (&mut room.gpus, gpus),
        (&mut room.enis, i64::from(needs.enis)),
    ];
    for (range, need) in parts {
        let part = need.saturating_mul(slots);
        range.least = range.least.saturating_sub(part);
        if range.most < BOUNDLESS {
            range.most = range.most.saturating_sub(part);
        }
    }
    if needs.has_ports() {
        room.tcp_taken.to_mut().extend(&needs.tcp_ports);
        room.udp_taken.to_mut().extend(&needs.udp_ports);
    }
}

/// What keeps one more task of this service from the instance.
pub(in crate::capacity) fn why_here(
    placement: &ServicePlacement<'_, '_>,
    at: usize,
    room: &Room<'_>,
    own: bool,
) -> Vec<Blocker> {
    let mut why = Vec::new();
    if placement.rules.provider(room).is_none() {
        let wanted = placement.rules.providers.iter().copied();
        let lack = Lack::CapacityProvider {
            wanted: wanted.map(str::to_owned).collect(),
            there: room.instance.capacity_provider.clone(),
        };
        why.push(Blocker::of(CauseKind::CapacityProvider, room, lack));
    }
    if let (Some(zones), Known::No) = (placement.rules.zones, placement.rules.in_zone(room)) {
        let lack = Lack::Attribute {
            name: ZONE.to_owned(),
            wanted: zones.iter().cloned().collect(),
            there: room.instance.attribute(ZONE).map(str::to_owned),
        };
        why.push(Blocker::of(CauseKind::Attribute, room, lack));
    }
    let matches = placement.rules.matches(at);
    if matches != Known::Yes {
        why.push(Blocker {
            certain: matches == Known::No,
            ..Blocker::of(CauseKind::Constraint, room, Lack::MemberOf)
        });
    }
    if placement.rules.distinct && (own || placement.placed.contains_key(&at)) {
        let lack = Lack::DistinctInstance;
        why.push(Blocker::of(CauseKind::Constraint, room, lack));
    }
    let lacking = placement.rules.has_attributes(at) != Known::Yes;
    why.extend(why_not_among(placement.deploy.needs, room, lacking));
    why
}

/// What is left on the roomiest instances that take this service's tasks, once all that may stop
/// has stopped: CPU units and MiB, the most first.
pub(in crate::capacity) fn roomiest(
    placement: &ServicePlacement<'_, '_>,
    stopped: &[usize],
    count: usize,
) -> Vec<(i64, i64)> {
    let needs = placement.deploy.needs;
    let stopped_on = |at: usize| {
        let host = placement.hosts.iter().position(|host| host.room == at)?;
        Some((
            &placement.hosts[host],
            stopped.get(host).copied().unwrap_or(0),
        ))
    };
    let mut near: Vec<(i64, usize)> = (0..placement.index.rooms.len())
        .filter(|at| placement.allowed[*at] == Known::Yes)
        .map(|at| (distance(placement, at, None), at))
        .collect();
    near.sort_unstable();
    near.truncate(count);
    let mut sizes: Vec<(i64, i64)> = near
        .into_iter()
        .map(|(_, at)| {
            let room = after(placement, at, stopped_on(at));
            (room.cpu.least, room.memory.least)
        })
        .collect();
    // How much of the task would fit, by its scarcer part.
    let share = |(cpu, memory): &(i64, i64)| {
        let part = |free: i64, need: i64| {
            if need > 0 {
                free.saturating_mul(1000) / need
            } else {
                1000
            }
        };
        part(*cpu, needs.cpu)
            .min(part(*memory, needs.memory))
            .min(1000)
    };
    sizes.sort_by_key(|size| std::cmp::Reverse(share(size)));
    sizes
}
