//! RegisterTaskDefinition, DescribeTaskDefinition, DeregisterTaskDefinition.

use serde_json::{Value, json};

use super::texts;
use crate::world::{Refusal, World};

pub(super) fn register(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let registered = world.register(body)?;
    let mut answer = json!({"taskDefinition": registered.document});
    if !registered.tags.is_empty() {
        answer["tags"] = json!(registered.tags);
    }
    Ok(answer)
}

fn unknown() -> Refusal {
    Refusal::client("Unable to describe task definition.")
}

pub(super) fn describe(world: &World, body: &Value) -> Result<Value, Refusal> {
    let reference = body["taskDefinition"].as_str().unwrap_or_default();
    let found = world.find_task_definition(reference).ok_or_else(unknown)?;
    let mut answer = json!({"taskDefinition": found.document});
    if texts(body, "include").contains(&"TAGS") {
        answer["tags"] = json!(found.tags);
    }
    Ok(answer)
}

pub(super) fn deregister(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let reference = body["taskDefinition"].as_str().unwrap_or_default();
    if !reference.contains(':') {
        return Err(Refusal::parameter("Revision is missing."));
    }
    let document = world.deregister(reference).ok_or_else(|| {
        Refusal::client("The specified task definition does not exist. Specify a valid account, family, revision and try again.")
    })?;
    Ok(json!({"taskDefinition": document}))
}
