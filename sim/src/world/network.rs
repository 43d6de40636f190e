//! Network interfaces of tasks in `awsvpc` mode: which subnets a service has, and who holds an
//! address there.
//!
//! The scheduler goes by zones and VPCs alone. Addresses are EC2's business: where there is none,
//! the task that was started already ends.

use serde_json::Value;

use super::World;
use super::instance::Instance;
use super::needs::{Needs, list};
use super::service::Service;
use super::spec::SubnetSpec;
use super::task::{Status, Task};

/// A task's network interface.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    /// Id of its subnet.
    pub(crate) subnet: String,
    /// Whether it is to get a public address too.
    public: bool,
    /// Whether it holds an address there: EC2 had one, and the interface is not deleted yet.
    pub(crate) holds: bool,
}

impl World {
    /// The subnets of a network configuration, in its order.
    fn subnets_of(&self, network: Option<&Value>) -> Vec<&SubnetSpec> {
        let ids = network.map_or(&[][..], |network| {
            list(&network["awsvpcConfiguration"]["subnets"])
        });
        let known = |id: &str| self.subnets.iter().find(|subnet| subnet.id == id);
        ids.iter().filter_map(|id| known(id.as_str()?)).collect()
    }

    /// Whether a task of the service can have its interface on the instance: an interface goes
    /// to an instance of its own zone and VPC.
    pub(super) fn reaches(&self, service: &Service, needs: &Needs, instance: &Instance) -> bool {
        let subnets = self.subnets_of(service.network.as_ref());
        !needs.awsvpc || subnets.iter().any(|subnet| is_next_to(subnet, instance))
    }

    /// Gives the task its interface in one of its subnets, on an instance in one next to
    /// it. Which of several is ECS's choice; addresses are not looked at. False where the subnet
    /// has none.
    pub(super) fn take_address(&mut self, position: usize) -> bool {
        let task = &self.tasks[position];
        if !task.needs.awsvpc {
            return true;
        }
        let instance = task.instance.as_deref().and_then(|id| self.instance(id));
        let network = task.network.as_ref();
        let subnets = self.subnets_of(network);
        let open: Vec<&SubnetSpec> = subnets
            .into_iter()
            .filter(|subnet| instance.is_none_or(|instance| is_next_to(subnet, instance)))
            .collect();
        let Some(chosen) = open.get(task.number() as usize % open.len().max(1)) else {
            return false;
        };
        let public =
            network.is_some_and(|all| all["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED");
        let (id, zone) = (chosen.id.clone(), chosen.zone.clone());
        let subnet = self.subnets.iter_mut().find(|subnet| subnet.id == id);
        let free = subnet.filter(|subnet| subnet.free > 0);
        let holds = free.map(|subnet| subnet.free -= 1).is_some();
        let task = &mut self.tasks[position];
        task.az = Some(zone);
        task.interface = Some(Interface {
            subnet: id,
            public,
            holds,
        });
        holds
    }

    /// Interfaces of tasks that are gone are deleted.
    pub(super) fn give_back_addresses(&mut self) {
        for task in &mut self.tasks {
            let gone = task.status == Status::Stopped;
            let held = task.interface.as_mut().filter(|one| gone && one.holds);
            let Some(interface) = held else { continue };
            interface.holds = false;
            let subnet = self
                .subnets
                .iter_mut()
                .find(|subnet| subnet.id == interface.subnet);
            if let Some(subnet) = subnet {
                subnet.free += 1;
            }
        }
    }
}

impl Task {
    /// The subnet had no address for it.
    pub(super) fn ends_without_address(&mut self, now: i64) {
        let (subnet, public) = match &self.interface {
            Some(one) => (one.subnet.as_str(), one.public),
            None => ("", false),
        };
        let public = if public {
            " with public IP assignment enabled"
        } else {
            ""
        };
        self.stopped_reason = format!(
            "Unexpected EC2 error while attempting to Create Network Interface{public} in subnet '{subnet}': \
             InsufficientFreeAddressesInSubnet"
        );
        self.stop_code = Some("TaskFailedToStart");
        self.stopping = Some(now);
        self.end(now);
    }
}

fn is_next_to(subnet: &SubnetSpec, instance: &Instance) -> bool {
    let says = |name: &str| instance.attributes.get(name).cloned().flatten();
    says("ecs.availability-zone").as_deref() == Some(subnet.zone.as_str())
        && says("ecs.vpc-id").as_deref() == Some(subnet.vpc.as_str())
}
