//! Whether anything can still move, and if not, why.

use super::{Look, State};
use crate::cause::Cause;
use crate::snapshot::{Service, Timestamp};

pub(super) fn proof(_state: &State, _service: &Service, _look: &Look) -> Option<Vec<Cause>> {
    None
}

pub(super) fn likely(_state: &State, _service: &Service, _look: &Look, _now: Timestamp) -> Vec<Cause> {
    Vec::new()
}
