//! The same definition said in two ways: what ECS fills in is the same as nothing said.

use serde_json::{Map, Value, json};

use super::document::tags;
use crate::definition::{CONTAINERS, DEFAULT_NETWORK_MODE, RESPONSE_ONLY, cpu_units, memory_mib};

/// Lists whose items have names, which tell them apart; their order says nothing.
pub(super) const NAMED: [&str; 8] = [
    CONTAINERS,
    "environment",
    "properties",
    "secretOptions",
    "secrets",
    "tags",
    "ulimits",
    "volumes",
];

/// Whether `described` is what ECS makes of `body`: equal but for the response-only members, for the
/// order of members and of named items, and for what ECS fills in by itself. A body without tags
/// says nothing about them.
pub fn same_definition(described: &Value, body: &Value) -> bool {
    let (mut described, mut body) = (normal(described), normal(body));
    let tags = |document: &mut Value| document.as_object_mut()?.shift_remove("tags");
    let (there, wanted) = (tags(&mut described), tags(&mut body));
    described == body && (wanted.is_none() || wanted == there)
}

/// `document` without the response-only members, without what says nothing (`null`, empty lists and
/// objects) and without ECS's own defaults; named items in the order of their names.
pub(super) fn normal(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        let own = tags(members);
        members.retain(|name, _| !RESPONSE_ONLY.contains(&name.as_str()));
        members.insert("tags".to_owned(), own.into());
        let network_mode = members
            .get("networkMode")
            .and_then(Value::as_str)
            .unwrap_or(DEFAULT_NETWORK_MODE)
            .to_owned();
        drop_default(members, "networkMode", &json!(DEFAULT_NETWORK_MODE));
        // Shown by every answer since 2025, asked for or not.
        drop_default(members, "enableFaultInjection", &json!(false));
        // `1 vCPU` and `2GB` come back as plain numbers.
        plain_size(members, "cpu", cpu_units);
        plain_size(members, "memory", memory_mib);
        for container in objects(members, CONTAINERS) {
            normal_container(container, &network_mode);
        }
        for volume in objects(members, "volumes") {
            normal_volume(volume);
        }
    }
    prune(&mut document);
    document
}

/// What DescribeTaskDefinition shows though nobody said it (API reference, ContainerDefinition,
/// PortMapping, MountPoint and HealthCheck).
fn normal_container(container: &mut Map<String, Value>, network_mode: &str) {
    drop_default(container, "cpu", &json!(0));
    drop_default(container, "essential", &json!(true));
    for mapping in objects(container, "portMappings") {
        drop_default(mapping, "protocol", &json!("tcp"));
        let filled_in = match network_mode {
            "awsvpc" | "host" => mapping.get("containerPort").cloned().unwrap_or_default(),
            _ => json!(0),
        };
        drop_default(mapping, "hostPort", &filled_in);
    }
    for mount in objects(container, "mountPoints") {
        drop_default(mount, "readOnly", &json!(false));
    }
    if let Some(check) = container
        .get_mut("healthCheck")
        .and_then(Value::as_object_mut)
    {
        drop_default(check, "interval", &json!(30));
        drop_default(check, "timeout", &json!(5));
        drop_default(check, "retries", &json!(3));
    }
}

/// API reference, EFSVolumeConfiguration: what is meant where it is left out.
fn normal_volume(volume: &mut Map<String, Value>) {
    let efs = volume.get_mut("efsVolumeConfiguration");
    if let Some(efs) = efs.and_then(Value::as_object_mut) {
        drop_default(efs, "rootDirectory", &json!("/"));
        drop_default(efs, "transitEncryption", &json!("DISABLED"));
    }
}

fn objects<'a>(
    members: &'a mut Map<String, Value>,
    list: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let items = members.get_mut(list).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn drop_default(members: &mut Map<String, Value>, name: &str, default: &Value) {
    if members.get(name) == Some(default) {
        members.shift_remove(name);
    }
}

fn plain_size(members: &mut Map<String, Value>, name: &str, read: fn(&Value) -> Option<i64>) {
    if let Some(value) = members.get_mut(name)
        && let Some(size) = read(value)
    {
        *value = json!(size.to_string());
    }
}

/// Drops members that are `null`, an empty list or an empty object, from the inside out, and puts
/// named items in order. Items of lists stay, whatever they are, and so do empty texts: those say
/// something.
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
            for (name, value) in members.iter_mut() {
                if let Some(items) = value.as_array_mut()
                    && NAMED.contains(&name.as_str())
                {
                    // Of two with one name the later one counts: their order stays.
                    items.sort_by_key(|item| name_of(item).map(str::to_owned));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

/// What tells an item of a named list apart: its name, or the key of a tag.
pub(super) fn name_of(item: &Value) -> Option<&str> {
    item.get("name").or_else(|| item.get("key"))?.as_str()
}
