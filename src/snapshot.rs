//! What was last seen of ECS: plain data, perhaps incomplete, perhaps stale.
//!
//! Everything that decides works on these types. They know no SDK, no clock and no wire format;
//! `aws` fills them once. What AWS may add to later is kept as text (`Other`), never an error.

mod capacity_provider;
mod instance;
mod outside_ecs;
mod task;
mod timestamp;

use std::time::Duration;

pub use capacity_provider::{CapacityProvider, ScalingGroup};
pub use instance::{Instance, Resources};
pub use outside_ecs::{LogTail, TargetHealth};
pub use task::{Container, Health, PlacementFailure, Protection, Task, TaskStatus};
pub use timestamp::Timestamp;

/// One service as DescribeServices answered it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// The name or ARN of the cluster, as the request gave it.
    pub cluster: String,
    /// `serviceName`.
    pub name: String,
    /// `serviceArn`.
    pub arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// `desiredCount`, in tasks.
    pub desired: u32,
    /// `runningCount`, in tasks of all deployments.
    pub running: u32,
    /// `pendingCount`, in tasks of all deployments.
    pub pending: u32,
    /// ARN of the revision that the service points at.
    pub task_definition: String,
    /// `EC2`, `FARGATE`, `EXTERNAL`; absent where a capacity provider strategy rules.
    pub launch_type: Option<String>,
    /// `capacityProviderStrategy`; empty where a launch type rules.
    pub capacity_providers: Vec<StrategyItem>,
    /// In the order of the answer (PRIMARY first as a rule).
    pub deployments: Vec<Deployment>,
    /// Newest first, at most 100.
    pub events: Vec<Event>,
    /// `deploymentConfiguration`.
    pub configuration: DeploymentConfiguration,
    /// `schedulingStrategy`.
    pub scheduling: Scheduling,
    /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub controller: String,
    /// `placementConstraints`; those of the task definition come on top.
    pub constraints: Vec<Constraint>,
    /// `placementStrategy`, in the order in which ECS applies it.
    pub placement: Vec<PlacementStrategy>,
    /// `networkConfiguration`: present where tasks have network interfaces of their own (awsvpc).
    pub network: Option<Network>,
    /// `loadBalancers`; empty where no load balancer checks the tasks.
    pub load_balancers: Vec<LoadBalancer>,
    /// Whether `availabilityZoneRebalancing` is `ENABLED`.
    pub az_rebalancing: bool,
    /// ARN of what ECS calls the current service deployment; may be that of an older one.
    pub service_deployment: Option<String>,
    /// `healthCheckGracePeriodSeconds`; zero where the service has none.
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
    /// `capacityProvider`: its name.
    pub provider: String,
    /// `weight`: its share of the tasks beyond `base`, against the weights of the others.
    pub weight: u32,
    /// `base`: how many tasks it gets first.
    pub base: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentConfiguration {
    /// `minimumHealthyPercent` of the desired count, rounded up.
    pub minimum_healthy_percent: u32,
    /// `maximumPercent` of the desired count, rounded down.
    pub maximum_percent: u32,
    /// `deploymentCircuitBreaker`; absent where it is disabled.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Names of the CloudWatch alarms that may end a deployment; empty where alarms are disabled.
    pub alarms: Vec<String>,
    /// Whether such an alarm makes ECS roll back.
    pub alarms_roll_back: bool,
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`.
    pub strategy: String,
    /// `bakeTimeInMinutes`: how long both revisions run after the traffic has moved.
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
    /// `rollback`: whether ECS puts the previous revision back by itself.
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
    /// `status`.
    pub status: DeploymentStatus,
    /// ARN of the revision.
    pub task_definition: String,
    /// `desiredCount`, in tasks.
    pub desired: u32,
    /// `pendingCount`, in tasks.
    pub pending: u32,
    /// `runningCount`, in tasks.
    pub running: u32,
    /// Consecutive failures as ECS counts them; zero again once one task runs.
    pub failed: u32,
    /// `createdAt`, by AWS's clock.
    pub created: Timestamp,
    /// `updatedAt`, by AWS's clock.
    pub updated: Timestamp,
    /// Absent with a Classic Load Balancer or a controller that isn't ECS.
    pub rollout: Option<RolloutState>,
    /// `rolloutStateReason`: AWS's own text, untrusted; empty where there is none.
    pub rollout_reason: String,
}

/// One service event. `message` is AWS's own text, untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `id`, unique among the events of a service.
    pub id: String,
    /// `createdAt`, by AWS's clock.
    pub at: Timestamp,
    /// `message`: AWS's own text, untrusted.
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
    /// What it spreads or packs by: `attribute:ecs.availability-zone`, `instanceId`, `memory`, …
    pub field: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Ids of the subnets that tasks may be in.
    pub subnets: Vec<String>,
    /// Ids of the security groups of their network interfaces.
    pub security_groups: Vec<String>,
    /// Whether `assignPublicIp` is `ENABLED`.
    pub assign_public_ip: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// ARN of the target group; absent for a Classic Load Balancer.
    pub target_group: Option<String>,
    /// `loadBalancerName`: of a Classic Load Balancer alone.
    pub classic_name: Option<String>,
    /// `containerName`.
    pub container: String,
    /// `containerPort`.
    pub port: u16,
}

/// What DescribeServiceDeployments said about one service deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceDeployment {
    /// `serviceDeploymentArn`.
    pub arn: String,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `STOPPED`, `STOP_REQUESTED`, `ROLLBACK_…`.
    pub status: String,
    /// `statusReason`: AWS's own text; empty where there is none.
    pub reason: String,
    /// ARN of the target revision; it ends in the number of the deployment id.
    pub target_revision: String,
    /// `createdAt`, by AWS's clock.
    pub created: Timestamp,
    /// `SCALE_UP`, `BAKE_TIME`, …
    pub stage: Option<String>,
    /// Share of production traffic that the target revision was asked to take, in percent.
    pub production_traffic: Option<f64>,
    /// `deploymentCircuitBreaker`: how its count stands; absent where AWS gives none.
    pub circuit_breaker: Option<CircuitBreakerState>,
    /// Names of the alarms that went off during it.
    pub triggered_alarms: Vec<String>,
    /// Lifecycle hooks, open and done.
    pub hooks: Vec<Hook>,
    /// `rollback.reason`; absent where nothing was rolled back.
    pub rollback_reason: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CircuitBreakerState {
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE`, `DISABLED`.
    pub status: String,
    /// `failureCount`: the failed tasks that it counts.
    pub failures: u32,
    /// `threshold`: at so many failed tasks it triggers.
    pub threshold: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hook {
    /// What an answer to it has to name.
    pub id: String,
    /// `AWAITING_ACTION`, …
    pub status: String,
    /// ARN of the function; empty for a pause.
    pub target: String,
    /// When ECS goes on without an answer, by AWS's clock.
    pub expires: Option<Timestamp>,
    /// `CONTINUE` or `ROLLBACK`: what ECS does when it expires.
    pub timeout_action: String,
}

/// `arn:…/name` or `name` to `name`.
pub fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
