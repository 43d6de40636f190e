//! What doesn't go together is said before anything is built, registered or updated, with what to do.

use plimsoll_sim::{ServiceSpec, World};
use serde_json::{Value, json};

use crate::before::refused;
use crate::door::Story;
use crate::setting::{definition, images, instance, redeploy, service};

/// A service with `spec` of the usual definition, and a file that says what `change` makes of it.
fn from_file(
    folder: &tempfile::TempDir,
    spec: ServiceSpec,
    (running, given): (Value, &Value),
) -> Story {
    std::fs::write(folder.path().join("task.json"), given.to_string()).unwrap();
    let story = redeploy(move |world: &mut World| {
        images(world);
        instance(world);
        service(world, running, spec);
    });
    story
        .input("task-definition", "task.json")
        .workspace(folder.path())
}

fn changed(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = document
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap();
    members.insert(name.to_owned(), value);
    document
}

/// The reason and the help, once it is known that nothing was changed.
async fn said(spec: ServiceSpec, running: Value, given: Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let told = refused(from_file(&folder, spec, (running, &given)), &[]).await;
    let help = told.report.help.iter().map(|help| format!("\n→ {help}"));
    format!("{}{}", told.report.reason, help.collect::<String>())
}

fn plain() -> Value {
    definition("api", 256, 512)
}

fn behind() -> ServiceSpec {
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123";
    ServiceSpec {
        target_groups: vec![group.to_owned()],
        ..ServiceSpec::default()
    }
}

#[tokio::test(start_paused = true)]
async fn the_load_balancers_container_and_port_must_be_there() {
    let renamed = changed(plain(), "/containerDefinitions/0/name", json!("web"));
    insta::assert_snapshot!(said(behind(), plain(), renamed).await, @r"
    the load balancer of service `api` sends to container `app`, which the task definition doesn't have; it has `web`
    → name the container `app`, or point the service's load balancer (`loadBalancers[].containerName`) to another one
    ");
    let moved = changed(
        plain(),
        "/containerDefinitions/0/portMappings",
        json!([{"containerPort": 80}, {"containerPort": 81}]),
    );
    insta::assert_snapshot!(said(behind(), plain(), moved).await, @r#"
    the load balancer of service `api` sends to port 8080 of container `app`, which maps 80, 81
    → add `{"containerPort": 8080}` to the `portMappings` of `app`, or point the service's load balancer to another port
    "#);
    let range = changed(
        plain(),
        "/containerDefinitions/0/portMappings",
        json!([{"containerPortRange": "9000-9010"}]),
    );
    insta::assert_snapshot!(said(behind(), plain(), range).await, @r#"
    the load balancer of service `api` sends to port 8080 of container `app`, which maps 9000-9010
    → add `{"containerPort": 8080}` to the `portMappings` of `app`, or point the service's load balancer to another port
    "#);
    let folder = tempfile::tempdir().unwrap();
    let range = changed(
        plain(),
        "/containerDefinitions/0/portMappings",
        json!([{"containerPortRange": "8000-8100"}]),
    );
    let told = from_file(&folder, behind(), (plain(), &range))
        .input("dry-run", "true")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
}

/// In `awsvpc` mode, for Fargate.
fn fargate() -> Value {
    let document = changed(plain(), "/networkMode", json!("awsvpc"));
    let document = changed(document, "/requiresCompatibilities", json!(["FARGATE"]));
    let document = changed(
        document,
        "/containerDefinitions/0/portMappings",
        json!([{"containerPort": 8080}]),
    );
    changed(
        changed(document, "/cpu", json!("256")),
        "/memory",
        json!("512"),
    )
}

fn on_fargate() -> ServiceSpec {
    ServiceSpec {
        launch_type: "FARGATE".to_owned(),
        ..ServiceSpec::default()
    }
}

#[tokio::test(start_paused = true)]
async fn the_network_mode_must_suit_the_service() {
    let awsvpc = changed(plain(), "/networkMode", json!("awsvpc"));
    let awsvpc = changed(
        awsvpc,
        "/containerDefinitions/0/portMappings",
        json!([{"containerPort": 8080}]),
    );
    insta::assert_snapshot!(said(ServiceSpec::default(), plain(), awsvpc.clone()).await, @r"
    the task definition has the network mode `awsvpc`, and service `api` has no network configuration (subnets, security groups)
    → keep the network mode that the service runs with, or give the service a network configuration first (`aws ecs update-service --network-configuration`)
    ");
    let bridge = changed(awsvpc.clone(), "/networkMode", json!("bridge"));
    insta::assert_snapshot!(said(ServiceSpec::default(), awsvpc, bridge).await, @r"
    service `api` has a network configuration, which goes with the network mode `awsvpc` only; the task definition has `bridge`
    → set `networkMode` to `awsvpc` in the task definition, or create the service again without a network configuration
    ");
}

#[tokio::test(start_paused = true)]
async fn fargate_has_its_own_rules() {
    let sized = |cpu: &str, memory: &str| {
        changed(
            changed(fargate(), "/cpu", json!(cpu)),
            "/memory",
            json!(memory),
        )
    };
    insta::assert_snapshot!(said(on_fargate(), fargate(), sized("1 vCPU", "9GB")).await, @r"
    Fargate has no task size of 1024 CPU units with 9216 MiB
    → the smallest size that holds it has 2048 CPU units and 9216 MiB
    ");
    insta::assert_snapshot!(said(on_fargate(), fargate(), sized("300", "512")).await, @r"
    Fargate has no task size of 300 CPU units with 512 MiB
    → the smallest size that holds it has 512 CPU units and 1024 MiB
    ");
    let sizeless = changed(fargate(), "/cpu", Value::Null);
    insta::assert_snapshot!(said(on_fargate(), fargate(), sizeless).await, @r#"
    the task definition is for Fargate, which needs `cpu` and `memory` of the task as a whole
    → give both next to `containerDefinitions`, for instance `"cpu": "256", "memory": "512"`
    "#);
    let elsewhere = changed(fargate(), "/requiresCompatibilities", json!(["EC2"]));
    insta::assert_snapshot!(said(on_fargate(), fargate(), elsewhere.clone()).await, @r"
    service `api` has the launch type FARGATE, and the task definition is for EC2 only
    → add `FARGATE` to `requiresCompatibilities` in the task definition
    ");
    let by_strategy = ServiceSpec {
        capacity_providers: vec![("FARGATE".to_owned(), 1, 0)],
        ..ServiceSpec::default()
    };
    insta::assert_snapshot!(said(by_strategy, fargate(), elsewhere).await, @r"
    service `api` runs on Fargate by its capacity provider strategy, and the task definition is for EC2 only
    → add `FARGATE` to `requiresCompatibilities` in the task definition
    ");
    let host = changed(fargate(), "/networkMode", json!("host"));
    insta::assert_snapshot!(said(on_fargate(), fargate(), host).await, @r"
    the task definition is for Fargate, which knows the network mode `awsvpc` only; it has `host`
    → set `networkMode` to `awsvpc`, or take `FARGATE` out of `requiresCompatibilities`
    ");
    // Without a service, too: ECS would refuse to register it.
    let folder = tempfile::tempdir().unwrap();
    let story = from_file(&folder, on_fargate(), (fargate(), &sized("256", "4096")));
    refused(
        story.input("register-only", "true"),
        &["no task size of 256 CPU units with 4096 MiB"],
    )
    .await;
    // Every size that there is goes through.
    for (cpu, memory) in [
        ("256", "512"),
        ("1024", "3072"),
        ("8192", "20480"),
        ("16 vCPU", "120 GB"),
    ] {
        let story = from_file(&folder, on_fargate(), (fargate(), &sized(cpu, memory)));
        let told = story.input("dry-run", "true").deploy().await;
        assert_eq!(told.outcome(), "planned", "{cpu} {memory}: {}", told.log);
    }
}

#[tokio::test(start_paused = true)]
async fn fargate_runs_x86_where_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let story = from_file(&folder, on_fargate(), (fargate(), &fargate()));
    let told = refused(
        story.input("platform", "linux/arm64"),
        &["`runtimePlatform`"],
    )
    .await;
    insta::assert_snapshot!(told.report.reason, @"`platform` is linux/arm64, and the task definition `api` runs on linux/amd64: Fargate takes `X86_64` where `runtimePlatform` doesn't say");
}

#[tokio::test(start_paused = true)]
async fn roles_have_a_form() {
    let role = |member: &str, role: &str| changed(plain(), &format!("/{member}"), json!(role));
    insta::assert_snapshot!(said(ServiceSpec::default(), plain(), role("taskRoleArn", "")).await, @r"
    `taskRoleArn` of the task definition is empty, which is no IAM role
    → leave `taskRoleArn` out where there is no such role
    ");
    insta::assert_snapshot!(said(ServiceSpec::default(), plain(), role("executionRoleArn", "arn:aws:iam::1:user/me")).await, @r"
    `executionRoleArn` of the task definition is `arn:aws:iam::1:user/me`, which is no IAM role
    → write it as `arn:aws:iam::<account>:role/<name>`
    ");
    insta::assert_snapshot!(said(ServiceSpec::default(), plain(), role("taskRoleArn", "<TASK_ROLE>")).await, @r"
    `taskRoleArn` of the task definition is `<TASK_ROLE>`, which is no IAM role
    → write it as `arn:aws:iam::<account>:role/<name>`
    ");
    // One that the input replaces is none any more, and ECS takes a name as well.
    let folder = tempfile::tempdir().unwrap();
    let placeholder = role("taskRoleArn", "<TASK_ROLE>");
    let story = from_file(&folder, ServiceSpec::default(), (plain(), &placeholder));
    let story = story.input("task-role-arn", "arn:aws:iam::111122223333:role/app");
    assert_eq!(
        story
            .input("register-only", "true")
            .deploy()
            .await
            .outcome(),
        "planned"
    );
    for form in [
        "app",
        "/service-role/app",
        "arn:aws-cn:iam::111122223333:role/a/b",
        "arn:aws-us-gov:iam::111122223333:role/b",
    ] {
        let given = role("taskRoleArn", form);
        let story = from_file(&folder, ServiceSpec::default(), (plain(), &given));
        let told = story.input("register-only", "true").deploy().await;
        assert_eq!(told.outcome(), "planned", "{form}: {}", told.log);
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_wrong_is_named_at_once() {
    let wrong = changed(plain(), "/containerDefinitions/0/name", json!("web"));
    let wrong = changed(wrong, "/networkMode", json!("awsvpc"));
    insta::assert_snapshot!(said(behind(), plain(), wrong).await, @r"
    the load balancer of service `api` sends to container `app`, which the task definition doesn't have; it has `web`
    → name the container `app`, or point the service's load balancer (`loadBalancers[].containerName`) to another one
    → the task definition has the network mode `awsvpc`, and service `api` has no network configuration (subnets, security groups): keep the network mode that the service runs with, or give the service a network configuration first (`aws ecs update-service --network-configuration`)
    ");
}
