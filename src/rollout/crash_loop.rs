//! Whether our deployment fails: tasks of it end by themselves, one after the other, and none stays up
//! for longer than those did.
//!
//! With a circuit breaker ECS decides. But each task that gets healthy sets its count back
//! (`resetOnHealthyTask`), so that what crashes later than that goes on for ever:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>.

use std::collections::BTreeSet;
use std::time::Duration;

use super::State;
use super::failures::{failed_tasks, life, longest_life, one_line, running_tasks, well_beyond};
use super::moment::Moment;
use super::waiting::{COUNTS_AFTER, counts_as_healthy, only_time};
use crate::aws_text::event;
use crate::cause::CauseKind;
use crate::definition::TaskDefinition;
use crate::durations::length;
use crate::snapshot::{Deployment, Service, Task};

/// So many failed tasks in a row are enough where none is healthy.
const FAILURES_IN_A_ROW: usize = 3;
/// And so many for each task that is wanted where some are, for a moment.
const FAILURES_OF_EACH: usize = 3;

/// Whether our deployment fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CrashLoop {
    /// Nothing that is known says so.
    Unproven,
    /// It does; the sentence says how that is known.
    Proven { reason: String },
}

impl CrashLoop {
    fn of(reason: Option<String>) -> CrashLoop {
        reason.map_or(CrashLoop::Unproven, |reason| CrashLoop::Proven { reason })
    }
}

/// Whether our deployment fails, by this look and those before.
pub(super) fn crash_loop(state: &mut State, at: Moment<'_>) -> CrashLoop {
    CrashLoop::of(match &at.look.tasks {
        Some(tasks) => seen(state, at, tasks),
        None => unseen(state, at.service, at.ours),
    })
}

fn seen(state: &mut State, at: Moment<'_>, tasks: &[Task]) -> Option<String> {
    let Moment {
        service, ours, now, ..
    } = at;
    let mut row = Row::of(state, at, tasks);
    remember(&mut state.memory.once_healthy, tasks, &row.healthy);
    let older_than = |tasks: &[&Task], age: Duration| {
        let mut tasks = tasks.iter();
        tasks.any(|task| life(task, now) > Some(age))
    };
    if older_than(&row.healthy, well_beyond(row.longest)) {
        state.memory.proved_at = Some(now);
        return None;
    }
    // One that runs for longer than those did doesn't fail as they do, and may be getting healthy.
    if older_than(&row.running, row.longest) {
        return None;
    }
    if state.memory.complete {
        let since = state.memory.incomplete_at;
        let after = |task: &&&Task| task.stopped.is_some_and(|at| at > since);
        row.failed.iter().find(after)?;
    }
    let got_healthy = |task: &&Task| {
        let by_age = || only_time(state, service) && life(task, now) >= Some(COUNTS_AFTER);
        state.memory.once_healthy.contains(&task.arn) || by_age()
    };
    if state.has_breaker(service) {
        row.failed.retain(got_healthy);
    }
    // Those that are healthy may prove themselves yet, if there aren't failures without end.
    let enough = match row.healthy.is_empty() {
        true => FAILURES_IN_A_ROW,
        false => FAILURES_IN_A_ROW.max(FAILURES_OF_EACH * ours.desired as usize),
    };
    let how = match row.failed.iter().any(got_healthy) {
        true => format!("none ran for longer than {}", length(row.longest)),
        false => "none got healthy".to_owned(),
    };
    let count = row.failed.len();
    let newest = row.failed.first().filter(|_| count >= enough)?;
    Some(format!(
        "{count} tasks of the new revision failed in a row and {how}: {}",
        one_line(newest, TaskDefinition::of(&state.document))
    ))
}

/// The tasks of our deployment, as far as they tell whether it fails.
struct Row<'a> {
    /// Those that failed since one was healthy at an age at which none fails; the newest first.
    failed: Vec<&'a Task>,
    /// The longest that one of these ran.
    longest: Duration,
    running: Vec<&'a Task>,
    /// Of those that run, the ones that count as healthy.
    healthy: Vec<&'a Task>,
}

impl<'a> Row<'a> {
    fn of(state: &State, at: Moment<'_>, tasks: &'a [Task]) -> Row<'a> {
        let Moment {
            service, ours, now, ..
        } = at;
        let mut failed = failed_tasks(tasks, &ours.id);
        if let Some(since) = state.memory.proved_at {
            failed.retain(|task| task.stopped.is_some_and(|at| at > since));
        }
        let running = running_tasks(tasks, &ours.id);
        // What is complete was found healthy by ECS.
        let is_healthy = |task: &&Task| {
            state.memory.complete || counts_as_healthy(task, service, now, state.health_check)
        };
        Row {
            longest: longest_life(failed.iter().copied()),
            healthy: running.iter().copied().filter(is_healthy).collect(),
            failed,
            running,
        }
    }
}

/// Takes note of the tasks that are healthy, and forgets those that ECS no longer lists.
fn remember(once_healthy: &mut BTreeSet<String>, tasks: &[Task], healthy: &[&Task]) {
    let listed: BTreeSet<&String> = tasks.iter().map(|task| &task.arn).collect();
    once_healthy.retain(|arn| listed.contains(arn));
    once_healthy.extend(healthy.iter().map(|task| task.arn.clone()));
}

/// The same where the tasks may not be read. ECS counts the failures in a row itself, those of tasks
/// without a place among them, so its events have to name another reason; the event about the missing
/// place may be held back for six hours.
fn unseen(state: &State, service: &Service, ours: &Deployment) -> Option<String> {
    let own = service
        .events
        .iter()
        .filter(|event| event.at >= state.target.created);
    let causes: Vec<CauseKind> = own
        .filter_map(|event| event::parse(&event.message).kind.cause())
        .collect();
    let in_a_row = ours.failed as usize >= FAILURES_IN_A_ROW && ours.running == 0;
    let certain = in_a_row
        && !state.has_breaker(service)
        && causes.iter().any(|cause| cause.is_of_task())
        && !causes.iter().any(|cause| cause.is_of_room());
    certain.then(|| {
        format!(
            "ECS counts {} failed tasks of the new revision in a row, and none runs",
            ours.failed
        )
    })
}
