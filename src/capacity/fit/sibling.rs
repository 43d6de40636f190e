//! One service of a run as the others see it: what it holds, and what it may take.

use std::collections::HashMap;

use super::held::SiblingHoldings;
use crate::capacity::facts::needs::TaskNeeds;
use crate::capacity::facts::room::Room;
use crate::snapshot::Task;

/// One service of the run, as the others see it.
#[derive(Clone, Debug)]
pub(in crate::capacity) struct SiblingService<'a> {
    pub(in crate::capacity) service: &'a str,
    pub(in crate::capacity) target: Option<&'a str>,
    pub(in crate::capacity) needs: &'a TaskNeeds,
    pub(in crate::capacity) desired: i64,
    /// New tasks that have their place already.
    pub(in crate::capacity) placed: i64,
    /// The rooms of its old tasks.
    pub(in crate::capacity) rooms: Vec<usize>,
    /// What each of them gives back at least, where its new tasks only ever take the place of
    /// old ones (a rolling update).
    pub(in crate::capacity) gives: Option<SiblingHoldings>,
    /// What each of its old tasks holds at most, by room.
    pub(in crate::capacity) held: Vec<(usize, SiblingHoldings)>,
    /// Whether it may ever set that free.
    pub(in crate::capacity) frees: bool,
    pub(in crate::capacity) rebalances: bool,
    pub(in crate::capacity) has_old: bool,
    /// What its new tasks hold at most, by room, where it rebalances.
    pub(in crate::capacity) moves: HashMap<usize, SiblingHoldings>,
}

impl SiblingService<'_> {
    pub(in crate::capacity) fn is_new(&self, task: &Task) -> bool {
        self.target.is_some_and(|target| task.started_by == target)
    }

    /// Whether ECS may move its new tasks: it rebalances the zones of a service whose rollout is
    /// through.
    pub(in crate::capacity) fn may_move(&self) -> bool {
        self.rebalances && (self.frees || !self.has_old)
    }

    /// How many tasks with a network interface it may start: its new ones, and old ones that ECS
    /// moves off draining instances.
    pub(in crate::capacity) fn starts(&self, rooms: &[Room<'_>]) -> i64 {
        if self.needs.enis == 0 {
            return 0;
        }
        let drains = |room: &&usize| rooms[**room].instance.status == "DRAINING";
        let moving = self.rooms.iter().filter(drains).count();
        let new = (self.desired - self.placed).max(0);
        new.saturating_add(i64::try_from(moving).unwrap_or(i64::MAX))
    }
}
