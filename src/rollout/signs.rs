//! Signs in a look that take more than counting: failures in a row, agents that are away, whether
//! anything changed, and how long stillness is to be borne.

use std::collections::BTreeSet;
use std::time::Duration;

use super::failures::{life, longest_life, well_beyond};
use super::waiting::{COUNTS_AFTER, counts_as_healthy, length, only_time};
use super::{State, Waiting, failures};
use crate::cause::CauseKind;
use crate::diagnosis::event;
use crate::snapshot::{Deployment, Service, Task, TaskStatus, Timestamp};

/// A scale-out: the alarm's minute, the launch, the agent's registration, and some.
pub(super) const SCALE_OUT: Duration = Duration::from_secs(5 * 60);
/// After a failed placement the next attempt was seen five minutes later.
const NEXT_ATTEMPT: Duration = Duration::from_secs(6 * 60);
/// So many failed tasks in a row are enough where none is healthy.
const FAILURES_IN_A_ROW: usize = 3;
/// And so many for each task that is wanted where some are, for a moment.
const FAILURES_OF_EACH: usize = 3;

/// How long nothing may move before an unproven rollout is called stuck. What a capacity provider
/// brings and what ECS tries again comes by itself, but nothing shows it coming.
pub(super) fn patience(stuck_after: Duration, waiting: &[Waiting], could: &[String]) -> Duration {
    let instance = waiting
        .iter()
        .any(|waiting| matches!(waiting, Waiting::Instance { .. }));
    match (instance, could.is_empty()) {
        (true, _) => stuck_after.max(SCALE_OUT),
        (false, false) => stuck_after.max(NEXT_ATTEMPT),
        (false, true) => stuck_after,
    }
}

/// Why our deployment is called failed: tasks of it fail in a row, and none stays up for longer.
///
/// With a circuit breaker ECS decides. But each task that gets healthy sets its count back
/// (`resetOnHealthyTask`), so that what crashes later than that goes on for ever.
pub(super) fn failing(
    state: &mut State,
    service: &Service,
    ours: &Deployment,
    tasks: Option<&[Task]>,
    now: Timestamp,
) -> Option<String> {
    let Some(tasks) = tasks else {
        return failing_unseen(state, service, ours);
    };
    let complete = state.memory.complete;
    let running: Vec<&Task> = tasks
        .iter()
        .filter(|task| task.started_by == ours.id && task.last_status == TaskStatus::Running)
        .collect();
    let healthy: Vec<&Task> = running
        .iter()
        .copied()
        .filter(|task| complete || counts_as_healthy(task, service, now, state.health_check))
        .collect();
    let arns: BTreeSet<&String> = tasks.iter().map(|task| &task.arn).collect();
    let once_healthy = &mut state.memory.once_healthy;
    once_healthy.retain(|arn| arns.contains(arn));
    once_healthy.extend(healthy.iter().map(|task| task.arn.clone()));
    let mut in_a_row = failures::failed_tasks(tasks, &ours.id);
    let since = state.memory.proved_at;
    in_a_row.retain(|task| since.is_none_or(|since| task.stopped.is_some_and(|at| at > since)));
    let longest = longest_life(in_a_row.iter().copied());
    if healthy
        .iter()
        .any(|task| life(task, now) > Some(well_beyond(longest)))
    {
        state.memory.proved_at = Some(now);
        return None;
    }
    // One that runs for longer than those did doesn't fail as they do, and may be getting healthy.
    if running.iter().any(|task| life(task, now) > Some(longest)) {
        return None;
    }
    if complete {
        let after = |task: &&&Task| {
            task.stopped
                .is_some_and(|at| at > state.memory.incomplete_at)
        };
        in_a_row.iter().find(after)?;
    }
    let got_healthy = |task: &&Task| {
        let by_age = || only_time(state, service) && life(task, now) >= Some(COUNTS_AFTER);
        state.memory.once_healthy.contains(&task.arn) || by_age()
    };
    if state.has_breaker(service) {
        in_a_row.retain(got_healthy);
    }
    // Those that are healthy may prove themselves yet, if there aren't failures without end.
    let enough = if healthy.is_empty() {
        FAILURES_IN_A_ROW
    } else {
        FAILURES_IN_A_ROW.max(FAILURES_OF_EACH * ours.desired as usize)
    };
    let newest = in_a_row.first().filter(|_| in_a_row.len() >= enough)?;
    let how = if in_a_row.iter().any(got_healthy) {
        format!("none ran for longer than {}", length(longest))
    } else {
        "none got healthy".to_owned()
    };
    Some(format!(
        "{} tasks of the new revision failed in a row and {how}: {}",
        in_a_row.len(),
        failures::one_line(newest)
    ))
}

/// The same where the tasks may not be read. ECS counts the failures in a row itself, those for want of
/// a place among them, so its events have to tell of another reason; the one for want of a place may be
/// held back for six hours.
fn failing_unseen(state: &State, service: &Service, ours: &Deployment) -> Option<String> {
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

/// Everything in a look whose change is movement. Of the old tasks only that they get fewer is
/// (`old_least` is the least number so far): those of a revision that crashes come and go.
pub(super) fn print_of(
    ours: &Deployment,
    service: &Service,
    look: (Option<&[Task]>, u32),
) -> String {
    let (tasks, old_least) = look;
    let Some(tasks) = tasks else {
        return format!(
            "{} {} {} {}",
            ours.desired, ours.running, service.running, service.pending
        );
    };
    let new = tasks.iter().filter(|task| task.started_by == ours.id);
    let mut states: Vec<String> = new
        .map(|task| {
            format!(
                "{} {:?} {:?} {:?} {}",
                task.arn,
                task.last_status,
                task.health,
                task.in_service,
                task.instance.as_deref().unwrap_or_default()
            )
        })
        .collect();
    states.sort();
    // A task that can't be placed makes ECS count failures; that is no movement.
    format!("{} {} {old_least} {states:?}", ours.desired, ours.running)
}
