//! Room for one more task, just now: the question that ECS asks at every placement.
//!
//! A look at the present moment only; what stops later is the forecast's business.

use super::blockers::{Blocker, why_not};
use crate::capacity::facts::needs::TaskNeeds;
use crate::capacity::facts::room::Room;

/// Whether one more task finds a place.
#[derive(Clone, Debug, PartialEq)]
pub enum SingleTask {
    /// The ids of the instances that take it.
    Fits(Vec<String>),
    /// For each instance what is in the way, the nearest miss first.
    Nowhere(Vec<Blocker>),
    /// It may fit, where what is not known turns out well: what that is.
    Unknown(Vec<Blocker>),
}

/// Looks at each room; `eligible` holds what the service itself asks for (its capacity provider,
/// its placement constraints).
pub fn room_for_single_task<'a>(
    needs: &TaskNeeds,
    rooms: &[Room<'a>],
    eligible: impl Fn(&Room<'a>) -> bool,
) -> SingleTask {
    let mut fits = Vec::new();
    let mut open = Vec::new();
    let mut misses = Vec::new();
    for room in rooms.iter().filter(|room| eligible(room)) {
        let why = why_not(needs, room);
        if why.is_empty() && needs.problems.is_empty() {
            fits.push(room.instance.id().to_owned());
        } else if why.iter().any(|blocker| blocker.certain) {
            misses.push(why);
        } else {
            open.extend(why);
        }
    }
    misses.sort_by_key(Vec::len);
    // A cluster that is empty just now proves nothing.
    let proven = open.is_empty() && needs.problems.is_empty() && !misses.is_empty();
    match (fits.is_empty(), proven) {
        (false, _) => SingleTask::Fits(fits),
        (true, true) => SingleTask::Nowhere(misses.into_iter().flatten().collect()),
        (true, false) => SingleTask::Unknown(open),
    }
}

#[cfg(test)]
mod tests;
