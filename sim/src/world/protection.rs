//! Task scale-in protection: tasks that no deployment and no scale-in may stop for a while.

use super::World;
use super::task::Task;

/// Protection ends after two hours unless another time is asked for.
const USUAL_MINUTES: i64 = 120;

impl Task {
    /// Until when it is protected, if it is.
    pub(crate) fn protection(&self, now: i64) -> Option<i64> {
        self.protected_until.filter(|until| *until > now)
    }
}

impl World {
    /// Protects a task for so many minutes (two hours where none are given), or no longer.
    pub fn protect(&mut self, id: &str, enabled: bool, minutes: Option<i64>) {
        let until = self.now + minutes.unwrap_or(USUAL_MINUTES) * 60_000;
        if let Some(task) = self.tasks.iter_mut().find(|task| task.id == id) {
            task.protected_until = enabled.then_some(until);
        }
    }

    /// ECS says that tasks which it would stop are protected; nothing where none of these are.
    pub(super) fn complain_of_protection(&mut self, index: usize, which: impl Fn(&Task) -> bool) {
        let now = self.now;
        let service = &self.services[index];
        let held = |task: &&Task| {
            service.owns(task)
                && task.status.alive()
                && task.protection(now).is_some()
                && which(task)
        };
        let mut held = self.tasks.iter().filter(held);
        let Some(of) = held.next().map(|task| task.deployment.clone()) else {
            return;
        };
        let count = 1 + held.count();
        self.complain(
            index,
            &format!(
                "was unable to reach steady state because (taskSet {of}) was unable to scale in due to \
                 (reason {count} tasks under protection)"
            ),
        );
    }
}
