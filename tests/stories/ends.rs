//! How rollouts end, each reported once.

use plimsoll_sim::{Breaker, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour};
use serde_json::json;

use crate::door::START;
use crate::setting::{
    crash, crashing, definition, images, instance, large, redeploy, roomy, service, story_of,
};

#[tokio::test(start_paused = true)]
async fn a_plain_rollout_on_instances_succeeds() {
    let told = redeploy(|world| roomy(world, 3)).deploy().await;
    assert_eq!(told.outcome(), "succeeded");
    insta::assert_snapshot!(story_of(&told), @"
      0:00  forecast: the rollout fits: 3 new tasks in 1 wave
      0:00    at least 3 healthy (3 × 100 % rounded up), at most 6 running or pending (3 × 200 % rounded down)
      0:00    each new task needs 256 CPU units, 512 MiB
      0:00    instance             type      CPU free  MiB free  ENI free  GPU free
      0:00    i-0e6984080bab12a02  m5.large      1536      6740         2         0  takes one more
      0:00    i-03fdabe86cbbeaa11  m5.large      1792      7252         2         0  takes one more
      0:00  service `api`: deployment ecs-svc/8817 started
      0:00  0 of 3 new tasks running; 3 old running
      0:10  ECS: has started 1 tasks: (task 13a1).
      0:10  0 of 3 new tasks running, 1 starting; 3 old running
      0:15  ECS: has started 2 tasks: (task f89c) (task 6218).
      0:15  0 of 3 new tasks running, 3 starting; 3 old running
      0:20  1 of 3 new tasks running (1 not healthy yet), 2 starting; 3 old running
      0:30  3 of 3 new tasks running (3 not healthy yet); 3 old running
      1:00  ECS: has stopped 1 running tasks: (task 69c3).
      1:00  3 of 3 new tasks running (2 not healthy yet); 2 old running
      1:10  ECS: has stopped 2 running tasks: (task f5ba) (task df0f).
      1:10  3 of 3 new tasks running
      1:30  ECS: (deployment ecs-svc/8817) deployment completed.
      1:30  ECS: has reached a steady state.

    succeeded: api:2 serves: the deployment is complete
    ");
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
        service(
            world,
            document,
            ServiceSpec {
                desired: 2,
                launch_type: "FARGATE".to_owned(),
                ..ServiceSpec::default()
            },
        );
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    // One task goes first so that ECS learns the image's digest; PROVISIONING is no lack of room.
    assert!(
        !told.log.contains("waiting for an instance"),
        "{}",
        told.log
    );
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
        service(
            world,
            definition("api", 256, 512),
            ServiceSpec {
                desired: 1,
                breaker,
                ..ServiceSpec::default()
            },
        );
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "rolled-back", "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&"container-exit"));
    let stable = told.sim.with(|world| {
        world
            .service("web", "api")
            .map(|service| service.deployments.len())
    });
    assert_eq!(stable, Some(1), "the service itself looks well");
    insta::assert_snapshot!(story_of(&told), @"
      0:00  forecast: the rollout fits: 1 new task in 1 wave
      0:00    at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      0:00    each new task needs 256 CPU units, 512 MiB
      0:00    instance             type      CPU free  MiB free  ENI free  GPU free
      0:00    i-0e6984080bab12a02  m5.large      1792      7252         2         0  takes one more
      0:00  service `api`: deployment ecs-svc/1226 started
      0:00  0 of 1 new task running; 1 old running
      0:10  ECS: has started 1 tasks: (task c1df).
      0:10  0 of 1 new task running, 1 starting; 1 old running
      0:20  ! task c1dfda7a: Essential container in task exited (container `app`, exit code 1)
      0:20  0 of 1 new task running; 1 old running
      0:25  ECS: has started 1 tasks: (task 6c7c).
      0:25  0 of 1 new task running, 1 starting, 1 failed; 1 old running
      0:35  1 of 1 new task running (1 not healthy yet), 1 failed; 1 old running
      0:40  ECS: has started 1 tasks: (task 6834).
      0:40  0 of 1 new task running, 1 starting, 2 failed; 1 old running
      0:55  ! ECS: (deployment ecs-svc/1226) deployment failed: tasks failed to start.
      0:55  ECS: rolling back to deployment ecs-svc/6212.
      0:55  ! ECS is rolling back: Service deployment rolled back because the circuit breaker threshold was exceeded.
      1:20  ECS: (deployment ecs-svc/6212) deployment completed.
      1:20  ECS: has reached a steady state.

    cause (container-exit): the essential container `app` ended with exit code 1, 3s after its start
      · 3 tasks, container `app`, exit code 1: Essential container in task exited
      → read its log; the task definition has no `awslogs` group for it, so see where its log driver sends it
      → run the image `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba79` elsewhere with the same settings
      → AWS's page: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html

    cause (circuit-breaker): the circuit breaker ended the deployment after 3 failed tasks (its threshold is 3)
      · deployment: Service deployment rolled back because the circuit breaker threshold was exceeded.
      · event 26s ago: (service api) (deployment ecs-svc/1226) deployment failed: tasks failed to start.
      → fix what makes the tasks fail; ECS counts it, it doesn't cause it
      → AWS's page: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html

    rolled-back: ECS put api:1 back: Service deployment rolled back because the circuit breaker threshold was exceeded; api:2: the essential container `app` ended with exit code 1, 3s after its start
    the service was changed by this run
    ");
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_three_failures_in_a_row_end_the_wait() {
    let told = redeploy(crashing).deploy().await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert!(
        told.report
            .reason
            .contains("3 tasks of the new revision failed in a row"),
        "{}",
        told.report.reason
    );
    assert!(told.seconds < 5 * 60, "{} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn another_deployment_takes_the_place() {
    let told = redeploy(|world| {
        roomy(world, 2);
        world.add_image("api", "v3", "amd64");
        world.script(START + 30_000, |world| {
            let arn = world.add_task_definition(definition("api", 128, 256));
            world
                .update_service("web", "api", &json!({"taskDefinition": arn}))
                .unwrap();
        });
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "superseded", "{}", told.log);
    assert!(
        told.report.reason.contains("api:3"),
        "{}",
        told.report.reason
    );
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
    assert!(
        told.seconds <= 30,
        "called at once, not after stuck-after: {} s",
        told.seconds
    );
    insta::assert_snapshot!(story_of(&told), @"
      0:00  service `api`: deployment ecs-svc/1226 started
      0:00  0 of 1 new task running; 1 old running

    cause (port): the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      · instance i-0e6984080bab12a02: host port 8080/tcp is taken
      · at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      → set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200) (cost: the service is down from the stop of the old tasks until the new ones are healthy)
      → set `hostPort` to 0 instead of 8080, so that ECS picks a free port for each task (cost: what calls the fixed port must go through the load balancer or service discovery)
      → add 1 more instance of type m5.large to the cluster (cost: the price of that instance while it runs)
      → AWS's page: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html

    stuck: the rollout of api:2 can't go on: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: host port 8080/tcp is taken)
    the service was changed by this run
      → ECS goes on trying: the old tasks that still run go on serving, and the new revision starts as soon as there is room
    ");
}

#[tokio::test(start_paused = true)]
async fn the_large_task_on_one_instance_is_stuck_with_its_numbers() {
    let told = redeploy(large)
        .input("capacity-check", "off")
        .input("service", "sample")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.seconds <= 30, "{} s", told.seconds);
    let causes = &told.report.services[0].causes;
    let evidence = causes[0].evidence.join("\n");
    assert!(
        evidence.contains("6144 CPU units needed, 2048 free, 4096 short"),
        "{evidence}"
    );
    assert!(
        evidence.contains("16384 MiB needed, 15360 free, 1024 short"),
        "{evidence}"
    );
    let rendered: Vec<&str> = causes[0]
        .remedies
        .iter()
        .filter(|remedy| remedy.checked)
        .map(|remedy| remedy.text.as_str())
        .collect();
    insta::assert_snapshot!(rendered.join("\n"), @"
    set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200)
    give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384
    add 1 more instance of type m5.2xlarge to the cluster
    ");
}

#[tokio::test(start_paused = true)]
async fn managed_scaling_that_delivers_in_time_is_waited_for() {
    let told = redeploy(|world| {
        images(world);
        world.add_capacity_provider(ProviderSpec {
            name: "workers".to_owned(),
            max: 2,
            desired: 1,
            instance: InstanceSpec {
                capacity_provider: Some("workers".to_owned()),
                ..InstanceSpec::default()
            },
            registers_after_secs: 90,
            ..ProviderSpec::default()
        });
        let spec = ServiceSpec {
            capacity_providers: vec![("workers".to_owned(), 1, 0)],
            ..ServiceSpec::default()
        };
        service(world, definition("api", 1536, 4096), spec);
    })
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
        let mut other = ServiceSpec {
            name: "batch".to_owned(),
            ..ServiceSpec::default()
        };
        other.task_definition = world.add_task_definition(definition("batch", 1024, 2048));
        world.create_service(other);
        world.script(START + 40_000, |world| {
            world
                .update_service("web", "batch", &json!({"desiredCount": 0}))
                .unwrap();
        });
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
        world.behaviour(
            "api@",
            TaskBehaviour {
                pull_secs: 3600,
                ..TaskBehaviour::default()
            },
        );
    })
    .input("wait-for-minutes", "10")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "timed-out", "{}", told.log);
    assert_eq!(told.seconds, 600);
    assert!(
        told.report.reason.contains("1 new task to start"),
        "{}",
        told.report.reason
    );
}

#[tokio::test(start_paused = true)]
async fn half_an_hour_passes_in_well_under_a_second() {
    let real = std::time::Instant::now();
    let told = redeploy(|world| {
        roomy(world, 3);
        world.behaviour(
            "api@",
            TaskBehaviour {
                pull_secs: 7200,
                ..TaskBehaviour::default()
            },
        );
    })
    .deploy()
    .await;
    assert_eq!(told.seconds, 1800);
    // Virtual time is what lets the suite have hundreds of rollouts; a real sleep would show here.
    assert!(real.elapsed().as_secs() < 30, "{:?}", real.elapsed());
}
