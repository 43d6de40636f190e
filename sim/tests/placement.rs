//! What the closest instance lacks, in AWS's words.

#[cfg(test)]
mod door;

use door::{Door, T0, shorten, small_app};
use plimsoll_sim::{InstanceSpec, ServiceSpec, World};
use serde_json::{Value, json};

/// A task of the document on an instance where one such task is already, if it fits.
fn first_event(instance: InstanceSpec, document: &Value, service: ServiceSpec) -> String {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_instance(instance);
    let task_definition = world.add_task_definition(document.clone());
    world.create_service(ServiceSpec {
        task_definition,
        ..service
    });
    let mut door = Door::new(world);
    door.ok(
        "UpdateService",
        &json!({"cluster": "web", "service": "api", "forceNewDeployment": true}),
    );
    door.pass(10);
    let told = door.told();
    let line = told.lines().next().unwrap_or_default();
    let tail = line
        .split("all of its requirements. ")
        .nth(1)
        .unwrap_or(line);
    shorten(tail)
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut document = small_app("app", 256, 512);
    for (name, value) in changes {
        if document.get(*name).is_some()
            || ["networkMode", "runtimePlatform", "placementConstraints"].contains(name)
        {
            document[*name] = value.clone();
        } else {
            document["containerDefinitions"][0][*name] = value.clone();
        }
    }
    document
}

#[test]
fn the_closest_instance_is_named_with_what_it_lacks() {
    let plain = InstanceSpec::default;
    let usual = ServiceSpec::default;
    let gpu = json!([{"type": "GPU", "value": "1"}]);
    let elsewhere = json!([{"type": "memberOf", "expression": "attribute:stack == other"}]);
    let distinct = ServiceSpec {
        constraints: vec![json!({"type": "distinctInstance"})],
        ..usual()
    };
    let through = ServiceSpec {
        capacity_providers: vec![("workers".to_owned(), 1, 0)],
        ..usual()
    };
    let table = [
        (
            plain(),
            with(&[("cpu", json!(2000))]),
            usual(),
            "has insufficient CPU units available",
        ),
        (
            plain(),
            with(&[("memory", json!(7000))]),
            usual(),
            "has insufficient memory available",
        ),
        (
            plain(),
            with(&[(
                "portMappings",
                json!([{"containerPort": 80, "hostPort": 80}]),
            )]),
            usual(),
            "is already using a port required by your task",
        ),
        (
            plain(),
            with(&[(
                "portMappings",
                json!([{"containerPort": 53, "hostPort": 53, "protocol": "udp"}]),
            )]),
            usual(),
            "is already using a port required by your task",
        ),
        (
            plain(),
            with(&[("logConfiguration", json!({"logDriver": "splunk"}))]),
            usual(),
            "is missing an attribute required by your task",
        ),
        (
            plain(),
            with(&[("runtimePlatform", json!({"cpuArchitecture": "ARM64"}))]),
            usual(),
            "is missing an attribute required by your task",
        ),
        (
            InstanceSpec {
                agent_connected: false,
                ..plain()
            },
            with(&[]),
            usual(),
            "doesn't have the agent connected",
        ),
        (
            InstanceSpec {
                eni_limit: Some(1),
                ..plain()
            },
            with(&[("networkMode", json!("awsvpc"))]),
            usual(),
            "encountered error \"RESOURCE:ENI\"",
        ),
        (
            InstanceSpec {
                gpus: Some(1),
                ..plain()
            },
            with(&[("resourceRequirements", gpu)]),
            usual(),
            "encountered error \"RESOURCE:GPU\"",
        ),
        (
            plain(),
            with(&[("placementConstraints", elsewhere)]),
            usual(),
            "encountered error \"MemberOf placement constraint unsatisfied.\"",
        ),
        (
            plain(),
            with(&[]),
            distinct,
            "encountered error \"DistinctInstance placement constraint unsatisfied.\"",
        ),
    ];
    for (instance, document, service, lack) in table {
        let told = first_event(instance, &document, service);
        assert_eq!(
            told,
            format!("The closest matching (container-instance …) {lack}."),
            "{document}"
        );
    }
    let drained = InstanceSpec {
        status: "DRAINING".to_owned(),
        ..plain()
    };
    let none = "Reason: No Container Instances were found in your cluster.";
    assert_eq!(first_event(drained, &with(&[]), usual()), none);
    let none = "Reason: No Container Instances were found in your capacity provider.";
    assert_eq!(first_event(plain(), &with(&[]), through), none);
}

#[test]
fn tasks_spread_over_zones_then_instances() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    for az in ["eu-west-1a", "eu-west-1a", "eu-west-1b"] {
        world.add_instance(InstanceSpec {
            az: az.to_owned(),
            ..InstanceSpec::default()
        });
    }
    let task_definition = world.add_task_definition(small_app("app", 128, 128));
    world.create_service(ServiceSpec {
        task_definition,
        desired: 4,
        ..ServiceSpec::default()
    });
    let count = |id: &str| {
        world
            .tasks()
            .iter()
            .filter(|task| task.instance.as_deref() == Some(id))
            .count()
    };
    let counts: Vec<usize> = world
        .instances()
        .iter()
        .map(|instance| count(&instance.id))
        .collect();
    assert_eq!(counts, [1, 1, 2]);
}
