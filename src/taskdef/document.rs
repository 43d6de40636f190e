//! One task definition: the document, and the few members of it that are read.

use serde_json::{Map, Value};

use super::parse::{self, BadDocument};

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

/// A task definition with a family and at least one container, each with its own name.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition(Value);

impl Definition {
    /// Reads the text of `file`: RegisterTaskDefinition's shape, or what DescribeTaskDefinition
    /// printed, with or without its `taskDefinition` envelope and the tags beside it.
    ///
    /// # Errors
    /// What is wrong, with line, column and member.
    pub fn parse(file: &str, text: &[u8]) -> Result<Definition, BadDocument> {
        parse::definition(file, text)
    }

    /// Takes over a document that `source` gave, in any of the shapes that a file may have.
    ///
    /// # Errors
    /// What is wrong, with the member, without line and column.
    pub fn from_value(source: &str, document: Value) -> Result<Definition, BadDocument> {
        parse::check_shape(source, unwrapped(document)).map(Definition)
    }

    pub(super) fn unchecked(document: Value) -> Definition {
        Definition(document)
    }

    /// The whole document.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// What RegisterTaskDefinition gets: the document without the nine response-only members, falsy
    /// ones too, and without tags that ECS refuses.
    pub fn register_body(&self) -> Value {
        let mut body = self.0.clone();
        if let Some(members) = body.as_object_mut() {
            let own = tags(members);
            members.retain(|name, _| !RESPONSE_ONLY.contains(&name.as_str()));
            if own.is_empty() {
                members.shift_remove("tags");
            } else {
                members.insert("tags".to_owned(), own.into());
            }
        }
        body
    }

    /// The family; a checked document has one.
    pub fn family(&self) -> &str {
        self.text("family").unwrap_or_default()
    }

    /// The ARN of a definition that was described.
    pub fn arn(&self) -> Option<&str> {
        self.text("taskDefinitionArn")
    }

    /// The number of the revision; 0 for a document that isn't one yet.
    pub fn revision(&self) -> i64 {
        let number = self.0.get("revision").and_then(Value::as_i64);
        number.unwrap_or_default()
    }

    /// `awsvpc`, `bridge`, `host` or `none`; ECS on Linux takes `bridge` where it isn't given.
    pub fn network_mode(&self) -> &str {
        self.text("networkMode").unwrap_or("bridge")
    }

    /// `EC2`, `FARGATE`, `EXTERNAL`; empty where it isn't given.
    pub fn requires_compatibilities(&self) -> Vec<&str> {
        let list = self
            .0
            .get("requiresCompatibilities")
            .and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// `X86_64` or `ARM64`, where the definition says so.
    pub fn cpu_architecture(&self) -> Option<&str> {
        self.0
            .get("runtimePlatform")?
            .get("cpuArchitecture")?
            .as_str()
    }

    /// `LINUX`, `WINDOWS_SERVER_2022_CORE`, …, where the definition says so.
    pub fn operating_system(&self) -> Option<&str> {
        self.0
            .get("runtimePlatform")?
            .get("operatingSystemFamily")?
            .as_str()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(super) fn members_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.0.as_object_mut()
    }
}

/// The tags that may be registered. Those that AWS itself gave (`aws:cloudformation:stack-name`) are
/// described and refused ("reserved for AWS use"), and so is an empty list ("Tags can not be empty").
pub(super) fn tags(members: &Map<String, Value>) -> Vec<Value> {
    let is_ours = |tag: &&Value| {
        let key = tag.get("key").and_then(Value::as_str).unwrap_or_default();
        let start = key.get(..4).unwrap_or_default();
        !start.eq_ignore_ascii_case("aws:")
    };
    let list = members.get("tags").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter(is_ours)
        .cloned()
        .collect()
}

/// The definition inside an envelope, with the tags beside it moved in; anything else as it is.
pub(super) fn unwrapped(mut document: Value) -> Value {
    let is_envelope = document.get("containerDefinitions").is_none()
        && document.get("taskDefinition").is_some_and(Value::is_object);
    if !is_envelope {
        return document;
    }
    let tags = document.get_mut("tags").map(Value::take);
    let mut inner = document
        .get_mut("taskDefinition")
        .map(Value::take)
        .unwrap_or_default();
    if let (Some(members), Some(tags)) = (inner.as_object_mut(), tags) {
        members.entry("tags").or_insert(tags);
    }
    inner
}
