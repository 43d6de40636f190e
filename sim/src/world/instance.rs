//! Container instances: what they registered, and what tasks leave of it.

use std::collections::{BTreeMap, BTreeSet};

use super::needs::Needs;
use super::spec::InstanceSpec;

/// One container instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// 32 hexadecimal digits, the last part of the ARN.
    pub id: String,
    pub cluster: String,
    pub ec2_id: String,
    pub status: String,
    pub agent_connected: bool,
    pub capacity_provider: Option<String>,
    /// CPU units registered.
    pub cpu: i64,
    /// MiB registered.
    pub memory: i64,
    pub gpus: u32,
    /// Task network interfaces that it can hold.
    pub eni_limit: usize,
    pub az: String,
    /// Name to value.
    pub attributes: BTreeMap<String, Option<String>>,
    /// TCP ports that the agent keeps for itself.
    pub reserved_tcp: BTreeSet<u16>,
    /// Milliseconds since the epoch.
    pub registered_at: i64,
}

/// TCP ports that the agent reserves at registration: ssh, Docker, its own two.
const AGENT_PORTS: [u16; 5] = [22, 2375, 2376, 51678, 51679];

/// Type, CPU units, MiB that such an instance registers, ENI slots for tasks, GPUs, architecture.
pub(crate) const INSTANCE_TYPES: [(&str, i64, i64, usize, u32, &str); 17] = [
    ("t2.micro", 1024, 983, 1, 0, "x86_64"),
    ("t3.micro", 2048, 930, 1, 0, "x86_64"),
    ("t3.small", 2048, 1912, 2, 0, "x86_64"),
    ("t3.medium", 2048, 3828, 2, 0, "x86_64"),
    ("t3.large", 2048, 7820, 2, 0, "x86_64"),
    ("t4g.medium", 2048, 3822, 2, 0, "arm64"),
    ("t4g.large", 2048, 7813, 2, 0, "arm64"),
    ("c5.large", 2048, 3717, 2, 0, "x86_64"),
    ("c5.xlarge", 4096, 7630, 3, 0, "x86_64"),
    ("m4.large", 2048, 7985, 1, 0, "x86_64"),
    ("m5.large", 2048, 7764, 2, 0, "x86_64"),
    ("m5.xlarge", 4096, 15744, 3, 0, "x86_64"),
    ("m5.2xlarge", 8192, 31744, 3, 0, "x86_64"),
    ("m5.4xlarge", 16384, 63488, 7, 0, "x86_64"),
    ("m6g.large", 2048, 7813, 2, 0, "arm64"),
    ("g4dn.xlarge", 4096, 15744, 2, 1, "x86_64"),
    ("m8i.large", 2048, 7764, 2, 0, "x86_64"),
];

/// What a current agent says that it can do.
const CAPABILITIES: [&str; 27] = [
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.docker-remote-api.1.17",
    "com.amazonaws.ecs.capability.docker-remote-api.1.18",
    "com.amazonaws.ecs.capability.docker-remote-api.1.19",
    "com.amazonaws.ecs.capability.docker-remote-api.1.21",
    "com.amazonaws.ecs.capability.docker-remote-api.1.24",
    "com.amazonaws.ecs.capability.docker-remote-api.1.29",
    "com.amazonaws.ecs.capability.logging-driver.json-file",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.logging-driver.syslog",
    "com.amazonaws.ecs.capability.logging-driver.none",
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.task-iam-role",
    "com.amazonaws.ecs.capability.task-iam-role-network-host",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.container-health-check",
    "ecs.capability.task-eni",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.private-registry-authentication.secretsmanager",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.container-ordering",
    "ecs.capability.full-sync",
    "ecs.capability.env-files.s3",
    "ecs.capability.efs",
    "ecs.capability.network.container-port-range",
];

impl Instance {
    pub(crate) fn new(spec: &InstanceSpec, ids: (String, String), now: i64) -> Instance {
        let known = INSTANCE_TYPES
            .iter()
            .find(|kind| kind.0 == spec.ec2_type)
            .unwrap_or(&INSTANCE_TYPES[10]);
        let or = |given: i64, usual: i64| if given == 0 { usual } else { given };
        let mut attributes: BTreeMap<String, Option<String>> = CAPABILITIES
            .iter()
            .map(|name| ((*name).to_owned(), None))
            .collect();
        for (name, value) in [
            ("ecs.ami-id", "ami-0123456789abcdef0"),
            ("ecs.availability-zone", spec.az.as_str()),
            ("ecs.instance-type", spec.ec2_type.as_str()),
            ("ecs.os-type", "linux"),
            ("ecs.os-family", "LINUX"),
            ("ecs.cpu-architecture", known.5),
            ("ecs.vpc-id", "vpc-0aaa"),
            ("ecs.subnet-id", "subnet-0aaa"),
        ] {
            attributes.insert(name.to_owned(), Some(value.to_owned()));
        }
        attributes.extend(spec.attributes.iter().cloned());
        for name in &spec.without_attributes {
            attributes.remove(name);
        }
        Instance {
            id: ids.0,
            ec2_id: ids.1,
            cluster: spec.cluster.clone(),
            status: spec.status.clone(),
            agent_connected: spec.agent_connected,
            capacity_provider: spec.capacity_provider.clone(),
            cpu: or(spec.cpu, known.1),
            memory: or(spec.memory, known.2),
            gpus: spec.gpus.unwrap_or(known.4),
            eni_limit: spec.eni_limit.unwrap_or(known.3),
            az: spec.az.clone(),
            attributes,
            reserved_tcp: AGENT_PORTS.into(),
            registered_at: now,
        }
    }
}

/// What is taken on an instance, by some way of counting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) tcp: BTreeSet<u16>,
    pub(crate) udp: BTreeSet<u16>,
    pub(crate) gpus: u32,
    pub(crate) enis: usize,
}

impl Taken {
    /// Adds one task's needs; its ENI slot is counted apart, since it is freed later.
    pub(crate) fn add(&mut self, needs: &Needs) {
        self.cpu += needs.cpu;
        self.memory += needs.memory;
        self.tcp.extend(&needs.tcp);
        self.udp.extend(&needs.udp);
        self.gpus += needs.gpus;
    }

    /// Whether `needs` fits next to what is taken; ENI slots are not looked at.
    pub(crate) fn leaves_room(&self, instance: &Instance, needs: &Needs) -> bool {
        self.cpu + needs.cpu <= instance.cpu
            && self.memory + needs.memory <= instance.memory
            && self.gpus + needs.gpus <= instance.gpus
            && self.tcp.is_disjoint(&needs.tcp)
            && instance.reserved_tcp.is_disjoint(&needs.tcp)
            && self.udp.is_disjoint(&needs.udp)
    }
}
