//! What is read beside the tasks: how the load balancer sees them, which are protected, and for a
//! verdict that isn't good the end of a failing container's log.
//!
//! None of it is needed: without it the judgement goes by time, and the cause is told without it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::reader::Reader;
use crate::aws::LogStream;
use crate::diagnosis::{LogTail, TargetHealth};
use crate::rollout::{Look, State, Step, Verdict, failures, step};
use crate::snapshot::{Container, Service, Task, TaskStatus, Timestamp};

/// A crash tells itself in its last lines; more bury it.
const LOG_LINES: usize = 20;
/// Logs that are read: tasks of one revision mostly fail alike.
const LOGS_MAX: usize = 2;
/// A task behind a load balancer that isn't through after this time may be an unhealthy one.
const PROBATION: Duration = Duration::from_secs(45);
/// Between two reads of a target group: as often as most of them check.
const BETWEEN_READS: Duration = Duration::from_secs(30);
/// Target groups of one service that are read; ECS allows five.
const GROUPS_MAX: usize = 5;

pub(super) const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
pub(super) const LOGS: &str = "logs:GetLogEvents";
pub(super) const PROTECTION: &str = "ecs:GetTaskProtection";

/// How the targets of one service were last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    at: Timestamp,
    /// The unhealthy ones, also when ECS has taken them out since.
    unhealthy: Vec<TargetHealth>,
    /// Whether all targets of a task are healthy, by the task's id.
    in_service: BTreeMap<String, bool>,
}

impl Reader {
    /// Adds to a look how the load balancer sees the tasks, where some of them should be through by
    /// now, or others fail beside them. A target that ECS takes out no longer says why, so what was
    /// seen before is kept.
    pub(super) async fn targets(&mut self, index: usize, state: &State, look: &mut Look) {
        let now = self.clock.now();
        let tasks = look.tasks.as_deref().unwrap_or_default();
        let ours = |task: &&Task| task.started_by == state.target.deployment;
        let mut running = tasks
            .iter()
            .filter(ours)
            .filter(|task| task.last_status == TaskStatus::Running)
            .peekable();
        let fails = !failures::failed_tasks(tasks, &state.target.deployment).is_empty();
        let waits = running.peek().is_some() && fails
            || running.any(|task| {
                task.started
                    .is_some_and(|started| now.since(started) >= PROBATION)
            });
        let before = self.seen.get(&index);
        let due = before.is_none_or(|seen| now.since(seen.at) >= BETWEEN_READS);
        if waits && due {
            self.read_targets(index, look).await;
        }
        self.show_targets(index, look);
    }

    /// What was seen of the targets, in a look.
    fn show_targets(&self, index: usize, look: &mut Look) {
        let Some(seen) = self.seen.get(&index) else {
            return;
        };
        look.targets.clone_from(&seen.unhealthy);
        for task in look.tasks.iter_mut().flatten() {
            task.in_service = seen.in_service.get(task.id()).copied();
        }
    }

    /// Adds which old tasks are protected, where ECS should have stopped them by now.
    pub(super) async fn protection(&mut self, state: &State, look: &mut Look) {
        let old = look.old_tasks(&state.target);
        if !state.wants_protection() || old.is_empty() {
            return;
        }
        let read = self.reads.aws.protected_tasks(&state.target.cluster, &old);
        if let Ok(found) = self.reads.ask(&[PROTECTION], read).await {
            look.protect(found);
        }
    }

    async fn read_targets(&mut self, index: usize, look: &Look) {
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
            let read = self.reads.aws.target_health(group);
            match self.reads.ask(&[HEALTH], read).await {
                Ok(found) => targets.extend(found),
                Err(missed) => (whole, gone) = (false, gone || missed.is_gone),
            }
        }
        let tasks = look.tasks.as_deref().unwrap_or_default();
        for target in &mut targets {
            target.task = task_behind(target, tasks).map(|task| task.id().to_owned());
        }
        let seen = self.seen.entry(index).or_default();
        seen.at = self.clock.now();
        if whole {
            seen.in_service = in_service(&targets);
        } else if gone {
            // An old state would be waited on for ever.
            seen.in_service.clear();
        }
        merge(&mut seen.unhealthy, targets);
    }

    /// Reads what explains a verdict that isn't good, and has the causes told with it.
    pub(super) async fn explain(
        &mut self,
        index: usize,
        state: &State,
        (look, step): (&mut Look, &mut Step),
    ) {
        let bad = matches!(
            step.verdict,
            Some(
                Verdict::Stuck { .. }
                    | Verdict::Failed { .. }
                    | Verdict::RolledBack { .. }
                    | Verdict::TimedOut { .. }
            )
        );
        if !bad {
            return;
        }
        self.read_targets(index, look).await;
        self.show_targets(index, look);
        look.logs = self.logs(state, look).await;
        // There is no other look that could have it.
        for action in [HEALTH, LOGS] {
            if let Some(error) = self.reads.failing(action) {
                self.name(&error);
            }
        }
        if !look.targets.is_empty() || !look.logs.is_empty() {
            step.causes = step::causes(state, look, self.clock.now());
        }
    }

    async fn logs(&self, state: &State, look: &Look) -> Vec<LogTail> {
        let tasks = look.tasks.as_deref().unwrap_or(&state.stopped);
        let mut tails = Vec::new();
        for (task, container) in suspects(tasks, state, look.service.as_ref()) {
            let Some(stream) = LogStream::of(&state.document, container, task.id()) else {
                continue;
            };
            let read = self.reads.aws.log_tail(&stream, LOG_LINES);
            let Ok(lines) = self.reads.ask(&[LOGS], read).await else {
                continue;
            };
            let (task, container) = (task.id().to_owned(), container.to_owned());
            tails.push(LogTail {
                task,
                container,
                group: stream.group,
                stream: stream.stream,
                lines,
            });
        }
        tails
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

/// Tasks and the container of each whose log may tell what went wrong: the newest failures first,
/// then running tasks that don't get healthy.
fn suspects<'a>(
    tasks: &'a [Task],
    state: &'a State,
    service: Option<&'a Service>,
) -> Vec<(&'a Task, &'a str)> {
    let behind = service
        .and_then(|service| service.load_balancers.first())
        .map(|one| one.container.as_str());
    let failed = failures::failed_tasks(tasks, &state.target.deployment).into_iter();
    let failed = failed.filter(|task| task.started.is_some());
    let waiting = tasks.iter().filter(|task| {
        behind.is_some()
            && task.started_by == state.target.deployment
            && task.last_status == TaskStatus::Running
    });
    let named = |task: &'a Task| Some((task, ended(task, &state.document).or(behind)?));
    failed
        .chain(waiting)
        .filter_map(named)
        .take(LOGS_MAX)
        .collect()
}

/// The essential container that ended by itself, with an error before without one.
fn ended<'a>(task: &'a Task, document: &Value) -> Option<&'a str> {
    if task.stop_code.as_deref() != Some("EssentialContainerExited") {
        return None;
    }
    let essential = |container: &&Container| {
        defined(document, &container.name).and_then(|one| one.get("essential"))
            != Some(&Value::Bool(false))
    };
    let ended = || {
        task.containers
            .iter()
            .filter(essential)
            .filter(|container| container.exit_code.is_some())
    };
    let first = ended()
        .find(|container| !matches!(container.exit_code, Some(0 | 143)))
        .or_else(|| ended().next());
    first.map(|container| container.name.as_str())
}

fn defined<'a>(document: &'a Value, container: &str) -> Option<&'a Value> {
    let containers = document.get("containerDefinitions")?.as_array()?;
    containers
        .iter()
        .find(|one| one.get("name").and_then(Value::as_str) == Some(container))
}

#[cfg(test)]
mod tests;
