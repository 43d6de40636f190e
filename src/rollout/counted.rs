//! A deployment that was complete before the watch began: only its tasks tell how it stands.

use super::fate::STALE_READS;
use super::trial::trial;
use super::waiting::Counts;
use super::{Counted, Look, State, Step, Verdict, Waiting};
use crate::snapshot::{Deployment, Service, Timestamp};

/// The same for a deployment that was complete before the watch began; whether this decides the look.
pub(super) fn again(
    state: &State,
    look: &Look,
    service: &Service,
    (ours, counted): (&Deployment, Counted),
    now: Timestamp,
    step: &mut Step,
) -> bool {
    if ours.desired != counted.desired && now.since(state.target.since) < STALE_READS {
        // An answer from before the update.
        step.waiting = vec![Waiting::Listing];
        return true;
    }
    // More may be on their way than are wanted: ECS puts zones in balance.
    let counts = Counts::of(state, service, ours, look, now);
    let unhealthy = if counted.whole { 0 } else { counts.unhealthy };
    if counts.running.saturating_sub(unhealthy) < ours.desired {
        return false;
    }
    let Some(trial) = trial(state, look, ours, now) else {
        step.verdict = Some(Verdict::Succeeded);
        return true;
    };
    step.waiting = vec![trial];
    false
}
