//! What one task asks of an instance, read from a task definition.
//!
//! It reads the JSON document as it will be registered and counts as ECS's agent does
//! (`ToHostResources`). It never fails: what can't be read stands in `problems`, and nobody may
//! call a rollout proven on the strength of such needs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::snapshot::Constraint;

/// CPU units of one vCPU.
const UNITS_PER_VCPU: f64 = 1024.0;
/// MiB of what a task definition calls `GB`.
const MIB_PER_GB: f64 = 1024.0;
/// The attribute with which an instance says `linux` or `windows`.
pub(in crate::capacity) const OS_TYPE: &str = "ecs.os-type";
/// More than any instance has: beyond it a number is a mistake, and sums must not overflow.
const LARGEST: i64 = 1 << 40;

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

/// How many GPUs a task takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gpus {
    Count(u32),
    /// `"ALL"`: every GPU of the instance.
    All,
}

impl Default for Gpus {
    fn default() -> Self {
        Gpus::Count(0)
    }
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
        let mut needs = TaskNeeds::default();
        let mode = document["networkMode"].as_str().unwrap_or("bridge");
        needs.network_mode = mode.to_owned();
        needs.enis = u32::from(mode == "awsvpc");
        let family = document["runtimePlatform"]["operatingSystemFamily"].as_str();
        needs.windows = family.is_some_and(|family| family.starts_with("WINDOWS"));
        needs.read_task_size(document);
        let containers = members(document, "containerDefinitions");
        if containers.is_empty() {
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
        needs.read_attributes(document, family);
        needs.constraints = members(document, "placementConstraints")
            .iter()
            .map(
                |constraint| match constraint["type"].as_str().unwrap_or_default() {
                    "memberOf" => Constraint::MemberOf(text(&constraint["expression"])),
                    "distinctInstance" => Constraint::DistinctInstance,
                    other => Constraint::Other(other.to_owned()),
                },
            )
            .collect();
        needs
    }

    /// Takes over what ECS worked out at the registration of `current` (`requiresAttributes`)
    /// for `document`, the revision that is to follow it.
    #[must_use]
    pub fn with_attributes_of(mut self, current: &Value, document: &Value) -> TaskNeeds {
        let same = essence(current) == essence(document);
        let known: BTreeSet<String> = self.attributes.iter().map(|one| one.name.clone()).collect();
        for required in members(current, "requiresAttributes") {
            let name = text(&required["name"]);
            if !name.is_empty() && !known.contains(&name) {
                let value = required["value"].as_str().map(str::to_owned);
                self.attributes.push(RequiredAttribute {
                    name,
                    value,
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

    fn read_task_size(&mut self, document: &Value) {
        let (cpu, memory) = (&document["cpu"], &document["memory"]);
        self.task_size = (cpu_units(cpu), memory_mib(memory));
        let read = [
            ("cpu", cpu, self.task_size.0),
            ("memory", memory, self.task_size.1),
        ];
        for (member, value, size) in read {
            if size.is_none() && is_given(value) {
                self.problems.push(Unreadable::TaskSize {
                    member,
                    value: value.to_string(),
                });
            }
        }
    }

    fn add_container(&mut self, container: &Value, mode: &str) {
        self.cpu = self.add(self.cpu, &container["cpu"], "cpu");
        // Where both are set, the reservation is what is subtracted from the instance.
        let reservation = &container["memoryReservation"];
        let reserved = whole(reservation).is_none_or(|mib| mib > 0) && is_given(reservation);
        let member = if reserved {
            "memoryReservation"
        } else {
            "memory"
        };
        self.memory = self.add(self.memory, &container[member], member);
        for requirement in members(container, "resourceRequirements") {
            if requirement["type"].as_str() == Some("GPU") {
                self.add_gpus(&requirement["value"]);
            }
        }
        for mapping in members(container, "portMappings") {
            self.add_port(mapping, mode);
        }
    }

    fn add(&mut self, sum: i64, value: &Value, member: &'static str) -> i64 {
        match whole(value) {
            Some(number) if (0..=LARGEST).contains(&number) => sum.saturating_add(number),
            None if !is_given(value) => sum,
            _ => {
                self.problems.push(Unreadable::ContainerSize {
                    member,
                    value: value.to_string(),
                });
                sum
            }
        }
    }

    fn add_gpus(&mut self, value: &Value) {
        let count = whole(value).and_then(|count| u32::try_from(count).ok());
        self.gpus = match (self.gpus, count) {
            (Gpus::Count(sum), Some(count)) => Gpus::Count(sum.saturating_add(count)),
            (Gpus::All, _) => Gpus::All,
            (_, None)
                if value
                    .as_str()
                    .is_some_and(|all| all.eq_ignore_ascii_case("ALL")) =>
            {
                Gpus::All
            }
            (sum, None) => {
                self.problems.push(Unreadable::Gpus {
                    value: value.to_string(),
                });
                sum
            }
        };
    }

    fn add_port(&mut self, mapping: &Value, mode: &str) {
        let (host, container) = (&mapping["hostPort"], &mapping["containerPort"]);
        let number = match mode {
            "awsvpc" | "none" => return,
            // On the host's own network a port that is not named is the container's.
            "host" if whole(host).is_none_or(|port| port == 0) && !is_bad_number(host) => container,
            _ => host,
        };
        let udp = mapping["protocol"]
            .as_str()
            .is_some_and(|name| name.eq_ignore_ascii_case("udp"));
        let ports = if udp {
            &mut self.udp_ports
        } else {
            &mut self.tcp_ports
        };
        match whole(number).map(u16::try_from) {
            // 0 and absent mean a port of the dynamic range, which never collides.
            Some(Ok(0)) => {}
            Some(Ok(port)) => {
                ports.insert(port);
            }
            None if !is_given(number) => {}
            _ => self.problems.push(Unreadable::HostPort {
                value: number.to_string(),
            }),
        }
    }

    fn read_attributes(&mut self, document: &Value, family: Option<&str>) {
        let mut attributes = BTreeSet::new();
        let mut ask = |name: &str, value: Option<&str>| {
            attributes.insert((name.to_owned(), value.map(str::to_owned)));
        };
        // An explicit architecture is a placement filter on EC2; without one there is none.
        match document["runtimePlatform"]["cpuArchitecture"].as_str() {
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
        for required in members(document, "requiresAttributes") {
            if let Some(name) = required["name"].as_str() {
                ask(name, required["value"].as_str());
            }
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

/// The document less what has no bearing on the attributes that ECS asks for.
fn essence(document: &Value) -> Value {
    const FREE: [&str; 3] = ["image", "environment", "dockerLabels"];
    /// Members of the answer only, and the tags.
    const ANSWER: [&str; 10] = [
        "compatibilities",
        "deleteRequestedAt",
        "deregisteredAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
        "tags",
    ];
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        members.retain(|name, _| !ANSWER.contains(&name.as_str()));
    }
    let containers = document
        .get_mut("containerDefinitions")
        .and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        // ECR needs an attribute of its own (`ecr-auth`), so the kind of registry must stay.
        let ecr = container["image"]
            .as_str()
            .is_some_and(|image| image.contains(".dkr.ecr"));
        if let Some(members) = container.as_object_mut() {
            members.retain(|name, _| !FREE.contains(&name.as_str()));
            members.insert("image".to_owned(), Value::Bool(ecr));
        }
    }
    document
}

/// `"1024"`, `1024`, `"1 vCPU"` or `".5 vcpu"` in CPU units.
pub fn cpu_units(value: &Value) -> Option<i64> {
    size(value, &[("vcpu", UNITS_PER_VCPU)])
}

/// `"2048"`, `2048`, `"2GB"` or `"0.5 gb"` in MiB.
pub fn memory_mib(value: &Value) -> Option<i64> {
    size(value, &[("gb", MIB_PER_GB), ("mb", 1.0)])
}

fn size(value: &Value, units: &[(&str, f64)]) -> Option<i64> {
    let bounded = |number: i64| (0..=LARGEST).contains(&number).then_some(number);
    if let Some(number) = whole(value) {
        return bounded(number);
    }
    let given = value.as_str()?.trim().to_ascii_lowercase();
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((given.strip_suffix(unit)?.trim(), *factor)))?;
    let plain = !number.is_empty()
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = number.parse::<f64>().ok().filter(|_| plain)? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float saturates, and the bound follows"
    )]
    bounded(number.round() as i64)
}

/// A whole number, written as one or as a string.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn is_given(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

fn is_bad_number(value: &Value) -> bool {
    is_given(value) && whole(value).is_none()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn members<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of.get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
