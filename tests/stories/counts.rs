//! Where only the number of tasks changes, or tasks are missing though nothing is new: ECS calls the
//! deployment complete all the while, and what counts are the tasks.

use plimsoll::run::Command;
use plimsoll_sim::{ServiceSpec, World};

use crate::door::{Story, Told};
use crate::setting::{crash, definition, images, instance, service};

/// Service `api` as it is, with `desired` tasks of 600 CPU units on one m5.large, where three fit.
fn as_it_is(desired: u32) -> Story {
    Story::new(|world| {
        images(world);
        instance(world);
        let spec = ServiceSpec {
            desired,
            ..ServiceSpec::default()
        };
        service(world, definition("api", 600, 512), spec);
    })
}

fn running(told: &Told) -> usize {
    told.sim.with(|world| {
        let running = world.tasks().iter();
        running.filter(|task| task.stopped.is_none()).count()
    })
}

/// All tasks of the service are gone, and ECS has still to start others.
fn without_its_tasks(world: &mut World) {
    let ids: Vec<String> = world.tasks().iter().map(|task| task.id.clone()).collect();
    for id in ids {
        world.stop_task(&id, "its host went away");
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_is_followed_until_the_tasks_run() {
    let told = as_it_is(1).input("desired-count", "3").deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!((told.calls("UpdateService"), running(&told)), (1, 3));
    assert!(
        told.log.contains("updated, which needs no new deployment"),
        "{}",
        told.log
    );
    // Fewer are there at once.
    let told = as_it_is(3).input("desired-count", "1").deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_count_without_room_is_no_success() {
    let story = as_it_is(1).input("desired-count", "9");
    let told = story.input("capacity-check", "off").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"cpu"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_count_of_tasks_that_crash_is_a_failure() {
    let story = as_it_is(0).input("desired-count", "1");
    story.sim.with(|world| crash(world, "api@", 1));
    story.sim.with(|world| crash(world, "api:", 1));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn what_is_deployed_already_and_does_not_run_is_followed() {
    let story = as_it_is(2);
    story.sim.with(without_its_tasks);
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(
        told.log
            .contains("this revision is deployed already, and 0 of 2 tasks run: they are followed"),
        "{}",
        told.log
    );
    assert_eq!((told.calls("UpdateService"), running(&told)), (0, 2));
    let told = as_it_is(2).deploy().await;
    assert_eq!(told.outcome(), "unchanged", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn explain_is_not_content_with_a_deployment_that_was_complete_once() {
    let story = as_it_is(2);
    story.sim.with(|world| {
        crash(world, "api:", 1);
        without_its_tasks(world);
        world.advance_to(world.now() + 120_000);
    });
    let told = story.carry_out(Command::Explain).await;
    assert_ne!(told.report.exit_code(), 0, "{}", told.log);
    assert_eq!(told.report.title, Some("failing"), "{}", told.log);
}

/// Room for one of two tasks: what is reported is how many run, and not a rollout of weeks ago.
#[tokio::test(start_paused = true)]
async fn explain_tells_how_many_tasks_of_a_complete_deployment_run() {
    let story = as_it_is(3);
    story.sim.with(|world| {
        without_its_tasks(world);
        let hog = definition("hog", 1000, 256);
        let spec = ServiceSpec {
            name: "hog".to_owned(),
            ..ServiceSpec::default()
        };
        service(world, hog, spec);
        world.advance_to(world.now() + 120_000);
    });
    let told = story.carry_out(Command::Explain).await;
    assert!(
        told.log
            .contains("moving: api:1 is deployed, 1 of 3 tasks run; waiting for 1 new task"),
        "{}",
        told.log
    );
}
