//! What watching takes as the number of services grows: calls a minute by token bucket, CPU and
//! memory. Virtual time: two minutes of rollouts that are all under way.
//!
//! `cargo bench --bench watch`, or in a debug build `cargo test --bench watch`. Memory and CPU are
//! those of the whole process, the stand-in for AWS included, so the run itself takes less.

#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that can't run has nothing better to do"
)]

#[path = "../tests/stories/door.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod door;

use std::process::Command;

use plimsoll::run;
use plimsoll_sim::{InstanceSpec, ServiceSpec, TaskBehaviour, World, refused};
use serde_json::json;

use door::{START, Story};

const SIZES: [usize; 5] = [1, 10, 50, 200, 1000];
const TASKS: u32 = 2;
const MINUTES: i64 = 2;
/// The most memory for the largest size, in MB.
const MEMORY_MOST: u64 = 150;
/// The buckets that a watch draws from.
const BUCKETS: [&str; 3] = [
    "service read",
    "cluster resource read",
    "service deployments",
];

fn main() {
    let size = std::env::var("PLIMSOLL_BENCH_SERVICES");
    if let Some(size) = size.ok().and_then(|size| size.parse().ok()) {
        return one(size);
    }
    println!(
        "{:>8}  {:>12}  {:>30}  {:>10}  {:>9}",
        "services", "calls/minute", "least share of buckets needed", "CPU s/min", "peak MB"
    );
    // A process each, so that one's memory isn't another's.
    for size in SIZES {
        let child = std::env::current_exe().map(|own| {
            Command::new(own)
                .env("PLIMSOLL_BENCH_SERVICES", size.to_string())
                .status()
        });
        assert!(
            matches!(child, Ok(Ok(status)) if status.success()),
            "{size} services"
        );
    }
}

fn one(services: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let told = runtime.block_on(
        story(services)
            .input("wait-for-minutes", &MINUTES.to_string())
            .carry_out(run::Command::Watch),
    );
    assert_eq!(told.outcome(), "timed-out", "{}", told.report.reason);
    let watch: Vec<_> = told
        .sim
        .calls()
        .into_iter()
        .filter(|call| call.at > START + 10_000)
        .collect();
    let shares: Vec<String> = BUCKETS
        .iter()
        .map(|bucket| {
            // The smallest hundredth that would have let all calls through.
            let enough = |share: &u32| {
                let share = f64::from(*share) / 100.0;
                refused(&watch, share)
                    .iter()
                    .all(|(name, _)| name != bucket)
            };
            let least = (1..=100).find(enough);
            least.map_or("more".to_owned(), |share| format!("{share} %"))
        })
        .collect();
    let (cpu, peak) = used();
    let calls = watch.len() as i64 / MINUTES;
    println!(
        "{services:>8}  {calls:>12}  {:>30}  {:>10.2}  {peak:>9}",
        shares.join(" / "),
        cpu / MINUTES as f64
    );
    assert!(peak <= MEMORY_MOST, "{peak} MB for {services} services");
}

/// Services whose rollouts have begun, and whose new tasks take an hour to pull.
fn story(services: usize) -> Story {
    let names: Vec<String> = (0..services).map(|number| format!("s{number}")).collect();
    let list = names.join("\n");
    Story::new(move |world| {
        let instances: Vec<String> = (0..services.div_ceil(100) + 1)
            .map(|_| world.add_instance(large()))
            .collect();
        for (number, name) in names.iter().enumerate() {
            begun(world, (name, number), &instances);
        }
    })
    .input("service", &list)
}

fn large() -> InstanceSpec {
    InstanceSpec {
        ec2_type: "m5.24xlarge".to_owned(),
        cpu: 96 * 1024,
        memory: 380_000,
        ..InstanceSpec::default()
    }
}

fn begun(world: &mut World, (name, number): (&str, usize), instances: &[String]) {
    let definition = |tag: &str| {
        json!({
            "family": name,
            "containerDefinitions": [{"name": "app", "image": format!("example/app:{tag}"), "cpu": 16, "memory": 32}],
        })
    };
    let old = world.add_task_definition(definition("v1"));
    world.create_service(ServiceSpec {
        name: name.to_owned(),
        task_definition: old,
        desired: TASKS,
        on: instances
            .iter()
            .cycle()
            .skip(number / 100)
            .take(TASKS as usize)
            .cloned()
            .collect(),
        ..ServiceSpec::default()
    });
    let new = world.add_task_definition(definition("v2"));
    world.behaviour(
        &new,
        TaskBehaviour {
            pull_secs: 3600,
            ..TaskBehaviour::default()
        },
    );
    let change = json!({"taskDefinition": new});
    world.update_service("web", name, &change).unwrap();
}

/// CPU seconds and peak megabytes of this process, as the kernel counts them.
fn used() -> (f64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // After the name in parentheses: utime and stime are the 12th and 13th, in hundredths.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kilobytes| kilobytes.parse::<u64>().ok());
    (
        (ticks(11) + ticks(12)) / 100.0,
        peak.unwrap() * 1024 / 1_000_000,
    )
}
