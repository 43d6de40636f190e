//! Which stopped tasks count against a deployment.

use std::time::Duration;

use crate::aws_text::stop_reason::{is_failure, to_blame};
use crate::definition::TaskDefinition;
use crate::snapshot::{Container, Task, TaskStatus, Timestamp};

/// The failed tasks of one deployment, newest first.
pub fn failed_tasks<'a>(tasks: &'a [Task], deployment: &str) -> Vec<&'a Task> {
    let mut failed: Vec<&Task> = tasks
        .iter()
        .filter(|task| task.started_by == deployment && is_failure(task))
        .collect();
    failed.sort_by_key(|task| {
        std::cmp::Reverse(task.stopping.or(task.stopped).unwrap_or(task.created))
    });
    failed
}

/// The tasks of one deployment that run.
pub(super) fn running_tasks<'a>(tasks: &'a [Task], deployment: &str) -> Vec<&'a Task> {
    let runs =
        |task: &&Task| task.started_by == deployment && task.last_status == TaskStatus::Running;
    tasks.iter().filter(runs).collect()
}

/// How long a task has run, or ran; none where it never started.
pub(super) fn life(task: &Task, now: Timestamp) -> Option<Duration> {
    let end = task.stopping.or(task.stopped).unwrap_or(now);
    task.started.map(|started| end.since(started))
}

/// The longest that one of these stopped tasks ran.
pub(super) fn longest_life<'a>(stopped: impl IntoIterator<Item = &'a Task>) -> Duration {
    let lives = stopped.into_iter().filter_map(|task| {
        let end = task.stopping.or(task.stopped)?;
        life(task, end)
    });
    lives.max().unwrap_or_default()
}

/// An age at which a task won't go the way of those that lived so long: what crashes in a loop does so
/// a little sooner or later each time.
pub(super) fn well_beyond(life: Duration) -> Duration {
    life + life / 2
}

/// What one failed task says of itself, in one line.
pub(super) fn one_line(task: &Task, definition: TaskDefinition<'_>) -> String {
    format!(
        "task {}: {}",
        short(task.id()),
        why_stopped(task, definition)
    )
}

/// Why a task stopped: AWS's words, and the container to blame, where one ended badly.
pub fn why_stopped(task: &Task, definition: TaskDefinition<'_>) -> String {
    let ended_badly =
        |one: &&Container| !one.reason.is_empty() || one.exit_code.is_some_and(|code| code != 0);
    let first = task.containers.iter().find(ended_badly);
    let container = first.map(|first| to_blame(task, definition).unwrap_or(first));
    let mut text = task.stopped_reason.clone();
    if let Some(container) = container {
        text.push_str(&format!(" (container `{}`", container.name));
        if let Some(code) = container.exit_code {
            text.push_str(&format!(", exit code {code}"));
        }
        if !container.reason.is_empty() {
            text.push_str(&format!(", {}", container.reason));
        }
        text.push(')');
    }
    text
}

/// The first eight characters of a task id: enough to find it in the console.
pub(super) fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
