//! Services, deployments, service deployments and revisions: what they are and how they begin.

use serde_json::{Value, json};

use super::World;
use super::events::EventLog;
use super::spec::{Breaker, ServiceSpec};
use super::task::{Status, Task};

/// REPLICA or DAEMON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheduling {
    #[default]
    Replica,
    Daemon,
}

/// `deploymentConfiguration`, the part that the scheduler acts on.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub minimum_healthy_percent: u32,
    pub maximum_percent: u32,
    pub breaker: Option<Breaker>,
}

impl Configuration {
    /// Tasks that must stay running and healthy.
    pub(crate) fn lower(&self, desired: usize) -> usize {
        (desired * self.minimum_healthy_percent as usize).div_ceil(100)
    }

    /// Tasks that may be running or on their way.
    pub(crate) fn upper(&self, desired: usize) -> usize {
        desired * self.maximum_percent as usize / 100
    }
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
}

/// What DescribeServiceRevisions tells.
#[derive(Clone, Debug)]
pub struct ServiceRevision {
    pub arn: String,
    pub task_definition: String,
    pub created: i64,
}

/// One service.
#[derive(Clone, Debug)]
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
}

/// Tasks of a deployment or service, by state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) starting: usize,
    pub(crate) running: usize,
    pub(crate) healthy: usize,
    pub(crate) unhealthy: usize,
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
        self.unhealthy += usize::from(task.unhealthy(now));
    }
}

impl Service {
    pub(crate) fn owns(&self, task: &Task) -> bool {
        task.service == self.name && task.cluster == self.cluster
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
    pub(crate) fn counts(&self, deployment: &str) -> Counts {
        let mut counts = Counts::default();
        for task in self
            .tasks
            .iter()
            .filter(|task| task.deployment == deployment)
        {
            counts.add(task, self.now);
        }
        counts
    }

    pub(crate) fn service_counts(&self, service: &Service) -> Counts {
        let mut counts = Counts::default();
        for task in self.tasks.iter().filter(|task| service.owns(task)) {
            counts.add(task, self.now);
        }
        counts
    }

    /// A service that has been steady for a while: its tasks run and are healthy.
    ///
    /// Tasks that fit nowhere are left for the scheduler to try. Returns the service's ARN.
    pub fn create_service(&mut self, spec: ServiceSpec) -> String {
        let born = self.now - spec.age_secs * 1000;
        let revision = self.find_task_definition(&spec.task_definition);
        let task_definition = revision.map_or(spec.task_definition.clone(), |revision| {
            revision.arn.clone()
        });
        let arn = self.arn(&format!("service/{}/{}", spec.cluster, spec.name));
        let member_of = spec
            .constraints
            .iter()
            .filter_map(|c| c["expression"].as_str().map(str::to_owned));
        let uses_network = self
            .needs_of(&task_definition)
            .is_some_and(|needs| needs.awsvpc);
        let network = uses_network.then(|| {
            json!({"awsvpcConfiguration": {"subnets": spec.subnets, "securityGroups": ["sg-0aaa"],
                   "assignPublicIp": "DISABLED"}})
        });
        let service = Service {
            arn: arn.clone(),
            status: "ACTIVE".to_owned(),
            desired: spec.desired as usize,
            task_definition: task_definition.clone(),
            launch_type: spec.launch_type,
            capacity_providers: spec.capacity_providers,
            scheduling: spec.scheduling,
            configuration: Configuration {
                minimum_healthy_percent: spec.minimum_healthy_percent,
                maximum_percent: spec.maximum_percent,
                breaker: spec.breaker,
            },
            deployments: Vec::new(),
            service_deployments: Vec::new(),
            revisions: Vec::new(),
            target_groups: spec.target_groups,
            created: born,
            tags: Vec::new(),
            distinct: spec.scheduling == Scheduling::Daemon
                || spec
                    .constraints
                    .iter()
                    .any(|constraint| constraint["type"] == "distinctInstance"),
            member_of: member_of.collect(),
            constraints: spec.constraints,
            strategy: spec.strategy,
            network,
            az_rebalancing: spec.az_rebalancing,
            grace_secs: spec.health_check_grace_secs,
            drain_secs: spec.deregistration_delay_secs,
            managed_tags: false,
            propagate_tags: "NONE".to_owned(),
            execute_command: false,
            events: EventLog::default(),
            last_completed: None,
            steady_said: Some(self.now - 3_600_000),
            cluster: spec.cluster,
            name: spec.name,
        };
        self.services.push(service);
        let index = self.services.len() - 1;
        self.begin_deployment(index, &task_definition);
        self.settle_at_once(index, born);
        arn
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
        self.supersede(index);
        let service = &mut self.services[index];
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

    /// Makes the newest deployment of a service look as if it had completed long ago.
    fn settle_at_once(&mut self, index: usize, born: i64) {
        let service = self.services[index].clone();
        if service.scheduling == Scheduling::Daemon {
            let places = self.daemon_places(&service);
            self.services[index].desired = places.len();
            self.services[index].deployments[0].desired = places.len();
        }
        for _ in 0..self.services[index].desired {
            if self.start_task(index, 0).is_err() {
                break;
            }
        }
        let (now, since) = (self.now, born + 60_000);
        for task in self.tasks.iter_mut().filter(|task| service.owns(task)) {
            let placed = task.instance.is_some() || task.launch_type == "FARGATE";
            if placed {
                task.status = Status::Running;
                task.healthy =
                    (task.needs.health_check || !task.target_groups.is_empty()).then_some(true);
                task.created = born;
                task.started = Some(since);
                task.holds = true;
                task.was_healthy = true;
                task.behaviour = super::spec::TaskBehaviour {
                    exit: None,
                    pull_error: None,
                    ..task.behaviour.clone()
                };
            }
        }
        let service = &mut self.services[index];
        let deployment = &mut service.deployments[0];
        deployment.created = born;
        deployment.updated = since;
        deployment.rollout = Rollout::Completed;
        deployment.reason = format!("ECS deployment {} completed.", deployment.id);
        deployment.resolved = true;
        deployment.next_attempt = now;
        service.last_completed = Some((
            deployment.revision.clone(),
            deployment.task_definition.clone(),
        ));
        for done in &mut service.service_deployments {
            done.status = "SUCCESSFUL";
            (done.created, done.started, done.finished, done.updated) =
                (born, Some(born), Some(since), since);
            done.breaker.0 = "MONITORING_COMPLETE";
        }
        for revision in &mut service.revisions {
            revision.created = born;
        }
        service.steady_said = Some(now - 3_600_000);
        for hours in [19, 13, 7, 1] {
            self.say_at(
                index,
                "has reached a steady state.",
                now - hours * 3_600_000,
            );
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
