//! The same definition said in two ways: what ECS fills in is the same as nothing said.

use serde_json::{Map, Value, json};

use super::document::RESPONSE_ONLY;

/// Whether `described` is what ECS makes of `body`: equal but for the response-only members, for the
/// order of members, and for what ECS fills in by itself. Tags don't count: they can be changed
/// without a new revision.
pub fn same_definition(described: &Value, body: &Value) -> bool {
    normal(described) == normal(body)
}

/// `document` without the response-only members and tags, and without what says nothing: `null`,
/// empty lists and objects, and ECS's own defaults.
pub(super) fn normal(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        members.retain(|name, _| !RESPONSE_ONLY.contains(&name.as_str()) && name != "tags");
        let network_mode = members
            .get("networkMode")
            .and_then(Value::as_str)
            .unwrap_or("bridge")
            .to_owned();
        drop_default(members, "networkMode", &json!("bridge"));
        let containers = members
            .get_mut("containerDefinitions")
            .and_then(Value::as_array_mut);
        for container in containers
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            normal_container(container, &network_mode);
        }
    }
    prune(&mut document);
    document
}

/// What DescribeTaskDefinition shows though nobody said it (API reference, ContainerDefinition,
/// PortMapping and HealthCheck).
fn normal_container(container: &mut Map<String, Value>, network_mode: &str) {
    drop_default(container, "cpu", &json!(0));
    drop_default(container, "essential", &json!(true));
    let mappings = container
        .get_mut("portMappings")
        .and_then(Value::as_array_mut);
    for mapping in mappings
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        drop_default(mapping, "protocol", &json!("tcp"));
        let filled_in = match network_mode {
            "awsvpc" | "host" => mapping.get("containerPort").cloned().unwrap_or_default(),
            _ => json!(0),
        };
        drop_default(mapping, "hostPort", &filled_in);
    }
    if let Some(check) = container
        .get_mut("healthCheck")
        .and_then(Value::as_object_mut)
    {
        drop_default(check, "interval", &json!(30));
        drop_default(check, "timeout", &json!(5));
        drop_default(check, "retries", &json!(3));
    }
    for list in ["environment", "secrets"] {
        if let Some(items) = container.get_mut(list).and_then(Value::as_array_mut) {
            items.sort_by_key(|item| item.get("name").map(ToString::to_string));
        }
    }
}

fn drop_default(members: &mut Map<String, Value>, name: &str, default: &Value) {
    if members.get(name) == Some(default) {
        members.shift_remove(name);
    }
}

/// Drops members that are `null`, an empty list or an empty object, from the inside out. Items of
/// lists stay, whatever they are, and so do empty texts: those say something.
fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(prune);
            members.retain(|_, value| match value {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(inner) => !inner.is_empty(),
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}
