//! Task definitions: JSON documents, kept as they were given and filled as ECS fills them.

use serde_json::{Map, Value, json};

use super::World;
use super::fill::{fill, requires};
use super::needs::{Needs, list, task_cpu, task_memory};

/// What the API refuses, in its own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// `ClientException`, `InvalidParameterException`, …
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn client(message: impl Into<String>) -> Refusal {
        Refusal::new("ClientException", message)
    }

    pub(crate) fn parameter(message: impl Into<String>) -> Refusal {
        Refusal::new("InvalidParameterException", message)
    }
}

/// One revision.
#[derive(Clone, Debug)]
pub struct TaskDefinition {
    pub arn: String,
    pub revision: u32,
    /// The document as DescribeTaskDefinition shows it.
    pub document: Value,
    pub tags: Vec<Value>,
    pub(crate) needs: Needs,
}

/// Members that only answers have.
const RESPONSE_ONLY: [&str; 9] = [
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

/// Task-level CPU units of Fargate with the least and most MiB.
const FARGATE_SIZES: [(i64, i64, i64); 7] = [
    (256, 512, 2048),
    (512, 1024, 4096),
    (1024, 2048, 8192),
    (2048, 4096, 16384),
    (4096, 8192, 30720),
    (8192, 16384, 61440),
    (16384, 32768, 122_880),
];

impl World {
    /// Registers a revision without looking whether ECS would take it; its ARN comes back.
    pub fn add_task_definition(&mut self, document: Value) -> String {
        let members = match document {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        self.store(members).arn.clone()
    }

    /// Registers a revision as RegisterTaskDefinition does.
    pub(crate) fn register(&mut self, document: &Value) -> Result<&TaskDefinition, Refusal> {
        let Value::Object(members) = document else {
            return Err(Refusal::new(
                "SerializationException",
                "Start of structure or map found where not expected",
            ));
        };
        refuse(members)?;
        Ok(self.store(members.clone()))
    }

    fn store(&mut self, mut members: Map<String, Value>) -> &TaskDefinition {
        let tags = members
            .remove("tags")
            .map(|tags| list(&tags).to_vec())
            .unwrap_or_default();
        let family = members
            .get("family")
            .and_then(Value::as_str)
            .unwrap_or("app")
            .to_owned();
        let revision = self
            .families
            .get(&family)
            .and_then(|known| known.last())
            .map_or(1, |last| last.revision + 1);
        let arn = self.arn(&format!("task-definition/{family}:{revision}"));
        // ECS takes an empty role for none; ecs-deploy sends it for each definition without one.
        for role in ["taskRoleArn", "executionRoleArn"] {
            if members.get(role) == Some(&json!("")) {
                members.remove(role);
            }
        }
        fill(&mut members);
        let attributes = requires(&members);
        let fargate = list(
            members
                .get("requiresCompatibilities")
                .unwrap_or(&Value::Null),
        )
        .contains(&json!("FARGATE"));
        members.insert("taskDefinitionArn".into(), json!(arn));
        members.insert("revision".into(), json!(revision));
        members.insert("status".into(), json!("ACTIVE"));
        members.insert("requiresAttributes".into(), Value::Array(attributes));
        members.insert(
            "compatibilities".into(),
            if fargate {
                json!(["EC2", "FARGATE"])
            } else {
                json!(["EC2"])
            },
        );
        members.insert("registeredAt".into(), super::seconds(self.now));
        let by = format!("arn:aws:sts::{}:assumed-role/deploy/session", self.account);
        members.insert("registeredBy".into(), json!(by));
        let document = Value::Object(members);
        let needs = Needs::of(&document);
        let known = self.families.entry(family).or_default();
        known.push(TaskDefinition {
            arn,
            revision,
            document,
            tags,
            needs,
        });
        // Just pushed.
        let last = known.len() - 1;
        &known[last]
    }

    /// By ARN, `family:revision`, or a family's newest ACTIVE revision.
    pub fn find_task_definition(&self, reference: &str) -> Option<&TaskDefinition> {
        let name = reference
            .rsplit("task-definition/")
            .next()
            .unwrap_or(reference);
        if reference.starts_with("arn:")
            && reference != self.arn(&format!("task-definition/{name}"))
        {
            return None;
        }
        match name.split_once(':') {
            Some((family, revision)) => {
                let revision: u32 = revision.parse().ok()?;
                self.families
                    .get(family)?
                    .iter()
                    .find(|one| one.revision == revision)
            }
            None => self
                .families
                .get(name)?
                .iter()
                .rev()
                .find(|one| one.document["status"] == "ACTIVE"),
        }
    }

    pub(crate) fn deregister(&mut self, reference: &str) -> Option<Value> {
        let arn = self.find_task_definition(reference)?.arn.clone();
        let now = super::seconds(self.now);
        let found = self
            .families
            .values_mut()
            .flatten()
            .find(|one| one.arn == arn)?;
        if let Value::Object(members) = &mut found.document {
            members.insert("status".into(), json!("INACTIVE"));
            members.insert("deregisteredAt".into(), now);
        }
        Some(found.document.clone())
    }

    pub(crate) fn needs_of(&self, arn: &str) -> Option<Needs> {
        self.find_task_definition(arn).map(|one| one.needs.clone())
    }
}

fn refuse(members: &Map<String, Value>) -> Result<(), Refusal> {
    for name in RESPONSE_ONLY {
        if members.contains_key(name) {
            return Err(Refusal::parameter(format!(
                "Unknown parameter in input: \"{name}\""
            )));
        }
    }
    let family = members
        .get("family")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if family.is_empty() {
        return Err(Refusal::client("Family cannot be empty."));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if family.len() > 255 || !family.chars().all(plain) {
        return Err(Refusal::client("Family contains invalid characters."));
    }
    if members
        .get("tags")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        return Err(Refusal::client("Tags can not be empty."));
    }
    let reserved = |tag: &Value| {
        let key = tag["key"].as_str().unwrap_or_default();
        key.to_ascii_lowercase().starts_with("aws:")
    };
    if list(members.get("tags").unwrap_or(&Value::Null))
        .iter()
        .any(reserved)
    {
        let text = "Invalid tag key: keys that start with 'aws:' are reserved for AWS use.";
        return Err(Refusal::parameter(text));
    }
    for name in ["cpu", "memory"] {
        if members.get(name).is_some_and(|value| !value.is_string()) {
            return Err(Refusal::new(
                "SerializationException",
                "NUMBER_VALUE can not be converted to a String",
            ));
        }
    }
    let get = |name: &str| members.get(name).unwrap_or(&Value::Null);
    if get("cpu").is_string() && task_cpu(get("cpu")).is_none_or(|cpu| cpu < 1) {
        return Err(Refusal::client("Invalid 'cpu' setting for task."));
    }
    if get("memory").is_string() && task_memory(get("memory")).is_none_or(|memory| memory < 1) {
        return Err(Refusal::client("Invalid 'memory' setting for task."));
    }
    if list(get("requiresCompatibilities")).contains(&json!("FARGATE")) {
        refuse_fargate(members)?;
    }
    let containers = list(get("containerDefinitions"));
    if containers.is_empty() {
        return Err(Refusal::client("Container list cannot be empty."));
    }
    for container in containers {
        refuse_container(container, members)?;
    }
    super::required::refuse(members)
}

fn refuse_fargate(members: &Map<String, Value>) -> Result<(), Refusal> {
    let size = |name: &str| members.get(name).unwrap_or(&Value::Null);
    if members.get("networkMode") != Some(&json!("awsvpc")) {
        return Err(Refusal::client(
            "Fargate only supports network mode \u{2018}awsvpc\u{2019}.",
        ));
    }
    let (Some(cpu), Some(memory)) = (task_cpu(size("cpu")), task_memory(size("memory"))) else {
        return Err(Refusal::client(
            "Fargate requires that 'cpu' be defined at the task level.",
        ));
    };
    let known = FARGATE_SIZES
        .iter()
        .any(|(units, least, most)| *units == cpu && (*least..=*most).contains(&memory));
    if !known {
        let text = format!(
            "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
        );
        return Err(Refusal::client(text));
    }
    Ok(())
}

fn refuse_container(container: &Value, members: &Map<String, Value>) -> Result<(), Refusal> {
    if !container.is_object() {
        return Err(Refusal::new(
            "SerializationException",
            "Unexpected field type",
        ));
    }
    let name = container["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(Refusal::client(
            "Container.name should not be null or empty.",
        ));
    }
    if container["image"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::client(
            "Container.image should not be null or empty.",
        ));
    }
    for size in ["cpu", "memory", "memoryReservation"] {
        if container
            .get(size)
            .is_some_and(|value| !value.is_null() && value.as_i64().is_none())
        {
            return Err(Refusal::new(
                "SerializationException",
                "STRING_VALUE can not be converted to an Integer",
            ));
        }
    }
    if container["cpu"].as_i64().is_some_and(|cpu| cpu < 0) {
        return Err(Refusal::client(format!(
            "Invalid 'cpu' setting for container '{name}'."
        )));
    }
    let sized = container["memory"].is_i64()
        || container["memoryReservation"].is_i64()
        || container["memory"].as_i64().is_some()
        || container["memoryReservation"].as_i64().is_some();
    if !sized && !members.contains_key("memory") {
        let text = "At least one of 'memory' or 'memoryReservation' must be specified.";
        return Err(Refusal::client(format!(
            "Invalid setting for container '{name}'. {text}"
        )));
    }
    let awsvpc = members.get("networkMode") == Some(&json!("awsvpc"));
    for mapping in list(&container["portMappings"]) {
        let (host, inside) = (
            mapping["hostPort"].as_i64(),
            mapping["containerPort"].as_i64(),
        );
        if awsvpc && host.is_some_and(|host| Some(host) != inside) {
            let text = "When networkMode=awsvpc, the host ports and container ports in port mappings must match.";
            return Err(Refusal::client(text));
        }
    }
    Ok(())
}
