//! A task that finds no place on an instance.

use plimsoll::snapshot::Constraint;

use crate::world::World;

#[test]
fn cpu() {
    let world = World::new().closest("has insufficient CPU units available");
    insta::assert_snapshot!(world.told(), @r"
    cpu: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), has too little CPU left
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) has insufficient CPU units available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > lower the task's `cpu` (now `512`)
    ");
}

#[test]
fn memory() {
    let world = World::new()
        .stopped(2, "TaskFailedToStart", "TaskFailedToStart: RESOURCE:MEMORY")
        .group(3, 3, None);
    insta::assert_snapshot!(world.told(), @r"
    memory: ECS found no container instance that has enough memory left
    | 2 tasks: TaskFailedToStart: RESOURCE:MEMORY
    > raise the maximum size of the Auto Scaling group `web-asg` (now 3)
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > lower the task's `memory` (now `1024`)
    ");
}

#[test]
fn port() {
    let world = World::new()
        .closest("is already using a port required by your task")
        .with(|world| world.service.desired = 1);
    insta::assert_snapshot!(world.told(), @r"
    port: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), has the host port `8080` in use already
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) is already using a port required by your task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 0 (now 100), so that ECS may stop an old task before it starts a new one [the service is down from stop to healthy]
    > leave `hostPort` out (or 0) and let the load balancer find the port, so that tasks can stand side by side
    ");
}

#[test]
fn eni() {
    let world = World::new().closest("encountered error \"RESOURCE:ENI\"");
    insta::assert_snapshot!(world.told(), @r#"
    eni: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), has no network interface left for the task
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) encountered error "RESOURCE:ENI". For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > use instances with more network interfaces than a `t3.small` has
    "#);
}

#[test]
fn gpu() {
    let world = World::new().reason("TaskFailedToStart: RESOURCE:GPU");
    insta::assert_snapshot!(world.told(), @r"
    gpu: ECS found no container instance that has enough GPUs left
    | event 4m 50s ago: (service api) was unable to place a task. Reason: TaskFailedToStart: RESOURCE:GPU.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    ");
}

#[test]
fn attribute() {
    let world = World::new()
        .closest("is missing an attribute required by your task")
        .with(|world| {
            let name = "ecs.capability.execution-role-awslogs".to_owned();
            world.instances[0].attributes.insert(name, None);
        });
    insta::assert_snapshot!(world.told(), @r"
    attribute: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), lacks what the task definition requires: `com.amazonaws.ecs.capability.logging-driver.awslogs`
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) is missing an attribute required by your task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add `awslogs` to `ECS_AVAILABLE_LOGGING_DRIVERS` in `/etc/ecs/ecs.config`, or use another log driver
    ");
}

#[test]
fn constraint() {
    let world = World::new()
        .closest("encountered error \"MemberOf placement constraint unsatisfied.\"")
        .with(|world| {
            world.service.constraints =
                vec![Constraint::MemberOf("attribute:stack == prod".to_owned())];
        });
    insta::assert_snapshot!(world.told(), @r#"
    constraint: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), doesn't satisfy the placement constraints: `attribute:stack == prod`
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) encountered error "MemberOf placement constraint unsatisfied.". For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > give an instance the attributes that the expression asks for, or change the expression
    > add a container instance to the cluster `web`
    "#);
}

#[test]
fn agent() {
    let world = World::new()
        .closest("doesn\u{2019}t have the agent connected")
        .with(|world| world.instances[0].agent_connected = false);
    insta::assert_snapshot!(world.told(), @r"
    agent: the ECS agent of `3f4de1c5ffdd4954af7e75b4be0c8841` wasn't connected when ECS looked
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) doesn’t have the agent connected. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > on the instance: `systemctl status ecs docker`, and `/var/log/ecs/ecs-agent.log`
    > check the instance's way to the ECS endpoints and its instance role
    > add a container instance to the cluster `web`
    ");
}

#[test]
fn no_instances() {
    let world = World::new().event(
        6,
        "was unable to place a task because no container instance met all of its requirements. \
         Reason: No Container Instances were found in your cluster.",
    );
    insta::assert_snapshot!(world.told(), @r"
    no-instances: the cluster `web` has no container instance that takes tasks
    | event 4m 54s ago: (service api) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.
    > add a container instance to the cluster `web`
    > where instances run but don't register: check `ECS_CLUSTER=web` in `/etc/ecs/ecs.config`, their instance role, and their way to the ECS endpoints
    ");
}
