//! How the load balancer sees the tasks of the services that are watched.
//!
//! It isn't needed: without it the judgement goes by time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::without::HEALTH;
use crate::aws::OptionalReads;
use crate::clock::Clock;
use crate::rollout::{Look, State, failed_tasks};
use crate::snapshot::{Container, TargetHealth, Task, TaskStatus, Timestamp};

/// A task behind a load balancer that isn't through after this time may be an unhealthy one.
const PROBATION: Duration = Duration::from_secs(45);

/// Between two reads of a target group: as often as most of them check.
const BETWEEN_READS: Duration = Duration::from_secs(30);

/// Target groups of one service that are read; ECS allows five.
const GROUPS_MAX: usize = 5;

/// How the targets of all services were last seen, by the state's index.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets(BTreeMap<usize, Seen>);

/// How the targets of one service were last seen.
#[derive(Clone, Debug, Default)]
struct Seen {
    at: Timestamp,
    /// The unhealthy ones, also when ECS has taken them out since.
    unhealthy: Vec<TargetHealth>,
    /// Whether all targets of a task are healthy, by the task's id.
    in_service: BTreeMap<String, bool>,
}

impl Targets {
    /// Whether they are to be read for this look: where some of the tasks should be through by now,
    /// or others fail at the same time.
    pub(super) fn are_due(&self, index: usize, state: &State, look: &Look, now: Timestamp) -> bool {
        let tasks = look.tasks.as_deref().unwrap_or_default();
        let ours = |task: &&Task| task.started_by == state.target.deployment;
        let mut running = tasks
            .iter()
            .filter(ours)
            .filter(|task| task.last_status == TaskStatus::Running)
            .peekable();
        let fails = !failed_tasks(tasks, &state.target.deployment).is_empty();
        let waits = running.peek().is_some() && fails
            || running.any(|task| {
                task.started
                    .is_some_and(|started| now.since(started) >= PROBATION)
            });
        let before = self.0.get(&index);
        waits && before.is_none_or(|seen| now.since(seen.at) >= BETWEEN_READS)
    }

    /// Reads the targets of one service. A target that ECS takes out no
    /// longer says why, so what was seen before is kept.
    pub(super) async fn read(
        &mut self,
        index: usize,
        look: &Look,
        reads: &OptionalReads,
        clock: Clock,
    ) {
        let Some(service) = look.service.as_ref() else {
            return;
        };
        let groups: Vec<&String> = service
            .load_balancers
            .iter()
            .filter_map(|one| one.target_group.as_ref())
            .take(GROUPS_MAX)
            .collect();
        let (mut targets, mut whole, mut gone) = (Vec::new(), true, false);
        for group in groups {
            let read = reads.aws.target_health(group);
            match reads.ask(&[HEALTH], read).await {
                Ok(found) => targets.extend(found),
                Err(missed) => (whole, gone) = (false, gone || missed.is_gone),
            }
        }
        let tasks = look.tasks.as_deref().unwrap_or_default();
        for target in &mut targets {
            target.task = task_behind(target, tasks).map(|task| task.id().to_owned());
        }
        let seen = self.0.entry(index).or_default();
        seen.at = clock.now();
        if whole {
            seen.in_service = in_service(&targets);
        } else if gone {
            // An old state would be waited on for ever.
            seen.in_service.clear();
        }
        merge(&mut seen.unhealthy, targets);
    }

    /// Adds to a look what was seen of the service's targets.
    pub(super) fn show(&self, index: usize, look: &mut Look) {
        let Some(seen) = self.0.get(&index) else {
            return;
        };
        look.targets.clone_from(&seen.unhealthy);
        for task in look.tasks.iter_mut().flatten() {
            task.in_service = seen.in_service.get(task.id()).copied();
        }
    }
}

/// Which tasks get traffic from all their target groups. A state that says nothing about health
/// (`unused`, `unavailable`, `draining`) says nothing here.
fn in_service(targets: &[TargetHealth]) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    for target in targets {
        let healthy = match target.state.as_str() {
            "healthy" => true,
            "initial" | "unhealthy" => false,
            _ => continue,
        };
        if let Some(task) = &target.task {
            let all = found.entry(task.clone()).or_insert(true);
            *all = *all && healthy;
        }
    }
    found
}

/// What was seen as unhealthy stays so until it is seen as healthy.
fn merge(unhealthy: &mut Vec<TargetHealth>, targets: Vec<TargetHealth>) {
    let same = |one: &TargetHealth, other: &TargetHealth| {
        one.group == other.group && one.target == other.target && one.port == other.port
    };
    let recovered = |before: &TargetHealth| {
        targets.iter().any(|now| {
            same(before, now) && matches!(now.state.as_str(), "healthy" | "unhealthy" | "initial")
        })
    };
    unhealthy.retain(|before| !recovered(before));
    unhealthy.extend(
        targets
            .into_iter()
            .filter(|now| now.state.starts_with("unhealthy")),
    );
}

/// The one task at the target's address, or at its port where targets are instances; none where
/// several could be meant.
fn task_behind<'a>(target: &TargetHealth, tasks: &'a [Task]) -> Option<&'a Task> {
    let is_instance = target.target.starts_with("i-");
    let fits = |container: &Container| {
        if is_instance {
            container.host_ports.contains(&target.port)
        } else {
            container.addresses.contains(&target.target)
        }
    };
    let mut behind = tasks
        .iter()
        .filter(|task| task.last_status != TaskStatus::Stopped && task.containers.iter().any(fits));
    behind.next().filter(|_| behind.next().is_none())
}

#[cfg(test)]
mod tests;
