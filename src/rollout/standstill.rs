//! Whether a deployment that is under way moves, and whether it is stuck.

use std::time::Duration;

use super::change_fingerprint::{SCALE_OUT, fingerprint, fingerprint_of_counters, patience};
use super::explain::hesitation;
use super::mobility::{Mobility, ScaleOut, mobility, scale_out};
use super::moment::Moment;
use super::waiting::has_unseen_stages;
use super::{Look, State, Waiting};
use crate::snapshot::{Deployment, Task, TaskStatus, Timestamp};

/// Looks in a row that must prove the same: one may have caught a read that was stale.
pub(super) const PROOFS: u32 = 2;
/// The least time of stillness where the tasks can't be read: connections that drain (300 s by
/// default) and health checks look like standing still then.
const BLIND: Duration = Duration::from_secs(10 * 60);

/// Whether anything moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Motion {
    /// Something is under way by itself.
    pub(super) under_way: bool,
    /// Or the look differs from the one before.
    pub(super) seen: bool,
}

/// Whether our deployment stands still for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standstill {
    /// It moves, or hasn't stood still for long enough.
    NotYet,
    /// A stage that can't be seen may hold it: nobody can tell that from standing still.
    PerhapsAStage,
    /// ECS tries again, and its circuit breaker decides.
    Retrying,
    Stuck {
        proven: bool,
    },
}

/// Takes note of what a look shows, and compares it with the one before.
pub(super) fn movement(state: &mut State, at: Moment<'_>, waiting: &[Waiting]) -> Motion {
    let ours = at.ours;
    let tasks = at.look.tasks.as_deref();
    let memory = &mut state.memory;
    if let Some(tasks) = tasks {
        memory.old_least = memory.old_least.min(old_running(tasks, ours));
    }
    let counters = fingerprint_of_counters(ours, at.service);
    let print = tasks.map(|tasks| fingerprint(ours, tasks, memory.old_least));
    // Only like is compared with like: that tasks can't be read any more, or can again, moves nothing.
    let (now, before) = match print {
        Some(print) => (print, &mut memory.print),
        None => (counters.clone(), &mut memory.print_of_counters),
    };
    let under_way = waiting.iter().any(Waiting::is_movement);
    let differs = now != *before;
    let seen = under_way || (differs && !before.is_empty());
    if differs || under_way {
        *before = now;
        memory.moved_at = at.now;
    }
    memory.print_of_counters = counters;
    Motion { under_way, seen }
}

/// Notes what the next look should read.
pub(super) fn ask(state: &mut State, at: Moment<'_>, waiting: &[Waiting], under_way: bool) {
    let lacks = |waiting: &Waiting| {
        matches!(
            waiting,
            Waiting::Placement { .. } | Waiting::Instance { .. }
        )
    };
    // Old tasks that should go: after the new ones are there, or before any can start.
    let old_tasks = |waiting: &Waiting| matches!(waiting, Waiting::OldTasks { .. });
    let memory = &mut state.memory;
    memory.wants_survey = waiting.iter().any(lacks) && !under_way;
    memory.wants_protection =
        waiting.iter().any(old_tasks) || (memory.wants_survey && at.service.running > 0);
}

/// Notes what the look at the cluster proves; gives back the steps that ECS could take.
pub(super) fn note_mobility(state: &mut State, look: &Look) -> Vec<String> {
    let mobility = if state.memory.wants_survey {
        mobility(state, look)
    } else {
        Mobility::Open
    };
    let memory = &mut state.memory;
    let proofs = std::mem::take(&mut memory.proofs);
    memory.proven.clear();
    memory.doubts.clear();
    memory.hesitation = None;
    match mobility {
        Mobility::Open => {}
        Mobility::Stuck(cause) => {
            memory.proofs = proofs + 1;
            memory.proven.push(*cause);
        }
        Mobility::Could(could) => return could,
        Mobility::Unknown(doubts) => memory.doubts = doubts,
    }
    Vec::new()
}

/// Whether our deployment stands still for good: `could` are the steps that ECS could take.
pub(super) fn standstill(
    state: &mut State,
    at: Moment<'_>,
    waiting: &[Waiting],
    could: &[String],
) -> Standstill {
    let still = at.now.since(state.memory.moved_at);
    let proven = state.memory.proofs >= PROOFS;
    let mut enough = patience(state.patience.stuck_after, waiting, could);
    if at.look.tasks.is_none() {
        enough = enough.max(BLIND + at.service.health_check_grace);
    }
    if proven {
        return Standstill::Stuck { proven };
    }
    if still < enough {
        return Standstill::NotYet;
    }
    // A proof needs neither hook nor bake time.
    if has_unseen_stages(at.service, at.look) {
        return Standstill::PerhapsAStage;
    }
    if !could.is_empty() {
        state.memory.hesitation = Some(hesitation(could, still));
    }
    // With a breaker ECS itself decides about tasks that fail; its delays between two tries are long.
    let retries = |waiting: &Waiting| matches!(waiting, Waiting::Retry { .. });
    if waiting.iter().any(retries) && state.has_breaker(at.service) {
        return Standstill::Retrying;
    }
    Standstill::Stuck { proven }
}

/// Whether an instance is on its way. One that a finished activity launched has to register within
/// the time that a scale-out takes; after that nothing is known to be coming.
pub(super) fn is_scaling_out(state: &mut State, look: &Look, now: Timestamp) -> bool {
    match scale_out(look) {
        Some(ScaleOut::UnderWay) => true,
        Some(ScaleOut::Launched { desired }) => {
            let lacking = &mut state.memory.lacking;
            let since = match *lacking {
                Some((of, since)) if of == desired => since,
                _ => now,
            };
            *lacking = Some((desired, since));
            now.since(since) < SCALE_OUT
        }
        None => {
            state.memory.lacking = None;
            false
        }
    }
}

/// Old tasks that run.
fn old_running(tasks: &[Task], ours: &Deployment) -> u32 {
    let old = |task: &&Task| task.started_by != ours.id && task.last_status == TaskStatus::Running;
    let count = tasks.iter().filter(old).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
