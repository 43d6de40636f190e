//! The worlds and runs whose answers are falsified.

use plimsoll::run::Command;
use plimsoll_sim::{Breaker, Exit, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::Story;
use crate::evidence::logging;
use crate::fargate::on_fargate;
use crate::native::behind_a_load_balancer;
use crate::seeded::Numbers;
use crate::setting::{definition, grouped, images, instance, redeploy, roomy, service};

type Build = fn(&mut World);

/// What is deployed to; in all of them service `api` is steady at first.
const WORLDS: [(&str, Build); 10] = [
    ("room", |world| roomy(world, 2)),
    ("no room", |world| tight(world, 100, 200)),
    ("stops first", |world| tight(world, 50, 100)),
    ("crash loop", |world| crash_loop(world, None)),
    ("breaker", |world| {
        let breaker = Breaker {
            rollback: true,
            ..Breaker::default()
        };
        crash_loop(world, Some(breaker));
    }),
    ("fargate", on_fargate),
    ("blue/green", |world| {
        let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1});
        behind_a_load_balancer(world, &configuration);
    }),
    ("group", |world| {
        grouped(
            world,
            ProviderSpec {
                max: 3,
                ..ProviderSpec::default()
            },
        );
    }),
    ("several", several),
    ("one-off", |world| {
        images(world);
        instance(world);
        service(world, logging(), ServiceSpec::default());
    }),
];

/// What a run is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Deploy,
    Plan,
    Explain,
    Watch,
}

/// A run in one of the worlds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) world: &'static str,
    pub(super) job: Job,
    /// Tasks of the new revision don't stay up.
    pub(super) crashes: bool,
    /// The services by name; each has a task definition of the same name.
    pub(super) services: &'static [&'static str],
}

impl Scene {
    pub(super) fn command(&self) -> Command {
        match self.job {
            Job::Deploy | Job::Plan => Command::Deploy,
            Job::Explain => Command::Explain,
            Job::Watch => Command::Watch,
        }
    }
}

pub(super) fn draw(numbers: &mut Numbers) -> (Scene, Story) {
    let (world, build) = numbers.of(&WORLDS);
    let job = numbers.of(&[
        Job::Deploy,
        Job::Deploy,
        Job::Deploy,
        Job::Plan,
        Job::Explain,
        Job::Watch,
    ]);
    let scene = Scene {
        world,
        job,
        crashes: ["crash loop", "breaker"].contains(&world),
        services: if world == "several" {
            &["api", "jobs"]
        } else {
            &["api"]
        },
    };
    let mut story = match job {
        Job::Deploy | Job::Plan => redeploy(build),
        Job::Explain | Job::Watch => Story::new(|world| {
            build(world);
            if job == Job::Watch || numbers.one_in(2) {
                scene.services.iter().for_each(|name| begin(world, name));
            }
        }),
    };
    story = story
        .input("service", &scene.services.join("\n"))
        .input("wait-for-minutes", "5");
    if matches!(job, Job::Deploy | Job::Plan) {
        story = story
            .input("capacity-check", numbers.of(&["off", "fail", "fail"]))
            .input("dry-run", if job == Job::Plan { "true" } else { "false" });
        if world == "one-off" {
            story = story.input("run-task", "true");
        }
    }
    if job == Job::Deploy {
        story = story
            .input(
                "on-stuck",
                numbers.of(&["fail", "fail", "wait", "rollback"]),
            )
            .input("on-failure", numbers.of(&["none", "rollback"]));
    }
    (scene, story)
}

/// Somebody else starts the rollout of `v2`.
pub(super) fn begin(world: &mut World, name: &str) {
    let mut document = world.find_task_definition(name).unwrap().document.clone();
    document["containerDefinitions"][0]["image"] =
        json!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v2");
    let members = document.as_object_mut().unwrap();
    members.retain(|name, _| !plimsoll::definition::RESPONSE_ONLY.contains(&name.as_str()));
    let arn = world.add_task_definition(document);
    world
        .update_service("web", name, &json!({"taskDefinition": arn}))
        .unwrap();
}

/// Two tasks that fill the one instance.
fn tight(world: &mut World, minimum: u32, maximum: u32) {
    images(world);
    instance(world);
    let spec = ServiceSpec {
        desired: 2,
        minimum_healthy_percent: minimum,
        maximum_percent: maximum,
        ..ServiceSpec::default()
    };
    service(world, definition("api", 1000, 2048), spec);
}

fn crash_loop(world: &mut World, breaker: Option<Breaker>) {
    images(world);
    instance(world);
    let exit = Some(Exit {
        after_secs: 3,
        code: 1,
        reason: String::new(),
    });
    let behaviour = TaskBehaviour {
        exit,
        ..TaskBehaviour::default()
    };
    world.behaviour("api:2", behaviour);
    let spec = ServiceSpec {
        breaker,
        ..ServiceSpec::default()
    };
    service(world, definition("api", 256, 512), spec);
}

fn several(world: &mut World) {
    images(world);
    world.add_instance(InstanceSpec::default());
    world.add_instance(InstanceSpec::default());
    for name in ["api", "jobs"] {
        let spec = ServiceSpec {
            name: name.to_owned(),
            ..ServiceSpec::default()
        };
        service(world, definition(name, 128, 256), spec);
    }
}
