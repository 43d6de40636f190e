//! The rolling update of a REPLICA service, one second at a time.
//!
//! Greedy, as ECS describes it: start what the percentages allow, stop what is replaced or in
//! the way, complete when only the new revision is left. It doesn't plan and doesn't forecast.

use super::World;
use super::placement::Placing;
use super::service::{FIRST_ATTEMPT_MS, Rollout, Scheduling};
use super::start::NoStart;
use super::task::{Status, Task};

/// From the last task being as wanted to the deployment counting as completed.
const COMPLETES_AFTER_MS: i64 = 20_000;
/// Nothing could move for so long because of the percentages before ECS says so.
const DEADLOCK_SAID_AFTER_MS: i64 = 30_000;
/// The steady state is repeated.
const STEADY_AGAIN_MS: i64 = 6 * 3_600_000;
/// The first wait after a failed attempt to place a task; it doubles up to [`BACK_OFF_MOST_MS`].
const BACK_OFF_MS: i64 = 10_000;
/// The most that ECS waits between attempts (27 minutes).
const BACK_OFF_MOST_MS: i64 = 27 * 60_000;

const DEADLOCK: &str = "was unable to stop or start tasks during a deployment because of the service deployment \
    configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
const PROVISIONING_LIMIT: &str = "was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.";

pub(crate) fn back_off(attempts: u32) -> i64 {
    (BACK_OFF_MS << attempts.saturating_sub(1).min(16)).min(BACK_OFF_MOST_MS)
}

impl World {
    pub(super) fn run_services(&mut self) {
        for index in 0..self.services.len() {
            self.begin_service_deployment(index);
            self.reckon(index);
            self.check_breaker(index);
            if self.services[index].scheduling == Scheduling::Daemon {
                self.run_daemon(index);
            } else {
                self.start_missing(index);
                self.replace_unhealthy(index);
                self.stop_surplus(index);
                self.note_deadlock(index);
            }
            self.finish(index);
        }
    }

    fn start_missing(&mut self, index: usize) {
        let desired = self.services[index].desired;
        let upper = self.services[index].configuration.upper(desired);
        for which in 0..self.services[index].deployments.len() {
            let total = self.service_counts(&self.services[index]);
            let deployment = &self.services[index].deployments[which];
            if deployment.rollout == Rollout::Failed || self.now < deployment.next_attempt {
                continue;
            }
            let counts = self.counts(&deployment.id);
            let usable = counts.alive().saturating_sub(counts.unhealthy);
            let mut missing = if which == 0 {
                desired.saturating_sub(usable)
            } else {
                // An older revision is only kept up to what the service asks for as a whole.
                deployment
                    .desired
                    .saturating_sub(usable)
                    .min(desired.saturating_sub(total.alive()))
            };
            if which == 0 && !deployment.resolved {
                // The first task alone, until its images' digests are known.
                missing = missing.min(1_usize.saturating_sub(counts.alive()));
            }
            missing = missing.min(upper.saturating_sub(total.alive()));
            let replaced = counts.unhealthy.min(missing);
            self.start_some(index, which, (missing, replaced));
        }
    }

    fn start_some(&mut self, index: usize, which: usize, (missing, replaced): (usize, usize)) {
        let mut started = Vec::new();
        let mut refused = None;
        for _ in 0..missing {
            match self.start_task(index, which) {
                Ok(id) => started.push(id),
                Err(why) => {
                    refused = Some(why);
                    break;
                }
            }
        }
        if !started.is_empty() {
            let mut text = format!(
                "has started {} tasks: {}.",
                started.len(),
                World::task_list(&started)
            );
            if replaced > 0 {
                text.push_str(&format!(
                    " Amazon ECS replaced {replaced} tasks due to an unhealthy status."
                ));
            }
            self.say(index, &text);
            self.services[index].deployments[which].attempts = 0;
        }
        match refused {
            Some(why) => self.placing_failed(index, which, &why),
            None if !started.is_empty() => self.services[index].events.resolved(),
            None => {}
        }
    }

    pub(super) fn placing_failed(&mut self, index: usize, which: usize, why: &NoStart) {
        match why {
            NoStart::Placing(placing, provider) => {
                self.complain_of_placing(index, placing, provider.as_deref());
            }
            NoStart::Reason(reason) => {
                self.complain(
                    index,
                    &format!("was unable to place a task. Reason: {reason}"),
                );
            }
            NoStart::ProvisioningLimit => self.complain(index, PROVISIONING_LIMIT),
        }
        let now = self.now;
        let deployment = &mut self.services[index].deployments[which];
        deployment.attempts += 1;
        deployment.failed += 1;
        deployment.failures += 1;
        deployment.updated = now;
        deployment.next_attempt = now + back_off(deployment.attempts);
    }

    /// One unhealthy task per second gives way, after its replacement had its chance to start.
    fn replace_unhealthy(&mut self, index: usize) {
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

    fn stop_surplus(&mut self, index: usize) {
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
            desired.saturating_sub(counts.alive().saturating_sub(counts.unhealthy))
        };
        let room = service
            .configuration
            .upper(desired)
            .saturating_sub(total.alive());
        let in_the_way = if missing > 0 && (room == 0 || primary.attempts > 0) {
            missing
        } else {
            0
        };
        let replaced = if failed && old_alive > 0 {
            total.alive().saturating_sub(desired.max(counts.alive()))
        } else {
            (old_alive + counts.healthy).saturating_sub(desired)
        };
        let primary_id = primary.id.clone();
        if old_alive > 0 {
            let chosen = self.choose_old(index, &primary_id, (in_the_way.max(replaced), spare));
            if !chosen.is_empty() {
                self.stop_chosen(index, &chosen);
                let primary = &mut self.services[index].deployments[0];
                if primary.attempts > 0 {
                    // What was in the way is going: try again soon.
                    primary.next_attempt = primary.next_attempt.min(now + 2_000);
                }
            }
        } else if counts.alive() > desired + counts.unhealthy {
            let surplus = counts.alive() - desired - counts.unhealthy;
            let chosen = self.in_stop_order(index, surplus, |task| task.deployment == primary_id);
            self.stop_chosen(index, &chosen);
        }
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

    /// Up to `count` tasks for which `which` holds, in ECS's order: the zone with the most tasks
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
        loop {
            let left =
                |position: &usize| !chosen.contains(position) && mine(&self.tasks[*position]);
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
                .filter(|position| which(&self.tasks[**position]))
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

    /// Nothing may start, nothing may stop, nothing is on its way.
    fn note_deadlock(&mut self, index: usize) {
        let now = self.now;
        let service = &self.services[index];
        let Some(primary) = service.deployments.first() else {
            return;
        };
        let total = self.service_counts(service);
        let missing = service
            .desired
            .saturating_sub(self.counts(&primary.id).alive());
        let lower = service.configuration.lower(service.desired);
        let dead = primary.rollout == Rollout::InProgress
            && missing > 0
            && service.configuration.upper(service.desired) <= total.alive()
            && total.healthy <= lower
            && total.starting + total.stopping == 0
            && total.healthy == total.running;
        let since = &mut self.services[index].deployments[0].deadlocked;
        if !dead {
            *since = None;
            return;
        }
        if now - *since.get_or_insert(now) >= DEADLOCK_SAID_AFTER_MS {
            self.complain(index, DEADLOCK);
        }
    }

    /// Drops deployments that are gone, and completes the one that is through.
    fn finish(&mut self, index: usize) {
        let now = self.now;
        let gone: Vec<String> = (self.services[index].deployments.iter().skip(1))
            .filter(|old| {
                let counts = self.counts(&old.id);
                counts.alive() + counts.stopping == 0
            })
            .map(|old| old.id.clone())
            .collect();
        let service = &mut self.services[index];
        service
            .deployments
            .retain(|deployment| !gone.contains(&deployment.id));
        let service = &self.services[index];
        let Some(primary) = service.deployments.first() else {
            return;
        };
        let counts = self.counts(&primary.id);
        let steady = service.deployments.len() == 1
            && counts.healthy >= service.desired
            && counts.alive() == service.desired
            && now >= primary.created + FIRST_ATTEMPT_MS;
        if !steady || primary.rollout == Rollout::Failed {
            self.services[index].deployments[0].settled = None;
            return;
        }
        let since = *self.services[index].deployments[0]
            .settled
            .get_or_insert(now);
        if now - since < COMPLETES_AFTER_MS {
            return;
        }
        if self.services[index].deployments[0].rollout == Rollout::InProgress {
            self.complete(index);
        }
        let said = self.services[index].steady_said;
        if said.is_none_or(|at| now - at >= STEADY_AGAIN_MS) {
            self.services[index].steady_said = Some(now);
            self.say_at(index, "has reached a steady state.", now + 1);
        }
    }

    fn complete(&mut self, index: usize) {
        let now = self.now;
        let service = &mut self.services[index];
        let deployment = &mut service.deployments[0];
        deployment.rollout = Rollout::Completed;
        deployment.reason = format!("ECS deployment {} completed.", deployment.id);
        deployment.updated = now;
        deployment.failures = 0;
        service.last_completed = Some((
            deployment.revision.clone(),
            deployment.task_definition.clone(),
        ));
        service.steady_said = None;
        let (id, record, rolled) = (
            deployment.id.clone(),
            deployment.service_deployment.clone(),
            deployment.is_rollback,
        );
        if let Some(record) = service
            .service_deployments
            .iter_mut()
            .find(|one| one.arn == record)
        {
            record.status = if rolled {
                "ROLLBACK_SUCCESSFUL"
            } else {
                "SUCCESSFUL"
            };
            record.finished = Some(now);
            record.updated = now;
            if record.breaker.0 == "MONITORING" {
                record.breaker.0 = "MONITORING_COMPLETE";
            }
        }
        self.say(index, &format!("(deployment {id}) deployment completed."));
    }
}

impl NoStart {
    /// Whether an instance was looked at and found wanting.
    pub(super) fn is_about_an_instance(&self) -> bool {
        matches!(self, NoStart::Placing(Placing::Nowhere(..), _))
    }
}
