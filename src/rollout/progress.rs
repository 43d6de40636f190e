//! A deployment that is under way: what it waits for, whether it moves, and whether it is stuck.

use std::collections::BTreeSet;
use std::time::Duration;

use super::failing::failing;
use super::proof::{Judgement, ScaleOut};
use super::signs::{SCALE_OUT, patience, print_of, print_of_counters};
use super::waiting::{has_unseen_stages, stages, waiting};
use super::{Line, Look, State, Step, Verdict, Waiting, counted, lines, proof};
use crate::snapshot::{Deployment, Service, Task, TaskStatus, Timestamp};

/// Looks in a row that must prove the same: one may have caught a read that was stale.
pub(super) const PROOFS: u32 = 2;
/// The least time of stillness where the tasks can't be read: connections that drain (300 s by
/// default) and health checks can't be told from standing still then.
const BLIND: Duration = Duration::from_secs(10 * 60);

pub(super) fn in_progress(
    state: &mut State,
    look: &Look,
    service: &Service,
    ours: &Deployment,
    now: Timestamp,
    step: &mut Step,
) {
    let tasks = look.tasks.as_deref();
    tell_stage(state, service, look, now, step);
    step.waiting = waiting(state, service, ours, look, now);
    if let Some(counted) = state.target.counted
        && counted::again(state, look, service, (ours, counted), now, step)
    {
        return;
    }
    if let Some(reason) = failing(state, service, ours, look, now) {
        step.verdict = Some(Verdict::Failed { reason });
        return;
    }
    let moving = movement(state, service, ours, (tasks, now), step);
    let lacks = step.waiting.iter().any(|waiting| {
        matches!(
            waiting,
            Waiting::Placement { .. } | Waiting::Instance { .. }
        )
    });
    state.memory.wants_survey = lacks && !moving;
    // Old tasks that should go: after the new ones are there, or before any can start.
    let old_tasks = |waiting: &Waiting| matches!(waiting, Waiting::OldTasks { .. });
    state.memory.wants_protection =
        step.waiting.iter().any(old_tasks) || (state.memory.wants_survey && service.running > 0);
    let judgement = if state.memory.wants_survey {
        proof::judge(state, look)
    } else {
        Judgement::default()
    };
    state.memory.proofs = if judgement.proof.is_some() {
        state.memory.proofs + 1
    } else {
        0
    };
    state.memory.proven = judgement.proof.unwrap_or_default();
    state.memory.hesitation = None;
    state.memory.doubts = judgement.doubts;
    if is_scaling_out(state, look, now) {
        step.moved = true;
        state.memory.moved_at = now;
    }
    let still = now.since(state.memory.moved_at);
    let certain = state.memory.proofs >= PROOFS;
    let mut enough = patience(state.patience.stuck_after, &step.waiting, &judgement.could);
    if tasks.is_none() {
        enough = enough.max(BLIND + service.health_check_grace);
    }
    if !certain && still < enough {
        // It goes on: another standstill is told again, and the end isn't called stuck.
        state.memory.stuck_said = false;
        return;
    }
    // Nobody can tell a hook or a bake time from standing still there; a proof needs neither.
    if !certain && has_unseen_stages(service, look) {
        return;
    }
    if !certain && !judgement.could.is_empty() {
        state.memory.hesitation = Some(proof::hesitation(&judgement.could, still));
    }
    // With a breaker ECS itself decides about tasks that fail; its delays between two tries are long.
    let retrying = step
        .waiting
        .iter()
        .any(|waiting| matches!(waiting, Waiting::Retry { .. }));
    if !certain && retrying && state.has_breaker(service) {
        return;
    }
    if !state.patience.wait_when_stuck {
        step.verdict = Some(Verdict::Stuck { proven: certain });
    } else if !std::mem::replace(&mut state.memory.stuck_said, true) {
        let causes = proof::causes(state, service, look, state.memory.reckoned(), now);
        let why = causes
            .first()
            .map(|cause| cause.message.clone())
            .unwrap_or_default();
        step.say
            .push(Line::warning(format!("the rollout is stuck: {why}")));
    }
}

/// A stage, a step of the traffic or a hook that is new is said at once, with how long it may take.
fn tell_stage(state: &mut State, service: &Service, look: &Look, now: Timestamp, step: &mut Step) {
    let Some(known) = &look.service_deployment else {
        return;
    };
    let place = format!("{:?} {:?}", known.stage, known.production_traffic);
    let entered = place != state.memory.stage;
    if entered {
        state.memory.stage = place;
        state.memory.stage_since = now;
    }
    let staged = stages(state, service, known, now);
    let hooks: BTreeSet<String> = staged
        .iter()
        .filter_map(|waiting| match waiting {
            Waiting::Hook { id, .. } => Some(id.clone()),
            _ => None,
        })
        .collect();
    let new_hook = !hooks.is_subset(&state.memory.hooks);
    state.memory.hooks = hooks;
    if (entered || new_hook) && !staged.is_empty() {
        step.say.push(Line::info(lines::waiting_for(&staged)));
    }
}

/// Whether something is under way by itself; a look that differs from the one before is movement too.
fn movement(
    state: &mut State,
    service: &Service,
    ours: &Deployment,
    (tasks, now): (Option<&[Task]>, Timestamp),
    step: &mut Step,
) -> bool {
    let memory = &mut state.memory;
    if let Some(tasks) = tasks {
        memory.old_least = memory.old_least.min(old_running(tasks, ours));
    }
    let counters = print_of_counters(ours, service);
    let print = tasks.map(|tasks| print_of(ours, tasks, memory.old_least));
    // Only like is compared with like: that tasks can't be read any more, or can again, moves nothing.
    let (seen, before) = match print {
        Some(print) => (print, &mut memory.print),
        None => (counters.clone(), &mut memory.print_of_counters),
    };
    let moving = step.waiting.iter().any(Waiting::is_movement);
    let differs = seen != *before;
    step.moved = moving || (differs && !before.is_empty());
    if differs || moving {
        *before = seen;
        memory.moved_at = now;
    }
    memory.print_of_counters = counters;
    moving
}

/// Whether an instance is on its way. One that a finished activity launched has to register within
/// the time that a scale-out takes; after that nothing is known to be coming.
fn is_scaling_out(state: &mut State, look: &Look, now: Timestamp) -> bool {
    match proof::scale_out(look) {
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
