//! One step of the watch: what a look means, what to say of it, and whether it is decided.

use std::collections::BTreeSet;
use std::time::Duration;

use super::fate::{Before, Fate, fate};
use super::progress::{PROOFS, in_progress};
use super::waiting::Counts;
use super::{
    Line, Look, STOPPED_MAX, Sample, State, Step, TIMELINE_MAX, Verdict, Waiting, complete,
    failures, lines, proof,
};
use crate::aws_text::event::without_service;
use crate::cause::Cause;
use crate::definition::TaskDefinition;
use crate::snapshot::{Deployment, Service, Timestamp};

/// A heartbeat when nothing was said for this long.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// Ids of events that are remembered: ten times what one answer can hold.
const EVENTS_REMEMBERED: usize = 1000;

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
    let explained = step.verdict.as_ref().is_some_and(Verdict::needs_causes);
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
pub fn causes(state: &State, look: &Look, now: Timestamp) -> Vec<Cause> {
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
        has_state: state.memory.has_state,
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
    if let Some(ours) = ours {
        state.memory.seen = Some(now);
        state.memory.has_state |= ours.rollout.is_some();
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
                    without_service(&reason)
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
            step.say.push(Line::warning(failures::one_line(
                task,
                TaskDefinition::of(&state.document),
            )));
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
