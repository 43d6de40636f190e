//! Which stopped tasks count against a deployment.

use std::time::Duration;

use crate::snapshot::{Task, TaskStatus, Timestamp};

/// What AWS says of a task that waited in PROVISIONING for a place until its time was over.
const NO_PLACE: &[&str] = &[
    "RESOURCE:",
    "AGENT",
    "ATTRIBUTE",
    "MemberOf placement constraint",
    "NO ACTIVE INSTANCES",
    "EMPTY CAPACITY PROVIDER",
];

/// What AWS says of a task whose instance went away under it.
const NO_HOST: &[&str] = &["Host EC2 (instance", "deregistration forced by user"];

/// Whether a task stopped because something went wrong with it. What the scheduler stops for
/// scaling is normal in a rollout; a failed health check, also the scheduler's, is not. A task that
/// never had a place, or lost its host, says nothing about its revision.
pub(super) fn is_failure(task: &Task) -> bool {
    if task.last_status != TaskStatus::Stopped && task.desired_status != "STOPPED" {
        return false;
    }
    match task.stop_code.as_deref() {
        Some("ServiceSchedulerInitiated") => task.stopped_reason.contains("health check"),
        Some(
            "UserInitiated" | "SpotInterruption" | "TerminationNotice" | "InfrastructureHealth",
        ) => false,
        _ => {
            !had_no_place(task)
                && !NO_HOST
                    .iter()
                    .any(|words| task.stopped_reason.contains(words))
        }
    }
}

/// Whether a task stopped because no instance could take it.
pub(super) fn had_no_place(task: &Task) -> bool {
    let why = task.stopped_reason.strip_prefix("TaskFailedToStart: ");
    task.instance.is_none()
        && why.is_some_and(|why| NO_PLACE.iter().any(|words| why.starts_with(words)))
}

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
pub(super) fn one_line(task: &Task) -> String {
    format!("task {}: {}", short(task.id()), why_stopped(task))
}

/// Why a task stopped: AWS's words, and the first container that ended badly.
pub fn why_stopped(task: &Task) -> String {
    let container = task.containers.iter().find(|container| {
        !container.reason.is_empty() || container.exit_code.is_some_and(|code| code != 0)
    });
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
