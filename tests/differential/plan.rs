//! What a world is made of, as plain data that a failure can print.

use plimsoll_sim::{
    FargateSpec, InstanceSpec, ProviderSpec, Scheduling, ServiceSpec, SubnetSpec, TaskBehaviour,
    World,
};
use serde_json::{Value, json};

/// 2026-11-20 17:00 UTC.
pub(crate) const START: i64 = 1_795_194_000_000;

/// How an instance stands when the rollout begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Open,
    Draining,
    Lost,
}

#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) kind: &'static str,
    /// CPU units and MiB; zeros take the type's.
    pub(crate) size: (i64, i64),
    pub(crate) zone: &'static str,
    /// The attribute `tier`, for constraints.
    pub(crate) tier: Option<&'static str>,
    pub(crate) provider: Option<&'static str>,
    pub(crate) state: State,
}

impl Default for Machine {
    fn default() -> Self {
        Machine {
            kind: "m5.large",
            size: (0, 0),
            zone: "eu-west-1a",
            tier: None,
            provider: None,
            state: State::Open,
        }
    }
}

/// What a task asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) tcp: Option<u16>,
    pub(crate) udp: Option<u16>,
    pub(crate) awsvpc: bool,
    pub(crate) gpus: u32,
    pub(crate) architecture: Option<&'static str>,
    /// The `tier` that the task definition's own constraint asks for.
    pub(crate) tier: Option<&'static str>,
    /// Whether a container health check says when it is healthy.
    pub(crate) checked: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) name: &'static str,
    pub(crate) desired: u32,
    pub(crate) percentages: (u32, u32),
    pub(crate) old: Size,
    pub(crate) new: Size,
    pub(crate) distinct: bool,
    pub(crate) tier: Option<&'static str>,
    pub(crate) providers: Vec<(&'static str, u32, u32)>,
    pub(crate) balanced: bool,
    pub(crate) rebalancing: bool,
    pub(crate) strategy: Option<(&'static str, &'static str)>,
    pub(crate) daemon: bool,
    pub(crate) fargate: bool,
    /// Ids, for tasks with network interfaces of their own.
    pub(crate) subnets: Vec<&'static str>,
}

impl Default for Party {
    fn default() -> Self {
        Party {
            name: "api",
            desired: 1,
            percentages: (100, 200),
            old: Size::default(),
            new: Size::default(),
            distinct: false,
            tier: None,
            providers: Vec::new(),
            balanced: false,
            rebalancing: false,
            strategy: None,
            daemon: false,
            fargate: false,
            subnets: vec![SUBNET],
        }
    }
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    pub(crate) id: &'static str,
    pub(crate) zone: &'static str,
    /// Addresses that are free before any task is there.
    pub(crate) free: i64,
}

/// The subnet of plans that name none, in the first zone.
const SUBNET: &str = "subnet-0aaa";

/// A capacity provider and its group.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) name: &'static str,
    pub(crate) managed: bool,
    pub(crate) kind: &'static str,
    pub(crate) desired: u32,
    pub(crate) max: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) machines: Vec<Machine>,
    pub(crate) pools: Vec<Pool>,
    /// Instances that join once everything is steady.
    pub(crate) later: Vec<Machine>,
    /// Services that stay as they are.
    pub(crate) others: Vec<Party>,
    /// Services that are deployed at once.
    pub(crate) deployed: Vec<Party>,
    /// Fargate's quota, in CPU units.
    pub(crate) quota: Option<i64>,
    /// None leaves one with plenty of addresses.
    pub(crate) subnets: Vec<Net>,
}

impl Plan {
    /// The world before the rollout: everything steady, then some instances closed.
    pub(crate) fn build(&self) -> World {
        let mut world = World::new(START)
            .region("eu-west-1")
            .account("111122223333");
        world.add_cluster("web");
        world.requires_signature = false;
        // Attempts come often, so that a rollout that can end does so soon.
        world.back_off_secs = (1, 4);
        if let Some(cpu_quota) = self.quota {
            world.fargate = FargateSpec {
                cpu_quota,
                ..FargateSpec::default()
            };
        }
        if !self.subnets.is_empty() {
            world.subnets = self.subnets.iter().map(Net::spec).collect();
        }
        for pool in &self.pools {
            world.add_capacity_provider(pool.spec());
        }
        let ids: Vec<String> = self
            .machines
            .iter()
            .map(|one| world.add_instance(one.spec()))
            .collect();
        for party in self.others.iter().chain(&self.deployed) {
            party.settle(&mut world);
        }
        for (machine, id) in self.machines.iter().zip(ids) {
            let Some(instance) = world.instance_mut(&id) else {
                continue;
            };
            match machine.state {
                State::Open => {}
                State::Draining => "DRAINING".clone_into(&mut instance.status),
                State::Lost => instance.agent_connected = false,
            }
        }
        for machine in &self.later {
            world.add_instance(machine.spec());
        }
        world
    }
}

impl Machine {
    pub(crate) fn spec(&self) -> InstanceSpec {
        InstanceSpec {
            ec2_type: self.kind.to_owned(),
            cpu: self.size.0,
            memory: self.size.1,
            az: self.zone.to_owned(),
            attributes: self
                .tier
                .map(|tier| ("tier".to_owned(), Some(tier.to_owned())))
                .into_iter()
                .collect(),
            capacity_provider: self.provider.map(str::to_owned),
            ..InstanceSpec::default()
        }
    }
}

impl Net {
    fn spec(&self) -> SubnetSpec {
        SubnetSpec {
            id: self.id.to_owned(),
            zone: self.zone.to_owned(),
            free: self.free,
            ..SubnetSpec::default()
        }
    }
}

impl Pool {
    fn spec(&self) -> ProviderSpec {
        ProviderSpec {
            name: self.name.to_owned(),
            managed_scaling: self.managed,
            desired: self.desired,
            max: self.max,
            instance: InstanceSpec {
                ec2_type: self.kind.to_owned(),
                ..InstanceSpec::default()
            },
            types: vec![self.kind.to_owned()],
            registers_after_secs: 20,
            provisioning_timeout_secs: 150,
            ..ProviderSpec::default()
        }
    }
}

impl Size {
    pub(crate) fn document(&self, family: &str) -> Value {
        let mut mappings = vec![json!({"containerPort": 8080, "protocol": "tcp"})];
        mappings.extend(
            self.tcp
                .map(|port| json!({"containerPort": port, "hostPort": port, "protocol": "tcp"})),
        );
        mappings.extend(
            self.udp
                .map(|port| json!({"containerPort": port, "hostPort": port, "protocol": "udp"})),
        );
        let mut container = json!({
            "name": "app", "image": "public.ecr.aws/nginx/nginx:1", "essential": true,
            "cpu": self.cpu, "memory": self.memory.max(4), "portMappings": mappings,
        });
        if self.checked {
            container["healthCheck"] = json!({"command": ["CMD", "true"]});
        }
        if self.gpus > 0 {
            container["resourceRequirements"] =
                json!([{"type": "GPU", "value": self.gpus.to_string()}]);
        }
        let mut document = json!({
            "family": family,
            "networkMode": if self.awsvpc { "awsvpc" } else { "bridge" },
            "containerDefinitions": [container],
        });
        if let Some(architecture) = self.architecture {
            document["runtimePlatform"] =
                json!({"cpuArchitecture": architecture, "operatingSystemFamily": "LINUX"});
        }
        if let Some(tier) = self.tier {
            document["placementConstraints"] = json!([member_of(tier)]);
        }
        document
    }
}

fn member_of(tier: &str) -> Value {
    json!({"type": "memberOf", "expression": format!("attribute:tier == {tier}")})
}

impl Party {
    fn document(&self, size: &Size) -> Value {
        let mut document = size.document(self.name);
        if self.fargate {
            document["cpu"] = json!(size.cpu.to_string());
            document["memory"] = json!(size.memory.to_string());
            document["requiresCompatibilities"] = json!(["FARGATE"]);
        }
        document
    }

    fn settle(&self, world: &mut World) {
        world.behaviour(
            self.name,
            TaskBehaviour {
                pull_secs: 1,
                start_secs: 1,
                healthy_after_secs: 1,
                stop_secs: 1,
                ..TaskBehaviour::default()
            },
        );
        let old = world.add_task_definition(self.document(&self.old));
        world.add_task_definition(self.document(&self.new));
        let mut constraints: Vec<Value> = self.tier.map(member_of).into_iter().collect();
        if self.distinct {
            constraints.push(json!({"type": "distinctInstance"}));
        }
        let strategy = self
            .strategy
            .map(|(kind, field)| json!({"type": kind, "field": field}));
        world.create_service(ServiceSpec {
            name: self.name.to_owned(),
            task_definition: old,
            desired: self.desired,
            minimum_healthy_percent: self.percentages.0,
            maximum_percent: self.percentages.1,
            launch_type: if self.fargate { "FARGATE" } else { "EC2" }.to_owned(),
            capacity_providers: self
                .providers
                .iter()
                .map(|(name, weight, base)| ((*name).to_owned(), *weight, *base))
                .collect(),
            scheduling: if self.daemon {
                Scheduling::Daemon
            } else {
                Scheduling::Replica
            },
            target_groups: if self.balanced {
                vec![TARGET_GROUP.to_owned()]
            } else {
                Vec::new()
            },
            deregistration_delay_secs: 5,
            constraints,
            strategy: strategy.into_iter().collect(),
            az_rebalancing: self.rebalancing,
            subnets: self.subnets.iter().map(|id| (*id).to_owned()).collect(),
            ..ServiceSpec::default()
        });
    }
}

const TARGET_GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/73e2d6bc24d8a067";
