//! An UpdateService whose answer was lost, or cut off by a signal: whether it was carried out.
//!
//! It only reads, and writes to the journal what it finds.

use crate::report::PendingWrite;
use crate::run::{Journal, RunContext, UpdateState};
use crate::snapshot::Service;

/// Looks once. Until it is known, the safe thing to say is that the service was changed.
pub(super) async fn look_up(
    context: &RunContext,
    journal: &mut Journal,
    pending: &PendingWrite,
) -> UpdateState {
    journal.update_is(pending.index, &UpdateState::Unknown);
    let place = &context.request.services[pending.index];
    let name = place.service.as_str();
    let now = context.aws.services(&place.cluster, &[name]).await.ok();
    let service = now.as_ref().and_then(|now| now.found.first());
    let Some(state) = service.and_then(|service| state_of(service, pending)) else {
        return UpdateState::Unknown;
    };
    journal.update_is(pending.index, &state);
    state
}

/// A deployment that wasn't there before is PRIMARY, with the revision that was asked for; or none is,
/// and another number of tasks is to run. Nothing where the service has no deployment at all.
fn state_of(service: &Service, pending: &PendingWrite) -> Option<UpdateState> {
    let primary = service.primary()?;
    let is_new = Some(&primary.id) != pending.before.as_ref();
    let changed = match is_new {
        true => primary.task_definition == pending.wanted,
        false => service.desired != pending.desired,
    };
    Some(match changed {
        true => UpdateState::Made(primary.clone()),
        false => UpdateState::NotMade,
    })
}
