//! What is named first, what is still believed, and how surely it is said.

use plimsoll::cause::{Cause, CauseKind};
use plimsoll::diagnosis::{Evidence, looked_at};
use plimsoll::snapshot::{Container, TaskStatus};

use crate::world::{BEGAN, OLD, OURS, World};

const CPU: &str = "has insufficient CPU units available";

#[test]
fn tasks_that_fail_stand_before_a_placement_event() {
    let world = World::new().closest(CPU).exited(3, 1, "");
    let kinds: Vec<_> = world.causes().iter().map(|cause| cause.kind).collect();
    assert_eq!(kinds, [CauseKind::ContainerExit, CauseKind::Cpu]);
}

#[test]
fn the_more_frequent_failure_is_named_first_and_the_breaker_last() {
    let world = World::new()
        .event(
            200,
            "(deployment ecs-svc/2222222222222222222) deployment failed: tasks failed to start.",
        )
        .stopped(
            1,
            "TaskFailedToStart",
            "CannotPullContainerError: context canceled",
        )
        .exited(3, 1, "");
    let kinds: Vec<_> = world.causes().iter().map(|cause| cause.kind).collect();
    assert_eq!(
        kinds,
        [
            CauseKind::ContainerExit,
            CauseKind::ImagePull,
            CauseKind::CircuitBreaker
        ]
    );
}

#[test]
fn numbers_outrank_the_event_and_keep_it_as_evidence() {
    let computed = |kind, message: &str| Cause {
        kind,
        message: message.to_owned(),
        clause: None,
        evidence: vec!["numbers".to_owned()],
        remedies: Vec::new(),
    };
    let world = World::new().closest(CPU).exited(1, 1, "").with(|world| {
        world.capacity = vec![
            computed(CauseKind::Memory, "448 MiB are missing"),
            computed(CauseKind::Cpu, "256 CPU units are missing"),
        ];
    });
    let causes = world.causes();
    let kinds: Vec<_> = causes.iter().map(|cause| cause.kind).collect();
    assert_eq!(
        kinds,
        [CauseKind::Memory, CauseKind::Cpu, CauseKind::ContainerExit]
    );
    assert_eq!(causes[1].message, "256 CPU units are missing");
    assert_eq!(causes[1].evidence.len(), 2);
    assert!(
        causes[1].evidence[1].contains(CPU),
        "{:?}",
        causes[1].evidence
    );
}

#[test]
fn an_older_event_explains_the_present_with_its_age() {
    let old = "was unable to place a task because no container instance met all of its requirements. \
               The closest matching (container-instance 0123) has insufficient memory available.";
    insta::assert_snapshot!(World::new().event(-2_520, old).told(), @r"
    memory: ECS placed no task: the closest container instance, `0123`, has too little memory left; AWS said so 47m ago, before this deployment, and holds such an event back for six hours
    | event 47m ago, before this deployment: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 0123) has insufficient memory available.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > lower the task's `memory` (now `1024`)
    ");
    // Held back for six hours: an older one would have been said again.
    assert_eq!(World::new().event(-7 * 3_600, old).told(), "no cause");
    // A steady state since means that it was resolved.
    let resolved = World::new()
        .event(-2_520, old)
        .event(-600, "has reached a steady state.");
    assert_eq!(resolved.told(), "no cause");
    // All tasks of ours run: nothing is missing for lack of memory.
    let enough = World::new()
        .event(-2_520, old)
        .with(|world| world.service.deployments[0].running = 3);
    assert_eq!(enough.told(), "no cause");
}

#[test]
fn tasks_that_have_their_place_lack_none() {
    let world = World::new().closest(CPU).with(|world| {
        for _ in 0..3 {
            let mut task = world.task(TaskStatus::Pending);
            task.instance = Some(world.instances[0].arn.clone());
            world.tasks.push(task);
        }
    });
    assert_eq!(world.told(), "no cause");
}

#[test]
fn protection_holds_when_all_new_tasks_run() {
    let text = "was unable to reach steady state because (taskSet ecs-svc/1111111111111111111) was unable \
                to scale in due to (reason 2 tasks under protection)";
    let world = World::new()
        .event(60, text)
        .with(|world| world.service.deployments[0].running = 3);
    assert_eq!(
        world.causes().first().map(|cause| cause.kind),
        Some(CauseKind::TaskProtection)
    );
}

#[test]
fn a_copied_command_stays_one_command() {
    let mut world = World::new().exited(1, 1, "");
    world.definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"] =
        "/ecs/api; rm -rf 'x'".into();
    let causes = world.causes();
    let command = &causes[0].remedies[0].text;
    assert!(
        command.contains(r"aws logs tail '/ecs/api; rm -rf '\''x'\''' --since 1h"),
        "{command}"
    );
}

#[test]
fn nothing_found_says_what_was_looked_at() {
    let world = World::new().event(
        5,
        "has started 1 tasks: (task 22450d8cbf7b4648ac0837b9a710e807).",
    );
    let evidence = Evidence::new(&world.service, OURS, BEGAN);
    insta::assert_snapshot!(
        looked_at(&evidence),
        @"no cause found in 1 service event, 0 tasks, 0 load balancer targets, 0 container logs and no service deployment"
    );
}

#[test]
fn an_older_image_says_nothing_about_the_new_one() {
    let pull = "was unable to place a task. Reason: CannotPullContainerError: not found.";
    assert_eq!(World::new().event(-600, pull).told(), "no cause");
}

#[test]
fn a_moment_without_room_may_have_passed() {
    let world = World::new().closest(CPU).event(
        60,
        "has started 1 tasks: (task 22450d8cbf7b4648ac0837b9a710e807).",
    );
    let causes = world.causes();
    assert!(
        causes[0]
            .message
            .ends_with("ECS has started tasks since, so it may have passed"),
        "{}",
        causes[0].message
    );
}

#[test]
fn a_started_task_doesnt_excuse_a_pull_that_failed() {
    let world = World::new()
        .reason("CannotPullContainerError: toomanyrequests")
        .event(
            60,
            "has started 1 tasks: (task 22450d8cbf7b4648ac0837b9a710e807).",
        );
    let causes = world.causes();
    assert_eq!(causes[0].kind, CauseKind::ImagePull);
    assert!(
        !causes[0].message.contains("may have passed"),
        "{}",
        causes[0].message
    );
}

#[test]
fn what_happens_to_another_deployment_is_not_ours() {
    let world = World::new()
        .stopped(2, "TaskFailedToStart", "TaskFailedToStart: RESOURCE:GPU")
        .event(
            60,
            "(task 22450d8cbf7b4648ac0837b9a710e807) failed container health checks.",
        )
        .event(
            90,
            "(deployment ecs-svc/1111111111111111111) deployment failed: alarm detected.",
        )
        .with(|world| {
            world
                .tasks
                .iter_mut()
                .for_each(|task| task.started_by = OLD.to_owned());
        });
    assert_eq!(world.told(), "no cause");
}

#[test]
fn a_service_that_only_moves_has_no_cause() {
    let world = World::new()
        .stopped(
            3,
            "ServiceSchedulerInitiated",
            "Scaling activity initiated by (deployment ecs-svc/2222222222222222222)",
        )
        .event(
            20,
            "has started 1 tasks: (task 22450d8cbf7b4648ac0837b9a710e807).",
        )
        .event(30, "registered 1 targets in (target-group arn:x)")
        .event(40, "has begun draining connections on 1 tasks.");
    assert_eq!(world.told(), "no cause");
}

#[test]
fn a_sidecar_that_is_not_essential_is_not_the_cause() {
    let world = World::new().exited(1, 3, "").with(|world| {
        world.tasks[0].containers.insert(
            0,
            Container {
                name: "agent".to_owned(),
                exit_code: Some(137),
                reason: "OutOfMemoryError: Container killed due to memory usage".to_owned(),
                ..Container::default()
            },
        );
    });
    let causes = world.causes();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].kind, CauseKind::ContainerExit);
}
