//! One step of the watch: what a look means, what to say of it, and whether it is decided.

use std::collections::BTreeSet;
use std::time::Duration;

use super::failing::failing;
use super::fate::{Before, Fate, fate};
use super::proof::{Judgement, ScaleOut};
use super::signs::{SCALE_OUT, patience, print_of, print_of_counters};
use super::waiting::{Counts, has_unseen_stages, stages, waiting};
use super::{
    Line, Look, STOPPED_MAX, Sample, State, TIMELINE_MAX, Verdict, Waiting, complete, failures,
    lines, proof,
};
use crate::cause::Cause;
use crate::snapshot::{Deployment, Service, Task, TaskStatus, Timestamp};

/// A heartbeat when nothing was said for this long.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// Looks in a row that must prove the same: one may have caught a read that was stale.
const PROOFS: u32 = 2;
/// The least time of stillness where the tasks can't be read: connections that drain (300 s by
/// default) and health checks can't be told from standing still then.
const BLIND: Duration = Duration::from_secs(10 * 60);
/// Ids of events that are remembered: ten times what one answer can hold.
const EVENTS_REMEMBERED: usize = 1000;

/// What one look came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    pub say: Vec<Line>,
    pub verdict: Option<Verdict>,
    /// What is waited for, where it is not decided.
    pub waiting: Vec<Waiting>,
    /// Whether something moves, by this look or against the one before.
    pub moved: bool,
    /// Whether the look lacked a part, and decides nothing that the part could change.
    pub held: bool,
    /// What explains a verdict that isn't good, the most telling first.
    pub causes: Vec<Cause>,
}

/// Folds one look into `state`. `now` is this run's clock.
pub fn step(state: &mut State, look: &Look, now: Timestamp) -> Step {
    let mut step = Step::default();
    if let Some(service) = &look.service {
        let is_half = state.memory.is_held(look.failed.is_some());
        step.held = is_half && now < state.patience.deadline;
        judge(state, look, service, now, &mut step);
        state.last = Some(service.clone());
    } else {
        step.waiting.push(if look.failed.is_some() {
            Waiting::Answer
        } else {
            Waiting::Listing
        });
    }
    if step.verdict.is_none() && now >= state.patience.deadline {
        step.verdict = Some(out_of_time(state, &step));
    }
    if step.say.is_empty() && step.verdict.is_none() && now.since(state.memory.said_at) >= HEARTBEAT
    {
        step.say.push(Line::info(lines::waiting_for(&step.waiting)));
    }
    if !step.say.is_empty() {
        state.memory.said_at = now;
    }
    explain(state, look, now, &mut step);
    step
}

/// A verdict that isn't good comes with its causes.
fn explain(state: &State, look: &Look, now: Timestamp, step: &mut Step) {
    let explained = matches!(
        step.verdict,
        Some(
            Verdict::Stuck { .. }
                | Verdict::Failed { .. }
                | Verdict::RolledBack { .. }
                | Verdict::TimedOut { .. }
        )
    );
    if explained {
        step.causes = causes(state, look, now);
    }
    // What was waited for explains a rollout that was only slow; all else needs a cause.
    if explained
        && step.causes.is_empty()
        && !matches!(step.verdict, Some(Verdict::TimedOut { .. }))
    {
        step.causes.push(proof::nothing_found(
            look,
            &step.waiting,
            &state.memory.doubts,
        ));
    }
}

/// What explains the state of the rollout as far as this look goes.
pub(super) fn causes(state: &State, look: &Look, now: Timestamp) -> Vec<Cause> {
    let service = state.last.as_ref();
    service
        .map(|service| proof::causes(state, service, look, state.memory.reckoned(), now))
        .unwrap_or_default()
}

fn judge(state: &mut State, look: &Look, service: &Service, now: Timestamp, step: &mut Step) {
    let before = Before {
        now,
        seen: state.memory.seen,
        failed: state.memory.failed,
    };
    let fate = fate(
        &state.target,
        service,
        look.service_deployment.as_ref(),
        before,
    );
    let ours = service
        .deployments
        .iter()
        .find(|deployment| deployment.id == state.target.deployment);
    if ours.is_some() {
        state.memory.seen = Some(now);
    }
    tell(state, look, service, now, step);
    if fate != Fate::Completed && state.target.counted.is_none() {
        state.memory.incomplete_at = now;
        state.memory.complete = false;
    }
    match fate {
        Fate::NotSeenYet => step.waiting.push(Waiting::Listing),
        Fate::Completed | Fate::InProgress | Fate::Superseded { .. } if step.held => {
            step.waiting.push(Waiting::Answer);
        }
        Fate::Completed => complete::completed(state, look, service, ours, now, step),
        Fate::RolledBack { to, reason } => step.verdict = Some(Verdict::RolledBack { to, reason }),
        Fate::Superseded {
            by,
            task_definition,
        } => {
            step.verdict = Some(Verdict::Superseded {
                by,
                task_definition,
            });
        }
        Fate::Failed { reason } => step.verdict = Some(Verdict::Failed { reason }),
        Fate::RollbackFailed { reason } => {
            step.verdict = Some(Verdict::Failed {
                reason: format!("the rollback failed as well: {reason}"),
            });
        }
        Fate::RollingBack { reason } => {
            state.memory.failed = true;
            state.memory.wants_survey = false;
            if !std::mem::replace(&mut state.memory.rollback_said, true) {
                step.say.push(Line::warning(format!(
                    "ECS is rolling back: {}",
                    lines::message(&reason)
                )));
            }
            step.waiting.push(Waiting::Rollback);
        }
        Fate::Deleted { status } => {
            let reason = format!("somebody deleted the service in the meantime: it is {status}");
            step.verdict = Some(Verdict::Failed { reason });
        }
        Fate::InProgress => {
            if let Some(ours) = ours {
                in_progress(state, look, service, ours, now, step);
            }
        }
    }
}

/// Events, counts and first failures: said when they are new.
fn tell(state: &mut State, look: &Look, service: &Service, now: Timestamp, step: &mut Step) {
    let memory = &mut state.memory;
    if memory.events.len() > EVENTS_REMEMBERED {
        // What ECS no longer lists can't come back.
        let listed: BTreeSet<&String> = service.events.iter().map(|event| &event.id).collect();
        memory.events.retain(|id| listed.contains(id));
    }
    let (said, newest) = lines::events(&state.target, service, |event| {
        memory.events.insert(event.id.clone())
    });
    step.say.extend(said);
    // Half a look may have no tasks to count; the counters of the deployment mean something else.
    if step.held {
        return;
    }
    let failed = failures::failed_tasks(
        look.tasks.as_deref().unwrap_or_default(),
        &state.target.deployment,
    );
    for task in failed.iter().rev() {
        let kind = format!(
            "{}{:?}",
            task.stopped_reason,
            task.containers
                .iter()
                .map(|c| (&c.reason, c.exit_code))
                .collect::<Vec<_>>()
        );
        if memory.failures.len() < STOPPED_MAX && memory.failures.insert(kind) {
            step.say.push(Line::warning(failures::one_line(task)));
        }
    }
    if !failed.is_empty() {
        state.stopped = failed.into_iter().take(STOPPED_MAX).cloned().collect();
    }
    let Some(ours) = service
        .deployments
        .iter()
        .find(|deployment| deployment.id == state.target.deployment)
    else {
        return;
    };
    let counts = Counts::of(state, service, ours, look, now);
    let text = lines::counts(counts, ours, &state.target);
    let moved = text != state.memory.counts;
    if moved {
        step.say.push(Line::info(text.clone()));
        state.memory.counts = text;
    }
    if moved || newest.is_some() {
        sample(state, ours, counts, now, newest);
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

fn sample(
    state: &mut State,
    ours: &Deployment,
    counts: Counts,
    now: Timestamp,
    event: Option<&str>,
) {
    if state.timeline.len() >= TIMELINE_MAX {
        state.timeline.pop();
    }
    state.timeline.push(Sample {
        at: now,
        desired: ours.desired,
        running: counts.running,
        pending: counts.starting + counts.unplaced,
        failed: ours.failed,
        old_running: counts.old,
        event: event.map(str::to_owned),
    });
}

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
        && complete::again(state, look, service, (ours, counted), now, step)
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

fn out_of_time(state: &State, step: &Step) -> Verdict {
    if state.memory.rollback_said {
        return Verdict::Failed {
            reason: "the rollback that ECS began was still under way when the time ran out"
                .to_owned(),
        };
    }
    if state.memory.stuck_said {
        return Verdict::Stuck {
            proven: state.memory.proofs >= PROOFS,
        };
    }
    Verdict::TimedOut {
        waiting: step.waiting.clone(),
    }
}
