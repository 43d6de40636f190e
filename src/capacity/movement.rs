//! Whether anything can still move in a rollout that is under way.
//!
//! The same proof as before a deploy, made of the present moment: the tasks of the target
//! deployment count as new, all others as old. A rollout is stuck for certain once no order of
//! starts and stops can end it any more; what is on its way (starting, stopping) is movement.

use super::addresses;
use super::claim::{Claim, is_going};
use super::decision::plural;
use super::forecast::{Forecast, Verdict, forecast_on};
use super::ground::{Cluster, Deploy, Ground};
use super::together::{ground_of_run, settle};
use crate::snapshot::TaskStatus;

/// What can be said of a rollout at this moment.
#[derive(Clone, Debug)]
pub enum Movement {
    /// It can't end any more, whatever moves until then: the proof, with what is short and what
    /// would help.
    Stuck(Box<Forecast>),
    /// Something is on its way up or down: what.
    UnderWay(Vec<String>),
    /// Nothing is on its way, but ECS could take a step: which. It tries again only now and then
    /// (after failures up to half an hour later), so this may last.
    Could(Vec<String>),
    /// Nothing that is known moves, and nothing is proven: why not.
    Unknown(Vec<String>),
}

/// Looks at the rollouts of one run as they stand, in their order; each `target` names its
/// deployment. What the other rollouts of the run may still set free is reckoned with.
pub fn movements<'a>(cluster: &Cluster<'a>, deploys: &[Deploy<'a>]) -> Vec<Movement> {
    let ground = ground_of_run(cluster, deploys);
    let settled = settle(&ground, deploys);
    let ground = settled.as_ref().unwrap_or(&ground);
    deploys
        .iter()
        .map(|deploy| movement(ground, deploy))
        .collect()
}

fn movement(ground: &Ground<'_>, deploy: &Deploy<'_>) -> Movement {
    let forecast = forecast_on(ground, deploy);
    if forecast.verdict == Verdict::Blocked {
        return Movement::Stuck(Box::new(forecast));
    }
    let claim = Claim::new(ground, deploy);
    let mut moves = under_way(ground, deploy);
    if claim.doubts.leaving > 0 {
        moves.push("tasks that are stopping may make room".to_owned());
    }
    let next = next_step(&claim, &forecast);
    match (moves.is_empty(), next.is_empty()) {
        (false, _) => Movement::UnderWay(moves),
        (true, false) => Movement::Could(next),
        (true, true) => Movement::Unknown(forecast.reasons),
    }
}

/// Tasks of this service that are on their way up or down.
fn under_way(ground: &Ground<'_>, deploy: &Deploy<'_>) -> Vec<String> {
    let own = ground.tasks_of(&deploy.service.name);
    let placed = |status: &TaskStatus| status.is_starting();
    let starting = own
        .iter()
        .filter(|(task, _)| placed(&task.last_status) && task.instance.is_some());
    let stopping = own
        .iter()
        .filter(|(task, _)| is_going(task) && task.last_status != TaskStatus::Stopped);
    let mut moves = Vec::new();
    for (count, what) in [
        (starting.count(), "starting"),
        (stopping.count(), "stopping"),
    ] {
        if count > 0 {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            moves.push(format!("{count} {} {what}", plural(count, "task")));
        }
    }
    moves
}

/// What ECS could do next.
fn next_step(claim: &Claim<'_, '_>, forecast: &Forecast) -> Vec<String> {
    let bounds = &forecast.bounds;
    let present = claim.old + claim.new + claim.doubts.unsteady;
    let mut moves = Vec::new();
    let worst: i64 = claim.elsewhere_worst.iter().sum::<i64>()
        + claim.plots.iter().map(|plot| plot.worst[0]).sum::<i64>();
    let addressed = addresses::has_any(claim);
    // On Fargate the seats are of instances that are nothing to it.
    let on_instances = !claim.deploy.service.on_fargate();
    let wanted = on_instances && claim.new < bounds.desired;
    if bounds.can_start(present) > 0 && wanted && worst > 0 && addressed {
        moves.push("a new task has room and may start".to_owned());
    }
    let healthy = claim.old + claim.healthy_new();
    if claim.old > claim.doubts.protected && bounds.can_stop(healthy) > 0 {
        moves.push("an old task may stop".to_owned());
    }
    moves
}

#[cfg(test)]
mod tests;
