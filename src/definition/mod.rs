//! A task definition's document, read: every member that anything looks at, and what ECS takes where
//! it isn't given.
//!
//! Reading only, and never complaining: what isn't there is not known, and what can't be read is
//! handed out as it stands ([`Setting`]). Documents are edited, compared and checked in `taskdef`.

mod container;
mod setting;

use serde_json::{Map, Value};

use crate::snapshot::Constraint;

pub use container::{ContainerDefinition, Gpus, LogConfiguration, PortMapping};
pub use setting::{Setting, cpu_units, memory_mib};

/// The member that holds the containers.
pub const CONTAINERS: &str = "containerDefinitions";

/// What DescribeTaskDefinition answers and RegisterTaskDefinition doesn't take (the difference of
/// the two shapes in the API model).
pub const RESPONSE_ONLY: [&str; 9] = [
    "compatibilities",
    "deleteRequestedAt",
    "deregisteredAt",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
];

/// ECS on Linux takes this network mode where none is given (API reference,
/// RegisterTaskDefinition: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>).
pub const DEFAULT_NETWORK_MODE: &str = "bridge";

/// A view of the document, or of none: then nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskDefinition<'a>(Option<&'a Value>);

/// An attribute that an instance has to have: with a value, just that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Required<'a> {
    /// As in `requiresAttributes`, such as `ecs.capability.task-eni`.
    pub name: &'a str,
    /// The value that it must have; absent where any will do.
    pub value: Option<&'a str>,
}

impl<'a> TaskDefinition<'a> {
    /// A view of a document as DescribeTaskDefinition wrote it, or as it is to be registered.
    pub fn of(document: &'a Value) -> TaskDefinition<'a> {
        TaskDefinition(Some(document))
    }

    /// The same where there may be none.
    pub fn if_known(document: Option<&'a Value>) -> TaskDefinition<'a> {
        TaskDefinition(document)
    }

    fn at(self, pointer: &str) -> Option<&'a Value> {
        self.0?.pointer(pointer)
    }

    fn text(self, pointer: &str) -> Option<&'a str> {
        self.at(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    fn list(self, name: &str) -> impl Iterator<Item = &'a Value> {
        let list = self.0.and_then(|document| document.get(name)?.as_array());
        list.into_iter().flatten()
    }

    /// The containers in the document's order.
    pub fn containers(self) -> impl Iterator<Item = ContainerDefinition<'a>> {
        self.list(CONTAINERS)
            .filter_map(Value::as_object)
            .map(ContainerDefinition::of)
    }

    /// The container of that name.
    pub fn container(self, name: &str) -> Option<ContainerDefinition<'a>> {
        self.containers().find(|one| one.name() == name)
    }

    /// Whether the task ends with this container; so too where the container isn't known.
    pub fn is_essential(self, name: &str) -> bool {
        self.container(name)
            .is_none_or(ContainerDefinition::is_essential)
    }

    /// Whether an essential container has a health check of its own.
    pub fn has_health_check(self) -> bool {
        self.containers()
            .any(|one| one.is_essential() && one.has_health_check())
    }

    /// The family; empty where none is named.
    pub fn family(self) -> &'a str {
        self.text("/family").unwrap_or_default()
    }

    /// The ARN of a definition that was described.
    pub fn arn(self) -> Option<&'a str> {
        self.text("/taskDefinitionArn")
    }

    /// The number of the revision; 0 for a document that isn't one yet.
    pub fn revision(self) -> i64 {
        let number = self.at("/revision").and_then(Value::as_i64);
        number.unwrap_or_default()
    }

    pub fn execution_role(self) -> Option<&'a str> {
        self.text("/executionRoleArn")
    }

    pub fn task_role(self) -> Option<&'a str> {
        self.text("/taskRoleArn")
    }

    /// `awsvpc`, `bridge`, `host`, `none` or `default`.
    pub fn network_mode(self) -> &'a str {
        let mode = self.at("/networkMode").and_then(Value::as_str);
        mode.unwrap_or(DEFAULT_NETWORK_MODE)
    }

    /// `EC2`, `FARGATE`, `EXTERNAL`; empty where it isn't given.
    pub fn requires_compatibilities(self) -> Vec<&'a str> {
        let list = self.list("requiresCompatibilities");
        list.filter_map(Value::as_str).collect()
    }

    /// `X86_64` or `ARM64`, where the definition asks for one.
    pub fn cpu_architecture(self) -> Option<&'a str> {
        self.text("/runtimePlatform/cpuArchitecture")
    }

    /// `LINUX`, `WINDOWS_SERVER_2022_CORE`, …, where the definition says so.
    pub fn operating_system(self) -> Option<&'a str> {
        self.at("/runtimePlatform/operatingSystemFamily")?.as_str()
    }

    /// The task's CPU as a whole, in CPU units.
    pub fn cpu(self) -> Setting<'a, i64> {
        Setting::of(self.at("/cpu"), cpu_units)
    }

    /// The task's memory as a whole, in MiB.
    pub fn memory(self) -> Setting<'a, i64> {
        Setting::of(self.at("/memory"), memory_mib)
    }

    /// The task's `cpu` or `memory` as it is written, with its own unit.
    pub fn size_as_written(self, member: &str) -> Option<String> {
        let value = self.0?.get(member)?;
        value
            .as_str()
            .map(str::to_owned)
            .or_else(|| setting::number(value))
    }

    /// A container's memory limit with its unit: its own hard one, else the task's.
    pub fn memory_limit(self, container: &str) -> Option<String> {
        let own = self
            .container(container)
            .and_then(ContainerDefinition::hard_memory);
        let limit = own.or_else(|| self.size_as_written("memory"))?;
        let bare = limit.bytes().all(|byte| byte.is_ascii_digit());
        Some(if bare { format!("{limit} MiB") } else { limit })
    }

    /// All `awslogs-group`s, each once.
    pub fn log_groups(self) -> Vec<&'a str> {
        let mut groups: Vec<&str> = Vec::new();
        for container in self.containers() {
            let group = container.log().and_then(|log| log.option("awslogs-group"));
            if let Some(group) = group
                && !groups.contains(&group)
            {
                groups.push(group);
            }
        }
        groups
    }

    /// The port mappings of all containers.
    pub fn port_mappings(self) -> impl Iterator<Item = PortMapping<'a>> {
        self.containers()
            .flat_map(ContainerDefinition::port_mappings)
    }

    /// The ports of the host that a task of this definition takes for itself, each once.
    pub fn host_ports(self) -> Vec<u16> {
        let mode = self.network_mode();
        let mut ports: Vec<u16> = Vec::new();
        for mapping in self.port_mappings() {
            if let Setting::Is(port) = mapping.fixed_host_port(mode)
                && !ports.contains(&port)
            {
                ports.push(port);
            }
        }
        ports
    }

    /// What ECS worked out at the registration that an instance has to have.
    pub fn requires_attributes(self) -> impl Iterator<Item = Required<'a>> {
        self.list("requiresAttributes").filter_map(|one| {
            let value = one.get("value").and_then(Value::as_str);
            Some(Required {
                name: one.get("name")?.as_str()?,
                value,
            })
        })
    }

    /// The `valueFrom`s of all secrets.
    pub fn secrets(self) -> impl Iterator<Item = &'a str> {
        self.containers().flat_map(ContainerDefinition::secrets)
    }

    /// Its placement constraints.
    pub fn constraints(self) -> impl Iterator<Item = Constraint> {
        let text = |one: &Value, name: &str| {
            let text = one.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        self.list("placementConstraints")
            .map(move |one| match text(one, "type").as_str() {
                "memberOf" => Constraint::MemberOf(text(one, "expression")),
                "distinctInstance" => Constraint::DistinctInstance,
                other => Constraint::Other(other.to_owned()),
            })
    }

    /// The expressions of its placement constraints.
    pub fn constraint_expressions(self) -> impl Iterator<Item = &'a str> {
        self.list("placementConstraints")
            .filter_map(|one| one.get("expression")?.as_str())
    }

    /// Names of its volumes.
    pub fn volumes(self) -> impl Iterator<Item = &'a str> {
        self.list("volumes")
            .filter_map(|one| one.get("name")?.as_str())
    }

    /// Ids of the EFS file systems of its volumes.
    pub fn file_systems(self) -> impl Iterator<Item = &'a str> {
        self.list("volumes").filter_map(|one| {
            one.pointer("/efsVolumeConfiguration/fileSystemId")?
                .as_str()
        })
    }
}

/// The containers of a document that is to be edited.
pub fn containers_mut(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = document.get_mut(CONTAINERS).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Whether ECS asks for the same attributes of both: what bears on them is equal.
pub fn need_the_same_attributes(one: &Value, other: &Value) -> bool {
    essence(one) == essence(other)
}

/// The document without what has no bearing on the attributes that ECS asks for.
fn essence(document: &Value) -> Value {
    const FREE: [&str; 3] = ["image", "environment", "dockerLabels"];
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        members.retain(|name, _| !RESPONSE_ONLY.contains(&name.as_str()) && name != "tags");
    }
    for container in containers_mut(&mut document) {
        // ECR needs an attribute of its own (`ecr-auth`), so the kind of registry must stay.
        let image = container.get("image").and_then(Value::as_str);
        let ecr = image.is_some_and(|image| image.contains(".dkr.ecr"));
        container.retain(|name, _| !FREE.contains(&name.as_str()));
        container.insert("image".to_owned(), Value::Bool(ecr));
    }
    document
}
