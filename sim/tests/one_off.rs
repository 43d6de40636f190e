//! RunTask: tasks of no service, that run to their end.

#[cfg(test)]
mod door;

use door::{Door, T0, small_app};
use plimsoll_sim::{InstanceSpec, ProviderSpec, ServiceSpec, World};
use serde_json::{Value, json};

/// An instance of 2048 CPU units and 7764 MiB with one task of 512 units and 4096 MiB.
fn world() -> World {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_instance(InstanceSpec::default());
    let task_definition = world.add_task_definition(small_app("app", 512, 4096));
    world.create_service(ServiceSpec {
        task_definition,
        ..ServiceSpec::default()
    });
    world.add_task_definition(small_app("job", 256, 2048));
    let mut vpc = small_app("vpc", 256, 512);
    vpc["networkMode"] = json!("awsvpc");
    world.add_task_definition(vpc);
    world
}

fn job(more: &Value) -> Value {
    let mut body = json!({"cluster": "web", "taskDefinition": "job"});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn what_ecs_refuses_is_refused() {
    let door = Door::new(world());
    let (invalid, client) = ("InvalidParameterException", "ClientException");
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-0aaa"]}});
    let public =
        json!({"awsvpcConfiguration": {"subnets": ["subnet-0aaa"], "assignPublicIp": "ENABLED"}});
    let table = [
        (
            json!({"taskDefinition": null}),
            invalid,
            "Task definition cannot be null.",
        ),
        (
            json!({"taskDefinition": "none"}),
            client,
            "TaskDefinition not found.",
        ),
        (
            json!({"task": "job"}),
            invalid,
            "Unknown parameter in input: \"task\"",
        ),
        (
            json!({"count": 11}),
            invalid,
            "Count must be between 1 and 10.",
        ),
        (
            json!({"startedBy": "x".repeat(129)}),
            invalid,
            "startedBy longer than 128.",
        ),
        (
            json!({"clientToken": "x".repeat(65)}),
            invalid,
            "clientToken is invalid.",
        ),
        (
            json!({"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}),
            invalid,
            "Specifying both a launch type and capacity provider strategy is not supported.",
        ),
        (
            json!({"capacityProviderStrategy": [{"capacityProvider": "none"}]}),
            invalid,
            "The specified capacity provider 'none' was not found.",
        ),
        (
            json!({"taskDefinition": "vpc"}),
            invalid,
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            json!({"networkConfiguration": network}),
            invalid,
            "Network Configuration is not valid for the given networkMode",
        ),
        (
            json!({"taskDefinition": "vpc", "networkConfiguration": public}),
            invalid,
            "Assign public IP is not supported for this launch type.",
        ),
        (
            json!({"launchType": "FARGATE"}),
            invalid,
            "Task definition does not support launch_type FARGATE.",
        ),
        (
            json!({"overrides": {"containerOverrides": [{"name": "db", "command": ["x"]}]}}),
            invalid,
            "Override for container named db is not a container in the TaskDefinition.",
        ),
        (
            json!({"overrides": {"containerOverrides": [{"name": "app", "entryPoint": []}]}}),
            invalid,
            "Unknown parameter in input: \"entryPoint\"",
        ),
    ];
    for (more, kind, words) in table {
        let (status, answer) = door.call("RunTask", &job(&more));
        let message = answer["message"].as_str().unwrap_or_default();
        assert_eq!(
            (status, answer["__type"].as_str()),
            (400, Some(kind)),
            "{more}: {answer}"
        );
        assert!(message.starts_with(words), "{more}: {message}");
    }
    assert_eq!(door.sim.with(|world| world.tasks().len()), 1);
}

#[test]
fn a_task_runs_to_its_end_and_is_not_replaced() {
    let mut door = Door::new(world());
    let body = job(
        &json!({"startedBy": "ci", "overrides": {"containerOverrides": [{"name": "app", "command": ["up"]}]}}),
    );
    let started = door.ok("RunTask", &body);
    let task = &started["tasks"][0];
    assert_eq!(
        (&task["group"], &task["startedBy"], &task["lastStatus"]),
        (&json!("family:job"), &json!("ci"), &json!("PENDING"))
    );
    let arn = task["taskArn"].clone();
    door.pass(60);
    let told = door.ok("DescribeTasks", &json!({"cluster": "web", "tasks": [arn]}));
    let task = &told["tasks"][0];
    assert_eq!(
        (&task["lastStatus"], &task["containers"][0]["exitCode"]),
        (&json!("STOPPED"), &json!(0))
    );
    let list = |status: &str| {
        let body = json!({"cluster": "web", "startedBy": "ci", "desiredStatus": status});
        door.ok("ListTasks", &body)["taskArns"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((list("RUNNING"), list("STOPPED")), (0, 1));
    assert_eq!(
        door.service()["runningCount"],
        1,
        "no service's counts know of it"
    );
}

#[test]
fn the_same_token_starts_nothing_twice() {
    let door = Door::new(world());
    let body = job(&json!({"clientToken": "t1", "startedBy": "t1"}));
    let first = door.ok("RunTask", &body)["tasks"][0]["taskArn"].clone();
    assert_eq!(door.ok("RunTask", &body)["tasks"][0]["taskArn"], first);
    let other = job(&json!({"clientToken": "t1", "startedBy": "t2"}));
    let (status, answer) = door.call("RunTask", &other);
    assert_eq!(
        (status, answer["__type"].as_str()),
        (400, Some("ConflictException"))
    );
    assert_eq!(door.sim.with(|world| world.tasks().len()), 2);
}

#[test]
fn it_takes_room_and_finds_none_where_there_is_none() {
    let mut door = Door::new(world());
    door.sim.with(|world| world.one_off.exit = None);
    door.ok("RunTask", &job(&json!({})));
    let full = door.ok("RunTask", &job(&json!({})));
    let instance = door.sim.with(|world| world.instances()[0].id.clone());
    assert_eq!(full["tasks"], json!([]));
    assert_eq!(full["failures"][0]["reason"], "RESOURCE:MEMORY");
    let arn = full["failures"][0]["arn"].as_str().unwrap();
    assert!(
        arn.ends_with(&format!("container-instance/web/{instance}")),
        "{arn}"
    );

    // 7764 - 4096 - 2048 MiB are left: the service's next task has to wait as well.
    door.deploy(&small_app("app", 512, 3000));
    door.pass(60);
    assert!(
        door.told().contains("has insufficient memory available"),
        "{}",
        door.told()
    );
    let task = door.sim.with(|world| world.tasks()[1].id.clone());
    door.ok("StopTask", &json!({"cluster": "web", "task": task}));
    door.wait_for("COMPLETED", 600);
}

#[test]
fn nowhere_to_look_is_an_error() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_task_definition(small_app("job", 256, 2048));
    let (status, answer) = Door::new(world).call("RunTask", &job(&json!({})));
    assert_eq!(
        (status, answer["message"].as_str()),
        (
            400,
            Some("No Container Instances were found in your cluster.")
        )
    );
}

#[test]
fn a_scaled_provider_brings_an_instance_for_it() {
    let mut world = world();
    world.add_capacity_provider(ProviderSpec {
        desired: 0,
        ..ProviderSpec::default()
    });
    let mut door = Door::new(world);
    let body = job(&json!({"capacityProviderStrategy": [{"capacityProvider": "workers"}]}));
    let started = door.ok("RunTask", &body);
    assert_eq!(started["tasks"][0]["lastStatus"], "PROVISIONING");
    door.pass(300);
    let body = json!({"cluster": "web", "tasks": [started["tasks"][0]["taskArn"]]});
    let task = &door.ok("DescribeTasks", &body)["tasks"][0];
    assert_eq!(task["containers"][0]["exitCode"], 0, "{task}");
}

#[test]
fn a_provider_that_brings_none_gives_up() {
    let mut world = world();
    world.add_capacity_provider(ProviderSpec {
        desired: 0,
        max: 0,
        provisioning_timeout_secs: 600,
        ..ProviderSpec::default()
    });
    let mut door = Door::new(world);
    let body = job(&json!({"capacityProviderStrategy": [{"capacityProvider": "workers"}]}));
    let arn = door.ok("RunTask", &body)["tasks"][0]["taskArn"].clone();
    door.pass(700);
    let task = &door.ok("DescribeTasks", &json!({"cluster": "web", "tasks": [arn]}))["tasks"][0];
    assert_eq!(
        task["stoppedReason"],
        "TaskFailedToStart: EMPTY CAPACITY PROVIDER"
    );
}
