//! The instances and the blockers as the report shows them: those that come closest first, and
//! no more of them than a person or a program has use for.

use super::claim::{Claim, Plot};
use super::decision::{Decision, Obstacle};
use super::room::{BOUNDLESS, Room, Span, Tri};
use super::rules::ZONE;
use super::seats::Freed;
use super::why::{Blocker, Lack, gpus_needed, why_not_among};
use crate::cause::CauseKind;
use crate::snapshot::Scheduling;

/// A cluster may have thousands; beyond these nobody reads on, and the report stays small.
const MOST_INSTANCES: usize = 50;
/// What one closed door (status, attribute, constraint, provider) counts in closeness, against
/// shortages in thousandths of what is needed.
const CLOSED: i64 = 1_000_000;

/// One instance as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    pub id: String,
    pub ec2_instance_id: Option<String>,
    pub instance_type: Option<String>,
    pub status: String,
    pub agent_connected: bool,
    pub free: Free,
    /// Whether one more task fits now.
    pub fits: bool,
    /// Why not.
    pub why: Vec<Blocker>,
}

/// What is free on an instance; absent where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Free {
    pub cpu: Option<i64>,
    pub memory: Option<i64>,
    /// Host ports that are taken, TCP and UDP.
    pub ports_taken: Vec<u16>,
    pub enis: Option<i64>,
    pub gpus: Option<i64>,
}

pub(super) struct Views {
    pub blockers: Vec<Blocker>,
    pub instances: Vec<InstanceView>,
    pub left_out: usize,
}

impl Views {
    pub(super) fn of(claim: &Claim<'_, '_>, decision: &Decision) -> Views {
        let rooms = &claim.ground.rooms;
        let mut plots: Vec<Option<(&Plot, usize)>> = vec![None; rooms.len()];
        for (at, plot) in claim.plots.iter().enumerate() {
            plots[plot.room] = Some((plot, decision.stopped.get(at).copied().unwrap_or(0)));
        }
        let mut order: Vec<(i64, usize)> = (0..rooms.len())
            .map(|at| (distance(claim, at, plots[at]), at))
            .collect();
        let shown = order.len().min(MOST_INSTANCES);
        if shown < order.len() {
            order.select_nth_unstable(shown);
        }
        order.truncate(shown);
        order.sort_unstable();
        // Neither percentages nor addresses are an instance's affair.
        let blocked = decision.obstacle().is_some_and(|obstacle| {
            !matches!(
                obstacle,
                Obstacle::Percentages | Obstacle::SubnetAddresses { .. }
            )
        });
        let daemon = claim.deploy.service.scheduling == Scheduling::Daemon;
        let mut views = Views {
            blockers: Vec::new(),
            instances: Vec::new(),
            left_out: rooms.len() - shown,
        };
        for (_, at) in order {
            let room = &rooms[at];
            let why = why_here(
                claim,
                at,
                room,
                plots[at].is_some_and(|(plot, _)| !plot.old.is_empty()),
            );
            views.instances.push(view(room, why));
            // A DAEMON service wants one task there, so an instance that takes one is no blocker.
            let served = || daemon && claim.seats_at_end(at, plots[at].map(|(plot, _)| plot)).0 > 0;
            if blocked && !served() {
                views.blockers.extend(blockers(claim, at, plots[at]));
            }
        }
        views
    }
}

/// What is in the way of one more task on this instance once all that may stop has stopped and
/// all that fits has started.
fn blockers(claim: &Claim<'_, '_>, at: usize, plot: Option<(&Plot, usize)>) -> Vec<Blocker> {
    let room = after(claim, at, plot);
    let old_left = plot.is_some_and(|(plot, stopped)| stopped < plot.old.len());
    let mut why = why_here(claim, at, &room, old_left);
    if why.iter().any(|blocker| blocker.certain) {
        why.retain(|blocker| blocker.certain);
    }
    why
}

/// How far the instance is from taking one more task.
fn distance(claim: &Claim<'_, '_>, at: usize, plot: Option<(&Plot, usize)>) -> i64 {
    let (room, needs) = (&claim.ground.rooms[at], claim.deploy.needs);
    let mut distance = match claim.allowed[at] {
        Tri::Yes => 0,
        Tri::Maybe => CLOSED / 2,
        Tri::No => CLOSED,
    };
    let stopped = plot.map_or(&[][..], |(plot, stopped)| {
        &plot.old[..stopped.min(plot.old.len())]
    });
    let back = |of: fn(&Freed) -> i64| stopped.iter().map(of).fold(0, i64::saturating_add);
    let mut short = |need: i64, free: i64| {
        if need > free {
            distance += (need - free).saturating_mul(1000) / need.max(1);
        }
    };
    short(
        needs.cpu,
        room.cpu.most.saturating_add(back(|one| one.cpu.0)),
    );
    short(
        needs.memory,
        room.memory.most.saturating_add(back(|one| one.memory.0)),
    );
    short(
        i64::from(needs.enis),
        room.enis.most.saturating_add(back(|one| one.enis)),
    );
    short(
        gpus_needed(needs, room),
        room.gpus.most.saturating_add(back(|one| one.gpus.0)),
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
fn after<'a>(claim: &Claim<'_, 'a>, at: usize, plot: Option<(&Plot, usize)>) -> Room<'a> {
    let mut room = claim.ground.rooms[at].clone();
    let Some((plot, stopped)) = plot else {
        take(&mut room, claim, claim.seats_at(at).0);
        return room;
    };
    let gone = &plot.old[..stopped.min(plot.old.len())];
    for freed in gone {
        give(&mut room.cpu, freed.cpu);
        give(&mut room.memory, freed.memory);
        give(&mut room.gpus, freed.gpus);
        give(&mut room.enis, (freed.enis, freed.enis));
        for port in &freed.ports {
            let taken = if port.udp {
                &mut room.udp_taken
            } else {
                &mut room.tcp_taken
            };
            taken.to_mut().remove(&port.number);
        }
    }
    take(&mut room, claim, plot.best[stopped.min(plot.old.len())]);
    room
}

fn give(span: &mut Span, (most, least): (i64, i64)) {
    span.most = span.most.saturating_add(most).min(BOUNDLESS);
    span.least = span.least.saturating_add(least).min(BOUNDLESS);
}

/// Lets `seats` new tasks take their part.
fn take(room: &mut Room<'_>, claim: &Claim<'_, '_>, seats: i64) {
    if seats == 0 {
        return;
    }
    let needs = claim.deploy.needs;
    let gpus = gpus_needed(needs, room);
    let parts = [
        (&mut room.cpu, needs.cpu),
        (&mut room.memory, needs.memory),
        (&mut room.gpus, gpus),
        (&mut room.enis, i64::from(needs.enis)),
    ];
    for (span, need) in parts {
        let part = need.saturating_mul(seats);
        span.least = span.least.saturating_sub(part);
        if span.most < BOUNDLESS {
            span.most = span.most.saturating_sub(part);
        }
    }
    if needs.has_ports() {
        room.tcp_taken.to_mut().extend(&needs.tcp_ports);
        room.udp_taken.to_mut().extend(&needs.udp_ports);
    }
}

/// What keeps one more task of this service from the instance.
pub(super) fn why_here(
    claim: &Claim<'_, '_>,
    at: usize,
    room: &Room<'_>,
    own: bool,
) -> Vec<Blocker> {
    let mut why = Vec::new();
    if claim.rules.provider(room).is_none() {
        let wanted = claim.rules.providers.iter().copied();
        let lack = Lack::CapacityProvider {
            wanted: wanted.map(str::to_owned).collect(),
            there: room.instance.capacity_provider.clone(),
        };
        why.push(Blocker::of(CauseKind::CapacityProvider, room, lack));
    }
    if let (Some(zones), Tri::No) = (claim.rules.zones, claim.rules.in_zone(room)) {
        let lack = Lack::Attribute {
            name: ZONE.to_owned(),
            wanted: zones.iter().cloned().collect(),
            there: room.instance.attribute(ZONE).map(str::to_owned),
        };
        why.push(Blocker::of(CauseKind::Attribute, room, lack));
    }
    let matches = claim.rules.matches(at);
    if matches != Tri::Yes {
        why.push(Blocker {
            certain: matches == Tri::No,
            ..Blocker::of(CauseKind::Constraint, room, Lack::MemberOf)
        });
    }
    if claim.rules.distinct && (own || claim.placed.contains_key(&at)) {
        let lack = Lack::DistinctInstance;
        why.push(Blocker::of(CauseKind::Constraint, room, lack));
    }
    let lacking = claim.rules.has_attributes(at) != Tri::Yes;
    why.extend(why_not_among(claim.deploy.needs, room, lacking));
    why
}

fn view(room: &Room<'_>, why: Vec<Blocker>) -> InstanceView {
    let instance = room.instance;
    let ports = room.tcp_taken.iter().chain(room.udp_taken.iter());
    let mut ports_taken: Vec<u16> = ports.copied().collect();
    ports_taken.sort_unstable();
    ports_taken.dedup();
    InstanceView {
        id: instance.id().to_owned(),
        ec2_instance_id: instance.ec2_instance_id.clone(),
        instance_type: instance.instance_type().map(str::to_owned),
        status: instance.status.clone(),
        agent_connected: instance.agent_connected,
        free: Free {
            cpu: instance.remaining.cpu,
            memory: instance.remaining.memory,
            ports_taken,
            enis: room
                .enis
                .exact()
                .map(|free| (free - i64::from(room.enis_leaving)).max(0)),
            gpus: room.gpus.exact(),
        },
        fits: why.is_empty(),
        why,
    }
}

/// What is left on the roomiest instances that take this service's tasks, once all that may stop
/// has stopped: CPU units and MiB, the most first.
pub(super) fn roomiest(
    claim: &Claim<'_, '_>,
    decision: &Decision,
    count: usize,
) -> Vec<(i64, i64)> {
    let needs = claim.deploy.needs;
    let stopped = |at: usize| {
        let plot = claim.plots.iter().position(|plot| plot.room == at)?;
        Some((
            &claim.plots[plot],
            decision.stopped.get(plot).copied().unwrap_or(0),
        ))
    };
    let mut near: Vec<(i64, usize)> = (0..claim.ground.rooms.len())
        .filter(|at| claim.allowed[*at] == Tri::Yes)
        .map(|at| (distance(claim, at, None), at))
        .collect();
    near.sort_unstable();
    near.truncate(count);
    let mut sizes: Vec<(i64, i64)> = near
        .into_iter()
        .map(|(_, at)| {
            let room = after(claim, at, stopped(at));
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
