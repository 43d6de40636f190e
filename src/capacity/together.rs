//! Several services deployed in one run: they compete for the same room.
//!
//! Each is forecast against what the others could do at best and at worst, whatever the order in
//! which ECS serves them. At best their old tasks all make room and their new ones go elsewhere;
//! at worst the old ones stay and the new ones take as many seats as they can.

use super::claim::is_going;
use super::forecast::{Forecast, forecast_on};
use super::ground::{Cluster, Deploy, Ground};
use super::needs::{Gpus, TaskNeeds};
use super::seats::{Freed, Rival};
use crate::snapshot::Scheduling;

/// The new tasks of one service of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comer<'a> {
    service: &'a str,
    needs: &'a TaskNeeds,
    tasks: u32,
}

/// The forecasts of all services of one run on one cluster, in their order.
pub fn forecast_together<'a>(cluster: &Cluster<'a>, deploys: &[Deploy<'a>]) -> Vec<Forecast> {
    let ground = ground_of_run(cluster, deploys);
    deploys
        .iter()
        .map(|deploy| forecast_on(&ground, deploy))
        .collect()
}

/// The ground on which the services of one run meet.
pub(super) fn ground_of_run<'a>(cluster: &Cluster<'a>, deploys: &[Deploy<'a>]) -> Ground<'a> {
    let mut ground = Ground::new(*cluster, deploys.iter().map(|deploy| deploy.needs));
    if deploys.len() > 1 {
        ground.rivals = vec![Rival::default(); ground.rooms.len()];
        for deploy in deploys {
            meet(&mut ground, deploy);
        }
    }
    ground
}

fn meet<'a>(ground: &mut Ground<'a>, deploy: &Deploy<'a>) {
    let service = deploy.service;
    let mut held = Vec::new();
    for task in ground.tasks_of(&service.name) {
        let new = deploy
            .target
            .is_some_and(|target| task.started_by == target);
        let room = task
            .instance
            .as_deref()
            .and_then(|arn| ground.place.get(arn));
        if let Some(at) = room.filter(|_| !new && !is_going(task)) {
            let freed = Freed::of(task, deploy.old_needs, (&ground.rooms[*at], deploy.needs));
            held.push((*at, Rival::of(&freed)));
        }
    }
    for (at, one) in held {
        ground.rivals[at] = ground.rivals[at].plus(one);
    }
    let tasks = match service.scheduling {
        Scheduling::Replica => service.desired,
        Scheduling::Daemon => u32::try_from(ground.rooms.len()).unwrap_or(u32::MAX),
    };
    ground.comers.push(Comer {
        service: &service.name,
        needs: deploy.needs,
        tasks,
    });
}

impl Ground<'_> {
    /// How many seats of this service the new tasks of the others may take at most: each takes
    /// one, and more where it is larger.
    pub(super) fn loss_of(&self, deploy: &Deploy<'_>) -> i64 {
        let others = self
            .comers
            .iter()
            .filter(|comer| comer.service != deploy.service.name);
        others.fold(0, |sum, comer| {
            let each = seats_taken(comer.needs, deploy);
            sum.saturating_add(each.saturating_mul(i64::from(comer.tasks)))
        })
    }
}

fn seats_taken(comer: &TaskNeeds, deploy: &Deploy<'_>) -> i64 {
    let own = deploy.needs;
    let all = i64::from(deploy.service.desired).max(1);
    let ratio = |other: i64, own: i64| if own > 0 { (other + own - 1) / own } else { 0 };
    let gpus = match (comer.gpus, own.gpus) {
        (Gpus::Count(0), _) | (_, Gpus::Count(0)) => 0,
        (Gpus::Count(other), Gpus::Count(own)) => ratio(other.into(), own.into()),
        _ => all,
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
    // An instance never has more than `all` seats, and with a fixed port no more than one.
    let most = if own.has_ports() { 1 } else { all };
    ratios.into_iter().max().unwrap_or(0).clamp(0, most)
}

#[cfg(test)]
mod tests;
