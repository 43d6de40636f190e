//! Random worlds, looked at every second: nothing is over-committed, no percentage is broken.

use serde_json::{Value, json};

use super::instance::Taken;
use super::*;

const T0: i64 = 1_790_000_000_000;
const WORLDS: u64 = 250;
const SECONDS: i64 = 400;

/// Numbers from a seed.
struct Dice(Ids);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0.next() % limit
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        let index = self.below(choices.len() as u64);
        choices[usize::try_from(index).unwrap()].clone()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

fn document(dice: &mut Dice, awsvpc: bool) -> Value {
    let port = dice.of(&[0, 0, 80, 8080]);
    let mut container = json!({"name": "app", "image": "example.com/app:1",
        "cpu": dice.of(&[128, 256, 512, 1024]), "memoryReservation": dice.of(&[128, 512, 1024, 2048])});
    if port > 0 {
        container["portMappings"] = json!([{"containerPort": 80, "hostPort": port}]);
    }
    if dice.chance(20) {
        container["healthCheck"] = json!({"command": ["CMD", "true"]});
    }
    let mut document = json!({"family": "app", "containerDefinitions": [container]});
    if awsvpc {
        document["networkMode"] = json!("awsvpc");
        document["containerDefinitions"][0]["portMappings"] = json!([]);
    }
    document
}

fn behaviour(dice: &mut Dice) -> TaskBehaviour {
    let mut behaviour = TaskBehaviour {
        pull_secs: dice.of(&[1, 8, 40]),
        stop_secs: dice.of(&[1, 2, 30]),
        ..TaskBehaviour::default()
    };
    match dice.below(8) {
        0 => {
            behaviour.exit = Some(Exit {
                after_secs: dice.of(&[0, 5, 60]),
                code: 1,
                reason: String::new(),
            });
        }
        1 => behaviour.never_healthy = true,
        2 => behaviour.pull_error = Some("CannotPullContainerError: no".to_owned()),
        _ => {}
    }
    behaviour
}

/// A steady service and what is done to it.
fn add_service(world: &mut World, dice: &mut Dice, (name, provider): (&'static str, bool)) {
    let awsvpc = dice.chance(20);
    let first = document(dice, awsvpc);
    let task_definition = world.add_task_definition(first);
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/0".to_owned();
    let (low, high) = dice.of(&[
        (100, 200),
        (0, 100),
        (50, 200),
        (50, 100),
        (100, 150),
        (100, 100),
        (0, 200),
    ]);
    world.create_service(ServiceSpec {
        name: name.to_owned(),
        task_definition,
        desired: u32::try_from(dice.below(6)).unwrap(),
        minimum_healthy_percent: low,
        maximum_percent: high,
        capacity_providers: if provider && dice.chance(50) {
            vec![("workers".to_owned(), 1, 0)]
        } else {
            vec![]
        },
        breaker: dice.chance(50).then(Breaker::default),
        target_groups: if dice.chance(30) { vec![group] } else { vec![] },
        deregistration_delay_secs: dice.of(&[5, 60]),
        constraints: if dice.chance(10) {
            vec![json!({"type": "distinctInstance"})]
        } else {
            vec![]
        },
        ..ServiceSpec::default()
    });
    for at in 0..=dice.below(2) {
        let task_definition = if dice.chance(50) {
            world.add_task_definition(document(dice, awsvpc))
        } else {
            String::new()
        };
        world.behaviour(&task_definition, behaviour(dice));
        let mut change = json!({"forceNewDeployment": true});
        if !task_definition.is_empty() {
            change["taskDefinition"] = json!(task_definition);
        }
        if dice.chance(20) {
            change["desiredCount"] = json!(dice.below(6));
        }
        let when = T0 + i64::try_from(at * 120 + dice.below(60)).unwrap() * 1000;
        world.script(when, move |world| {
            world.update_service("web", name, &change).unwrap();
        });
    }
}

fn random_world(seed: u64) -> World {
    let mut dice = Dice(Ids::seeded(seed));
    let mut world = World::new(T0).seed(seed);
    world.add_cluster("web");
    world.frees_while_draining = dice.chance(50);
    let provider = dice.chance(30);
    for _ in 0..=dice.below(3) {
        let ec2_type = dice.of(&["t3.small", "m5.large", "m5.xlarge"]).to_owned();
        let az = dice.of(&["eu-west-1a", "eu-west-1b"]).to_owned();
        world.add_instance(InstanceSpec {
            ec2_type,
            az,
            ..InstanceSpec::default()
        });
    }
    if provider {
        world.add_capacity_provider(ProviderSpec {
            provisioning_timeout_secs: 120,
            ..ProviderSpec::default()
        });
    }
    for name in ["api", "jobs"] {
        add_service(&mut world, &mut dice, (name, provider));
    }
    if dice.chance(15) {
        let id = world.instances[0].id.clone();
        world.script(T0 + 90_000, move |world| match world.now() % 3 {
            0 => world.terminate_instance(&id),
            1 => world.instances[0].status = "DRAINING".to_owned(),
            _ => world.instances[0].agent_connected = false,
        });
    }
    world
}

/// What must hold of any instance at any time.
fn check_instances(world: &World, about: &str) {
    for instance in &world.instances {
        let taken = world.taken(&instance.id);
        assert!(
            taken.cpu <= instance.cpu,
            "{about}: CPU {} of {}",
            taken.cpu,
            instance.cpu
        );
        assert!(
            taken.memory <= instance.memory,
            "{about}: MiB {} of {}",
            taken.memory,
            instance.memory
        );
        assert!(
            taken.enis <= instance.eni_limit,
            "{about}: {} ENIs",
            taken.enis
        );
        let mut held = Taken::default();
        for task in world
            .tasks
            .iter()
            .filter(|task| task.holds && task.instance.as_ref() == Some(&instance.id))
        {
            assert!(
                held.tcp.is_disjoint(&task.needs.tcp),
                "{about}: a port twice"
            );
            held.add(&task.needs);
        }
        assert!(
            held.cpu <= instance.cpu && held.memory <= instance.memory,
            "{about}: held {held:?}"
        );
    }
}

/// What must hold of a service from one second to the next.
fn check_service(before: usize, tasks: &[Task], (world, index): (&World, usize), about: &str) {
    let service = &world.services[index];
    let counts = world.service_counts(service);
    let upper = service.configuration.upper(service.desired);
    assert!(
        counts.alive() <= upper.max(before),
        "{about}: {} alive, {upper} allowed",
        counts.alive()
    );
    let by_scheduler = |task: &&Task| {
        let was = tasks.iter().find(|old| old.id == task.id);
        service.owns(task)
            && task.stopping == Some(world.now)
            && task.stopped_reason.starts_with("Scaling activity")
            && was.is_some_and(|was| was.counts_healthy(world.now))
    };
    let stopped = world.tasks.iter().filter(by_scheduler).count();
    let lower = service.configuration.lower(service.desired);
    assert!(
        stopped == 0 || counts.healthy >= lower,
        "{about}: {} healthy, {lower} must be",
        counts.healthy
    );
    assert!(service.events.newest_first().count() <= 100);
    let primary = &service.deployments[0];
    let own = world.counts(&primary.id);
    if primary.settled == Some(world.now) {
        assert!(
            own.healthy >= service.desired,
            "{about}: settled with {own:?}"
        );
    }
}

#[test]
fn no_world_breaks_its_own_rules() {
    let mut completed = 0;
    let mut stuck = 0;
    for seed in 0..WORLDS {
        let mut world = random_world(seed);
        for second in 1..=SECONDS {
            let alive = world
                .services
                .iter()
                .map(|service| world.service_counts(service).alive());
            let before: Vec<usize> = alive.collect();
            let tasks = world.tasks.clone();
            world.advance_to(T0 + second * 1000);
            let about = format!("seed {seed}, second {second}");
            check_instances(&world, &about);
            for (index, before) in before.into_iter().enumerate() {
                check_service(before, &tasks, (&world, index), &about);
            }
        }
        for service in &world.services {
            match service.deployments[0].rollout {
                Rollout::Completed => completed += 1,
                _ => stuck += 1,
            }
        }
    }
    // Both kinds have to be there, or the worlds are too easy or too hard to show anything.
    assert!(
        completed > 100 && stuck > 50,
        "{completed} completed, {stuck} not"
    );
}

#[test]
fn the_same_seed_makes_the_same_world() {
    let run = || {
        let mut world = random_world(3);
        world.advance_to(T0 + SECONDS * 1000);
        format!("{:?}", (world.tasks, world.services))
    };
    assert_eq!(run(), run());
}
