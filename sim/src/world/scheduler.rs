//! The rolling update of a REPLICA service, one second at a time.
//!
//! Greedy, as ECS describes it: start what the percentages allow, stop what is replaced or in
//! the way, complete when only the new revision is left. It doesn't plan and doesn't forecast.

use super::World;
use super::placement::Placing;
use super::service::{FIRST_ATTEMPT_MS, Rollout, Scheduling};
use super::start::NoStart;

/// From the last task being as wanted to the deployment counting as completed.
const COMPLETES_AFTER_MS: i64 = 20_000;
/// Nothing could move for so long because of the percentages before ECS says so.
const DEADLOCK_SAID_AFTER_MS: i64 = 30_000;
/// The steady state is repeated.
const STEADY_AGAIN_MS: i64 = 6 * 3_600_000;
const DEADLOCK: &str = "was unable to stop or start tasks during a deployment because of the service deployment \
    configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
const PROVISIONING_LIMIT: &str = "was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.";

impl World {
    /// Milliseconds until the next attempt, after so many failed ones in a row.
    pub(super) fn back_off(&self, attempts: u32) -> i64 {
        let (first, most) = self.back_off_secs;
        (first << attempts.saturating_sub(1).min(16)).min(most) * 1000
    }

    pub(super) fn run_services(&mut self) {
        for index in 0..self.services.len() {
            self.begin_service_deployment(index);
            self.count_ends(index);
            self.check_breaker(index);
            self.check_alarms(index);
            self.run_stages(index);
            if self.services[index].scheduling == Scheduling::Daemon {
                self.run_daemon(index);
            } else {
                self.start_missing(index);
                self.replace_unhealthy(index);
                if !self.stop_blue(index) {
                    self.stop_surplus(index);
                }
                self.note_deadlock(index);
            }
            self.finish(index);
            self.rebalance(index);
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
            let usable = counts.alive().saturating_sub(counts.leaving);
            let native = self.native_wants(index, which);
            let mut missing = if let Some(wanted) = native {
                wanted.saturating_sub(usable)
            } else if which == 0 {
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
            if native.is_none() {
                missing = missing.min(upper.saturating_sub(total.alive()));
            }
            let replaced = counts.leaving.min(missing);
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
            None if !started.is_empty() => self.services[index].events.placed(),
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
        let wait = self.back_off(self.services[index].deployments[which].attempts + 1);
        let deployment = &mut self.services[index].deployments[which];
        deployment.attempts += 1;
        deployment.failed += 1;
        deployment.failures += 1;
        deployment.updated = now;
        deployment.next_attempt = now + wait;
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
            && !service.configuration.is_native()
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
        let early = service.is_early_success(counts.healthy);
        if !(steady || early) || primary.rollout == Rollout::Failed {
            self.services[index].deployments[0].settled = None;
            return;
        }
        let since = *self.services[index].deployments[0]
            .settled
            .get_or_insert(now);
        if now - since < COMPLETES_AFTER_MS || !self.is_baked(index) {
            return;
        }
        if self.services[index].deployments[0].rollout == Rollout::InProgress {
            self.complete(index);
        }
        let said = self.services[index].steady_said;
        if steady && said.is_none_or(|at| now - at >= STEADY_AGAIN_MS) {
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
