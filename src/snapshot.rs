//! What was last seen of ECS: plain data, perhaps incomplete, perhaps stale.
//!
//! Everything that decides works on these types. They know no SDK, no clock and no wire format;
//! `aws` fills them once. What AWS may add to later is kept as text (`Other`), never an error.

mod capacity_provider;
mod outside_ecs;
mod timestamp;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use capacity_provider::{CapacityProvider, ScalingGroup};
pub use outside_ecs::{LogTail, TargetHealth};
pub use timestamp::Timestamp;

/// One service as DescribeServices told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// The name or ARN of the cluster, as the request gave it.
    pub cluster: String,
    pub name: String,
    pub arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    /// ARN of the revision that the service points at.
    pub task_definition: String,
    /// `EC2`, `FARGATE`, `EXTERNAL`; absent where a capacity provider strategy rules.
    pub launch_type: Option<String>,
    pub capacity_providers: Vec<StrategyItem>,
    /// In the order of the answer (PRIMARY first as a rule).
    pub deployments: Vec<Deployment>,
    /// Newest first, at most 100.
    pub events: Vec<Event>,
    pub configuration: DeploymentConfiguration,
    pub scheduling: Scheduling,
    /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub controller: String,
    pub constraints: Vec<Constraint>,
    pub placement: Vec<PlacementStrategy>,
    pub network: Option<Network>,
    pub load_balancers: Vec<LoadBalancer>,
    pub az_rebalancing: bool,
    /// ARN of what ECS calls the current service deployment; may be that of an older one.
    pub service_deployment: Option<String>,
    pub health_check_grace: Duration,
}

impl Service {
    /// Whether its tasks run on Fargate, as far as the service itself says.
    pub fn on_fargate(&self) -> bool {
        match self.capacity_providers.first() {
            Some(item) => item.provider.starts_with("FARGATE"),
            None => self.launch_type.as_deref() == Some("FARGATE"),
        }
    }

    /// Whether a deployment starts a whole second set of tasks before it stops the old ones: native
    /// blue/green, linear and canary.
    pub fn has_second_set(&self) -> bool {
        ["BLUE_GREEN", "LINEAR", "CANARY"].contains(&self.configuration.strategy.as_str())
    }

    /// The deployment that the service is steered to now.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments
            .iter()
            .find(|deployment| deployment.status == DeploymentStatus::Primary)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheduling {
    #[default]
    Replica,
    Daemon,
}

/// One item of a capacity provider strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrategyItem {
    pub provider: String,
    pub weight: u32,
    pub base: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentConfiguration {
    pub minimum_healthy_percent: u32,
    pub maximum_percent: u32,
    pub circuit_breaker: Option<CircuitBreaker>,
    pub alarms: Vec<String>,
    pub alarms_roll_back: bool,
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`.
    pub strategy: String,
    pub bake_time: Option<Duration>,
    /// Between two steps of the traffic: of a LINEAR or CANARY deployment.
    pub step_bake_time: Option<Duration>,
}

impl Default for DeploymentConfiguration {
    /// ECS's own defaults for a REPLICA service (`100`/`200`, rolling).
    fn default() -> Self {
        DeploymentConfiguration {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: None,
            alarms: Vec::new(),
            alarms_roll_back: false,
            strategy: "ROLLING".to_owned(),
            bake_time: None,
            step_bake_time: None,
        }
    }
}

/// The circuit breaker's settings where it is enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CircuitBreaker {
    pub rollback: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentStatus {
    Primary,
    Active,
    Inactive,
    Other(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RolloutState {
    InProgress,
    Completed,
    Failed,
    Other(String),
}

/// One entry of a service's `deployments`.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// `ecs-svc/<digits>`: what a task's `startedBy` names.
    pub id: String,
    pub status: DeploymentStatus,
    /// ARN of the revision.
    pub task_definition: String,
    pub desired: u32,
    pub pending: u32,
    pub running: u32,
    /// Consecutive failures as ECS counts them; zero again once one task runs.
    pub failed: u32,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Absent with a Classic Load Balancer or a controller that isn't ECS.
    pub rollout: Option<RolloutState>,
    pub rollout_reason: String,
}

/// One service event. `message` is AWS's own text, untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub at: Timestamp,
    pub message: String,
}

/// A placement constraint of a service or of a task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    DistinctInstance,
    MemberOf(String),
    Other(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementStrategy {
    /// `spread`, `binpack` or `random`.
    pub kind: String,
    pub field: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    pub assign_public_ip: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    pub target_group: Option<String>,
    pub classic_name: Option<String>,
    pub container: String,
    pub port: u16,
}

/// What DescribeServiceDeployments told about one service deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceDeployment {
    pub arn: String,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `STOPPED`, `STOP_REQUESTED`, `ROLLBACK_…`.
    pub status: String,
    pub reason: String,
    /// ARN of the target revision; it ends in the number of the deployment id.
    pub target_revision: String,
    pub created: Timestamp,
    /// `SCALE_UP`, `BAKE_TIME`, …
    pub stage: Option<String>,
    /// Share of production traffic that the target revision was asked to take, in percent.
    pub production_traffic: Option<f64>,
    pub circuit_breaker: Option<CircuitBreakerState>,
    pub triggered_alarms: Vec<String>,
    pub hooks: Vec<Hook>,
    pub rollback_reason: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CircuitBreakerState {
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE`, `DISABLED`.
    pub status: String,
    pub failures: u32,
    pub threshold: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hook {
    pub id: String,
    /// `AWAITING_ACTION`, …
    pub status: String,
    /// ARN of the function; empty for a pause.
    pub target: String,
    pub expires: Option<Timestamp>,
    /// `CONTINUE` or `ROLLBACK`: what ECS does when it expires.
    pub timeout_action: String,
}

/// A task that task protection holds, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// ARN of the task.
    pub task: String,
    pub until: Option<Timestamp>,
}

/// A task's `lastStatus`, in the order in which a task goes through them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TaskStatus {
    #[default]
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
    Other(String),
}

impl TaskStatus {
    /// On its way up: asked for, but not running yet.
    pub fn is_starting(&self) -> bool {
        matches!(
            self,
            TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating
        )
    }

    /// On its way down: ECS counts its resources as free already, the task is not gone yet.
    pub fn is_stopping(&self) -> bool {
        matches!(
            self,
            TaskStatus::Deactivating | TaskStatus::Stopping | TaskStatus::Deprovisioning
        )
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    Healthy,
    Unhealthy,
    /// No health check, or no answer yet.
    #[default]
    Unknown,
}

/// One task as DescribeTasks told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    pub arn: String,
    pub task_definition: String,
    /// The deployment's id where a service's scheduler started it.
    pub started_by: String,
    /// `service:NAME` or a family.
    pub group: String,
    /// ARN of the container instance; absent where the task was never placed.
    pub instance: Option<String>,
    pub capacity_provider: Option<String>,
    pub launch_type: Option<String>,
    pub availability_zone: Option<String>,
    pub last_status: TaskStatus,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    pub health: Health,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub stopping: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    pub stop_code: Option<String>,
    pub stopped_reason: String,
    /// Whether a network interface of its own is attached (awsvpc).
    pub has_eni: bool,
    /// Held against scale-in by task protection.
    pub protected: bool,
    /// Whether all its targets are healthy at the load balancer; absent where that isn't known.
    pub in_service: Option<bool>,
    /// What the task was counted with, where the answer says so.
    pub cpu: Option<i64>,
    pub memory: Option<i64>,
    pub containers: Vec<Container>,
}

impl Task {
    /// The last part of the ARN.
    pub fn id(&self) -> &str {
        last_part(&self.arn)
    }

    /// On its way down, or gone.
    pub fn is_going(&self) -> bool {
        self.last_status.is_stopping()
            || self.last_status == TaskStatus::Stopped
            || self.desired_status == "STOPPED"
    }

    /// Runs, and counts for the lower bound of a deployment.
    pub fn is_steady(&self) -> bool {
        self.last_status == TaskStatus::Running && self.health != Health::Unhealthy
    }
}

/// One item of RunTask's `failures`: AWS took the call and found no place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementFailure {
    /// ARN of the container instance that it is about, where it is about one.
    pub instance: Option<String>,
    /// `RESOURCE:MEMORY`, `AGENT`, or a sentence.
    pub reason: String,
    pub detail: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    pub last_status: String,
    /// Absent where the container never started.
    pub exit_code: Option<i64>,
    pub reason: String,
    pub health: Health,
    pub image: String,
    pub image_digest: String,
    /// Private addresses of its own network interface (awsvpc).
    pub addresses: Vec<String>,
    /// Ports of the host that lead to it, also those that Docker dealt out.
    pub host_ports: Vec<u16>,
}

/// What an instance registered, or has left. Named resources only, never by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// CPU units; may be negative on an oversubscribed instance.
    pub cpu: Option<i64>,
    /// MiB; may be negative.
    pub memory: Option<i64>,
    /// TCP ports that are *taken* (reserved by the agent or in use).
    pub tcp_ports: BTreeSet<u16>,
    /// UDP ports that are taken.
    pub udp_ports: BTreeSet<u16>,
    /// How many GPUs; absent where the instance names no such resource.
    pub gpus: Option<u32>,
    /// Resources whose name or type is not known, by name.
    pub unknown: Vec<String>,
}

/// One container instance as DescribeContainerInstances told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    pub arn: String,
    pub ec2_instance_id: Option<String>,
    /// `ACTIVE`, `DRAINING`, `REGISTERING`, …
    pub status: String,
    pub agent_connected: bool,
    /// Absent for an instance that registered by itself.
    pub capacity_provider: Option<String>,
    pub registered: Resources,
    pub remaining: Resources,
    /// Name to value; a value may be absent.
    pub attributes: BTreeMap<String, Option<String>>,
    pub running_tasks: u32,
    pub pending_tasks: u32,
}

impl Instance {
    /// The last part of the ARN.
    pub fn id(&self) -> &str {
        last_part(&self.arn)
    }

    /// `ecs.instance-type`, where the instance says so.
    pub fn instance_type(&self) -> Option<&str> {
        self.attribute("ecs.instance-type")
    }

    /// The value of an attribute that has one.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_deref()
    }
}

/// `arn:…/name` or `name` to `name`.
pub fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
