//! What the scheduler stops, in which order, and what it says about it.

use super::World;
use super::service::{FIRST_ATTEMPT_MS, Rollout};
use super::task::{Status, Task};

/// A task that waits for an instance so long has older tasks stopped for it, where they may be.
const WAITING_FOR_ROOM_MS: i64 = 30_000;

impl World {
    /// One unhealthy task per second gives way, after its replacement had its chance to start.
    pub(super) fn replace_unhealthy(&mut self, index: usize) {
        let now = self.now;
        let service = &self.services[index];
        let Some(position) = self
            .tasks
            .iter()
            .position(|task| service.owns(task) && task.unhealthy(now))
        else {
            return;
        };
        let task = &self.tasks[position];
        let (id, group) = (task.id.clone(), task.target_groups.first().cloned());
        let reason = match &group {
            Some(group) => {
                self.say(
                    index,
                    &format!(
                        "(task {id}) (port 8080) is unhealthy in (target-group {group}) due to \
                         (reason Health checks failed with these codes: [503])."
                    ),
                );
                format!("Task failed ELB health checks in (target-group {group})")
            }
            None => {
                self.say(
                    index,
                    &format!("(task {id}) failed container health checks."),
                );
                "Task failed container health checks".to_owned()
            }
        };
        self.stop_tasks(index, &[position], &reason);
    }

    /// Stops running or starting tasks of a service and says so.
    pub(super) fn stop_tasks(&mut self, index: usize, positions: &[usize], reason: &str) {
        let now = self.now;
        let (mut running, mut pending, mut drained) = (Vec::new(), 0, 0);
        let mut groups = Vec::new();
        for &position in positions {
            let task = &mut self.tasks[position];
            if task.status == Status::Running {
                running.push(task.id.clone());
                if !task.target_groups.is_empty() {
                    drained += 1;
                    groups.clone_from(&task.target_groups);
                }
            } else {
                pending += 1;
            }
            task.stop(now, "ServiceSchedulerInitiated", reason);
        }
        if !running.is_empty() {
            let list = World::task_list(&running);
            self.say(
                index,
                &format!("has stopped {} running tasks: {list}.", running.len()),
            );
        }
        if pending > 0 {
            self.say(index, &format!("stopped {pending} pending tasks."));
        }
        if drained > 0 {
            for group in groups {
                self.say(
                    index,
                    &format!("deregistered {drained} targets in (target-group {group})"),
                );
            }
            self.say(
                index,
                &format!("has begun draining connections on {drained} tasks."),
            );
        }
    }

    pub(super) fn stop_surplus(&mut self, index: usize) {
        let now = self.now;
        let service = &self.services[index];
        let Some(primary) = service.deployments.first() else {
            return;
        };
        if now < primary.created + FIRST_ATTEMPT_MS {
            return;
        }
        let desired = service.desired;
        let total = self.service_counts(service);
        let counts = self.counts(&primary.id);
        let spare = total
            .healthy
            .saturating_sub(service.configuration.lower(desired));
        let old_alive = total.alive() - counts.alive();
        let failed = primary.rollout == Rollout::Failed;
        let missing = if failed {
            0
        } else {
            desired.saturating_sub(counts.alive().saturating_sub(counts.leaving))
        };
        let room = service
            .configuration
            .upper(desired)
            .saturating_sub(total.alive());
        let blocked = room == 0 || primary.attempts > 0;
        let in_the_way = if blocked { missing } else { 0 } + self.waiting_for_room(&primary.id);
        // What is going already makes room; more is stopped only if that was not enough.
        let in_the_way = in_the_way.saturating_sub(total.stopping);
        let replaced = if failed && old_alive > 0 {
            total.alive().saturating_sub(desired.max(counts.alive()))
        } else {
            (old_alive + counts.healthy).saturating_sub(desired)
        };
        let primary_id = primary.id.clone();
        let extra = self.extra(service);
        if old_alive > 0 {
            let wanted = in_the_way.max(replaced);
            let chosen = self.choose_old(index, &primary_id, (wanted, spare));
            if chosen.len() < wanted.min(spare) {
                self.complain_of_protection(index, |task| task.deployment != primary_id);
            }
            if !chosen.is_empty() {
                self.stop_chosen(index, &chosen);
                let primary = &mut self.services[index].deployments[0];
                if primary.attempts > 0 {
                    // What was in the way is going: try again soon.
                    primary.next_attempt = primary.next_attempt.min(now + 2_000);
                }
            }
        } else if counts.alive() > desired + counts.leaving + extra {
            let surplus = counts.alive() - desired - counts.leaving - extra;
            let chosen = self.in_stop_order(index, surplus, |task| task.deployment == primary_id);
            if chosen.len() < surplus {
                self.complain_of_protection(index, |task| task.deployment == primary_id);
            }
            self.stop_chosen(index, &chosen);
        }
    }

    /// Tasks that have been in PROVISIONING for a while without an instance.
    fn waiting_for_room(&self, deployment: &str) -> usize {
        let waits = |task: &&Task| {
            task.deployment == deployment
                && task.status == Status::Provisioning
                && task.launch_type == "EC2"
                && self.now - task.created >= WAITING_FOR_ROOM_MS
        };
        self.tasks.iter().filter(waits).count()
    }

    /// Old tasks to stop now: those of abandoned deployments that never got healthy at once, then
    /// `wanted` others, of which no more than `spare` healthy ones.
    fn choose_old(
        &self,
        index: usize,
        primary: &str,
        (wanted, spare): (usize, usize),
    ) -> Vec<usize> {
        let now = self.now;
        let service = &self.services[index];
        let abandoned = |task: &Task| {
            let of = service.deployment(&task.deployment);
            of.is_some_and(|deployment| deployment.rollout != Rollout::Completed)
        };
        let old = |task: &Task| task.deployment != primary && task.status.alive();
        let mut chosen = self.in_stop_order(index, usize::MAX, |task| {
            old(task) && abandoned(task) && !task.counts_healthy(now)
        });
        let rest = wanted.saturating_sub(chosen.len());
        let unfit = self.in_stop_order(index, rest, |task| {
            old(task) && !abandoned(task) && !task.counts_healthy(now)
        });
        chosen.extend(unfit);
        let rest = wanted.saturating_sub(chosen.len()).min(spare);
        chosen
            .extend(self.in_stop_order(index, rest, |task| old(task) && task.counts_healthy(now)));
        chosen
    }

    /// Up to `count` unprotected tasks for which `which` holds, in ECS's order: the zone with the most tasks
    /// of the service, then the instance with the most, those that don't run yet first.
    fn in_stop_order(
        &self,
        index: usize,
        count: usize,
        which: impl Fn(&Task) -> bool,
    ) -> Vec<usize> {
        let service = &self.services[index];
        let mine = |task: &Task| service.owns(task) && task.status.alive();
        let mut chosen: Vec<usize> = Vec::new();
        if count == 0 || !self.tasks.iter().any(|task| mine(task) && which(task)) {
            return chosen;
        }
        loop {
            let left =
                |position: &usize| mine(&self.tasks[*position]) && !chosen.contains(position);
            let positions: Vec<usize> = (0..self.tasks.len()).filter(left).collect();
            let same = |of: &dyn Fn(&Task) -> Option<String>, task: &Task| {
                let wanted = of(task);
                positions
                    .iter()
                    .filter(|position| of(&self.tasks[**position]) == wanted)
                    .count()
            };
            let key = |position: &&usize| {
                let task = &self.tasks[**position];
                let zone = same(&|task| task.az.clone(), task);
                let instance = same(&|task| task.instance.clone(), task);
                (
                    usize::from(task.status.starting()),
                    zone,
                    instance,
                    usize::MAX - **position,
                )
            };
            let next = positions
                .iter()
                .filter(|position| {
                    let task = &self.tasks[**position];
                    which(task) && task.protection(self.now).is_none()
                })
                .max_by_key(key);
            match next {
                Some(position) if chosen.len() < count => chosen.push(*position),
                _ => return chosen,
            }
        }
    }

    pub(super) fn stop_chosen(&mut self, index: usize, chosen: &[usize]) {
        if chosen.is_empty() {
            return;
        }
        let by = self.services[index].deployments[0].id.clone();
        for &position in chosen {
            let of = self.tasks[position].deployment.clone();
            let deployments = &mut self.services[index].deployments;
            if let Some(old) = deployments
                .iter_mut()
                .skip(1)
                .find(|deployment| deployment.id == of)
            {
                old.desired = old.desired.saturating_sub(1);
            }
        }
        self.stop_tasks(
            index,
            chosen,
            &format!("Scaling activity initiated by (deployment {by})"),
        );
    }
}
