//! The forecast before a deploy: what is said, and that nothing is changed when it is blocked.

use plimsoll_sim::{InstanceSpec, ProviderSpec, ServiceSpec, World};
use serde_json::{Value, json};

use crate::door::Told;
use crate::setting::{definition, grouped, images, instance, large, redeploy, service, story_of};

/// Blocked before anything was changed, for this reason first.
fn blocked(told: &Told, kind: &str) {
    assert_eq!(
        (told.outcome(), told.report.exit_code()),
        ("blocked", 3),
        "{}",
        told.log
    );
    assert_eq!(told.kinds().first(), Some(&kind), "{}", told.log);
    for write in ["RegisterTaskDefinition", "UpdateService"] {
        assert_eq!(told.calls(write), 0, "{write} was called");
    }
}

/// What is printed of the forecast.
fn report(told: &Told) -> String {
    story_of(told).replace("  0:00  ", "")
}

fn awsvpc(mut document: Value) -> Value {
    document["networkMode"] = json!("awsvpc");
    document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
    document
}

fn fixed_port(mut document: Value) -> Value {
    document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(80);
    document
}

fn zero_to_hundred() -> ServiceSpec {
    ServiceSpec {
        minimum_healthy_percent: 0,
        maximum_percent: 100,
        ..ServiceSpec::default()
    }
}

#[tokio::test(start_paused = true)]
async fn the_large_task_is_refused_with_its_numbers() {
    let told = redeploy(large).input("service", "sample").deploy().await;
    blocked(&told, "cpu");
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      each new task needs 6144 CPU units, 16384 MiB, 1 network interface
      instance             type        CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.2xlarge      2048     15360         2         0  6144 CPU units needed, 2048 free, 4096 short; 16384 MiB needed, 15360 free, 1024 short
      would help: set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
      would help: give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384; cost: each task then has less to work with
      would help: add 1 more instance of type m5.2xlarge to the cluster; cost: the price of that instance while it runs

    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)
    the service was not changed
    ");
}

#[tokio::test(start_paused = true)]
async fn a_warning_lets_it_go_on() {
    let told = redeploy(large)
        .input("service", "sample")
        .input("capacity-check", "warn")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(
        told.log.contains("warning: the rollout can't finish"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_of_4096_mib_on_a_t4g_large() {
    let told = redeploy(|world| {
        images(world);
        world.add_image("api", "v2", "arm64");
        world.add_instance(InstanceSpec {
            ec2_type: "t4g.large".to_owned(),
            memory: 7813,
            ..InstanceSpec::default()
        });
        service(world, definition("api", 512, 4096), ServiceSpec::default());
    })
    .input("platform", "linux/arm64")
    .deploy()
    .await;
    blocked(&told, "memory");
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      each new task needs 512 CPU units, 4096 MiB
      instance             type       CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  t4g.large      1536      3717         2         0  4096 MiB needed, 3717 free, 379 short
      would help: set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
      would help: give the task 3717 MiB instead of 4096; cost: each task then has less to work with
      would help: add 1 more instance of type t4g.large to the cluster; cost: the price of that instance while it runs

    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 4096 MiB needed, 3717 free, 379 short)
    the service was not changed
    ");
}

#[tokio::test(start_paused = true)]
async fn enough_memory_in_sum_and_on_no_instance() {
    let told = redeploy(|world| {
        images(world);
        for _ in 0..3 {
            world.add_instance(InstanceSpec {
                memory: 7000,
                ..InstanceSpec::default()
            });
        }
        service(
            world,
            definition("api", 128, 4000),
            ServiceSpec {
                desired: 3,
                ..ServiceSpec::default()
            },
        );
    })
    .deploy()
    .await;
    blocked(&told, "memory");
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 3 healthy (3 × 100 % rounded up), at most 6 running or pending (3 × 200 % rounded down)
      each new task needs 128 CPU units, 4000 MiB
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large      1920      3000         2         0  4000 MiB needed, 3000 free, 1000 short
      i-03fdabe86cbbeaa11  m5.large      1920      3000         2         0  4000 MiB needed, 3000 free, 1000 short
      i-0225ec07a99506761  m5.large      1920      3000         2         0  4000 MiB needed, 3000 free, 1000 short
      would help: set `minimumHealthyPercent` to 66 (now 100); cost: as few as 2 of 3 tasks serve during a rollout
      would help: give the task 3000 MiB instead of 4000; cost: each task then has less to work with
      would help: add 1 more instance of type m5.large to the cluster; cost: the price of that instance while it runs

    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 4000 MiB needed, 3000 free, 1000 short)
    the service was not changed
    ");
}

#[tokio::test(start_paused = true)]
async fn a_fixed_port_that_the_old_task_holds() {
    let world = |spec: ServiceSpec| {
        move |world: &mut World| {
            images(world);
            instance(world);
            service(world, fixed_port(definition("api", 128, 256)), spec);
        }
    };
    let told = redeploy(world(ServiceSpec::default())).deploy().await;
    blocked(&told, "port");
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      each new task needs 128 CPU units, 256 MiB, host port 80/tcp
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large      1920      7508         2         0  host port 80/tcp is taken
      would help: set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
      would help: set `hostPort` to 0 instead of 80, so that ECS picks a free port for each task; cost: what calls the fixed port must go through the load balancer or service discovery
      would help: add 1 more instance of type m5.large to the cluster; cost: the price of that instance while it runs

    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: host port 80/tcp is taken)
    the service was not changed
    ");
    // With 0/100 the old task goes first, and the same rollout ends.
    let told = redeploy(world(zero_to_hundred())).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn network_interfaces_without_and_with_trunk() {
    let world = |attributes: Vec<(String, Option<String>)>, eni_limit: Option<usize>| {
        move |world: &mut World| {
            images(world);
            world.add_instance(InstanceSpec {
                attributes,
                eni_limit,
                ..InstanceSpec::default()
            });
            service(
                world,
                awsvpc(definition("api", 128, 256)),
                ServiceSpec {
                    desired: 2,
                    ..ServiceSpec::default()
                },
            );
        }
    };
    let told = redeploy(world(Vec::new(), None)).deploy().await;
    blocked(&told, "eni");
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 2 healthy (2 × 100 % rounded up), at most 4 running or pending (2 × 200 % rounded down)
      each new task needs 128 CPU units, 256 MiB, 1 network interface
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large      1792      7252         0         0  1 network interface needed, 0 free, 1 short
      would help: set `minimumHealthyPercent` to 50 (now 100); cost: as few as 1 of 2 tasks serve during a rollout
      would help: add 1 more instance of type m5.large to the cluster; cost: the price of that instance while it runs

    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 1 network interface needed, 0 free, 1 short)
    the service was not changed
    ");
    let trunk = vec![(
        "ecs.awsvpc-trunk-id".to_owned(),
        Some("eni-0123".to_owned()),
    )];
    let told = redeploy(world(trunk, Some(10))).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn an_arm64_task_on_x86_instances() {
    let told = redeploy(|world| {
        images(world);
        world.add_image("api", "v2", "arm64");
        instance(world);
        // What runs is x86; the revision to be deployed is said to be ARM64.
        service(world, definition("api", 128, 256), ServiceSpec::default());
        let mut next = definition("next", 128, 256);
        next["runtimePlatform"] =
            json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"});
        world.add_task_definition(next);
    })
    .input("task-definition", "next")
    .deploy()
    .await;
    blocked(&told, "attribute");
    insta::assert_snapshot!(report(&told), @r#"
      family: api → next
      runtimePlatform: added {"cpuArchitecture":"ARM64","operatingSystemFamily":"LINUX"}
    forecast: blocked: the rollout can't finish: no instance can take a new task, even with every old one gone
      at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      each new task needs 128 CPU units, 256 MiB
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large      1920      7508         2         0  attribute `ecs.cpu-architecture=arm64` asked for, `x86_64` there

    blocked: the rollout can't finish: no instance can take a new task, even with every old one gone (i-0e6984080bab12a02: attribute `ecs.cpu-architecture=arm64` asked for, `x86_64` there)
    the service was not changed
    "#);
}

#[tokio::test(start_paused = true)]
async fn one_look_at_a_lost_agent_proves_nothing() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        service(world, definition("api", 1536, 4096), ServiceSpec::default());
        world.add_instance(InstanceSpec {
            agent_connected: false,
            ..InstanceSpec::default()
        });
    })
    .input("dry-run", "true")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    insta::assert_snapshot!(report(&told), @"
    forecast: unknown: whether the rollout fits can't be known: 1 instance not ready just now: the agent has no connection, or is registering
      each new task needs 1536 CPU units, 4096 MiB
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large       512      3668         2         0  1536 CPU units needed, 512 free, 1024 short; 4096 MiB needed, 3668 free, 428 short
      i-09e7eb00e4c9c9e35  m5.large      2048      7764         2         0  the agent is not connected

    planned: nothing was changed: this is what a run without `dry-run` would do
    ");
}

#[tokio::test(start_paused = true)]
async fn every_instance_is_draining() {
    let told = redeploy(|world| {
        images(world);
        let id = instance(world);
        service(world, definition("api", 128, 256), ServiceSpec::default());
        world.instance_mut(&id).unwrap().status = "DRAINING".to_owned();
    })
    .input("dry-run", "true")
    .deploy()
    .await;
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance can take a new task, even with every old one gone
      at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      each new task needs 128 CPU units, 256 MiB
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large      1920      7508         2         0  the instance is DRAINING, not ACTIVE
      would help: set the container instance `63cb` (i-0e6984080bab12a02) back from DRAINING to ACTIVE (`aws ecs update-container-instances-state --status ACTIVE`); cost: what drains it no longer empties it
      would help: add 1 more instance of type m5.large to the cluster; cost: the price of that instance while it runs

    planned: nothing was changed; as it stands, the rollout can't finish: no instance can take a new task, even with every old one gone (i-0e6984080bab12a02: the instance is DRAINING, not ACTIVE)
    ");
}

#[tokio::test(start_paused = true)]
async fn percentages_that_allow_no_step() {
    for (desired, minimum, maximum) in [(1, 100, 150), (3, 100, 125), (2, 100, 100)] {
        let told = redeploy(|world| {
            images(world);
            instance(world);
            let spec = ServiceSpec {
                desired,
                minimum_healthy_percent: minimum,
                maximum_percent: maximum,
                ..ServiceSpec::default()
            };
            service(world, definition("api", 128, 256), spec);
        })
        .deploy()
        .await;
        blocked(&told, "deployment-configuration");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_may_grow_is_no_proof() {
    let told = redeploy(|world| grouped(world, ProviderSpec::default()))
        .deploy()
        .await;
    assert_eq!(
        told.report.services[0]
            .forecast
            .as_ref()
            .map(|forecast| forecast.verdict.as_str()),
        Some("unknown")
    );
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}
