//! The usual stage: an ECR repository with two images, a cluster, a service that is steady.

use plimsoll_sim::{Exit, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::{Value, json};

use crate::door::{Story, Told};

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
    world.create_service(ServiceSpec {
        task_definition,
        ..spec
    });
}

/// Everything together: `desired` small tasks on two m5.large.
pub(crate) fn roomy(world: &mut World, desired: u32) {
    images(world);
    instance(world);
    instance(world);
    service(
        world,
        definition("api", 256, 512),
        ServiceSpec {
            desired,
            ..ServiceSpec::default()
        },
    );
}

/// A redeploy of `v2` of `api`, in the world that `build` makes.
pub(crate) fn redeploy(build: impl FnOnce(&mut World)) -> Story {
    Story::new(build)
        .input("repository", "api")
        .input("image-tag", "v2")
}

/// Tasks whose image matches end with `code` three seconds after they run.
pub(crate) fn crash(world: &mut World, matcher: &str, code: i64) {
    let exit = Some(Exit {
        after_secs: 3,
        code,
        reason: String::new(),
    });
    world.behaviour(
        matcher,
        TaskBehaviour {
            exit,
            ..TaskBehaviour::default()
        },
    );
}

/// The real definition of 6144 units and 16384 MiB, on one instance that holds just one of it.
pub(crate) fn large(world: &mut World) {
    images(world);
    world.add_instance(InstanceSpec {
        ec2_type: "m5.2xlarge".to_owned(),
        cpu: 8192,
        memory: 31744,
        ..InstanceSpec::default()
    });
    let mut document: Value =
        serde_json::from_str(include_str!("../data/task-definition.json")).unwrap();
    let members = document.as_object_mut().unwrap();
    members.retain(|name, _| !plimsoll::definition::RESPONSE_ONLY.contains(&name.as_str()));
    members.remove("tags");
    document["containerDefinitions"][0]["image"] =
        json!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1");
    service(
        world,
        document,
        ServiceSpec {
            name: "sample".to_owned(),
            ..ServiceSpec::default()
        },
    );
}

/// The log without the lines that only tell what is deployed.
pub(crate) fn story_of(told: &Told) -> String {
    let kept = told.log.lines().filter(|line| {
        ![
            "image:",
            "task definition:",
            "containerDefinitions[",
            "registered ",
            "console:",
        ]
        .iter()
        .any(|word| line.contains(word))
    });
    kept.map(shortened).collect::<Vec<_>>().join("\n")
}

/// Long ids are cut to their first four characters, so that a transcript is readable.
fn shortened(line: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for character in line.chars().chain(['\n']) {
        if character.is_ascii_hexdigit() {
            run.push(character);
            continue;
        }
        out.push_str(if run.len() >= 19 { &run[..4] } else { &run });
        run.clear();
        out.push(character);
    }
    out.trim_end().to_owned()
}

/// One task that crashes whenever it is started again, on one m5.large.
pub(crate) fn crashing(world: &mut World) {
    images(world);
    instance(world);
    crash(world, "api@", 137);
    service(world, definition("api", 256, 512), ServiceSpec::default());
}

/// One task of 1536 units on the one m5.large of the Auto Scaling group behind `workers`.
pub(crate) fn grouped(world: &mut World, group: ProviderSpec) {
    images(world);
    world.add_capacity_provider(ProviderSpec {
        instance: InstanceSpec {
            capacity_provider: Some("workers".to_owned()),
            ..InstanceSpec::default()
        },
        ..group
    });
    let spec = ServiceSpec {
        capacity_providers: vec![("workers".to_owned(), 1, 0)],
        ..ServiceSpec::default()
    };
    service(world, definition("api", 1536, 4096), spec);
}
