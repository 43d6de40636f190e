//! Whether anything can still move in a rollout that is under way.
//!
//! The same proof as before a deploy, made of the present moment: the tasks of the target
//! deployment count as new, all others as old. A rollout is stuck for certain once no order of
//! starts and stops can end it any more; what is on its way (starting, stopping) is movement.

use super::forecast::{Forecast, forecast_on};
use super::several_services::{index_of_run, settle};
use crate::capacity::facts::input::{Cluster, Deploy};
use crate::capacity::fit::cluster_index::ClusterIndex;
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::prove::subnet_addresses::has_any_address;
use crate::snapshot::TaskStatus;

/// What can be said of a rollout at this moment.
#[derive(Clone, Debug)]
pub enum Movement {
    /// It can't end any more, whatever moves until then: the proof, with what is short and what
    /// would help.
    Stuck(Box<Forecast>),
    /// Something is on its way up or down: what.
    UnderWay(Vec<Underway>),
    /// Nothing is on its way, but ECS could take a step: which. It tries again only now and then
    /// (after failures up to half an hour later), so this may last.
    Could(Vec<NextStep>),
    /// Nothing that is known moves, and nothing is proven: the forecast says why not.
    Unknown(Box<Forecast>),
}

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Underway {
    /// New or old tasks of the service that have an instance and don't run yet.
    Starting { tasks: u32 },
    /// Tasks of the service that are stopping.
    Stopping { tasks: u32 },
    /// Tasks that are stopping, of whatever service, may make room.
    RoomComesBack,
}

/// A step that ECS could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// A new task has room and may start.
    Start,
    /// An old task may stop.
    Stop,
}

/// Looks at the rollouts of one run as they stand, in their order; each `target` names its
/// deployment. What the other rollouts of the run may still set free counts.
pub fn movements<'a>(cluster: &Cluster<'a>, deploys: &[Deploy<'a>]) -> Vec<Movement> {
    let index = index_of_run(cluster, deploys);
    let settled = settle(&index, deploys);
    let index = settled.as_ref().unwrap_or(&index);
    deploys
        .iter()
        .map(|deploy| movement(index, deploy))
        .collect()
}

fn movement(index: &ClusterIndex<'_>, deploy: &Deploy<'_>) -> Movement {
    let forecast = forecast_on(index, deploy);
    if forecast.verdict.is_blocked() {
        return Movement::Stuck(Box::new(forecast));
    }
    let placement = ServicePlacement::new(index, deploy);
    let mut moves = under_way(index, deploy);
    if placement.doubts.leaving > 0 {
        moves.push(Underway::RoomComesBack);
    }
    let next = next_step(&placement, &forecast);
    match (moves.is_empty(), next.is_empty()) {
        (false, _) => Movement::UnderWay(moves),
        (true, false) => Movement::Could(next),
        (true, true) => Movement::Unknown(Box::new(forecast)),
    }
}

/// Tasks of this service that are on their way up or down.
fn under_way(index: &ClusterIndex<'_>, deploy: &Deploy<'_>) -> Vec<Underway> {
    let own = index.tasks_of(&deploy.service.name);
    let placed = |status: &TaskStatus| status.is_starting();
    let starting = own
        .iter()
        .filter(|(task, _)| placed(&task.last_status) && task.instance.is_some());
    let stopping = own
        .iter()
        .filter(|(task, _)| task.is_going() && task.last_status != TaskStatus::Stopped);
    let count = |tasks: usize| u32::try_from(tasks).unwrap_or(u32::MAX);
    let starting = count(starting.count());
    let stopping = count(stopping.count());
    let moves = [
        (starting, Underway::Starting { tasks: starting }),
        (stopping, Underway::Stopping { tasks: stopping }),
    ];
    let some = moves.into_iter().filter(|(tasks, _)| *tasks > 0);
    some.map(|(_, moving)| moving).collect()
}

/// What ECS could do next.
fn next_step(placement: &ServicePlacement<'_, '_>, forecast: &Forecast) -> Vec<NextStep> {
    let bounds = &forecast.bounds;
    let present = placement.old + placement.new + placement.doubts.unsteady;
    let mut moves = Vec::new();
    let worst: i64 = placement.elsewhere_worst.iter().sum::<i64>()
        + placement
            .hosts
            .iter()
            .map(|host| host.worst[0])
            .sum::<i64>();
    let addressed = has_any_address(placement);
    // On Fargate the slots are of instances that are nothing to it.
    let on_instances = !placement.deploy.service.on_fargate();
    let wanted = on_instances && placement.new < bounds.desired;
    if bounds.can_start(present) > 0 && wanted && worst > 0 && addressed {
        moves.push(NextStep::Start);
    }
    let healthy = placement.old + placement.healthy_new();
    if placement.old > placement.doubts.protected && bounds.can_stop(healthy) > 0 {
        moves.push(NextStep::Stop);
    }
    moves
}

#[cfg(test)]
mod tests;
