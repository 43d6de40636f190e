//! One task definition: the document as a whole. What its members say is read in `definition`.

use serde_json::{Map, Value};

use crate::definition::{CONTAINERS, RESPONSE_ONLY, TaskDefinition};

/// A task definition with a family and at least one container, each with its own name.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition(Value);

impl Definition {
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

    /// What its members say.
    pub fn view(&self) -> TaskDefinition<'_> {
        TaskDefinition::of(&self.0)
    }

    /// The family; a checked document has one.
    pub fn family(&self) -> &str {
        self.view().family()
    }

    /// The ARN of a definition that was described.
    pub fn arn(&self) -> Option<&str> {
        self.view().arn()
    }

    /// The number of the revision; 0 for a document that isn't one yet.
    pub fn revision(&self) -> i64 {
        self.view().revision()
    }

    /// `awsvpc`, `bridge`, `host` or `none`.
    pub fn network_mode(&self) -> &str {
        self.view().network_mode()
    }

    /// `EC2`, `FARGATE`, `EXTERNAL`; empty where it isn't given.
    pub fn requires_compatibilities(&self) -> Vec<&str> {
        self.view().requires_compatibilities()
    }

    /// `X86_64` or `ARM64`, where the definition says so.
    pub fn cpu_architecture(&self) -> Option<&str> {
        self.view().cpu_architecture()
    }

    /// `LINUX`, `WINDOWS_SERVER_2022_CORE`, …, where the definition says so.
    pub fn operating_system(&self) -> Option<&str> {
        self.view().operating_system()
    }

    pub(super) fn document_mut(&mut self) -> &mut Value {
        &mut self.0
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

/// The definition inside an envelope, with the tags next to it moved in; anything else as it is.
pub(super) fn unwrapped(mut document: Value) -> Value {
    let is_envelope = document.get(CONTAINERS).is_none()
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
