//! What one task asks of an instance, read from a task definition.
//!
//! It reads the JSON document as it will be registered and counts as ECS's agent does
//! (`ToHostResources`). It never fails: what can't be read stands in `problems`, and nobody may
//! call a rollout proven on the strength of such needs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::definition::{ContainerDefinition, Setting, TaskDefinition, need_the_same_attributes};
use crate::snapshot::Constraint;

pub use crate::definition::{Gpus, cpu_units, memory_mib};

/// The attribute with which an instance says `linux` or `windows`.
pub(in crate::capacity) const OS_TYPE: &str = "ecs.os-type";

/// What one task takes from the instance that it is placed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskNeeds {
    /// CPU units.
    pub cpu: i64,
    /// MiB.
    pub memory: i64,
    /// Fixed TCP host ports.
    pub tcp_ports: BTreeSet<u16>,
    /// Fixed UDP host ports.
    pub udp_ports: BTreeSet<u16>,
    /// One where the network mode is `awsvpc`.
    pub enis: u32,
    /// Physical GPUs.
    pub gpus: Gpus,
    /// Attributes that an instance must have.
    pub attributes: Vec<RequiredAttribute>,
    /// Placement constraints of the task definition.
    pub constraints: Vec<Constraint>,
    /// The task-level pair that Fargate goes by: CPU units and MiB, where given.
    pub task_size: (Option<i64>, Option<i64>),
    /// Whether it needs Windows.
    pub windows: bool,
    /// `bridge`, `host`, `awsvpc`, `none` or `default`; `bridge` where the document names none.
    pub network_mode: String,
    /// What could not be read.
    pub problems: Vec<Unreadable>,
}

/// Something in a task definition that could not be read. `value` is the JSON that stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no `containerDefinitions`.
    NoContainers,
    /// The task's `cpu` or `memory` is not a size.
    TaskSize {
        member: &'static str,
        value: String,
    },
    /// A container's `cpu`, `memory` or `memoryReservation` is not a size.
    ContainerSize {
        member: &'static str,
        value: String,
    },
    /// A container's number of GPUs.
    Gpus {
        value: String,
    },
    HostPort {
        value: String,
    },
}

/// An attribute that an instance must have, with this value where one is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredAttribute {
    /// The name of the attribute, such as `ecs.cpu-architecture`.
    pub name: String,
    /// The value that it must have; any will do where there is none.
    pub value: Option<String>,
    /// Whether ECS asks for it for sure. Attributes taken over from a revision that differs in
    /// more than its images may not be asked for again.
    pub certain: bool,
}

impl TaskNeeds {
    /// Reads a task definition: one that was described, or one to register.
    pub fn of(document: &Value) -> TaskNeeds {
        let definition = TaskDefinition::of(document);
        let mode = definition.network_mode();
        let family = definition.operating_system();
        let mut needs = TaskNeeds {
            network_mode: mode.to_owned(),
            enis: u32::from(mode == "awsvpc"),
            windows: family.is_some_and(|family| family.starts_with("WINDOWS")),
            constraints: definition.constraints().collect(),
            ..TaskNeeds::default()
        };
        needs.read_task_size(definition);
        let mut containers = definition.containers().peekable();
        if containers.peek().is_none() {
            needs.problems.push(Unreadable::NoContainers);
        }
        for container in containers {
            needs.add_container(container, mode);
        }
        // For Windows containers the task-level size is ignored on an instance.
        if !needs.windows {
            needs.cpu = needs.task_size.0.unwrap_or(needs.cpu);
            needs.memory = needs.task_size.1.unwrap_or(needs.memory);
        }
        needs.read_attributes(definition, family);
        needs
    }

    /// Takes over what ECS worked out at the registration of `current` (`requiresAttributes`)
    /// for `document`, the revision that is to follow it.
    #[must_use]
    pub fn with_attributes_of(mut self, current: &Value, document: &Value) -> TaskNeeds {
        let same = need_the_same_attributes(current, document);
        let known: BTreeSet<String> = self.attributes.iter().map(|one| one.name.clone()).collect();
        for required in TaskDefinition::of(current).requires_attributes() {
            if !required.name.is_empty() && !known.contains(required.name) {
                self.attributes.push(RequiredAttribute {
                    name: required.name.to_owned(),
                    value: required.value.map(str::to_owned),
                    certain: same,
                });
            }
        }
        self
    }

    /// Whether any fixed host port is asked for.
    pub fn has_ports(&self) -> bool {
        !self.tcp_ports.is_empty() || !self.udp_ports.is_empty()
    }

    fn read_task_size(&mut self, definition: TaskDefinition<'_>) {
        let (cpu, memory) = (definition.cpu(), definition.memory());
        self.task_size = (cpu.known(), memory.known());
        for (member, size) in [("cpu", cpu), ("memory", memory)] {
            if let Setting::Unreadable(value) = size {
                self.problems.push(Unreadable::TaskSize {
                    member,
                    value: value.to_string(),
                });
            }
        }
    }

    fn add_container(&mut self, container: ContainerDefinition<'_>, mode: &str) {
        self.cpu = self.add(self.cpu, container.cpu(), "cpu");
        let (member, memory) = container.memory();
        self.memory = self.add(self.memory, memory, member);
        for gpus in container.gpus() {
            self.add_gpus(gpus);
        }
        for mapping in container.port_mappings() {
            let ports = if mapping.is_udp() {
                &mut self.udp_ports
            } else {
                &mut self.tcp_ports
            };
            match mapping.fixed_host_port(mode) {
                Setting::No => {}
                Setting::Is(port) => {
                    ports.insert(port);
                }
                Setting::Unreadable(number) => self.problems.push(Unreadable::HostPort {
                    value: number.to_string(),
                }),
            }
        }
    }

    fn add(&mut self, sum: i64, size: Setting<'_, i64>, member: &'static str) -> i64 {
        match size {
            Setting::Is(number) => sum.saturating_add(number),
            Setting::No => sum,
            Setting::Unreadable(value) => {
                self.problems.push(Unreadable::ContainerSize {
                    member,
                    value: value.to_string(),
                });
                sum
            }
        }
    }

    fn add_gpus(&mut self, gpus: Setting<'_, Gpus>) {
        let unreadable = |value: &Value| Unreadable::Gpus {
            value: value.to_string(),
        };
        match (self.gpus, gpus) {
            (Gpus::Count(sum), Setting::Is(Gpus::Count(count))) => {
                self.gpus = Gpus::Count(sum.saturating_add(count));
            }
            (Gpus::All, _) | (_, Setting::Is(Gpus::All)) => self.gpus = Gpus::All,
            (_, Setting::Unreadable(value)) => self.problems.push(unreadable(value)),
            (_, Setting::No) => self.problems.push(unreadable(&Value::Null)),
        }
    }

    fn read_attributes(&mut self, definition: TaskDefinition<'_>, family: Option<&str>) {
        let mut attributes = BTreeSet::new();
        let mut ask = |name: &str, value: Option<&str>| {
            attributes.insert((name.to_owned(), value.map(str::to_owned)));
        };
        // An explicit architecture is a placement filter on EC2; without one there is none.
        match definition.cpu_architecture() {
            Some("ARM64") => ask("ecs.cpu-architecture", Some("arm64")),
            Some("X86_64") => ask("ecs.cpu-architecture", Some("x86_64")),
            _ => {}
        }
        if family.is_some() {
            ask(
                OS_TYPE,
                Some(if self.windows { "windows" } else { "linux" }),
            );
        }
        for required in definition.requires_attributes() {
            ask(required.name, required.value);
        }
        self.attributes = attributes
            .into_iter()
            .map(|(name, value)| RequiredAttribute {
                // That ECS places by the operating system is not documented.
                certain: name != OS_TYPE,
                name,
                value,
            })
            .collect();
    }
}

#[cfg(test)]
mod tests;
