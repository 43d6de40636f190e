//! Something that all tasks of a rollout share, wherever they run: addresses, a quota.

use super::stop_order::Stops;
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::facts::known::BOUNDLESS;
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::snapshot::{Task, TaskStatus};

/// Something that all tasks share.
#[derive(Clone, Copy, Debug)]
pub(in crate::capacity) struct SharedPool {
    /// What is free of it at most.
    pub free: i64,
    /// What each new task needs of it.
    pub need: i64,
    /// What an old task gives back at most.
    pub back: i64,
}

impl SharedPool {
    /// How many new tasks find their part once so many old ones have stopped.
    pub(in crate::capacity) fn slots(self, stopped: i64) -> i64 {
        let back = self.back.saturating_mul(stopped);
        // More than anybody has: sums of these stay within what a number can hold.
        self.free.saturating_add(back).clamp(0, BOUNDLESS) / self.need
    }

    /// Whether no order of starts and stops ends, where `new` tasks have their part already.
    pub(in crate::capacity) fn never_ends(
        self,
        placement: &ServicePlacement<'_, '_>,
        bounds: &Bounds,
        new: u32,
    ) -> bool {
        let (old, new) = (i64::from(placement.old), i64::from(new));
        let slots = |stopped| self.slots(stopped);
        let wanted = (i64::from(bounds.desired) - new).max(0);
        if placement.deploy.service.has_second_set() {
            return slots(0) < wanted;
        }
        let gain = |stopped| slots(stopped + 1) - slots(stopped) - 1;
        // What isn't steady may get steady, or may be started again elsewhere.
        let present = old + new + i64::from(placement.doubts.unsteady + placement.moving);
        let stops = Stops {
            margin: (present + slots(0)).min(BOUNDLESS) - i64::from(bounds.lower) - 1,
            chains: vec![(0..old).map(gain).collect()],
        };
        slots(old) < wanted || !stops.some_order_ends()
    }
}

/// The sum of `part` over all tasks that may go by themselves and give back what they hold: those
/// on their way down, those that aren't steady (a start may fail), and the old ones of other
/// services of the run. Where a new task of this service fails, another one is wanted.
pub(in crate::capacity) fn loose(
    placement: &ServicePlacement<'_, '_>,
    part: impl Fn(&Task) -> i64,
) -> i64 {
    let index = placement.index;
    let there = |task: &Task| task.last_status != TaskStatus::Stopped;
    let passing = |task: &Task| task.is_going() || !task.is_steady();
    let name = placement.deploy.service.name.as_str();
    let of = |service| index.tasks_of(service).iter().map(|(task, _)| *task);
    let own = of(name).filter(|task| passing(task) && (task.is_going() || !placement.is_new(task)));
    let theirs = index.others(name).flat_map(|sibling| {
        let goes = |task: &Task| match sibling.is_new(task) {
            true => sibling.may_move(),
            false => sibling.frees,
        };
        of(sibling.service).filter(move |task| passing(task) || goes(task))
    });
    own.chain(theirs)
        .filter(|task| there(task))
        .map(part)
        .fold(0, |sum, one| sum.saturating_add(one).min(BOUNDLESS))
}

/// The addresses that a task holds at most.
pub(in crate::capacity) fn address_of(task: &Task) -> i64 {
    i64::from(task.has_eni || task.instance.is_none())
}

#[cfg(test)]
mod tests {
    use super::{BOUNDLESS, SharedPool};

    #[test]
    fn a_quota_that_no_account_has_is_room_for_many() {
        let pool = SharedPool {
            free: i64::MAX,
            need: 1,
            back: i64::MAX,
        };
        assert_eq!(pool.slots(0), BOUNDLESS);
        assert_eq!(pool.slots(7), BOUNDLESS);
    }
}
