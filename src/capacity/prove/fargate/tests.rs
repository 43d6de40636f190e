use serde_json::json;

use crate::capacity::test_world::{World, instance_type, size};
use crate::capacity::{Deploy, FargateLimits, Movement, movements};

fn world(desired: u32, minimum: u32, maximum: u32) -> World {
    let mut needs = size(2048, 4096);
    needs.task_size = (Some(2048), Some(4096));
    let mut world = World::new(desired, minimum, maximum)
        .of_size(&needs)
        .instance(instance_type("", 0, 0), desired);
    world.instances.clear();
    for task in &mut world.tasks {
        (task.instance, task.cpu) = (None, Some(2048));
    }
    world.service.launch_type = Some("FARGATE".to_owned());
    world
}

fn check(world: &World, want: &str) {
    let forecast = world.forecast();
    assert_eq!(
        forecast.verdict.as_str(),
        want,
        "{}",
        crate::wording::headline(&forecast)
    );
}

#[test]
fn only_what_can_be_known_is_a_proof() {
    let mut fargate = world(2, 100, 200);
    check(&fargate, "unknown");
    let limits = |quota, in_use, addresses| {
        Some(FargateLimits {
            quota,
            in_use,
            addresses,
        })
    };
    fargate.fargate = limits(Some(6144), Some(4096), None);
    check(&fargate, "unknown");
    // Not even one task more.
    fargate.fargate = limits(Some(6000), Some(4096), None);
    check(&fargate, "blocked");
    // Half of them may stop first.
    fargate.service.configuration.minimum_healthy_percent = 50;
    check(&fargate, "unknown");
    fargate.fargate = limits(None, None, Some(0));
    check(&fargate, "unknown");
    fargate.service.configuration.minimum_healthy_percent = 100;
    check(&fargate, "blocked");
    // Percentages and sizes stand for themselves.
    check(&world(1, 100, 100), "blocked");
    check(&world(0, 100, 200), "fits");
    let mut odd = world(1, 100, 200);
    odd.needs.task_size = (Some(2048), Some(1024));
    check(&odd, "blocked");
    let offer = |world: &World| {
        let remedies = world.forecast().remedies;
        Vec::from_iter(remedies.into_iter().map(|one| (one.change, one.checked)))
    };
    // The next size; that Fargate has room for it is not to be known, but with no task to start.
    let change = json!({"cpu": 2048, "memory": 4096});
    assert_eq!(offer(&odd), [(change.clone(), false)]);
    odd.service.desired = 0;
    assert_eq!(offer(&odd), [(change, true)]);
    // No size holds it, or the percentages forbid what a size would let.
    odd.needs.task_size = (Some(20000), Some(1024));
    assert_eq!(offer(&odd), []);
    let mut stuck = world(1, 100, 100);
    stuck.needs.task_size = (Some(2048), Some(1024));
    assert_eq!(offer(&stuck), []);
}

#[test]
fn a_new_task_on_fargate_has_its_place_without_an_instance() {
    // The new task runs while the old one does, and both together are the whole quota.
    let mut fargate = world(1, 50, 200);
    let mut new = fargate.tasks[0].clone();
    "ecs-svc/2".clone_into(&mut new.started_by);
    fargate.tasks.push(new);
    fargate.service.running = 2;
    fargate.fargate = Some(FargateLimits {
        quota: Some(4096),
        in_use: Some(4096),
        addresses: Some(0),
    });
    let stuck = fargate.with(|cluster, deploy| {
        let deploy = Deploy {
            target: Some("ecs-svc/2"),
            ..*deploy
        };
        matches!(movements(cluster, &[deploy])[0], Movement::Stuck(_))
    });
    assert!(!stuck);
}
