//! A task definition's document, looked into for what a diagnosis names.
//!
//! Reading only, and never complaining: what isn't there is not known.

use serde_json::Value;

/// A view on the document, or on none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Definition<'a>(pub Option<&'a Value>);

/// An attribute that an instance has to have: with a value, just that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Required<'a> {
    pub name: &'a str,
    pub value: Option<&'a str>,
}

impl<'a> Definition<'a> {
    fn at(self, pointer: &str) -> Option<&'a Value> {
        self.0?.pointer(pointer)
    }

    fn text(self, pointer: &str) -> Option<&'a str> {
        self.at(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    pub fn containers(self) -> impl Iterator<Item = &'a Value> {
        self.at("/containerDefinitions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }

    /// The container of that name.
    pub fn container(self, name: &str) -> Option<&'a Value> {
        self.containers()
            .find(|container| container.get("name").and_then(Value::as_str) == Some(name))
    }

    /// Whether the task ends with this container: so where nothing says otherwise.
    pub fn essential(self, name: &str) -> bool {
        let essential = self
            .container(name)
            .and_then(|container| container.get("essential"));
        essential.and_then(Value::as_bool).unwrap_or(true)
    }

    pub fn execution_role(self) -> Option<&'a str> {
        self.text("/executionRoleArn")
    }

    pub fn task_role(self) -> Option<&'a str> {
        self.text("/taskRoleArn")
    }

    pub fn network_mode(self) -> Option<&'a str> {
        self.text("/networkMode")
    }

    /// `X86_64` or `ARM64`, where the definition asks for one.
    pub fn architecture(self) -> Option<&'a str> {
        self.text("/runtimePlatform/cpuArchitecture")
    }

    /// The task's CPU or memory as it is written, with its own unit.
    pub fn size(self, member: &str) -> Option<String> {
        let whole = self.0?.get(member);
        whole.and_then(|value| value.as_str().map(str::to_owned).or_else(|| number(value)))
    }

    /// The option of a container's log driver.
    pub fn log_option(self, container: &str, option: &str) -> Option<&'a str> {
        self.container(container)?
            .pointer("/logConfiguration/options")?
            .get(option)?
            .as_str()
    }

    /// All `awslogs-group`s, each once.
    pub fn log_groups(self) -> Vec<&'a str> {
        let mut groups: Vec<&str> = Vec::new();
        for container in self.containers() {
            let group = container.pointer("/logConfiguration/options/awslogs-group");
            if let Some(group) = group.and_then(Value::as_str)
                && !groups.contains(&group)
            {
                groups.push(group);
            }
        }
        groups
    }

    /// The ports of the host that a task of this definition takes for itself.
    pub fn host_ports(self) -> Vec<u16> {
        let host = match self.network_mode() {
            Some("awsvpc" | "none") => return Vec::new(),
            mode => mode == Some("host"),
        };
        let mut ports: Vec<u16> = Vec::new();
        for mapping in self
            .containers()
            .filter_map(|one| one.get("portMappings")?.as_array())
            .flatten()
        {
            let of = |member: &str| {
                mapping
                    .get(member)
                    .and_then(Value::as_u64)
                    .filter(|port| *port > 0)
            };
            let port = of("hostPort").or_else(|| of("containerPort").filter(|_| host));
            if let Some(port) = port.and_then(|port| u16::try_from(port).ok())
                && !ports.contains(&port)
            {
                ports.push(port);
            }
        }
        ports
    }

    /// What ECS worked out at the registration that an instance has to have.
    pub fn requires(self) -> impl Iterator<Item = Required<'a>> {
        let all = self
            .at("/requiresAttributes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        all.filter_map(|one| {
            let value = one.get("value").and_then(Value::as_str);
            Some(Required {
                name: one.get("name")?.as_str()?,
                value,
            })
        })
    }

    /// The `valueFrom`s of all secrets.
    pub fn secrets(self) -> impl Iterator<Item = &'a str> {
        self.containers()
            .filter_map(|container| container.get("secrets")?.as_array())
            .flatten()
            .filter_map(|secret| secret.get("valueFrom")?.as_str())
    }

    /// The expressions of its placement constraints.
    pub fn constraints(self) -> impl Iterator<Item = &'a str> {
        let all = self
            .at("/placementConstraints")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        all.filter_map(|one| one.get("expression")?.as_str())
    }

    /// Names of its volumes.
    pub fn volumes(self) -> impl Iterator<Item = &'a str> {
        let all = self
            .at("/volumes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        all.filter_map(|one| one.get("name")?.as_str())
    }

    /// A container's memory limit with its unit: its own hard one, else the task's.
    pub fn memory_limit(self, container: &str) -> Option<String> {
        let own = self
            .container(container)
            .and_then(|one| number(one.get("memory")?));
        let limit = own.or_else(|| self.size("memory"))?;
        let bare = limit.bytes().all(|byte| byte.is_ascii_digit());
        Some(if bare { format!("{limit} MiB") } else { limit })
    }

    /// A container's health check, as one line.
    pub fn health_check(self, container: &str) -> Option<String> {
        let command = self
            .container(container)?
            .pointer("/healthCheck/command")?
            .as_array()?;
        let words: Vec<&str> = command.iter().filter_map(Value::as_str).collect();
        Some(words.join(" "))
    }
}

fn number(value: &Value) -> Option<String> {
    value.as_i64().map(|number| number.to_string())
}
