//! Signs in a look that take more than counting: failures in a row, agents that are away, whether
//! anything changed, and how long stillness is to be borne.

use std::time::Duration;

use super::waiting::counts_as_healthy;
use super::{State, Waiting, failures};
use crate::snapshot::{Deployment, Service, Task, TaskStatus, Timestamp};

/// A scale-out: the alarm's minute, the launch, the agent's registration, and some.
pub(super) const SCALE_OUT: Duration = Duration::from_secs(5 * 60);
/// After a failed placement the next attempt was seen five minutes later.
const NEXT_ATTEMPT: Duration = Duration::from_secs(6 * 60);
/// Without a circuit breaker, this many failed tasks in a row with none healthy end the wait.
const FAILURES_IN_A_ROW: usize = 3;

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

/// Three failed tasks of this deployment in a row with none healthy, where no breaker decides.
pub(super) fn failed_without_breaker(
    state: &mut State,
    service: &Service,
    ours: &Deployment,
    tasks: Option<&[Task]>,
    now: Timestamp,
) -> Option<String> {
    if service.configuration.circuit_breaker.is_some() {
        return None;
    }
    let tasks = tasks?;
    let healthy = tasks.iter().any(|task| {
        task.started_by == ours.id
            && task.last_status == TaskStatus::Running
            && counts_as_healthy(task, service, now, state.health_check)
    });
    if healthy {
        state.memory.healthy_at = Some(now);
        return None;
    }
    let since = state.memory.healthy_at;
    let failed = failures::failed_tasks(tasks, &ours.id);
    let in_a_row: Vec<&Task> = failed
        .iter()
        .copied()
        .filter(|task| since.is_none_or(|since| task.stopped.is_some_and(|at| at > since)))
        .collect();
    if outlived(&in_a_row, tasks, &ours.id, now) {
        return None;
    }
    let in_a_row = in_a_row.len();
    (in_a_row >= FAILURES_IN_A_ROW).then(|| {
        format!(
            "{in_a_row} tasks of the new revision failed in a row and none got healthy: {}",
            failures::one_line(failed[0])
        )
    })
}

/// Whether a task of the deployment runs for longer than any of the failed ones did: it doesn't fail
/// as they do, and may be getting healthy.
fn outlived(failed: &[&Task], tasks: &[Task], deployment: &str, now: Timestamp) -> bool {
    let life = |task: &Task, end: Timestamp| task.started.map(|started| end.since(started));
    let ends = failed
        .iter()
        .filter_map(|task| life(task, task.stopped.or(task.stopping)?));
    let longest = ends.max().unwrap_or_default();
    tasks.iter().any(|task| {
        task.started_by == deployment
            && task.last_status == TaskStatus::Running
            && life(task, now).is_some_and(|up| up > longest)
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
