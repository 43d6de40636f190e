//! What is read only to explain: the end of a failing container's log, and how the load balancer
//! sees the tasks.
//!
//! None of it decides about a rollout, and none of it is needed: what is denied is said once.

use std::time::Duration;

use serde_json::Value;

use super::reader::Reader;
use crate::aws::LogStream;
use crate::diagnosis::{LogTail, TargetHealth};
use crate::rollout::{Line, Look, State, Step, Verdict, failures, step};
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
/// Nothing waits longer for one kind of evidence.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// How the targets of one service were last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    at: Timestamp,
    /// The unhealthy ones, also when ECS has taken them out since.
    unhealthy: Vec<TargetHealth>,
}

impl Reader {
    /// Adds to a look how the load balancer sees the tasks, where some of them should be through by
    /// now. A target that ECS takes out no longer says why, so what was seen before is kept.
    pub(super) async fn targets(&mut self, index: usize, state: &State, look: &mut Look) {
        let now = self.clock.now();
        let tasks = look.tasks.as_deref().unwrap_or_default();
        let waits = tasks.iter().any(|task| {
            task.started_by == state.target.deployment
                && task.last_status == TaskStatus::Running
                && task
                    .started
                    .is_some_and(|started| now.since(started) >= PROBATION)
        });
        let before = self.seen.get(&index);
        let due = before.is_none_or(|seen| now.since(seen.at) >= BETWEEN_READS);
        if waits && due {
            self.read_targets(index, look).await;
        }
        look.targets = self
            .seen
            .get(&index)
            .map(|seen| seen.unhealthy.clone())
            .unwrap_or_default();
    }

    /// Adds which old tasks are protected, where ECS should have stopped them by now.
    pub(super) async fn protection(&mut self, state: &State, look: &mut Look) {
        const ACTION: &str = "ecs:GetTaskProtection";
        let old = look.old_tasks(&state.target);
        if !state.wants_protection() || old.is_empty() || self.denied.contains(ACTION) {
            return;
        }
        let asked = self.aws.protected_tasks(&state.target.cluster, &old);
        if let Ok(answer) = tokio::time::timeout(READ_TIMEOUT, asked).await
            && let Some(found) = self.unneeded(answer)
        {
            look.protect(found);
        }
    }

    async fn read_targets(&mut self, index: usize, look: &Look) {
        self.seen.entry(index).or_default().at = self.clock.now();
        if tokio::time::timeout(READ_TIMEOUT, self.read_target_groups(index, look))
            .await
            .is_err()
        {
            tracing::debug!("the targets' health took too long");
        }
    }

    async fn read_target_groups(&mut self, index: usize, look: &Look) {
        const ACTION: &str = "elasticloadbalancing:DescribeTargetHealth";
        let Some(service) = look
            .service
            .as_ref()
            .filter(|_| !self.denied.contains(ACTION))
        else {
            return;
        };
        let groups: Vec<&String> = service
            .load_balancers
            .iter()
            .filter_map(|one| one.target_group.as_ref())
            .take(GROUPS_MAX)
            .collect();
        let mut targets = Vec::new();
        for group in groups {
            let answer = self.aws.target_health(group).await;
            targets.extend(self.unneeded(answer).unwrap_or_default());
        }
        let tasks = look.tasks.as_deref().unwrap_or_default();
        for target in &mut targets {
            target.task = task_behind(target, tasks).map(|task| task.id().to_owned());
        }
        merge(&mut self.seen.entry(index).or_default().unhealthy, targets);
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
        let known = self.denied.len();
        self.read_targets(index, look).await;
        look.targets = self
            .seen
            .get(&index)
            .map(|seen| seen.unhealthy.clone())
            .unwrap_or_default();
        look.logs = tokio::time::timeout(READ_TIMEOUT, self.logs(state, look))
            .await
            .unwrap_or_default();
        if self.denied.len() > known {
            let denied = self
                .denied
                .iter()
                .filter(|action| !look.unread.contains(*action));
            step.say.extend(denied.map(|action| {
                Line::warning(format!(
                    "`{action}` is denied: the cause is told without it"
                ))
            }));
        }
        if !look.targets.is_empty() || !look.logs.is_empty() {
            step.causes = step::causes(state, look, self.clock.now());
        }
    }

    async fn logs(&mut self, state: &State, look: &Look) -> Vec<LogTail> {
        const ACTION: &str = "logs:GetLogEvents";
        let tasks = look.tasks.as_deref().unwrap_or(&state.stopped);
        let mut tails = Vec::new();
        for (task, container) in suspects(tasks, state, look.service.as_ref()) {
            if self.denied.contains(ACTION) {
                break;
            }
            let Some(stream) = LogStream::of(&state.document, container, task.id()) else {
                continue;
            };
            let answer = self.aws.log_tail(&stream, LOG_LINES).await;
            let Some(lines) = self.unneeded(answer) else {
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

    /// Evidence that can't be had is left out, for whatever reason.
    fn unneeded<T>(&mut self, answer: Result<T, crate::aws::AwsError>) -> Option<T> {
        answer
            .inspect_err(|error| {
                tracing::debug!(%error, "evidence is left out");
                if error.is_denied() {
                    self.denied.insert(error.action);
                }
            })
            .ok()
    }
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
