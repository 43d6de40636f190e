//! Whether a deployment that ECS calls complete also serves.
//!
//! ECS calls it complete at the first moment at which all its tasks run and count as healthy, and
//! looks no further; tasks that crash once a minute have such moments. So all of them have to be
//! there, and where others of the same deployment failed, to be older than those got.

use std::fmt;

use super::failing::failing;
use super::progress::in_progress;
use super::trial::trial;
use super::{Line, Look, State, Step, Verdict, Waiting};
use crate::snapshot::{Deployment, Service, Timestamp};

/// What a complete deployment lacks.
#[derive(Clone, Debug, PartialEq)]
enum Lack {
    /// Tasks are gone that ran when ECS called it complete.
    Tasks { running: u32, of: u32 },
    /// Tasks are as young as those that failed; what is waited for.
    Age(Waiting),
}

impl fmt::Display for Lack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ECS calls the deployment complete")?;
        match self {
            Lack::Tasks { running, of } => {
                let tasks = if *of == 1 { "task" } else { "tasks" };
                write!(formatter, ", with {running} of {of} new {tasks} running")
            }
            Lack::Age(trial) => write!(formatter, "; waiting all the same for {trial}"),
        }
    }
}

/// ECS calls our deployment complete; it is a success if it serves, and is watched on if not.
pub(super) fn completed(
    state: &mut State,
    look: &Look,
    service: &Service,
    ours: Option<&Deployment>,
    now: Timestamp,
    step: &mut Step,
) {
    let lacking = ours.and_then(|ours| Some((ours, lack_of(state, look, ours, now)?)));
    let Some((ours, lack)) = lacking else {
        step.verdict = Some(Verdict::Succeeded);
        return;
    };
    if !std::mem::replace(&mut state.memory.complete, true) {
        step.say.push(Line::warning(lack.to_string()));
    }
    if let Lack::Age(trial) = lack {
        step.waiting.push(trial);
        (step.moved, state.memory.moved_at) = (true, now);
        let reason = failing(state, service, ours, look, now);
        step.verdict = reason.map(|reason| Verdict::Failed { reason });
    } else {
        in_progress(state, look, service, ours, now, step);
        for waiting in &mut step.waiting {
            if matches!(waiting, Waiting::Completion { .. }) {
                // The tasks, which were read later, are all there.
                *waiting = Waiting::Answer;
            }
        }
    }
}

/// What our deployment, which ECS calls complete, lacks to serve.
fn lack_of(state: &State, look: &Look, ours: &Deployment, now: Timestamp) -> Option<Lack> {
    // A count that was raised just now asks for more than this deployment was to bring.
    let before = state.last.as_ref().and_then(|service| {
        let same = |one: &&Deployment| one.id == ours.id;
        service.deployments.iter().find(same)
    });
    let of = before.map_or(ours.desired, |before| before.desired.min(ours.desired));
    if ours.running < of {
        let running = ours.running;
        return Some(Lack::Tasks { running, of });
    }
    trial(state, look, ours, now).map(Lack::Age)
}
