//! Subnets and Fargate before a deploy: sizes, the quota, addresses, zones.

use plimsoll_sim::{InstanceSpec, ServiceSpec, SubnetSpec, World};
use serde_json::{Value, json};

use crate::door::Told;
use crate::setting::{definition, images, redeploy, service};

/// A definition in `awsvpc` mode of these CPU units and MiB, for `EC2` or `FARGATE`.
fn sized(cpu: &str, memory: &str, compatibility: &str) -> Value {
    let mut document = definition("api", 256, 512);
    document["networkMode"] = json!("awsvpc");
    document["requiresCompatibilities"] = json!([compatibility]);
    document["cpu"] = json!(cpu);
    document["memory"] = json!(memory);
    document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
    document
}

/// Four tasks of one vCPU on Fargate, of which all stay healthy and one more may start.
pub(crate) fn on_fargate(world: &mut World) {
    images(world);
    let spec = ServiceSpec {
        desired: 4,
        maximum_percent: 125,
        launch_type: "FARGATE".to_owned(),
        ..ServiceSpec::default()
    };
    service(world, sized("1024", "2048", "FARGATE"), spec);
}

/// Verdict, first cause and the forecast's own words.
fn said(told: &Told) -> String {
    let line = told.log.lines().find(|line| line.contains("forecast:"));
    let words = line
        .unwrap_or_default()
        .trim_start()
        .trim_start_matches("0:00  ");
    format!("{} {:?}: {words}", told.outcome(), told.kinds().first())
}

fn blocked(told: &Told, kind: &str) {
    assert_eq!(told.outcome(), "blocked", "{}", told.log);
    assert_eq!(told.kinds().first(), Some(&kind), "{}", told.log);
    assert_eq!(told.calls("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_quota_without_room_for_one_more_task_blocks() {
    let told = redeploy(|world| {
        on_fargate(world);
        world.fargate.cpu_quota = 4 * 1024;
    });
    let told = told.deploy().await;
    blocked(&told, "quota");
    insta::assert_snapshot!(said(&told), @r#"blocked Some("quota"): forecast: blocked: the rollout can't finish within the account's Fargate quota: 4096 CPU units (4 vCPU), at least 4096 in use by this service, 1024 needed for each new task"#);
    // The closing line says it once.
    insta::assert_snapshot!(told.report.reason, @"the rollout can't finish within the account's Fargate quota: 4096 CPU units (4 vCPU), at least 4096 in use by this service, 1024 needed for each new task");
}

#[tokio::test(start_paused = true)]
async fn too_few_addresses_block() {
    let told = redeploy(|world| {
        on_fargate(world);
        world.subnets[0].free = 0;
    });
    let told = told.deploy().await;
    blocked(&told, "subnet-addresses");
    insta::assert_snapshot!(said(&told), @r#"blocked Some("subnet-addresses"): forecast: blocked: the rollout can't finish: the service's subnets have 0 addresses free, and each new task takes one"#);
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_is_named_and_the_deploy_goes_on() {
    for action in ["ec2:DescribeSubnets", "servicequotas:GetServiceQuota"] {
        let told = redeploy(on_fargate).deny(action).deploy().await;
        assert_eq!(told.outcome(), "succeeded", "{}", told.log);
        let words = format!("`{action}` is not allowed");
        assert!(told.log.contains("forecast: unknown"), "{}", told.log);
        assert!(told.log.contains(&words), "{}", told.log);
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_a_zone_without_a_subnet_takes_no_task() {
    let deploy = |zone: &'static str| {
        redeploy(move |world| {
            images(world);
            let small = InstanceSpec {
                cpu: 1024,
                ..InstanceSpec::default()
            };
            world.add_instance(small);
            service(world, sized("1024", "2048", "EC2"), ServiceSpec::default());
            world.add_instance(InstanceSpec {
                az: "eu-west-1b".to_owned(),
                ..InstanceSpec::default()
            });
            world.subnets = vec![SubnetSpec {
                zone: zone.to_owned(),
                ..SubnetSpec::default()
            }];
        })
    };
    let told = deploy("eu-west-1a").deploy().await;
    assert_eq!(told.outcome(), "blocked", "{}", told.log);
    insta::assert_snapshot!(said(&told), @r#"blocked Some("cpu"): forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first"#);
    let told = deploy("eu-west-1b").deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn tasks_without_interfaces_of_their_own_ask_for_neither() {
    let told = redeploy(|world| crate::setting::roomy(world, 1))
        .deploy()
        .await;
    assert_eq!(
        (told.calls("DescribeSubnets"), told.calls("GetServiceQuota")),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_size_that_fargate_does_not_have_blocks() {
    let folder = tempfile::tempdir().unwrap();
    // One that says it is for Fargate is refused before, as ECS would refuse to register it.
    let mut document = sized("1024", "9216", "FARGATE");
    document["requiresCompatibilities"] = json!([]);
    std::fs::write(folder.path().join("task.json"), document.to_string()).unwrap();
    let told = redeploy(on_fargate).input("task-definition", "task.json");
    let told = told.workspace(folder.path()).deploy().await;
    assert_eq!(told.outcome(), "blocked", "{}", told.log);
    insta::assert_snapshot!(said(&told), @r#"blocked Some("fargate-capacity"): forecast: blocked: Fargate has no task size of 1024 CPU units with 9216 MiB; the smallest that holds it has 2048 CPU units and 9216 MiB"#);
}
