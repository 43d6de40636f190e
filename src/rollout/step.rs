//! One step of the watch: what a look means, what to say of it, and whether it is decided.
//!
//! Here alone the answers of the judges are put together: the deployment's status, its completion, a
//! crash loop, a standstill.

use std::time::Duration;

use super::completion::{Completion, completion};
use super::counted::{CompletedBefore, completed_before};
use super::crash_loop::{CrashLoop, crash_loop};
use super::deployment_status::{OwnStatus, SeenBefore, own_status};
use super::moment::Moment;
use super::standstill::{
    PROOFS, Standstill, ask, is_scaling_out, movement, note_mobility, standstill,
};
use super::waiting::waiting;
use super::{Line, Look, RolloutVerdict, State, Step, Waiting, explain, lines, news};
use crate::aws_text::event::without_service;
use crate::cause::Cause;
use crate::snapshot::{Service, Timestamp};

/// A heartbeat when nothing was said for this long.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// A look that shows the service.
#[derive(Clone, Copy)]
struct ServiceLook<'a> {
    look: &'a Look,
    service: &'a Service,
    now: Timestamp,
    /// It lacks a part, and decides nothing that the part could change.
    held: bool,
}

/// What a look means for our deployment.
#[derive(Debug, Default)]
struct Judged {
    say: Vec<Line>,
    verdict: Option<RolloutVerdict>,
    waiting: Vec<Waiting>,
    /// Whether something moves.
    moved: bool,
}

impl Judged {
    fn ended(verdict: RolloutVerdict) -> Judged {
        Judged {
            verdict: Some(verdict),
            ..Judged::default()
        }
    }

    fn failed(reason: String) -> Judged {
        Judged::ended(RolloutVerdict::Failed { reason })
    }

    fn waits(waiting: Waiting) -> Judged {
        Judged {
            waiting: vec![waiting],
            ..Judged::default()
        }
    }
}

/// Folds one look into `state`. `now` is this run's clock.
pub fn step(state: &mut State, look: &Look, now: Timestamp) -> Step {
    let mut held = false;
    let mut judged = match &look.service {
        Some(service) => {
            held = state.memory.is_held(look.failed.is_some()) && now < state.patience.deadline;
            let seen = ServiceLook {
                look,
                service,
                now,
                held,
            };
            let judged = judge(state, seen);
            state.last = Some(service.clone());
            judged
        }
        None if look.failed.is_some() => Judged::waits(Waiting::Answer),
        None => Judged::waits(Waiting::Listing),
    };
    if judged.verdict.is_none() && now >= state.patience.deadline {
        judged.verdict = Some(out_of_time(state, &judged.waiting));
    }
    let is_quiet = judged.say.is_empty() && judged.verdict.is_none();
    if is_quiet && now.since(state.memory.said_at) >= HEARTBEAT {
        let text = lines::waiting_for(&judged.waiting);
        judged.say.push(Line::info(text));
    }
    if !judged.say.is_empty() {
        state.memory.said_at = now;
    }
    Step {
        causes: causes_of(state, look, now, &judged),
        say: judged.say,
        verdict: judged.verdict,
        waiting: judged.waiting,
        moved: judged.moved,
        held,
    }
}

/// What explains a verdict that isn't good.
fn causes_of(state: &State, look: &Look, now: Timestamp, judged: &Judged) -> Vec<Cause> {
    let Some(verdict) = judged.verdict.as_ref().filter(|one| one.needs_causes()) else {
        return Vec::new();
    };
    let mut causes = causes(state, look, now);
    // What was waited for explains a rollout that was only slow; all else needs a cause.
    if causes.is_empty() && !matches!(verdict, RolloutVerdict::TimedOut { .. }) {
        let doubts = &state.memory.doubts;
        causes.push(explain::nothing_found(look, &judged.waiting, doubts));
    }
    causes
}

/// What explains the state of the rollout as far as this look goes.
pub fn causes(state: &State, look: &Look, now: Timestamp) -> Vec<Cause> {
    let service = state.last.as_ref();
    service
        .map(|service| explain::causes(state, service, look, now))
        .unwrap_or_default()
}

/// What the status of our deployment means, with all that there is to say.
fn judge(state: &mut State, seen: ServiceLook<'_>) -> Judged {
    let ServiceLook {
        look,
        service,
        now,
        held,
    } = seen;
    let before = SeenBefore {
        now,
        seen: state.memory.seen,
        failed: state.memory.failed,
        has_state: state.memory.has_state,
    };
    let known = look.service_deployment.as_ref();
    let status = own_status(&state.target, service, known, before);
    let mut all = service.deployments.iter();
    let ours = all.find(|deployment| deployment.id == state.target.deployment);
    let at = ours.map(|ours| Moment {
        look,
        service,
        ours,
        now,
    });
    if let Some(ours) = ours {
        state.memory.seen = Some(now);
        state.memory.has_state |= ours.rollout.is_some();
    }
    let (mut say, newest) = news::events(state, service);
    // Half a look may have no tasks to count; the counters of the deployment mean something else.
    if !held {
        say.extend(news::failures(state, look));
        say.extend(at.and_then(|at| news::counts(state, at, newest)));
    }
    if status != OwnStatus::Completed && state.target.counted.is_none() {
        state.memory.incomplete_at = now;
        state.memory.complete = false;
    }
    let judged = match status {
        OwnStatus::NotSeenYet => Judged::waits(Waiting::Listing),
        OwnStatus::Completed | OwnStatus::InProgress | OwnStatus::Superseded { .. } if held => {
            Judged::waits(Waiting::Answer)
        }
        OwnStatus::Completed => at.map_or_else(
            || Judged::ended(RolloutVerdict::Succeeded),
            |at| completed(state, at),
        ),
        OwnStatus::InProgress => at.map(|at| in_progress(state, at)).unwrap_or_default(),
        OwnStatus::RollingBack { reason } => rolling_back(state, &reason),
        OwnStatus::RolledBack { to, reason } => {
            Judged::ended(RolloutVerdict::RolledBack { to, reason })
        }
        OwnStatus::Superseded {
            by,
            task_definition,
        } => Judged::ended(RolloutVerdict::Superseded {
            by,
            task_definition,
        }),
        OwnStatus::Failed { reason } => Judged::failed(reason),
        OwnStatus::RollbackFailed { reason } => {
            Judged::failed(format!("the rollback failed as well: {reason}"))
        }
        OwnStatus::Deleted { status } => Judged::failed(format!(
            "somebody deleted the service in the meantime: it is {status}"
        )),
    };
    say.extend(judged.say);
    Judged { say, ..judged }
}

fn rolling_back(state: &mut State, reason: &str) -> Judged {
    state.memory.failed = true;
    state.memory.wants_survey = false;
    let mut judged = Judged::waits(Waiting::Rollback);
    if !std::mem::replace(&mut state.memory.rollback_said, true) {
        let text = format!("ECS is rolling back: {}", without_service(reason));
        judged.say.push(Line::warning(text));
    }
    judged
}

/// ECS calls our deployment complete; it is a success if it serves, and is watched on if not.
fn completed(state: &mut State, at: Moment<'_>) -> Judged {
    let completion = completion(state, at);
    let doubt = completion.doubt();
    let was_complete = doubt.is_some() && std::mem::replace(&mut state.memory.complete, true);
    let mut judged = match completion {
        Completion::Serves => Judged::ended(RolloutVerdict::Succeeded),
        Completion::OnTrial(trial) => on_trial(state, at, trial),
        Completion::LacksTasks { .. } => {
            let mut judged = in_progress(state, at);
            for waiting in &mut judged.waiting {
                if matches!(waiting, Waiting::Completion { .. }) {
                    // The tasks, which were read later, are all there.
                    *waiting = Waiting::Answer;
                }
            }
            judged
        }
    };
    if let Some(doubt) = doubt.filter(|_| !was_complete) {
        judged.say.insert(0, Line::warning(doubt));
    }
    judged
}

/// Its tasks have to get older than those that failed.
fn on_trial(state: &mut State, at: Moment<'_>, trial: Waiting) -> Judged {
    state.memory.moved_at = at.now;
    let verdict = match crash_loop(state, at) {
        CrashLoop::Proven { reason } => Some(RolloutVerdict::Failed { reason }),
        CrashLoop::Unproven => None,
    };
    Judged {
        verdict,
        waiting: vec![trial],
        moved: true,
        ..Judged::default()
    }
}

fn in_progress(state: &mut State, at: Moment<'_>) -> Judged {
    let stage = news::stage(state, at.service, at.look, at.now);
    let mut judged = Judged {
        say: stage.into_iter().collect(),
        waiting: waiting(state, at),
        ..Judged::default()
    };
    if let Some(counted) = state.target.counted {
        match completed_before(state, at, counted) {
            CompletedBefore::Stale => {
                judged.waiting = vec![Waiting::Listing];
                return judged;
            }
            CompletedBefore::Serves => {
                judged.verdict = Some(RolloutVerdict::Succeeded);
                return judged;
            }
            CompletedBefore::OnTrial(trial) => judged.waiting = vec![trial],
            CompletedBefore::LacksTasks => {}
        }
    }
    if let CrashLoop::Proven { reason } = crash_loop(state, at) {
        judged.verdict = Some(RolloutVerdict::Failed { reason });
        return judged;
    }
    let movement = movement(state, at, &judged.waiting);
    ask(state, at, &judged.waiting, movement.under_way);
    let could = note_mobility(state, at.look);
    let scales_out = is_scaling_out(state, at.look, at.now);
    if scales_out {
        state.memory.moved_at = at.now;
    }
    judged.moved = movement.seen || scales_out;
    match standstill(state, at, &judged.waiting, &could) {
        // It goes on: another standstill is said again, and the end isn't called stuck.
        Standstill::NotYet => state.memory.stuck_said = false,
        Standstill::PerhapsAStage | Standstill::Retrying => {}
        Standstill::Stuck { proven } if !state.patience.wait_when_stuck => {
            judged.verdict = Some(RolloutVerdict::Stuck { proven });
        }
        Standstill::Stuck { .. } => judged.say.extend(stuck(state, at)),
    }
    judged
}

/// That the rollout is stuck, where it is waited for all the same; said once.
fn stuck(state: &mut State, at: Moment<'_>) -> Option<Line> {
    if std::mem::replace(&mut state.memory.stuck_said, true) {
        return None;
    }
    let causes = explain::causes(state, at.service, at.look, at.now);
    let why = causes.into_iter().next().map(|cause| cause.message);
    let why = why.unwrap_or_default();
    Some(Line::warning(format!("the rollout is stuck: {why}")))
}

fn out_of_time(state: &State, waiting: &[Waiting]) -> RolloutVerdict {
    if state.memory.rollback_said {
        return RolloutVerdict::Failed {
            reason: "the rollback that ECS began was still under way when the time ran out"
                .to_owned(),
        };
    }
    if state.memory.stuck_said {
        return RolloutVerdict::Stuck {
            proven: state.memory.proofs >= PROOFS,
        };
    }
    RolloutVerdict::TimedOut {
        waiting: waiting.to_vec(),
    }
}
