//! What ECS adds to a task definition: defaults, and the attributes that it requires.

use serde_json::{Map, Value, json};

use super::needs::{list, task_cpu, task_memory};

/// What ECS adds to what was left out.
pub(super) fn fill(members: &mut Map<String, Value>) {
    let mode = members
        .get("networkMode")
        .and_then(Value::as_str)
        .unwrap_or("bridge")
        .to_owned();
    for (name, read) in [
        ("cpu", task_cpu as fn(&Value) -> Option<i64>),
        ("memory", task_memory),
    ] {
        if let Some(size) = members.get(name).and_then(read) {
            members.insert(name.into(), json!(size.to_string()));
        }
    }
    if let Some(Value::Array(containers)) = members.get_mut("containerDefinitions") {
        for container in containers {
            fill_container(container, &mode);
        }
    }
    // Answers have it since January 2025, whether or not it was given.
    members
        .entry("enableFaultInjection")
        .or_insert(json!(false));
    for name in ["volumes", "placementConstraints"] {
        members.entry(name).or_insert_with(|| json!([]));
    }
}

fn fill_container(container: &mut Value, mode: &str) {
    let Value::Object(members) = container else {
        return;
    };
    members.entry("cpu").or_insert(json!(0));
    members.entry("essential").or_insert(json!(true));
    for name in [
        "portMappings",
        "environment",
        "mountPoints",
        "volumesFrom",
        "systemControls",
    ] {
        members.entry(name).or_insert_with(|| json!([]));
    }
    if let Some(Value::Array(mappings)) = members.get_mut("portMappings") {
        for mapping in mappings.iter_mut().filter_map(Value::as_object_mut) {
            let inside = mapping.get("containerPort").cloned();
            let usual = if mode == "bridge" {
                Some(json!(0))
            } else {
                inside
            };
            if let Some(usual) = usual.filter(|_| !mapping.contains_key("containerPortRange")) {
                mapping.entry("hostPort").or_insert(usual);
            }
            mapping.entry("protocol").or_insert(json!("tcp"));
        }
    }
}

/// `requiresAttributes`, roughly as ECS works it out.
pub(super) fn requires(members: &Map<String, Value>) -> Vec<Value> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    if members.contains_key("taskRoleArn") {
        add("com.amazonaws.ecs.capability.task-iam-role");
    }
    if members.get("networkMode") == Some(&json!("awsvpc")) {
        add("ecs.capability.task-eni");
    }
    if members.contains_key("cpu") || members.contains_key("memory") {
        add("ecs.capability.task-cpu-mem-limit");
    }
    let role = members.contains_key("executionRoleArn");
    for container in list(members.get("containerDefinitions").unwrap_or(&Value::Null)) {
        if container["image"]
            .as_str()
            .is_some_and(|image| image.contains(".dkr.ecr."))
        {
            add("com.amazonaws.ecs.capability.ecr-auth");
            if role {
                add("ecs.capability.execution-role-ecr-pull");
            }
        }
        if let Some(driver) = container["logConfiguration"]["logDriver"].as_str() {
            add(&format!(
                "com.amazonaws.ecs.capability.logging-driver.{driver}"
            ));
        }
        if container["healthCheck"].is_object() {
            add("ecs.capability.container-health-check");
        }
        if container["privileged"] == true {
            add("com.amazonaws.ecs.capability.privileged-container");
        }
        for secret in list(&container["secrets"]) {
            let from = secret["valueFrom"].as_str().unwrap_or_default();
            let store = if from.contains(":secretsmanager:") {
                "asm"
            } else {
                "ssm"
            };
            add(&format!(
                "ecs.capability.secrets.{store}.environment-variables"
            ));
        }
        if list(&container["dependsOn"]).iter().next().is_some() {
            add("ecs.capability.container-ordering");
        }
    }
    add("com.amazonaws.ecs.capability.docker-remote-api.1.18");
    names
        .into_iter()
        .map(|name| json!({"name": name}))
        .collect()
}
