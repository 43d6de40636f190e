//! Everything that a diagnosis may rest on, as it was seen at one time.
//!
//! Only the service, the deployment and the time have to be there. What could not be read is left
//! empty, and the rules say less.

use serde_json::Value;

use crate::cause::Cause;
use crate::snapshot::{
    CapacityProvider, Deployment, Instance, LogTail, PlacementFailure, RolloutState, Service,
    ServiceDeployment, TargetHealth, Task, Timestamp,
};

/// One service's rollout, with what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The service as the last look saw it.
    pub service: &'a Service,
    /// Id of the deployment in question, `ecs-svc/<digits>`.
    pub deployment: &'a str,
    /// The moment of the look, by this run's clock.
    pub now: Timestamp,
    /// Tasks, of which those that the deployment started count: running, on their way, stopped.
    pub tasks: &'a [Task],
    /// The service deployment of `deployment`, never that of another one.
    pub service_deployment: Option<&'a ServiceDeployment>,
    /// Targets of its load balancers that were found unhealthy.
    pub targets: &'a [TargetHealth],
    /// The end of what failing containers wrote.
    pub logs: &'a [LogTail],
    /// What RunTask answered in place of a task.
    pub failures: &'a [PlacementFailure],
    /// The task definition as DescribeTaskDefinition wrote it, with its `requiresAttributes`.
    pub definition: Option<&'a Value>,
    /// The cluster's container instances; empty where they were not read.
    pub instances: &'a [Instance],
    /// The capacity providers of the service's strategy.
    pub providers: &'a [CapacityProvider],
    /// What the capacity calculation found in the way, with its numbers; the first is first.
    pub capacity: &'a [Cause],
    /// That ECS could take a step and doesn't, where that is so: whatever AWS says of its own goes
    /// before it.
    pub hesitation: Option<&'a Cause>,
}

impl<'a> Evidence<'a> {
    /// Evidence of which no more is known yet.
    pub fn new(service: &'a Service, deployment: &'a str, now: Timestamp) -> Evidence<'a> {
        Evidence {
            service,
            deployment,
            now,
            tasks: &[],
            service_deployment: None,
            targets: &[],
            logs: &[],
            failures: &[],
            definition: None,
            instances: &[],
            providers: &[],
            capacity: &[],
            hesitation: None,
        }
    }

    /// The deployment's entry; gone a while after a rollback.
    pub(crate) fn entry(&self) -> Option<&'a Deployment> {
        self.service
            .deployments
            .iter()
            .find(|entry| entry.id == self.deployment)
    }

    /// When the deployment began, where that is known.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        let entry = self.entry().map(|entry| entry.created);
        entry.or_else(|| self.service_deployment.map(|deployment| deployment.created))
    }

    /// Whether the deployment has fewer running tasks than it should; true where nobody knows.
    pub(crate) fn lacks_tasks(&self) -> bool {
        self.entry()
            .is_none_or(|entry| entry.running < entry.desired)
    }

    /// Whether it has fewer tasks than it should that run or have an instance to run on.
    pub(crate) fn lacks_places(&self) -> bool {
        let placed = |task: &&Task| task.last_status.is_starting() && task.instance.is_some();
        let placed = self.own_tasks().filter(placed).count();
        let covered =
            |entry: &Deployment| entry.running as usize + placed >= entry.desired as usize;
        !self.entry().is_some_and(covered)
    }

    /// Whether ECS calls the deployment complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.entry()
            .is_some_and(|entry| entry.rollout == Some(RolloutState::Completed))
    }

    /// The tasks that the deployment started.
    pub(crate) fn own_tasks(&self) -> impl Iterator<Item = &'a Task> {
        let deployment = self.deployment;
        self.tasks
            .iter()
            .filter(move |task| task.started_by == deployment)
    }
}
