//! Where a one-off task runs, and what is said when there is no place for it.

use plimsoll_sim::{ProviderSpec, ServiceSpec, World};
use serde_json::json;

use super::{asked, failed, kinds};
use crate::setting::{definition, images, instance, redeploy, service, story_of};

/// The rollout fits, because its old task stops first; next to it there is no room.
fn tight(spec: ServiceSpec) -> impl FnOnce(&mut World) {
    move |world| {
        images(world);
        let spec = ServiceSpec {
            minimum_healthy_percent: 0,
            maximum_percent: 100,
            ..spec
        };
        service(world, definition("api", 256, 5000), spec);
    }
}

#[tokio::test(start_paused = true)]
async fn no_room_is_reported_with_its_numbers() {
    let told = redeploy(|world| {
        instance(world);
        tight(ServiceSpec::default())(world);
    });
    let told = told.input("run-task", "true").deploy().await;
    failed(&told);
    assert_eq!((kinds(&told), told.calls("RunTask")), (vec!["memory"], 1));
    insta::assert_snapshot!(story_of(&told), @"
      0:00  one-off task: container `app` runs its own command on EC2, for at most 10m, before any service is updated
      0:00  forecast: the rollout fits: 1 new task in 1 wave
      0:00    at least 0 healthy (1 × 0 % rounded up), at most 1 running or pending (1 × 100 % rounded down)
      0:00    each new task needs 256 CPU units, 5000 MiB
      0:00    instance             type      CPU free  MiB free  ENI free  GPU free
      0:00    i-0e6984080bab12a02  m5.large      1792      2764         2         0  5000 MiB needed, 2764 free, 2236 short

    cause (memory): no container instance can take a task of api:2
      · instance i-0e6984080bab12a02: 5000 MiB needed, 2764 free, 2236 short
      · RunTask, container instance `63cb`: RESOURCE:MEMORY
      → give the task 2764 MiB instead of 5000 (cost: each task then has less to work with)
      → add 1 more instance of type m5.large to the cluster (cost: the price of that instance while it runs)
      → AWS's page: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html

    failed: the one-off task found no place: no container instance can take a task of api:2 (i-0e6984080bab12a02: 5000 MiB needed, 2764 free, 2236 short)
    the service was not changed
    ");
}

#[tokio::test(start_paused = true)]
async fn without_the_instances_no_room_is_reported_in_ecs_s_words() {
    let told = redeploy(|world| {
        instance(world);
        tight(ServiceSpec::default())(world);
    });
    let told = told
        .deny("ecs:ListContainerInstances")
        .input("run-task", "true");
    let told = told.deploy().await;
    failed(&told);
    let one_off = told.report.one_off.clone().unwrap();
    assert_eq!(kinds(&told), ["memory"]);
    assert!(
        one_off.causes[0].evidence[0].ends_with(": RESOURCE:MEMORY"),
        "{one_off:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_instance_in_vain_ends_once_that_is_proven() {
    let told = redeploy(|world| {
        world.add_capacity_provider(ProviderSpec {
            max: 1,
            ..ProviderSpec::default()
        });
        tight(ServiceSpec {
            capacity_providers: vec![("workers".to_owned(), 1, 0)],
            ..ServiceSpec::default()
        })(world);
    });
    let told = told.input("run-task", "true").deploy().await;
    failed(&told);
    assert_eq!(
        (kinds(&told), told.calls("StopTask")),
        (vec!["memory", "capacity-provider"], 1),
        "{}",
        told.log
    );
    assert!((120..200).contains(&told.seconds), "{} s", told.seconds);
    assert!(told.log.contains("PROVISIONING"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ecs_gives_up_is_reported_in_its_words() {
    let told = redeploy(|world| {
        world.add_capacity_provider(ProviderSpec {
            max: 1,
            provisioning_timeout_secs: 120,
            ..ProviderSpec::default()
        });
        tight(ServiceSpec {
            capacity_providers: vec![("workers".to_owned(), 1, 0)],
            ..ServiceSpec::default()
        })(world);
    });
    let told = told.deny("ecs:ListContainerInstances");
    let told = told.input("run-task", "true").deploy().await;
    failed(&told);
    assert_eq!((kinds(&told), told.calls("StopTask")), (vec!["memory"], 0));
    insta::assert_snapshot!(told.report.reason, @"the one-off task failed: container `app` of api:2 has no exit code: TaskFailedToStart: RESOURCE:MEMORY");
}

#[tokio::test(start_paused = true)]
async fn an_empty_cluster_is_named_as_such() {
    let told = redeploy(tight(ServiceSpec::default()));
    let told = told
        .input("run-task", "true")
        .input("capacity-check", "off");
    let told = told.deploy().await;
    failed(&told);
    assert_eq!(kinds(&told).first(), Some(&"no-instances"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn on_fargate_it_may_have_a_public_address() {
    let mut document = definition("api", 256, 512);
    document["networkMode"] = json!("awsvpc");
    document["requiresCompatibilities"] = json!(["FARGATE"]);
    document["cpu"] = json!("256");
    document["memory"] = json!("512");
    document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
    let told = redeploy(|world| {
        images(world);
        let spec = ServiceSpec {
            launch_type: "FARGATE".to_owned(),
            ..ServiceSpec::default()
        };
        service(world, document, spec);
    })
    .input("run-task", "true")
    .input("run-task-assign-public-IP", "ENABLED")
    .input("run-task-security-groups", "sg-0bbb")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let body = &asked(&told)[0];
    assert_eq!(body["launchType"], "FARGATE");
    assert_eq!(
        body["networkConfiguration"]["awsvpcConfiguration"],
        json!({"subnets": ["subnet-0aaa"], "securityGroups": ["sg-0bbb"], "assignPublicIp": "ENABLED"})
    );
}
