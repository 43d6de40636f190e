//! The trial of a deployment of which tasks failed before: its tasks have to get older than those.

use std::time::Duration;

use super::failures::{life, longest_life, running_tasks, well_beyond};
use super::moment::Moment;
use super::{State, Waiting};

/// What fails later than this is no longer a question of the rollout.
const TRIAL: Duration = Duration::from_secs(120);

/// The tasks that are no older than those of the same deployment that failed.
pub(super) fn trial(state: &State, at: Moment<'_>) -> Option<Waiting> {
    let Moment {
        look, ours, now, ..
    } = at;
    let lived = match (&look.tasks, state.stopped.is_empty()) {
        // Nobody can read how long they lived.
        (None, true) if ours.failed > 0 => TRIAL,
        _ => longest_life(&state.stopped).min(TRIAL),
    };
    let above = well_beyond(lived);
    let young = match &look.tasks {
        Some(tasks) => running_tasks(tasks, &ours.id)
            .into_iter()
            .filter(|task| life(task, now).is_none_or(|life| life <= above))
            .count(),
        None if now.since(state.memory.incomplete_at) <= above => ours.running as usize,
        None => 0,
    };
    (young > 0 && !lived.is_zero()).then(|| Waiting::Trial {
        tasks: u32::try_from(young).unwrap_or(u32::MAX),
        above,
        lived,
    })
}
