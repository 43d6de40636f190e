//! One container of a task definition, read.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::setting::{Setting, number, whole, whole_size};

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

/// One container.
#[derive(Clone, Copy, Debug)]
pub struct ContainerDefinition<'a>(&'a Map<String, Value>);

impl<'a> ContainerDefinition<'a> {
    pub(super) fn of(members: &'a Map<String, Value>) -> ContainerDefinition<'a> {
        ContainerDefinition(members)
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    fn list(self, name: &str) -> impl Iterator<Item = &'a Value> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten()
    }

    /// The name; a checked definition's containers have one each.
    pub fn name(self) -> &'a str {
        self.text("name").unwrap_or_default()
    }

    pub fn image(self) -> Option<&'a str> {
        self.text("image")
    }

    /// Whether the task ends with it. ECS takes a container as essential where it doesn't say (API
    /// reference, ContainerDefinition:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>).
    pub fn is_essential(self) -> bool {
        let essential = self.0.get("essential").and_then(Value::as_bool);
        essential.unwrap_or(true)
    }

    fn size(self, name: &str) -> Setting<'a, i64> {
        Setting::of(self.0.get(name), whole_size)
    }

    /// CPU units.
    pub fn cpu(self) -> Setting<'a, i64> {
        self.size("cpu")
    }

    /// MiB that are subtracted from the instance, and the member that says so: the reservation where
    /// both are set.
    pub fn memory(self) -> (&'static str, Setting<'a, i64>) {
        const RESERVATION: &str = "memoryReservation";
        match Setting::of(self.0.get(RESERVATION), whole) {
            Setting::No | Setting::Is(..=0) => ("memory", self.size("memory")),
            Setting::Is(_) | Setting::Unreadable(_) => (RESERVATION, self.size(RESERVATION)),
        }
    }

    /// Its hard limit of memory, a number of MiB as it is written.
    pub fn hard_memory(self) -> Option<String> {
        number(self.0.get("memory")?)
    }

    /// Each GPU requirement.
    pub fn gpus(self) -> impl Iterator<Item = Setting<'a, Gpus>> {
        let is_gpu = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("GPU");
        let read = |value: &Value| {
            let all = |text: &str| text.eq_ignore_ascii_case("ALL").then_some(Gpus::All);
            let count = whole(value).and_then(|count| u32::try_from(count).ok());
            count
                .map(Gpus::Count)
                .or_else(|| value.as_str().and_then(all))
        };
        self.list("resourceRequirements")
            .filter(is_gpu)
            .map(move |one| Setting::of(one.get("value"), read))
    }

    pub fn port_mappings(self) -> impl Iterator<Item = PortMapping<'a>> {
        self.list("portMappings").map(PortMapping)
    }

    /// Ports that the container listens on, single ones as given; ranges aren't among them.
    pub fn ports(self) -> Vec<u16> {
        self.port_mappings()
            .filter_map(PortMapping::container_port)
            .collect()
    }

    /// The ranges of ports that the container listens on (`containerPortRange`, `8000-8010`).
    pub fn port_ranges(self) -> Vec<RangeInclusive<u16>> {
        self.port_mappings()
            .filter_map(PortMapping::container_ports)
            .collect()
    }

    /// The `valueFrom`s of its secrets.
    pub fn secrets(self) -> impl Iterator<Item = &'a str> {
        self.list("secrets")
            .filter_map(|secret| secret.get("valueFrom")?.as_str())
    }

    /// Where it logs to.
    pub fn log(self) -> Option<LogConfiguration<'a>> {
        self.0.get("logConfiguration").map(LogConfiguration)
    }

    pub fn has_health_check(self) -> bool {
        self.0.get("healthCheck").is_some_and(Value::is_object)
    }

    /// The command of its health check, as one line.
    pub fn health_check(self) -> Option<String> {
        let command = self.0.get("healthCheck")?.get("command")?.as_array()?;
        let words: Vec<&str> = command.iter().filter_map(Value::as_str).collect();
        Some(words.join(" "))
    }
}

/// A container's `logConfiguration`.
#[derive(Clone, Copy, Debug)]
pub struct LogConfiguration<'a>(&'a Value);

impl<'a> LogConfiguration<'a> {
    /// `awslogs`, `awsfirelens`, `json-file`, …
    pub fn driver(self) -> Option<&'a str> {
        self.0.get("logDriver")?.as_str()
    }

    /// An option of the driver.
    pub fn option(self, name: &str) -> Option<&'a str> {
        self.0.get("options")?.get(name)?.as_str()
    }
}

/// One item of a container's `portMappings`.
#[derive(Clone, Copy, Debug)]
pub struct PortMapping<'a>(&'a Value);

impl<'a> PortMapping<'a> {
    pub fn container_port(self) -> Option<u16> {
        u16::try_from(self.0.get("containerPort")?.as_u64()?).ok()
    }

    /// `containerPortRange`, such as `8000-8010`.
    pub fn container_ports(self) -> Option<RangeInclusive<u16>> {
        let text = self.0.get("containerPortRange")?.as_str()?;
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    }

    pub fn is_udp(self) -> bool {
        let protocol = self.0.get("protocol").and_then(Value::as_str);
        protocol.is_some_and(|name| name.eq_ignore_ascii_case("udp"))
    }

    /// The port of the host that the mapping takes for itself in this network mode. 0 and absent mean
    /// one of the dynamic range, which never collides.
    pub fn fixed_host_port(self, mode: &str) -> Setting<'a, u16> {
        let of = |name: &str| Setting::of(self.0.get(name), whole);
        let port = match (mode, of("hostPort")) {
            ("awsvpc" | "none", _) => return Setting::No,
            // On the host's own network a port that is not named is the container's.
            ("host", Setting::No | Setting::Is(0)) => ("containerPort", of("containerPort")),
            (_, port) => ("hostPort", port),
        };
        match port {
            (_, Setting::No | Setting::Is(0)) => Setting::No,
            (name, Setting::Is(number)) => match (u16::try_from(number), self.0.get(name)) {
                (Ok(port), _) => Setting::Is(port),
                (Err(_), Some(value)) => Setting::Unreadable(value),
                (Err(_), None) => Setting::No,
            },
            (_, Setting::Unreadable(value)) => Setting::Unreadable(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::PortMapping;
    use crate::definition::{Setting, TaskDefinition};

    #[test]
    fn a_host_port_is_fixed_by_the_network_mode_and_the_mapping() {
        let bad = json!("eighty");
        let cases: [(&str, Value, Setting<'_, u16>); 7] = [
            ("bridge", json!({"containerPort": 80}), Setting::No),
            (
                "bridge",
                json!({"containerPort": 80, "hostPort": 0}),
                Setting::No,
            ),
            (
                "bridge",
                json!({"containerPort": 80, "hostPort": 8080}),
                Setting::Is(8080),
            ),
            ("host", json!({"containerPort": 80}), Setting::Is(80)),
            (
                "awsvpc",
                json!({"containerPort": 80, "hostPort": 80}),
                Setting::No,
            ),
            ("none", json!({"hostPort": 80}), Setting::No),
            (
                "host",
                json!({"containerPort": 80, "hostPort": bad}),
                Setting::Unreadable(&bad),
            ),
        ];
        for (mode, mapping, expected) in &cases {
            let found = PortMapping(mapping).fixed_host_port(mode);
            assert_eq!(found, *expected, "{mode} {mapping}");
        }
    }

    #[test]
    fn a_container_is_essential_where_nothing_says_otherwise() {
        let document = json!({"containerDefinitions": [
            {"name": "app"},
            {"name": "side", "essential": false, "healthCheck": {"command": ["CMD", "true"]}},
        ]});
        let definition = TaskDefinition::of(&document);
        assert!(definition.is_essential("app") && !definition.is_essential("side"));
        assert!(definition.is_essential("of another definition"));
        assert!(!definition.has_health_check());
    }
}
