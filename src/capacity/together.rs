//! Several services deployed in one run: they compete for the same room.
//!
//! Each is forecast against what the others could do at best and at worst, whatever the order in
//! which ECS serves them. At best their old tasks all make room and their new ones go elsewhere;
//! at worst the old ones stay and the new ones take as many seats as they can.

use std::collections::HashMap;

use super::arithmetic::Bounds;
use super::claim::{Claim, is_going, is_steady};
use super::fargate::{self, is_fargate};
use super::forecast::{Forecast, decide, forecast_on, has_second_set, written};
use super::ground::{Cluster, Deploy, Ground};
use super::growth::{Growth, growth};
use super::needs::{Gpus, TaskNeeds};
use super::rolling::best_stops;
use super::room::Tri;
use super::seats::{Freed, Rival};
use crate::snapshot::{Constraint, Scheduling, Task};

/// One service of the run, as the others see it.
#[derive(Clone, Debug)]
pub(super) struct Comer<'a> {
    pub(super) service: &'a str,
    target: Option<&'a str>,
    needs: &'a TaskNeeds,
    desired: i64,
    /// New tasks that have their place already.
    placed: i64,
    /// The rooms of its old tasks.
    rooms: Vec<usize>,
    /// What each of them gives back at least, where its new tasks only ever take the place of
    /// old ones (a rolling update).
    gives: Option<Rival>,
    /// What each of its old tasks holds at most, by room.
    held: Vec<(usize, Rival)>,
    /// Whether it may ever set that free.
    pub(super) frees: bool,
    rebalances: bool,
    has_old: bool,
    /// What its new tasks hold at most, by room, where it rebalances.
    moves: HashMap<usize, Rival>,
}

impl Comer<'_> {
    pub(super) fn is_new(&self, task: &Task) -> bool {
        self.target.is_some_and(|target| task.started_by == target)
    }

    /// Whether ECS may move its new tasks: it rebalances the zones of a service whose rollout is
    /// through.
    pub(super) fn may_move(&self) -> bool {
        self.rebalances && (self.frees || !self.has_old)
    }

    /// How many tasks with a network interface it may start: its new ones, and old ones that ECS
    /// moves off draining instances.
    pub(super) fn starts(&self, ground: &Ground<'_>) -> i64 {
        if self.needs.enis == 0 {
            return 0;
        }
        let drains = |room: &&usize| ground.rooms[**room].instance.status == "DRAINING";
        let moving = self.rooms.iter().filter(drains).count();
        let new = (self.desired - self.placed).max(0);
        new.saturating_add(i64::try_from(moving).unwrap_or(i64::MAX))
    }
}

/// How often it is asked which services can set room free: each round adds at least one, and
/// after so many all are taken for able to.
const MOST_ROUNDS: usize = 4;

/// The forecasts of all services of one run on one cluster, in their order.
pub fn forecast_together<'a>(cluster: &Cluster<'a>, deploys: &[Deploy<'a>]) -> Vec<Forecast> {
    let ground = ground_of_run(cluster, deploys);
    // What others of the run may set free is asked only where it may matter.
    let decided: Vec<Option<Forecast>> = deploys
        .iter()
        .map(|deploy| decided_on(&ground, deploy))
        .collect();
    let settled = match decided.iter().any(Option::is_none) {
        true => settle(&ground, deploys),
        false => None,
    };
    let ground = settled.as_ref().unwrap_or(&ground);
    let both = decided.into_iter().zip(deploys);
    both.map(|(forecast, deploy)| forecast.unwrap_or_else(|| forecast_on(ground, deploy)))
        .collect()
}

/// The forecast where it is a certain one.
fn decided_on(ground: &Ground<'_>, deploy: &Deploy<'_>) -> Option<Forecast> {
    let claim = Claim::new(ground, deploy);
    let decision = decide(&claim);
    (!decision.verdict.is_unknown()).then(|| written(claim, decision))
}

/// The ground on which the services of one run meet.
pub(super) fn ground_of_run<'a>(cluster: &Cluster<'a>, deploys: &[Deploy<'a>]) -> Ground<'a> {
    let mut ground = Ground::new(*cluster, deploys.iter().map(|deploy| deploy.needs));
    if deploys.len() > 1 {
        deploys.iter().for_each(|deploy| meet(&mut ground, deploy));
        ground.sum_rivals(|_| true);
    }
    ground
}

/// The same ground, where only those services set room free that ever can: those that may stop an
/// old task as things are, those that may once these have made all the room that they can, and so
/// on. `None` where that is all of them.
///
/// The first stop of any other service would have to come before itself.
pub(super) fn settle<'a>(ground: &Ground<'a>, deploys: &[Deploy<'a>]) -> Option<Ground<'a>> {
    if deploys.len() < 2 {
        return None;
    }
    let mut able = vec![false; deploys.len()];
    let mut settled = ground.clone();
    for _ in 0..MOST_ROUNDS {
        settled.sum_rivals(|at| able[at]);
        let mut next = able.clone();
        for (can, deploy) in next.iter_mut().zip(deploys).filter(|(can, _)| !**can) {
            *can = may_stop(&Claim::new(&settled, deploy));
        }
        if next == able {
            return able.contains(&false).then_some(settled);
        }
        able = next;
    }
    None
}

/// Whether the service may ever stop an old task, in the best case.
fn may_stop(claim: &Claim<'_, '_>) -> bool {
    let service = claim.deploy.service;
    if service.scheduling == Scheduling::Daemon || has_second_set(service) || !claim.is_read() {
        return true;
    }
    let bounds = Bounds::of(service, 0);
    // Its tasks have no instances, and growth is no matter of theirs.
    if is_fargate(claim.ground, service) {
        return claim.old > 0 && !bounds.deadlocked() && fargate::may_stop(claim, &bounds);
    }
    let certain = claim.doubts.missing == 0 && claim.doubts.unsteady == 0;
    let grows = growth(claim.ground, service, claim.deploy.needs);
    if !certain || grows != Growth::Fixed(Vec::new()) {
        return true;
    }
    claim.old > 0 && !bounds.deadlocked() && best_stops(claim, &bounds).margin >= 0
}

fn meet<'a>(ground: &mut Ground<'a>, deploy: &Deploy<'a>) {
    let service = deploy.service;
    let rolling = service.scheduling == Scheduling::Replica && !has_second_set(service);
    let desired = match service.scheduling {
        Scheduling::Replica => i64::from(service.desired),
        Scheduling::Daemon => i64::try_from(ground.rooms.len()).unwrap_or(i64::MAX),
    };
    let mut comer = Comer {
        service: &service.name,
        target: deploy.target,
        needs: deploy.needs,
        desired,
        placed: 0,
        rooms: Vec::new(),
        gives: rolling.then_some(Rival::MOST),
        held: Vec::new(),
        frees: true,
        rebalances: service.az_rebalancing,
        has_old: false,
        moves: HashMap::new(),
    };
    let mut held = Vec::new();
    for (task, room) in ground.tasks_of(&service.name) {
        comer.has_old |= !is_going(task) && !comer.is_new(task);
        let Some(at) = room.filter(|_| !is_going(task)) else {
            continue;
        };
        let freed = Freed::of(task, deploy.old_needs, (&ground.rooms[at], deploy.needs));
        if comer.is_new(task) {
            comer.placed += 1;
            if comer.rebalances {
                let here = comer.moves.entry(at).or_default();
                *here = here.plus(Rival::of(&freed));
            }
            continue;
        }
        held.push((at, Rival::of(&freed)));
        if is_steady(task) {
            comer.rooms.push(at);
            comer.gives = comer.gives.map(|gives| gives.least(&freed));
        }
    }
    comer.held = held;
    ground.comers.push(comer);
}

impl<'a> Ground<'a> {
    /// The other services of the run.
    pub(super) fn others<'s>(&'s self, service: &'s str) -> impl Iterator<Item = &'s Comer<'a>> {
        self.comers
            .iter()
            .filter(move |comer| comer.service != service)
    }

    /// What the service's own new tasks hold, where that is in the sum of the rivals.
    pub(super) fn moves_of(&self, service: &str) -> Option<&HashMap<usize, Rival>> {
        let own = self.comers.iter().find(|comer| comer.service == service);
        own.filter(|comer| comer.may_move())
            .map(|comer| &comer.moves)
    }

    /// Sums up what the old tasks hold of those services (by their place in the run) that may
    /// set it free, and the new ones of those that may move.
    fn sum_rivals(&mut self, frees: impl Fn(usize) -> bool) {
        let mut rivals = vec![Rival::default(); self.rooms.len()];
        for (at, comer) in self.comers.iter_mut().enumerate() {
            comer.frees = frees(at);
            for (room, one) in comer.held.iter().filter(|_| comer.frees) {
                rivals[*room] = rivals[*room].plus(*one);
            }
            for (room, all) in comer.moves.iter().filter(|_| comer.may_move()) {
                rivals[*room] = rivals[*room].plus(*all);
            }
        }
        self.rivals = rivals;
    }

    /// Whether what the service's own old tasks hold is in the sum of the rivals.
    pub(super) fn sums_up(&self, service: &str) -> bool {
        self.comers
            .iter()
            .any(|comer| comer.service == service && comer.frees)
    }
}

/// How many seats of a service the others may take at most, in a moment in which nothing can
/// move any more; `allowed` says where the service's tasks may go.
///
/// There are two bounds, and the smaller one holds. Each new task takes a seat, or more where it
/// is larger. And in such a moment a rolling update has no more tasks than it wants, so that each
/// new one stands for an old one that has gone, and that one gave seats back.
pub(super) fn loss(ground: &Ground<'_>, deploy: &Deploy<'_>, allowed: &[Tri]) -> i64 {
    let others = ground.others(&deploy.service.name);
    let most = match deploy.needs.has_ports() {
        // With a fixed port an instance has one seat.
        true => 1,
        false => i64::from(deploy.service.desired).max(1),
    };
    let counts = Counts::of(ground, deploy, allowed);
    let (mut taken, mut in_exchange) = (0_i64, 0_i64);
    for comer in others {
        let each = seats_taken(comer.needs, deploy.needs);
        let new = (comer.desired - comer.placed).max(0);
        taken = taken.saturating_add(each.min(most).saturating_mul(new));
        in_exchange = in_exchange.saturating_add(exchange(comer, deploy.needs, (&counts, each)));
    }
    taken.min(in_exchange)
}

/// Where the room that an old task gives back counts as seats of the service.
enum Counts {
    Nowhere,
    Everywhere,
    /// For each room.
    At(Vec<bool>),
}

impl Counts {
    fn of(ground: &Ground<'_>, deploy: &Deploy<'_>, allowed: &[Tri]) -> Counts {
        let own = deploy.needs;
        let simple = !own.has_ports()
            && own.gpus != Gpus::All
            && !deploy
                .service
                .constraints
                .contains(&Constraint::DistinctInstance)
            && deploy.service.capacity_providers.len() <= 1;
        if !simple || ground.comers.len() < 2 {
            return Counts::Nowhere;
        }
        // Where the service may go, and nothing is overbooked.
        let rooms = ground.rooms.iter().zip(allowed);
        let counts = rooms.map(|(room, allowed)| {
            *allowed == Tri::Yes && room.cpu.least >= 0 && room.memory.least >= 0
        });
        let counts: Vec<bool> = counts.collect();
        match counts.contains(&false) {
            true => Counts::At(counts),
            false => Counts::Everywhere,
        }
    }

    fn all(&self, rooms: &[usize]) -> bool {
        match self {
            Counts::Nowhere => false,
            Counts::Everywhere => true,
            Counts::At(counts) => rooms.iter().all(|at| counts[*at]),
        }
    }
}

fn exchange(comer: &Comer<'_>, own: &TaskNeeds, (counts, each): (&Counts, i64)) -> i64 {
    let new = (comer.desired - comer.placed).max(0);
    let Some(gives) = comer.gives else {
        return each.saturating_mul(new);
    };
    let back = match counts.all(&comer.rooms) {
        true => seats_given(gives, own),
        false => 0,
    };
    let old = i64::try_from(comer.rooms.len()).unwrap_or(i64::MAX);
    // With `gone` old tasks gone, so many new ones may have come; the sum is greatest at an end
    // or where the first of them comes.
    let sum = |gone: i64| {
        let come = (new - old + gone).clamp(0, new);
        each.saturating_mul(come)
            .saturating_sub(back.saturating_mul(gone))
    };
    let first = (old - new).clamp(0, old);
    sum(0).max(sum(first)).max(sum(old)).max(0)
}

/// How many seats one new task of another service takes at most.
pub(super) fn seats_taken(comer: &TaskNeeds, own: &TaskNeeds) -> i64 {
    let ratio = |other: i64, own: i64| if own > 0 { (other + own - 1) / own } else { 0 };
    let gpus = match (comer.gpus, own.gpus) {
        (Gpus::Count(0), _) | (_, Gpus::Count(0)) => 0,
        (Gpus::Count(other), Gpus::Count(own)) => ratio(other.into(), own.into()),
        // All GPUs of an instance: as many as it may have.
        _ => i64::from(u16::MAX),
    };
    let ports = !comer.tcp_ports.is_disjoint(&own.tcp_ports)
        || !comer.udp_ports.is_disjoint(&own.udp_ports);
    let ratios = [
        ratio(comer.cpu, own.cpu),
        ratio(comer.memory, own.memory),
        ratio(comer.enis.into(), own.enis.into()),
        gpus,
        i64::from(ports),
    ];
    ratios.into_iter().max().unwrap_or(0).max(0)
}

/// How many seats one old task of another service gives back at least.
fn seats_given(gives: Rival, own: &TaskNeeds) -> i64 {
    let gpus = match own.gpus {
        Gpus::Count(count) => i64::from(count),
        Gpus::All => return 0,
    };
    let pairs = [
        (gives.cpu, own.cpu),
        (gives.memory, own.memory),
        (gives.enis, i64::from(own.enis)),
        (gives.gpus, gpus),
    ];
    let given = pairs
        .into_iter()
        .filter(|(_, own)| *own > 0)
        .map(|(back, own)| back / own);
    given.min().unwrap_or(0).max(0)
}

#[cfg(test)]
mod tests;
