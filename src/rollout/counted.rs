//! A deployment that was complete before the watch began: only its tasks tell how it stands.

use super::deployment_status::STALE_READS;
use super::moment::Moment;
use super::trial::trial;
use super::waiting::Counts;
use super::{Counted, State, Waiting};

/// How the tasks of such a deployment stand.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CompletedBefore {
    /// The answer is from before the update.
    Stale,
    Serves,
    /// Tasks are as young as those that failed; what is waited for.
    OnTrial(Waiting),
    LacksTasks,
}

pub(super) fn completed_before(state: &State, at: Moment<'_>, counted: Counted) -> CompletedBefore {
    let (ours, now) = (at.ours, at.now);
    if ours.desired != counted.desired && now.since(state.target.since) < STALE_READS {
        return CompletedBefore::Stale;
    }
    // More may be on their way than are wanted: ECS puts zones in balance.
    let counts = Counts::of(state, at);
    let unhealthy = if counted.whole { 0 } else { counts.unhealthy };
    if counts.running.saturating_sub(unhealthy) < ours.desired {
        return CompletedBefore::LacksTasks;
    }
    trial(state, at).map_or(CompletedBefore::Serves, CompletedBefore::OnTrial)
}
