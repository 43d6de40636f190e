//! What a task definition asks of an instance.
//!
//! The stand-in's own reading of the document, after the accounting in the agent's source
//! (`agent/api/task`, ToHostResources). It shares nothing with the forecast it is held against.

use std::collections::BTreeSet;

use serde_json::Value;

/// Resources, ports, attributes and health of one task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) tcp: BTreeSet<u16>,
    pub(crate) udp: BTreeSet<u16>,
    pub(crate) gpus: u32,
    pub(crate) awsvpc: bool,
    /// Name and, where it must be equal, value.
    pub(crate) attributes: Vec<(String, Option<String>)>,
    /// `memberOf` expressions of the task definition.
    pub(crate) member_of: Vec<String>,
    pub(crate) health_check: bool,
    /// The longest `stopTimeout`, in seconds.
    pub(crate) stop_timeout: i64,
    /// Container name and image.
    pub(crate) images: Vec<(String, String)>,
    pub(crate) essential: Vec<bool>,
}

/// `stopTimeout` where none is given.
const STOP_TIMEOUT_SECS: i64 = 30;

impl Needs {
    pub(crate) fn of(document: &Value) -> Needs {
        let containers = document["containerDefinitions"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let awsvpc = document["networkMode"] == "awsvpc";
        let host = document["networkMode"] == "host";
        let mut needs = Needs {
            awsvpc,
            stop_timeout: 0,
            ..Needs::default()
        };
        let (mut cpu, mut memory) = (0, 0);
        for container in containers {
            cpu += number(&container["cpu"]);
            let reserved = number(&container["memoryReservation"]);
            memory += if reserved > 0 {
                reserved
            } else {
                number(&container["memory"])
            };
            needs.add_container(container, host);
        }
        needs.cpu = task_cpu(&document["cpu"]).unwrap_or(cpu);
        needs.memory = task_memory(&document["memory"]).unwrap_or(memory);
        for attribute in list(&document["requiresAttributes"]) {
            let name = attribute["name"].as_str().unwrap_or_default().to_owned();
            needs
                .attributes
                .push((name, attribute["value"].as_str().map(str::to_owned)));
        }
        match document["runtimePlatform"]["cpuArchitecture"].as_str() {
            Some("X86_64") => needs
                .attributes
                .push(("ecs.cpu-architecture".into(), Some("x86_64".into()))),
            Some("ARM64") => needs
                .attributes
                .push(("ecs.cpu-architecture".into(), Some("arm64".into()))),
            _ => {}
        }
        for constraint in list(&document["placementConstraints"]) {
            if let Some(expression) = constraint["expression"].as_str() {
                needs.member_of.push(expression.to_owned());
            }
        }
        if needs.stop_timeout == 0 {
            needs.stop_timeout = STOP_TIMEOUT_SECS;
        }
        needs
    }

    fn add_container(&mut self, container: &Value, host: bool) {
        let text = |name: &str| container[name].as_str().unwrap_or_default().to_owned();
        let essential = container["essential"].as_bool().unwrap_or(true);
        self.images.push((text("name"), text("image")));
        self.essential.push(essential);
        self.health_check |= essential && container["healthCheck"].is_object();
        self.stop_timeout = self.stop_timeout.max(number(&container["stopTimeout"]));
        for mapping in list(&container["portMappings"]) {
            let mut port = number(&mapping["hostPort"]);
            if port == 0 && host {
                port = number(&mapping["containerPort"]);
            }
            let Ok(port) = u16::try_from(port) else {
                continue;
            };
            if port == 0 || self.awsvpc {
                continue;
            }
            let ports = if mapping["protocol"] == "udp" {
                &mut self.udp
            } else {
                &mut self.tcp
            };
            ports.insert(port);
        }
        for requirement in list(&container["resourceRequirements"]) {
            if requirement["type"] == "GPU" {
                let count = requirement["value"]
                    .as_str()
                    .and_then(|value| value.parse::<u32>().ok());
                self.gpus += count.unwrap_or(1);
            }
        }
    }
}

/// The items of a list, none where there is no list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

/// A whole number written as one or as text; 0 where there is none.
pub(crate) fn number(value: &Value) -> i64 {
    value
        .as_i64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or(0)
}

/// CPU units of `"1024"`, `"1 vCPU"` or `".5 vcpu"`.
pub(crate) fn task_cpu(value: &Value) -> Option<i64> {
    let text = value.as_str()?.trim().to_ascii_lowercase();
    scaled(&text, "vcpu", 1024.0)
}

/// MiB of `"2048"` or `"2GB"`.
pub(crate) fn task_memory(value: &Value) -> Option<i64> {
    let text = value.as_str()?.trim().to_ascii_lowercase();
    scaled(&text, "gb", 1024.0)
}

fn scaled(text: &str, unit: &str, factor: f64) -> Option<i64> {
    match text.strip_suffix(unit) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a few thousand vCPU at most"
        )]
        Some(amount) => Some((amount.trim().parse::<f64>().ok()? * factor) as i64),
        None => text.parse().ok(),
    }
}
