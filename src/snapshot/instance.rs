//! Container instances as ECS shows them. Plain data: what fits on one is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use super::last_part;

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

/// One container instance as DescribeContainerInstances answered it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    /// `containerInstanceArn`.
    pub arn: String,
    /// `i-…`; absent for one that is not of EC2.
    pub ec2_instance_id: Option<String>,
    /// `ACTIVE`, `DRAINING`, `REGISTERING`, …
    pub status: String,
    /// Whether ECS has a connection to the instance's agent: without one no task starts there.
    pub agent_connected: bool,
    /// Absent for an instance that registered by itself.
    pub capacity_provider: Option<String>,
    /// `registeredResources`: all that it has for tasks.
    pub registered: Resources,
    /// `remainingResources`: what its tasks leave free.
    pub remaining: Resources,
    /// Name to value; a value may be absent.
    pub attributes: BTreeMap<String, Option<String>>,
    /// `runningTasksCount`.
    pub running_tasks: u32,
    /// `pendingTasksCount`.
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
