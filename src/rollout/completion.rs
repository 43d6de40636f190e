//! Whether a deployment that ECS calls complete also serves.
//!
//! ECS calls it complete at the first moment at which all its tasks run and count as healthy, and
//! looks no further; tasks that crash once a minute have such moments. So all of them have to be
//! there, and where others of the same deployment failed, to be older than those got.

use super::moment::Moment;
use super::trial::trial;
use super::{State, Waiting};

/// What a deployment that ECS calls complete is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Completion {
    Serves,
    /// Tasks are gone that ran when ECS called it complete.
    LacksTasks {
        running: u32,
        of: u32,
    },
    /// Tasks are as young as those that failed; what is waited for.
    OnTrial(Waiting),
}

impl Completion {
    /// Why it isn't believed, in words.
    pub(super) fn doubt(&self) -> Option<String> {
        let but = match self {
            Completion::Serves => return None,
            Completion::LacksTasks { running, of } => {
                let tasks = if *of == 1 { "task" } else { "tasks" };
                format!(", with {running} of {of} new {tasks} running")
            }
            Completion::OnTrial(trial) => format!("; waiting all the same for {trial}"),
        };
        Some(format!("ECS calls the deployment complete{but}"))
    }
}

/// What our deployment, which ECS calls complete, lacks to serve.
pub(super) fn completion(state: &State, at: Moment<'_>) -> Completion {
    let ours = at.ours;
    // A count that was raised just now asks for more than this deployment was to bring.
    let before = state.last.as_ref().and_then(|service| {
        let mut all = service.deployments.iter();
        all.find(|one| one.id == ours.id)
    });
    let of = before.map_or(ours.desired, |before| before.desired.min(ours.desired));
    if ours.running < of {
        let running = ours.running;
        return Completion::LacksTasks { running, of };
    }
    trial(state, at).map_or(Completion::Serves, Completion::OnTrial)
}
