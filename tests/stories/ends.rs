//! How rollouts end, each told once.

use plimsoll_sim::{
    Breaker, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour,
};
use serde_json::json;

use crate::door::{START, Told};
use crate::setting::{crash, definition, images, instance, large, redeploy, roomy, service};

/// The log without the lines that only tell what is deployed.
fn story_of(told: &Told) -> String {
    let kept = told.log.lines().filter(|line| {
        !["image:", "task definition:", "containerDefinitions[", "registered ", "console:"].iter().any(|word| line.contains(word))
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

#[tokio::test(start_paused = true)]
async fn a_plain_rollout_on_instances_succeeds() {
    let told = redeploy(|world| roomy(world, 3)).deploy().await;
    assert_eq!(told.outcome(), "succeeded");
    insta::assert_snapshot!(story_of(&told), @"");
}

#[tokio::test(start_paused = true)]
async fn a_plain_rollout_on_fargate_succeeds() {
    let told = redeploy(|world| {
        images(world);
        let mut document = definition("api", 256, 512);
        document["networkMode"] = json!("awsvpc");
        document["requiresCompatibilities"] = json!(["FARGATE"]);
        document["cpu"] = json!("256");
        document["memory"] = json!("512");
        document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
        service(world, document, ServiceSpec { desired: 2, launch_type: "FARGATE".to_owned(), ..ServiceSpec::default() });
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    // One task goes first so that ECS learns the image's digest; PROVISIONING is no lack of room.
    assert!(!told.log.contains("waiting for an instance"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_to_run_so_the_rollout_is_complete_at_once() {
    let told = redeploy(|world| roomy(world, 0)).deploy().await;
    assert_eq!(told.outcome(), "succeeded");
    assert!(told.seconds < 60, "{} s", told.seconds);
    assert_eq!(told.calls("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_ends_rolled_back_though_the_service_is_stable_again() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        crash(world, "api@", 1);
        let breaker = Some(Breaker::default());
        service(world, definition("api", 256, 512), ServiceSpec { desired: 1, breaker, ..ServiceSpec::default() });
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "rolled-back", "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"container-exit"));
    let stable = told.sim.with(|world| world.service("web", "api").map(|service| service.deployments.len()));
    assert_eq!(stable, Some(1), "the service itself looks well");
    insta::assert_snapshot!(story_of(&told), @"");
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_three_failures_in_a_row_end_the_wait() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        crash(world, "api@", 137);
        service(world, definition("api", 256, 512), ServiceSpec::default());
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert!(told.report.reason.contains("3 tasks of the new revision failed in a row"), "{}", told.report.reason);
    assert!(told.seconds < 5 * 60, "{} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn another_deployment_takes_the_place() {
    let told = redeploy(|world| {
        roomy(world, 2);
        world.add_image("api", "v3", "amd64");
        world.script(START + 30_000, |world| {
            let arn = world.add_task_definition(definition("api", 128, 256));
            world.update_service("web", "api", &json!({"taskDefinition": arn})).unwrap();
        });
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "superseded", "{}", told.log);
    assert!(told.report.reason.contains("api:3"), "{}", told.report.reason);
    assert!(told.seconds <= 60, "{} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn a_fixed_port_that_the_old_task_holds_is_a_proven_end() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        let mut document = definition("api", 256, 512);
        document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(8080);
        service(world, document, ServiceSpec::default());
    })
    .input("capacity-check", "off")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"port"));
    assert!(told.seconds <= 30, "called at once, not after stuck-after: {} s", told.seconds);
    insta::assert_snapshot!(story_of(&told), @"");
}

#[tokio::test(start_paused = true)]
async fn the_large_task_on_one_instance_is_stuck_with_its_numbers() {
    let told = redeploy(large).input("capacity-check", "off").input("service", "sample").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.seconds <= 30, "{} s", told.seconds);
    let causes = &told.report.services[0].causes;
    let evidence = causes[0].evidence.join("\n");
    assert!(evidence.contains("6144 CPU units needed, 2048 free, 4096 short"), "{evidence}");
    assert!(evidence.contains("16384 MiB needed, 15360 free, 1024 short"), "{evidence}");
    let rendered: Vec<&str> = causes[0].remedies.iter().filter(|remedy| remedy.checked).map(|remedy| remedy.text.as_str()).collect();
    insta::assert_snapshot!(rendered.join("\n"), @"");
}

#[tokio::test(start_paused = true)]
async fn managed_scaling_that_delivers_in_time_is_waited_for() {
    let told = redeploy(|world| {
        images(world);
        world.add_capacity_provider(ProviderSpec {
            name: "workers".to_owned(),
            max: 2,
            desired: 1,
            instance: InstanceSpec { capacity_provider: Some("workers".to_owned()), ..InstanceSpec::default() },
            registers_after_secs: 90,
            ..ProviderSpec::default()
        });
        let spec = ServiceSpec { capacity_providers: vec![("workers".to_owned(), 1, 0)], ..ServiceSpec::default() };
        service(world, definition("api", 1536, 4096), spec);
    })
    .input("stuck-after", "5m")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.log.contains("waiting for an instance"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_comes_free_by_itself_ends_well() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        service(world, definition("api", 1024, 2048), ServiceSpec::default());
        // Another service holds the second half until somebody scales it in.
        let mut other = ServiceSpec { name: "batch".to_owned(), ..ServiceSpec::default() };
        other.task_definition = world.add_task_definition(definition("batch", 1024, 2048));
        world.create_service(other);
        world.script(START + 40_000, |world| { world.update_service("web", "batch", &json!({"desiredCount": 0})).unwrap(); });
    })
    .input("capacity-check", "off")
    .input("on-stuck", "wait")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.log.contains("unable to place a task"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_is_only_slow_times_out_and_says_what_it_waits_for() {
    let told = redeploy(|world| {
        roomy(world, 1);
        world.behaviour("api@", TaskBehaviour { pull_secs: 3600, ..TaskBehaviour::default() });
    })
    .input("wait-for-minutes", "10")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "timed-out", "{}", told.log);
    assert_eq!(told.seconds, 600);
    assert!(told.report.reason.contains("1 new task to start"), "{}", told.report.reason);
}

#[tokio::test(start_paused = true)]
async fn half_an_hour_passes_in_well_under_a_second() {
    let real = std::time::Instant::now();
    let told = redeploy(|world| {
        roomy(world, 3);
        world.behaviour("api@", TaskBehaviour { pull_secs: 7200, ..TaskBehaviour::default() });
    })
    .deploy()
    .await;
    assert_eq!(told.seconds, 1800);
    // Virtual time is what lets the suite have hundreds of rollouts; a real sleep would show here.
    assert!(real.elapsed().as_secs() < 30, "{:?}", real.elapsed());
}
