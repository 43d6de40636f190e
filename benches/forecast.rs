//! How long the forecast takes as the cluster grows: 50 services in one run, four tasks an
//! instance, up to 5,000 instances. Prints the curve; the cost is to stay linear, and the largest
//! run at or below 100 ms.

#![expect(clippy::print_stdout, reason = "the curve is what a benchmark is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::{Duration, Instant};

use plimsoll::capacity::{
    Cluster, Deploy, EniLimits, Forecast, RequiredAttribute, TaskNeeds, forecast_together,
};
use plimsoll::snapshot::{Health, Instance, Resources, Service, Task, TaskStatus, Timestamp};

const SERVICES: usize = 50;
const TASKS_PER_INSTANCE: usize = 4;
const SIZES: [usize; 4] = [625, 1250, 2500, 5000];
/// The best of this many runs: the others met something else on the machine.
const RUNS: u32 = 5;

/// What the instances have left.
#[derive(Clone, Copy, PartialEq)]
enum Left {
    /// Two of three have room.
    Some,
    None,
    /// One of ten has room, and its agent is not connected just now.
    Unsure,
}

struct World {
    instances: Vec<Instance>,
    tasks: Vec<Task>,
    services: Vec<Service>,
    needs: Vec<TaskNeeds>,
    old_needs: BTreeMap<String, TaskNeeds>,
}

fn main() {
    curve("room on two of three instances", Left::Some);
    curve(
        "room nowhere: each service with its proof and remedies",
        Left::None,
    );
    curve(
        "room only where the agent is away: nothing is proven",
        Left::Unsure,
    );
}

fn curve(name: &str, left: Left) {
    let mut before: Option<Duration> = None;
    println!("{name}");
    println!(
        "{:>9} {:>7} {:>8} {:>10} {:>7}",
        "instances", "tasks", "services", "time", "ratio"
    );
    for size in SIZES {
        let world = world(size, left);
        let took = (0..RUNS).map(|_| time(&world)).min().unwrap_or_default();
        let ratio = before.map_or(1.0, |before| took.as_secs_f64() / before.as_secs_f64());
        let (tasks, millis) = (world.tasks.len(), took.as_secs_f64() * 1000.0);
        println!("{size:>9} {tasks:>7} {SERVICES:>8} {millis:>8.1}ms {ratio:>7.2}");
        before = Some(took);
    }
    let world = world(SIZES[0], left);
    let verdicts: BTreeSet<&str> = run(&world)
        .iter()
        .map(|forecast| forecast.verdict.as_str())
        .collect();
    println!("verdicts: {}\n", Vec::from_iter(verdicts).join(", "));
}

fn time(world: &World) -> Duration {
    let start = Instant::now();
    black_box(run(world));
    start.elapsed()
}

fn run(world: &World) -> Vec<Forecast> {
    let (limits, sizes, lost) = (EniLimits::default(), BTreeMap::new(), BTreeSet::new());
    let cluster = Cluster {
        instances: &world.instances,
        tasks: &world.tasks,
        providers: &[],
        eni_limits: &limits,
        type_sizes: &sizes,
        agents_lost: &lost,
        unread: &[],
    };
    let both = world.services.iter().zip(&world.needs);
    let deploys: Vec<Deploy<'_>> = both
        .map(|(service, needs)| Deploy {
            service,
            needs,
            old_needs: &world.old_needs,
            member_of: None,
            zones: None,
            addresses: None,
            target: None,
            fargate: None,
        })
        .collect();
    forecast_together(&cluster, &deploys)
}

fn world(size: usize, left: Left) -> World {
    let instances = (0..size).map(|number| instance(number, left)).collect();
    let tasks: Vec<Task> = (0..size * TASKS_PER_INSTANCE).map(task).collect();
    let needs = TaskNeeds {
        cpu: 512,
        memory: 1024,
        enis: 1,
        attributes: attributes()
            .map(|name| RequiredAttribute {
                name,
                value: None,
                certain: true,
            })
            .collect(),
        ..TaskNeeds::default()
    };
    let running = u32::try_from(tasks.len() / SERVICES).unwrap_or(0);
    let services = (0..SERVICES).map(|number| Service {
        name: format!("service{number}"),
        desired: running,
        running,
        ..Service::default()
    });
    let old = (0..SERVICES).map(|number| (format!("revision{number}"), needs.clone()));
    World {
        instances,
        services: services.collect(),
        old_needs: old.collect(),
        needs: vec![needs.clone(); SERVICES],
        tasks,
    }
}

fn attributes() -> impl Iterator<Item = String> {
    (0..12).map(|number| format!("com.amazonaws.ecs.capability.number{number}"))
}

/// Eight vCPUs and 32 GiB.
fn instance(number: usize, left: Left) -> Instance {
    let away = left == Left::Unsure && number.is_multiple_of(10);
    let full = match left {
        Left::Some => number.is_multiple_of(3),
        Left::None => true,
        Left::Unsure => !away,
    };
    let size = |cpu: i64, memory: i64| Resources {
        cpu: Some(cpu),
        memory: Some(memory),
        tcp_ports: BTreeSet::from([22, 2375, 2376, 51678, 51679]),
        ..Resources::default()
    };
    let mut attributes: BTreeMap<String, Option<String>> =
        attributes().map(|name| (name, None)).collect();
    attributes.insert(
        "ecs.instance-type".to_owned(),
        Some("m5.2xlarge".to_owned()),
    );
    attributes.insert(
        "ecs.awsvpc-trunk-id".to_owned(),
        Some(format!("eni-{number}")),
    );
    Instance {
        arn: instance_arn(number),
        ec2_instance_id: Some(format!("i-{number:017x}")),
        status: "ACTIVE".to_owned(),
        agent_connected: !away,
        registered: size(8192, 31744),
        remaining: if full {
            size(0, 100)
        } else {
            size(6144, 27648)
        },
        attributes,
        running_tasks: 4,
        ..Instance::default()
    }
}

fn instance_arn(number: usize) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:container-instance/web/{number:032x}")
}

fn task(number: usize) -> Task {
    let service = number % SERVICES;
    Task {
        arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/web/{number:032x}"),
        task_definition: format!("revision{service}"),
        started_by: format!("ecs-svc/{service}"),
        group: format!("service:service{service}"),
        instance: Some(instance_arn(number / TASKS_PER_INSTANCE)),
        capacity_provider: None,
        launch_type: Some("EC2".to_owned()),
        availability_zone: None,
        last_status: TaskStatus::Running,
        desired_status: "RUNNING".to_owned(),
        health: Health::Healthy,
        created: Timestamp(0),
        started: Some(Timestamp(0)),
        stopping: None,
        stopped: None,
        stop_code: None,
        stopped_reason: String::new(),
        has_eni: true,
        protected: false,
        in_service: None,
        cpu: Some(512),
        memory: Some(1024),
        containers: Vec::new(),
    }
}
