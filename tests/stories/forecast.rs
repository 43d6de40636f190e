//! The forecast before a deploy: what is said, and that nothing is changed when it is blocked.

use plimsoll_sim::{InstanceSpec, ProviderSpec, ServiceSpec, World};
use serde_json::{Value, json};

use crate::door::Told;
use crate::setting::{definition, images, instance, large, redeploy, service, story_of};

/// Blocked before anything was changed, for this reason first.
fn blocked(told: &Told, kind: &str) {
    assert_eq!((told.outcome(), told.report.exit_code()), ("blocked", 3), "{}", told.log);
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
    ServiceSpec { minimum_healthy_percent: 0, maximum_percent: 100, ..ServiceSpec::default() }
}

#[tokio::test(start_paused = true)]
async fn the_large_task_is_refused_with_its_numbers() {
    let told = redeploy(large).input("service", "sample").deploy().await;
    blocked(&told, "cpu");
    insta::assert_snapshot!(report(&told), @"");
}

#[tokio::test(start_paused = true)]
async fn a_warning_lets_it_go_on() {
    let told = redeploy(large).input("service", "sample").input("capacity-check", "warn").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.log.contains("warning: the rollout can't finish"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_task_of_4096_mib_on_a_t4g_large() {
    let told = redeploy(|world| {
        images(world);
        world.add_image("api", "v2", "arm64");
        world.add_instance(InstanceSpec { ec2_type: "t4g.large".to_owned(), memory: 7813, ..InstanceSpec::default() });
        service(world, definition("api", 512, 4096), ServiceSpec::default());
    })
    .input("platform", "linux/arm64")
    .deploy()
    .await;
    blocked(&told, "memory");
    insta::assert_snapshot!(report(&told), @"");
}

#[tokio::test(start_paused = true)]
async fn enough_memory_in_sum_and_on_no_instance() {
    let told = redeploy(|world| {
        images(world);
        for _ in 0..3 {
            world.add_instance(InstanceSpec { memory: 7000, ..InstanceSpec::default() });
        }
        service(world, definition("api", 128, 4000), ServiceSpec { desired: 3, ..ServiceSpec::default() });
    })
    .deploy()
    .await;
    blocked(&told, "memory");
    insta::assert_snapshot!(report(&told), @"");
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
    insta::assert_snapshot!(report(&told), @"");
    // With 0/100 the old task goes first, and the same rollout ends.
    let told = redeploy(world(zero_to_hundred())).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn network_interfaces_without_and_with_trunk() {
    let world = |attributes: Vec<(String, Option<String>)>, eni_limit: Option<usize>| {
        move |world: &mut World| {
            images(world);
            world.add_instance(InstanceSpec { attributes, eni_limit, ..InstanceSpec::default() });
            service(world, awsvpc(definition("api", 128, 256)), ServiceSpec { desired: 2, ..ServiceSpec::default() });
        }
    };
    let told = redeploy(world(Vec::new(), None)).deploy().await;
    blocked(&told, "eni");
    insta::assert_snapshot!(report(&told), @"");
    let trunk = vec![("ecs.awsvpc-trunk-id".to_owned(), Some("eni-0123".to_owned()))];
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
        next["runtimePlatform"] = json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"});
        world.add_task_definition(next);
    })
    .input("task-definition", "next")
    .deploy()
    .await;
    blocked(&told, "attribute");
    insta::assert_snapshot!(report(&told), @"");
}

#[tokio::test(start_paused = true)]
async fn one_look_at_a_lost_agent_proves_nothing() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        service(world, definition("api", 1536, 4096), ServiceSpec::default());
        world.add_instance(InstanceSpec { agent_connected: false, ..InstanceSpec::default() });
    })
    .input("dry-run", "true")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    insta::assert_snapshot!(report(&told), @"");
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
    insta::assert_snapshot!(report(&told), @"");
}

#[tokio::test(start_paused = true)]
async fn percentages_that_allow_no_step() {
    for (desired, minimum, maximum) in [(1, 100, 150), (3, 100, 125), (2, 100, 100)] {
        let told = redeploy(|world| {
            images(world);
            instance(world);
            let spec = ServiceSpec { desired, minimum_healthy_percent: minimum, maximum_percent: maximum, ..ServiceSpec::default() };
            service(world, definition("api", 128, 256), spec);
        })
        .deploy()
        .await;
        blocked(&told, "deployment-configuration");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_may_grow_is_no_proof() {
    let told = redeploy(|world| {
        images(world);
        world.add_capacity_provider(ProviderSpec {
            name: "workers".to_owned(),
            instance: InstanceSpec { capacity_provider: Some("workers".to_owned()), ..InstanceSpec::default() },
            ..ProviderSpec::default()
        });
        let spec = ServiceSpec { capacity_providers: vec![("workers".to_owned(), 1, 0)], ..ServiceSpec::default() };
        service(world, definition("api", 1536, 4096), spec);
    })
    .deploy()
    .await;
    assert_eq!(told.report.services[0].forecast.as_ref().map(|forecast| forecast.verdict.as_str()), Some("unknown"));
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}
