//! One look at a service: what was read, as plain data.

use std::sync::Arc;

use super::cluster_look::ClusterLook;
use super::target::Target;
use crate::snapshot::{
    LogTail, Protection, Service, ServiceDeployment, TargetHealth, Task, TaskStatus,
};

/// One look at a service. What could not be read is absent.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Absent when ECS answered `MISSING`, or when the read failed.
    pub service: Option<Service>,
    /// The service's tasks: those that are to run and those that stopped within the hour.
    pub tasks: Option<Vec<Task>>,
    /// The service deployment of our deployment; absent where it could not be read.
    pub service_deployment: Option<ServiceDeployment>,
    /// Old tasks that task protection holds; read only when they should have been stopped.
    pub protected: Vec<Protection>,
    /// The cluster; read only when the question is where a task could go.
    pub cluster: Option<Arc<ClusterLook>>,
    /// Targets that the load balancer found unhealthy; read only where tasks take long to get healthy.
    pub targets: Vec<TargetHealth>,
    /// The end of what failing containers wrote; read only for a verdict that isn't good.
    pub logs: Vec<LogTail>,
    /// Why this look could not be made, or lacks a part that the next one may have.
    pub failed: Option<String>,
}

impl Look {
    /// ARNs of the old tasks that still run.
    pub fn old_tasks(&self, target: &Target) -> Vec<String> {
        let old = |task: &&Task| {
            task.started_by != target.deployment && task.last_status == TaskStatus::Running
        };
        let tasks = self.tasks.iter().flatten().filter(old);
        tasks.map(|task| task.arn.clone()).collect()
    }

    /// Takes note of what GetTaskProtection said.
    pub fn protect(&mut self, found: Vec<Protection>) {
        for task in self.tasks.iter_mut().flatten() {
            task.protected = found.iter().any(|one| one.task == task.arn);
        }
        self.protected = found;
    }
}
