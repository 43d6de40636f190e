//! What a run takes of the token buckets that ECS meters an account's calls with.
//!
//! `cargo test --test stories budget -- --nocapture` prints the numbers.

use plimsoll_sim::{InstanceSpec, ServiceSpec, TaskBehaviour, World, refused};

use crate::door::{START, Story, Told};
use crate::setting::{definition, images, redeploy};

/// The calls that the watch makes, once the services are updated.
const BUCKETS_OF_THE_WATCH: [&str; 4] = [
    "service read",
    "cluster resource read",
    "service deployments",
    "task protection",
];

/// `services` with `tasks` each, on `instances`, and one definition for all.
fn many(instances: usize, services: usize, tasks: u32) -> Story {
    let names: Vec<String> = (0..services).map(|number| format!("s{number}")).collect();
    let list = names.join("\n");
    redeploy(move |world| {
        images(world);
        let ids = crowd(world, instances);
        let arn = world.add_task_definition(definition("all", 16, 32));
        for (number, name) in names.into_iter().enumerate() {
            // Each service is on instances of its own, as far as there are enough.
            let first = number * instances / services;
            let on = ids.iter().cycle().skip(first).take(tasks as usize);
            world.create_service(ServiceSpec {
                name,
                task_definition: arn.clone(),
                desired: tasks,
                on: on.cloned().collect(),
                ..ServiceSpec::default()
            });
        }
    })
    .input("service", &list)
}

fn crowd(world: &mut World, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| world.add_instance(InstanceSpec::default()))
        .collect()
}

/// The buckets that would have refused calls if they were `share` of what they are.
fn too_small(told: &Told, share: f64) -> Vec<(&'static str, usize)> {
    refused(&told.sim.calls(), share)
}

#[tokio::test(start_paused = true)]
async fn a_forecast_of_5000_instances_is_read_within_the_buckets() {
    let told = many(5000, 50, 400).input("dry-run", "true").deploy().await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    let forecasts = told.report.services.iter();
    let fits = forecasts.filter(|one| {
        let forecast = one.forecast.as_ref();
        forecast.is_some_and(|forecast| forecast.verdict.is_fit())
    });
    assert_eq!(fits.count(), 50, "{}", told.report.reason);
    println!(
        "5,000 instances, 20,000 tasks, 50 services: {} calls in {} s",
        told.sim.calls().len(),
        told.seconds
    );
    assert_eq!(too_small(&told, 1.0), []);
    assert_eq!(
        too_small(&told, 0.51),
        [],
        "a run takes half of a bucket at most"
    );
}

#[tokio::test(start_paused = true)]
async fn fifty_services_that_roll_for_ten_minutes_take_less_than_a_quarter() {
    let story = many(100, 50, 4).input("wait-for-minutes", "10");
    story.sim.with(|world| {
        let slow = TaskBehaviour {
            pull_secs: 3600,
            ..TaskBehaviour::default()
        };
        world.behaviour("api@", slow);
    });
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "timed-out", "{}", told.report.reason);
    let calls = told.sim.calls();
    let begun = calls
        .iter()
        .rev()
        .find(|call| call.operation == "UpdateService")
        .expect("services are updated")
        .at;
    let watch: Vec<_> = calls.into_iter().filter(|call| call.at > begun).collect();
    println!(
        "50 services: {} calls in {} s of watching",
        watch.len(),
        told.seconds as i64 - (begun - START) / 1000
    );
    assert_eq!(refused(&watch, 0.25), []);
    let of_the_watch = |bucket: &str| BUCKETS_OF_THE_WATCH.contains(&bucket);
    let small = refused(&watch, 0.02);
    assert!(
        !small.is_empty() && small.iter().all(|(name, _)| of_the_watch(name)),
        "{small:?}"
    );
}
