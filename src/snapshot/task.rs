//! Tasks and their containers as ECS shows them. Plain data: what a task means for a rollout is not
//! decided here.

use super::{Timestamp, last_part};

/// A task that task protection holds, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// ARN of the task.
    pub task: String,
    /// `expirationDate`, by AWS's clock; absent where it isn't given.
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

/// One task as DescribeTasks answered it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// `taskArn`.
    pub arn: String,
    /// ARN of the revision that it was started from.
    pub task_definition: String,
    /// The deployment's id where a service's scheduler started it.
    pub started_by: String,
    /// `service:NAME` or a family.
    pub group: String,
    /// ARN of the container instance; absent where the task was never placed.
    pub instance: Option<String>,
    /// `capacityProviderName`; absent where a launch type placed it.
    pub capacity_provider: Option<String>,
    /// `EC2`, `FARGATE`, `EXTERNAL`.
    pub launch_type: Option<String>,
    /// Such as `eu-west-1a`; absent until it has a place.
    pub availability_zone: Option<String>,
    /// `lastStatus`.
    pub last_status: TaskStatus,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// `healthStatus`, of its essential containers together.
    pub health: Health,
    /// `createdAt`, by AWS's clock.
    pub created: Timestamp,
    /// `startedAt`: when it first ran, by AWS's clock.
    pub started: Option<Timestamp>,
    /// `stoppingAt`: when it began to stop, by AWS's clock.
    pub stopping: Option<Timestamp>,
    /// `stoppedAt`: when all of it had ended, by AWS's clock.
    pub stopped: Option<Timestamp>,
    /// `EssentialContainerExited`, `TaskFailedToStart`, `ServiceSchedulerInitiated`, …
    pub stop_code: Option<String>,
    /// `stoppedReason`: AWS's own text; empty for a task that runs.
    pub stopped_reason: String,
    /// Whether a network interface of its own is attached (awsvpc).
    pub has_eni: bool,
    /// Held against scale-in by task protection.
    pub protected: bool,
    /// Whether all its targets are healthy at the load balancer; absent where that isn't known.
    pub in_service: Option<bool>,
    /// CPU units that the task was counted with, where the answer says so.
    pub cpu: Option<i64>,
    /// MiB that the task was counted with, where the answer says so.
    pub memory: Option<i64>,
    /// In the order of the answer.
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
    /// AWS's own text; may be empty.
    pub detail: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// As in the task definition.
    pub name: String,
    /// `PENDING`, `RUNNING` or `STOPPED`.
    pub last_status: String,
    /// Absent where the container never started.
    pub exit_code: Option<i64>,
    /// AWS's own text about how it ended; empty where there is none.
    pub reason: String,
    /// Of its own health check.
    pub health: Health,
    /// The image as the task definition names it.
    pub image: String,
    /// `sha256:…` of the manifest that was pulled; empty until it was.
    pub image_digest: String,
    /// Private addresses of its own network interface (awsvpc).
    pub addresses: Vec<String>,
    /// Ports of the host that lead to it, also those that Docker dealt out.
    pub host_ports: Vec<u16>,
}
