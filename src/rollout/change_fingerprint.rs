//! The fingerprint of a look, whose change is movement, and how long a service may stand still.

use std::time::Duration;

use super::Waiting;
use crate::snapshot::{Deployment, Service, Task};

/// A scale-out: the alarm's minute, the launch, the agent's registration, and some.
pub(super) const SCALE_OUT: Duration = Duration::from_secs(5 * 60);
/// After a failed placement the next attempt was seen five minutes later.
const NEXT_ATTEMPT: Duration = Duration::from_secs(6 * 60);

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

/// Everything in a look whose change is movement. Of the old tasks only that they get fewer is
/// (`old_least` is the least number so far): those of a revision that crashes come and go.
pub(super) fn fingerprint(ours: &Deployment, tasks: &[Task], old_least: u32) -> String {
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

/// The same where the tasks can't be read.
pub(super) fn fingerprint_of_counters(ours: &Deployment, service: &Service) -> String {
    format!(
        "{} {} {} {}",
        ours.desired, ours.running, service.running, service.pending
    )
}
