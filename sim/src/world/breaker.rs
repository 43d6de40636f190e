//! Failures of tasks, the deployment circuit breaker, and rollbacks.

use super::World;
use super::service::{Deployment, Rollout, Service, new_deployment};
use super::spec::Breaker;
use super::task::Status;

/// A task that ended after RUNNING is replaced so much later.
const RESTART_MS: i64 = 3_000;
/// Failures before RUNNING in a row until ECS says that it slows down.
const THROTTLED_AFTER: u32 = 3;
/// Bounds of `BOUNDED_PERCENT`.
const BOUNDS: (u32, u32) = (3, 200);

impl Breaker {
    /// Failures that trip it, for the desired count of the moment.
    pub(crate) fn threshold(&self, desired: usize) -> u32 {
        let desired = u32::try_from(desired).unwrap_or(u32::MAX);
        let share = desired.saturating_mul(self.threshold_value).div_ceil(100);
        match self.threshold_type.as_str() {
            "COUNT" => self.threshold_value,
            "UNBOUNDED_PERCENT" => share,
            _ => share.clamp(BOUNDS.0, BOUNDS.1),
        }
    }
}

impl World {
    /// Takes note of tasks that got healthy and of tasks that failed.
    pub(super) fn count_ends(&mut self, index: usize) {
        let now = self.now;
        for position in 0..self.tasks.len() {
            let task = &self.tasks[position];
            if !self.services[index].owns(task) || (task.counted && task.was_healthy) {
                continue;
            }
            let id = task.deployment.clone();
            if matches!(task.status, Status::Activating | Status::Running) {
                self.resolve(index, &id);
            }
            let task = &self.tasks[position];
            if task.counts_healthy(now) && !task.was_healthy {
                self.tasks[position].was_healthy = true;
                self.got_healthy(index, &id);
            }
            if self.tasks[position].stopping.is_some() && !self.tasks[position].counted {
                self.tasks[position].counted = true;
                self.ended(index, position);
            }
        }
    }

    fn resolve(&mut self, index: usize, id: &str) {
        if let Some(deployment) = self.deployment_mut(index, id) {
            deployment.resolved = true;
        }
    }

    fn deployment_mut(&mut self, index: usize, id: &str) -> Option<&mut Deployment> {
        self.services[index]
            .deployments
            .iter_mut()
            .find(|deployment| deployment.id == id)
    }

    fn got_healthy(&mut self, index: usize, id: &str) {
        self.services[index].events.resolved();
        let breaker = self.services[index].configuration.breaker.as_ref();
        let resets = breaker.is_none_or(|breaker| breaker.reset_on_healthy_task);
        if let Some(deployment) = self.deployment_mut(index, id) {
            deployment.failed = 0;
            deployment.start_failures = 0;
            if resets {
                deployment.failures = 0;
            }
        }
    }

    fn ended(&mut self, index: usize, position: usize) {
        let now = self.now;
        let task = &self.tasks[position];
        let code = task.stop_code.unwrap_or_default();
        let unchecked = task.stopped_reason.starts_with("Task failed ");
        let never_ran = task.started.is_none();
        let failed = code == "TaskFailedToStart"
            || unchecked
            || (code == "EssentialContainerExited" && !task.was_healthy);
        let (id, reason) = (task.deployment.clone(), task.stopped_reason.clone());
        let Some(deployment) = self.deployment_mut(index, &id) else {
            return;
        };
        deployment.next_attempt = deployment.next_attempt.max(now + RESTART_MS);
        if !failed {
            return;
        }
        deployment.failed += 1;
        deployment.failures += 1;
        deployment.updated = now;
        if deployment.failures >= 3 {
            deployment.resolved = true;
        }
        if !never_ran {
            return;
        }
        deployment.start_failures += 1;
        let in_a_row = deployment.start_failures;
        let wait = self.back_off(in_a_row);
        if let Some(deployment) = self.deployment_mut(index, &id) {
            deployment.next_attempt = now + wait;
        }
        let stop = if reason.ends_with('.') { "" } else { "." };
        self.complain(
            index,
            &format!("was unable to place a task. Reason: {reason}{stop}"),
        );
        if in_a_row >= THROTTLED_AFTER {
            self.complain(index, "is unable to consistently start tasks successfully.");
        }
    }

    /// PENDING service deployments begin; a rollback that was asked for does, too.
    pub(super) fn begin_service_deployment(&mut self, index: usize) {
        let now = self.now;
        let Some(arn) = self.services[index]
            .deployments
            .first()
            .map(|first| first.service_deployment.clone())
        else {
            return;
        };
        let Some(record) = self.record_mut(index, &arn) else {
            return;
        };
        match record.status {
            "PENDING" => {
                record.status = "IN_PROGRESS";
                record.started = Some(now);
                record.updated = now;
            }
            "ROLLBACK_REQUESTED" => {
                let reason =
                    "Service deployment rolled back because StopServiceDeployment was called.";
                self.roll_back(index, reason);
            }
            _ => {}
        }
    }

    fn record_mut(
        &mut self,
        index: usize,
        arn: &str,
    ) -> Option<&mut super::service::ServiceDeployment> {
        self.services[index]
            .service_deployments
            .iter_mut()
            .find(|record| record.arn == arn)
    }

    pub(super) fn check_breaker(&mut self, index: usize) {
        let service = &self.services[index];
        let Some(primary) = service.deployments.first() else {
            return;
        };
        let (id, arn) = (primary.id.clone(), primary.service_deployment.clone());
        let state = breaker_state(service, primary);
        let underway = primary.rollout == Rollout::InProgress && !primary.is_rollback;
        if underway && let Some(record) = self.record_mut(index, &arn) {
            record.breaker = state;
        }
        let breaker = self.services[index].configuration.breaker.clone();
        let Some(breaker) = breaker.filter(|breaker| breaker.enable) else {
            return;
        };
        let primary = &self.services[index].deployments[0];
        if primary.rollout != Rollout::InProgress || primary.failures < state.2 {
            return;
        }
        self.fail_primary(
            index,
            "ECS deployment circuit breaker: tasks failed to start.",
        );
        self.say(
            index,
            &format!("(deployment {id}) deployment failed: tasks failed to start."),
        );
        if let Some(record) = self.record_mut(index, &arn) {
            record.breaker.0 = "TRIGGERED";
        }
        if breaker.rollback {
            let reason = "Service deployment rolled back because the circuit breaker threshold was exceeded.";
            self.roll_back(index, reason);
        } else {
            let reason =
                "Service deployment stopped because the circuit breaker threshold was exceeded.";
            self.end_record(index, &arn, ("STOPPED", reason));
        }
    }

    pub(crate) fn fail_primary(&mut self, index: usize, reason: &str) {
        let now = self.now;
        if let Some(primary) = self.services[index].deployments.first_mut() {
            primary.rollout = Rollout::Failed;
            reason.clone_into(&mut primary.reason);
            primary.updated = now;
        }
    }

    pub(super) fn end_record(
        &mut self,
        index: usize,
        arn: &str,
        (status, reason): (&'static str, &str),
    ) {
        let now = self.now;
        if let Some(record) = self.record_mut(index, arn) {
            record.status = status;
            reason.clone_into(&mut record.reason);
            record.finished = Some(now);
            record.stopped = Some(now);
            record.updated = now;
        }
    }

    /// Back to the newest completed revision, as a new deployment; its tasks that still run are
    /// taken over.
    pub(crate) fn roll_back(&mut self, index: usize, reason: &str) {
        let now = self.now;
        let number = self.ids.digits19();
        let failed = self.services[index].deployments[0].clone();
        if failed.rollout != Rollout::Failed {
            self.fail_primary(index, reason);
        }
        let candidate = self.services[index].last_completed.clone();
        let Some((revision, task_definition)) = candidate.filter(|_| !failed.is_rollback) else {
            let reason = "No rollback candidate was found to run the rollback.";
            self.end_record(
                index,
                &failed.service_deployment,
                ("ROLLBACK_FAILED", reason),
            );
            return;
        };
        let record = failed.service_deployment.clone();
        let fresh = new_deployment(
            &number,
            &task_definition,
            (record.clone(), revision.clone()),
            now,
        );
        let id = fresh.id.clone();
        let alive: Vec<usize> = self.services[index]
            .deployments
            .iter()
            .map(|old| self.counts(&old.id).alive())
            .collect();
        let mut adopted = false;
        let service = &mut self.services[index];
        for (old, alive) in service.deployments.iter_mut().zip(alive) {
            old.desired = alive;
            if old.revision == revision {
                let its = self
                    .tasks
                    .iter_mut()
                    .filter(|task| task.deployment == old.id);
                for task in its {
                    task.deployment.clone_from(&id);
                    adopted = true;
                }
            }
        }
        let by_the_breaker = reason.contains("circuit breaker");
        let reason_of_it = if by_the_breaker {
            format!("ECS deployment circuit breaker: rolling back to deploymentId {id}.")
        } else {
            format!("ECS deployment {id} in progress.")
        };
        service.deployments.insert(
            0,
            Deployment {
                desired: service.desired,
                is_rollback: true,
                reason: reason_of_it,
                resolved: adopted,
                ..fresh
            },
        );
        service.task_definition = task_definition;
        service.steady_said = None;
        if let Some(record) = self.record_mut(index, &record) {
            record.status = "ROLLBACK_IN_PROGRESS";
            reason.clone_into(&mut record.reason);
            record.rollback = Some((reason.to_owned(), now, revision));
            (record.stage.weight, record.stage.test_weight) = (0.0, 0.0);
            record.updated = now;
        }
        self.say(index, &format!("rolling back to deployment {id}."));
    }
}

/// Status, failures and threshold as DescribeServiceDeployments tells them.
fn breaker_state(service: &Service, primary: &Deployment) -> (&'static str, u32, u32) {
    match &service.configuration.breaker {
        Some(breaker) if breaker.enable => (
            "MONITORING",
            primary.failures,
            breaker.threshold(service.desired),
        ),
        _ => ("DISABLED", 0, 0),
    }
}
