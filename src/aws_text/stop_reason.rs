//! Why a task stopped, read from what DescribeTasks tells.
//!
//! A rolling update stops tasks all the time; only what went wrong counts. A task is judged by its
//! essential containers: the first useful text is a container's reason, then the task's own, and
//! the exit code stands with the container alone.

use crate::aws_text::reason;
use crate::cause::CauseKind;
use crate::definition::TaskDefinition;
use crate::snapshot::{Container, Task, TaskStatus};

#[cfg(test)]
mod tests;

/// What a stopped task is evidence for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// Taken away by the scheduler: scaled in, or replaced by a rollout.
    Replaced,
    /// Somebody called StopTask.
    ByUser,
    Failed(CauseKind),
}

/// One stopped task, read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop<'a> {
    /// What ended the task.
    pub kind: StopKind,
    /// AWS's text that decided, verbatim.
    pub text: &'a str,
    /// The container that it is about.
    pub container: Option<&'a Container>,
}

/// Exit codes of containers that ECS made stop, likely because another one had ended.
const MADE_TO_STOP: [i64; 2] = [137, 143];

/// Reads a stopped task (or one that can't start yet: its containers have reasons already).
pub fn read<'a>(task: &'a Task, definition: TaskDefinition<'_>) -> Stop<'a> {
    let own = task.stopped_reason.as_str();
    let code = task.stop_code.as_deref().unwrap_or("");
    let essential = || {
        task.containers
            .iter()
            .filter(|one| definition.is_essential(&one.name))
    };

    if code == "UserInitiated" {
        return Stop {
            kind: StopKind::ByUser,
            text: own,
            container: None,
        };
    }
    // A health check's kill leaves exit code 137 behind; its text says more than the code.
    for container in essential() {
        if let Some(kind) = reason::kind(&container.reason) {
            let text = container.reason.as_str();
            return Stop {
                kind: StopKind::Failed(kind),
                text,
                container: Some(container),
            };
        }
    }
    if let Some(kind) = reason::kind(own) {
        return Stop {
            kind: StopKind::Failed(kind),
            text: own,
            container: culprit(essential()),
        };
    }
    if matches!(code, "SpotInterruption" | "TerminationNotice") {
        let kind = StopKind::Failed(CauseKind::SpotInterruption);
        return Stop {
            kind,
            text: own,
            container: None,
        };
    }
    let low = own.to_ascii_lowercase();
    if low.contains("scaling activity initiated by") {
        return Stop {
            kind: StopKind::Replaced,
            text: own,
            container: None,
        };
    }
    if code == "EssentialContainerExited" || low.contains("essential container") {
        let container = culprit(essential());
        let said = container
            .map(|one| one.reason.as_str())
            .filter(|text| !text.is_empty());
        let kind = StopKind::Failed(CauseKind::ContainerExit);
        return Stop {
            kind,
            text: said.unwrap_or(own),
            container,
        };
    }
    if code == "ServiceSchedulerInitiated" {
        return Stop {
            kind: StopKind::Replaced,
            text: own,
            container: None,
        };
    }
    let container = essential().find(|one| !one.reason.is_empty());
    let text = if own.is_empty() {
        container.map_or("", |one| one.reason.as_str())
    } else {
        own
    };
    Stop {
        kind: StopKind::Failed(CauseKind::Unknown),
        text,
        container,
    }
}

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
pub fn is_failure(task: &Task) -> bool {
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
fn had_no_place(task: &Task) -> bool {
    let why = task.stopped_reason.strip_prefix("TaskFailedToStart: ");
    task.instance.is_none()
        && why.is_some_and(|why| NO_PLACE.iter().any(|words| why.starts_with(words)))
}

/// The container to blame for a task that stopped, where one is: the one that the task's end is put
/// down to, else the one that ended by itself.
pub fn to_blame<'a>(task: &'a Task, definition: TaskDefinition<'_>) -> Option<&'a Container> {
    let essential = task
        .containers
        .iter()
        .filter(|one| definition.is_essential(&one.name));
    read(task, definition)
        .container
        .or_else(|| culprit(essential))
}

/// The container that ended by itself, as far as exit codes show it: a code of its own before one of
/// a signal to stop, and a failure before an end without complaint.
fn culprit<'a>(containers: impl Iterator<Item = &'a Container>) -> Option<&'a Container> {
    containers
        .filter(|one| one.exit_code.is_some())
        .min_by_key(|one| match one.exit_code {
            Some(0) => 1,
            Some(code) if MADE_TO_STOP.contains(&code) => 2,
            _ => 0,
        })
}

/// What an exit code means by convention, where it means something.
pub fn exit_meaning(code: i64) -> Option<&'static str> {
    match code {
        0 => Some(
            "it ended by itself and without complaint; a service's container has to keep running",
        ),
        126 => Some("its command was found but could not be executed"),
        127 => Some("its command was not found"),
        134 => Some("it aborted (SIGABRT)"),
        137 => Some("it was killed (SIGKILL); AWS doesn't say that memory ran out"),
        139 => Some("it crashed (SIGSEGV)"),
        143 => Some("it was asked to stop (SIGTERM)"),
        255 => Some(
            "often a program built for another CPU architecture, or an entry point that failed",
        ),
        _ => None,
    }
}
