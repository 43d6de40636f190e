//! The usual stage: an ECR repository with two images, a cluster, a service that is steady.

use plimsoll_sim::{InstanceSpec, ServiceSpec, World};
use serde_json::{Value, json};

/// A definition with one container that takes `cpu` units and `memory` MiB.
pub(crate) fn definition(family: &str, cpu: i64, memory: i64) -> Value {
    json!({
        "family": family,
        "networkMode": "bridge",
        "containerDefinitions": [{
            "name": "app",
            "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1",
            "cpu": cpu,
            "memory": memory,
            "essential": true,
            "portMappings": [{"containerPort": 8080, "hostPort": 0, "protocol": "tcp"}],
        }],
    })
}

/// The repository `api` with `v1` (runs) and `v2` (to be deployed).
pub(crate) fn images(world: &mut World) {
    world.add_repository("api");
    world.add_image("api", "v1", "amd64");
    world.add_image("api", "v2", "amd64");
}

/// An m5.large: 2048 units and 7680 MiB or so.
pub(crate) fn instance(world: &mut World) -> String {
    world.add_instance(InstanceSpec::default())
}

/// Service `api` of `desired` tasks of `definition`.
pub(crate) fn service(world: &mut World, definition: Value, spec: ServiceSpec) {
    let task_definition = world.add_task_definition(definition);
    world.create_service(ServiceSpec { task_definition, ..spec });
}

/// Everything together: `desired` small tasks on two m5.large.
pub(crate) fn roomy(world: &mut World, desired: u32) {
    images(world);
    instance(world);
    instance(world);
    service(world, definition("api", 256, 512), ServiceSpec { desired, ..ServiceSpec::default() });
}
