//! Services, deployments, service deployments and revisions: what they are and how they begin.

use serde_json::Value;

use super::World;
use super::configuration::Configuration;
use super::events::EventLog;
use super::native::Stage;
use super::rebalance::Move;
use super::task::{Status, Task};

/// REPLICA or DAEMON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheduling {
    #[default]
    Replica,
    Daemon,
}

/// `rolloutState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Completed => "COMPLETED",
            Rollout::Failed => "FAILED",
        }
    }
}

/// One entry of `deployments`; the first is PRIMARY, the others ACTIVE.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `ecs-svc/` and 19 digits.
    pub id: String,
    /// ARN of the revision.
    pub task_definition: String,
    /// Tasks that it is to have.
    pub desired: usize,
    pub created: i64,
    pub updated: i64,
    pub rollout: Rollout,
    pub reason: String,
    /// Consecutive failures: `failedTasks`.
    pub failed: u32,
    /// What the circuit breaker counts.
    pub(crate) failures: u32,
    /// Failures before RUNNING in a row, for the restart throttle.
    pub(crate) start_failures: u32,
    /// One of its tasks got past PENDING, so that its images' digests are known.
    pub(crate) resolved: bool,
    /// Placement attempts that failed in a row.
    pub(crate) attempts: u32,
    /// No start before this.
    pub(crate) next_attempt: i64,
    /// Since when everything asked of it is there.
    pub(crate) settled: Option<i64>,
    /// Since when nothing could move because of the percentages.
    pub(crate) deadlocked: Option<i64>,
    /// Id of the service deployment that it belongs to.
    pub(crate) service_deployment: String,
    /// ARN of its service revision.
    pub(crate) revision: String,
    /// Brings back the last completed revision after a failure.
    pub(crate) is_rollback: bool,
}

/// What DescribeServiceDeployments tells.
#[derive(Clone, Debug)]
pub struct ServiceDeployment {
    pub arn: String,
    pub status: &'static str,
    pub reason: String,
    pub created: i64,
    pub started: Option<i64>,
    pub finished: Option<i64>,
    pub stopped: Option<i64>,
    pub updated: i64,
    pub source_revisions: Vec<String>,
    pub target_revision: String,
    /// Reason, start and revision of a rollback.
    pub rollback: Option<(String, i64, String)>,
    /// `TRIGGERED`, `MONITORING`, …, failures and threshold, as they were at the end.
    pub(crate) breaker: (&'static str, u32, u32),
    pub stage: Stage,
    /// Names of its alarms that went off.
    pub triggered_alarms: Vec<String>,
    /// They were in ALARM when it began, and don't count.
    pub(crate) alarms_ignored: bool,
}

/// What DescribeServiceRevisions tells.
#[derive(Clone, Debug)]
pub struct ServiceRevision {
    pub arn: String,
    pub task_definition: String,
    pub created: i64,
}

/// One service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    pub cluster: String,
    pub name: String,
    pub arn: String,
    /// `ACTIVE`, `DRAINING`, `INACTIVE`.
    pub status: String,
    pub desired: usize,
    pub task_definition: String,
    pub launch_type: String,
    /// Provider, weight, base.
    pub capacity_providers: Vec<(String, u32, u32)>,
    pub scheduling: Scheduling,
    pub configuration: Configuration,
    /// PRIMARY first.
    pub deployments: Vec<Deployment>,
    pub service_deployments: Vec<ServiceDeployment>,
    pub revisions: Vec<ServiceRevision>,
    pub target_groups: Vec<String>,
    pub created: i64,
    pub tags: Vec<Value>,
    pub(crate) constraints: Vec<Value>,
    pub(crate) distinct: bool,
    pub(crate) member_of: Vec<String>,
    pub(crate) strategy: Vec<Value>,
    pub(crate) network: Option<Value>,
    pub(crate) az_rebalancing: bool,
    pub(crate) grace_secs: i64,
    pub(crate) drain_secs: i64,
    pub(crate) managed_tags: bool,
    pub(crate) propagate_tags: String,
    pub(crate) execute_command: bool,
    pub(crate) events: EventLog,
    /// Revision of the newest completed deployment, and its task definition.
    pub(crate) last_completed: Option<(String, String)>,
    pub(crate) steady_said: Option<i64>,
    pub(crate) rebalancing: Option<Move>,
}

/// Tasks of a deployment or service, by state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) starting: usize,
    pub(crate) running: usize,
    pub(crate) healthy: usize,
    /// Unhealthy, or on an instance that is drained: to be replaced.
    pub(crate) leaving: usize,
    pub(crate) stopping: usize,
}

impl Counts {
    pub(crate) fn alive(self) -> usize {
        self.starting + self.running
    }

    fn add(&mut self, task: &Task, now: i64) {
        match task.status {
            status if status.starting() => self.starting += 1,
            Status::Running => self.running += 1,
            Status::Stopped => {}
            _ => self.stopping += 1,
        }
        self.healthy += usize::from(task.counts_healthy(now));
    }
}

impl Service {
    pub(crate) fn owns(&self, task: &Task) -> bool {
        task.service == self.name && task.cluster == self.cluster
    }

    /// Whether so many healthy tasks are enough for `earlySuccessCriteria`, and the old tasks are
    /// gone where they have to be.
    pub(crate) fn is_early_success(&self, healthy: usize) -> bool {
        let Some(early) = self.configuration.early_success else {
            return false;
        };
        let enough = (self.desired * early.healthy_percent as usize).div_ceil(100);
        let underway = |first: &Deployment| {
            first.rollout == Rollout::InProgress && !first.is_rollback && first.desired > 0
        };
        self.deployments.first().is_some_and(underway)
            && healthy >= enough.max(1)
            && (early.deferred || self.deployments.len() == 1)
    }

    pub(crate) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments
            .iter()
            .find(|deployment| deployment.id == id)
    }
}

/// ECS first looks at a new deployment a few seconds after UpdateService.
pub(crate) const FIRST_ATTEMPT_MS: i64 = 6_000;

impl World {
    fn leaving(&self, task: &Task, draining: &[&str]) -> bool {
        let drained = || {
            let on = task.instance.as_deref();
            on.is_some_and(|id| draining.contains(&id))
        };
        task.status.alive() && (task.unhealthy(self.now) || drained())
    }

    /// Ids of the instances that are being drained.
    pub(super) fn draining(&self) -> Vec<&str> {
        let draining = self.instances.iter().filter(|one| one.status == "DRAINING");
        draining.map(|one| one.id.as_str()).collect()
    }

    pub(crate) fn counts(&self, deployment: &str) -> Counts {
        self.count(|task| task.deployment == deployment)
    }

    pub(crate) fn service_counts(&self, service: &Service) -> Counts {
        self.count(|task| service.owns(task))
    }

    fn count(&self, which: impl Fn(&Task) -> bool) -> Counts {
        let draining = self.draining();
        let mut counts = Counts::default();
        for task in self.tasks.iter().filter(|task| which(task)) {
            counts.add(task, self.now);
            counts.leaving += usize::from(self.leaving(task, &draining));
        }
        counts
    }

    /// Starts a deployment of `task_definition`: it becomes PRIMARY, the former one ACTIVE.
    pub(crate) fn begin_deployment(&mut self, index: usize, task_definition: &str) {
        let now = self.now;
        let number = self.ids.digits19();
        let short = self.ids.hex32()[..21].to_owned();
        let (cluster, name) = (
            self.services[index].cluster.clone(),
            self.services[index].name.clone(),
        );
        let revision = self.arn(&format!("service-revision/{cluster}/{name}/{number}"));
        let service_deployment = self.arn(&format!("service-deployment/{cluster}/{name}/{short}"));
        let underway = |one: &ServiceDeployment| one.finished.is_none();
        let reconciles = self.services[index]
            .service_deployments
            .iter()
            .any(underway);
        self.supersede(index);
        let alarms_ignored = self.ignores_alarms(index);
        let service = &mut self.services[index];
        let stage = Stage::first(&service.configuration, reconciles, now);
        let source_revisions = service
            .deployments
            .iter()
            .map(|old| old.revision.clone())
            .collect();
        service.revisions.push(ServiceRevision {
            arn: revision.clone(),
            task_definition: task_definition.to_owned(),
            created: now,
        });
        service.service_deployments.push(ServiceDeployment {
            arn: service_deployment.clone(),
            status: "PENDING",
            reason: String::new(),
            created: now,
            started: None,
            finished: None,
            stopped: None,
            updated: now,
            source_revisions,
            target_revision: revision.clone(),
            rollback: None,
            breaker: ("MONITORING", 0, 0),
            stage,
            triggered_alarms: Vec::new(),
            alarms_ignored,
        });
        task_definition.clone_into(&mut service.task_definition);
        let deployment = new_deployment(
            &number,
            task_definition,
            (service_deployment, revision),
            now,
        );
        service.deployments.insert(
            0,
            Deployment {
                desired: service.desired,
                ..deployment
            },
        );
        service.steady_said = None;
    }

    /// The deployment under way, if any, gives way to a new one.
    fn supersede(&mut self, index: usize) {
        let now = self.now;
        let counts: Vec<usize> = {
            let ids: Vec<String> = self.services[index]
                .deployments
                .iter()
                .map(|d| d.id.clone())
                .collect();
            ids.iter().map(|id| self.counts(id).alive()).collect()
        };
        let service = &mut self.services[index];
        for (deployment, alive) in service.deployments.iter_mut().zip(counts) {
            deployment.desired = alive;
            deployment.updated = now;
        }
        for old in &mut service.service_deployments {
            if old.finished.is_none() {
                old.status = "STOPPED";
                old.reason =
                    "Service deployment stopped because a newer service deployment was started."
                        .to_owned();
                old.finished = Some(now);
                old.stopped = Some(now);
                old.updated = now;
            }
        }
    }
}

pub(crate) fn new_deployment(
    number: &str,
    task_definition: &str,
    (service_deployment, revision): (String, String),
    now: i64,
) -> Deployment {
    let id = format!("ecs-svc/{number}");
    Deployment {
        reason: format!("ECS deployment {id} in progress."),
        id,
        task_definition: task_definition.to_owned(),
        desired: 0,
        created: now,
        updated: now,
        rollout: Rollout::InProgress,
        failed: 0,
        failures: 0,
        start_failures: 0,
        resolved: false,
        attempts: 0,
        next_attempt: now + FIRST_ATTEMPT_MS,
        settled: None,
        deadlocked: None,
        service_deployment,
        revision,
        is_rollback: false,
    }
}
