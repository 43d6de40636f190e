use super::{Movement, movements};
use crate::capacity::test_world::{World, instance_type, size};
use crate::snapshot::TaskStatus;
use crate::wording;

const TARGET: &str = "ecs-svc/2";

fn check(world: &World, want: &str) {
    let got = world.with(|cluster, deploy| {
        let deploy = crate::capacity::Deploy {
            target: Some(TARGET),
            ..*deploy
        };
        match movements(cluster, &[deploy]).remove(0) {
            Movement::Stuck(proof) => format!("stuck: {}", wording::blocker(&proof.blockers[0])),
            Movement::UnderWay(moves) => joined(moves, wording::underway),
            Movement::Could(steps) => format!("could: {}", joined(steps, wording::next_step)),
            Movement::Unknown(why) => format!("unknown: {}", wording::reasons(&why).join(", ")),
        }
    });
    assert_eq!(got, want);
}

fn joined<T>(all: Vec<T>, word: fn(T) -> String) -> String {
    let words: Vec<String> = all.into_iter().map(word).collect();
    words.join(", ")
}

/// One old task of 6144 units and 16384 MiB on one instance.
fn world(minimum: u32, maximum: u32, memory: i64) -> World {
    let needs = size(6144, 16384);
    World::new(1, minimum, maximum)
        .of_size(&needs)
        .instance(instance_type("m5.2xlarge", 16384, memory), 1)
}

fn new_task(world: &mut World, status: TaskStatus) {
    let task = world.add_task("api");
    task.started_by = TARGET.to_owned();
    task.last_status = status;
    world.service.running -= 1;
}

#[test]
fn stuck_is_certain_at_once_and_only_then() {
    check(
        &world(100, 200, 31744),
        "stuck: 16384 MiB needed, 15360 free, 1024 short",
    );
    check(
        &world(100, 200, 63488),
        "could: a new task has room and may start",
    );
    check(&world(0, 100, 31744), "could: an old task may stop");
    // Another service's task is on its way out: its room may be the one that is missing.
    let mut leaving = world(100, 200, 31744);
    leaving.add_task("other").last_status = TaskStatus::Stopping;
    check(&leaving, "tasks that are stopping may make room");
}

#[test]
fn what_is_on_its_way_is_movement() {
    let mut starting = world(100, 200, 31744);
    starting.instances[0].remaining.memory = Some(-1024);
    new_task(&mut starting, TaskStatus::Pending);
    check(&starting, "1 task starting");
    starting.tasks[1].last_status = TaskStatus::Running;
    starting.service.running = 2;
    check(&starting, "could: an old task may stop");
}

#[test]
fn an_agent_that_is_away_for_one_look_proves_nothing() {
    let mut away = world(100, 200, 63488);
    away.instances[0].agent_connected = false;
    check(
        &away,
        "unknown: 1 instance not ready just now: the agent has no connection, or is registering",
    );
}
