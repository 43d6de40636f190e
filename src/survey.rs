//! What was read of one cluster: what a forecast and a proof rest on.
//!
//! Plain data, perhaps incomplete; `unread` says what is missing and which IAM action would help.

use std::collections::{BTreeMap, BTreeSet};

use crate::capacity::{
    Addresses, Cluster, Deploy, EniLimits, FargateLimits, TaskNeeds, TypeSize, Unread,
};
use crate::snapshot::{CapacityProvider, Instance, Service, Task};

/// One cluster, as far as it could be read, for one or more of its services.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The cluster's container instances.
    pub instances: Vec<Instance>,
    /// The tasks of the services that haven't stopped yet, and those of others on instances where it
    /// would otherwise be in doubt whether a network interface is free.
    pub tasks: Vec<Task>,
    /// The cluster's capacity providers.
    pub providers: Vec<CapacityProvider>,
    /// By service: ARNs of the instances that satisfy every `memberOf` expression. A service
    /// without such a constraint isn't listed.
    pub member_of: BTreeMap<String, BTreeSet<String>>,
    /// What the tasks that run were started with, by the ARN of their revision.
    pub old_needs: BTreeMap<String, TaskNeeds>,
    /// How many network interfaces an instance of each type holds.
    pub eni_limits: EniLimits,
    /// By EC2 instance type (`m5.large`): what an instance of it offers.
    pub type_sizes: BTreeMap<String, TypeSize>,
    /// ARNs of instances whose agent stayed away over several looks.
    pub agents_lost: BTreeSet<String>,
    /// By service: the zones of its subnets, where all of them could be read.
    pub zones: BTreeMap<String, BTreeSet<String>>,
    /// By service on instances: the free addresses of those subnets by zone, where all are known.
    pub addresses: BTreeMap<String, BTreeMap<String, Addresses>>,
    /// By service on Fargate: what limits its tasks.
    pub fargate: BTreeMap<String, FargateLimits>,
    /// What could not be read, and which IAM action it takes.
    pub unread: Vec<Unread>,
}

impl Survey {
    /// As the capacity calculation takes it.
    pub fn cluster(&self) -> Cluster<'_> {
        Cluster {
            instances: &self.instances,
            tasks: &self.tasks,
            providers: &self.providers,
            eni_limits: &self.eni_limits,
            type_sizes: &self.type_sizes,
            agents_lost: &self.agents_lost,
            unread: &self.unread,
        }
    }

    /// The service's part of it; `target` is the deployment whose tasks count as new.
    pub fn deploy<'a>(
        &'a self,
        service: &'a Service,
        needs: &'a TaskNeeds,
        target: Option<&'a str>,
    ) -> Deploy<'a> {
        Deploy {
            service,
            needs,
            old_needs: &self.old_needs,
            member_of: self.member_of.get(&service.name),
            zones: self.zones.get(&service.name),
            addresses: self.addresses.get(&service.name),
            target,
            fargate: self.fargate.get(&service.name),
        }
    }
}
