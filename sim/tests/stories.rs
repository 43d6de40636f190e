//! The world itself, told through its door in virtual time.

#[cfg(test)]
mod door;

use door::{Door, T0, small_app};
use plimsoll_sim::{Breaker, Exit, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

/// One cluster `web` with one instance, and service `api` of `app:1`.
fn world(instance: InstanceSpec, document: serde_json::Value, service: ServiceSpec) -> World {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_instance(instance);
    let task_definition = world.add_task_definition(document);
    world.create_service(ServiceSpec {
        task_definition,
        ..service
    });
    world
}

#[test]
fn a_rolling_update_replaces_everything_and_completes() {
    let mut door = Door::new(world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        ServiceSpec {
            desired: 2,
            ..ServiceSpec::default()
        },
    ));
    let id = door.deploy(&small_app("app", 256, 512));
    door.wait_for("COMPLETED", 300);
    let service = door.service();
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["deployments"][0]["id"], id.as_str());
    assert_eq!(service["deployments"][0]["runningCount"], 2);
    insta::assert_snapshot!(door.told(), @r#"
     6 has started 1 tasks: (task …).
    15 has started 1 tasks: (task …).
    57 has stopped 1 running tasks: (task …).
    66 has stopped 1 running tasks: (task …).
    89 (deployment …) deployment completed.
    89 has reached a steady state.
    "#);
}

#[test]
fn one_port_on_one_instance_means_stopping_first() {
    let mut document = small_app("app", 256, 512);
    document["containerDefinitions"][0]["portMappings"] =
        json!([{"containerPort": 80, "hostPort": 80}]);
    let service = ServiceSpec {
        minimum_healthy_percent: 0,
        maximum_percent: 100,
        ..ServiceSpec::default()
    };
    let mut door = Door::new(world(InstanceSpec::default(), document.clone(), service));
    door.deploy(&document);
    door.wait_for("COMPLETED", 300);
    insta::assert_snapshot!(door.told(), @r#"
     6 has stopped 1 running tasks: (task …).
     7 has started 1 tasks: (task …).
    79 (deployment …) deployment completed.
    79 has reached a steady state.
    "#);
}

#[test]
fn the_breaker_rolls_a_crash_loop_back() {
    let service = ServiceSpec {
        breaker: Some(Breaker::default()),
        ..ServiceSpec::default()
    };
    let mut world = world(InstanceSpec::default(), small_app("app", 256, 512), service);
    let exit = Some(Exit {
        after_secs: 5,
        code: 1,
        reason: String::new(),
    });
    world.behaviour(
        "app:2",
        TaskBehaviour {
            exit,
            ..TaskBehaviour::default()
        },
    );
    let mut door = Door::new(world);
    door.deploy(&small_app("app", 256, 512));
    door.wait_for("COMPLETED", 600);
    insta::assert_snapshot!(door.told(), @r#"
     6 has started 1 tasks: (task …).
    25 has started 1 tasks: (task …).
    44 has started 1 tasks: (task …).
    60 (deployment …) deployment failed: tasks failed to start.
    60 rolling back to deployment ….
    86 (deployment …) deployment completed.
    86 has reached a steady state.
    "#);
}

#[test]
fn managed_scaling_brings_an_instance_in_time() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_capacity_provider(ProviderSpec::default());
    let task_definition = world.add_task_definition(small_app("app", 2048, 4096));
    let capacity_providers = vec![("workers".to_owned(), 1, 0)];
    world.create_service(ServiceSpec {
        task_definition,
        capacity_providers,
        ..ServiceSpec::default()
    });
    let mut door = Door::new(world);
    door.deploy(&small_app("app", 2048, 4096));
    door.wait_for("COMPLETED", 600);
    insta::assert_snapshot!(door.told(), @r#"
      6 has started 1 tasks: (task …).
    207 has stopped 1 running tasks: (task …).
    230 (deployment …) deployment completed.
    230 has reached a steady state.
    "#);
}

#[test]
fn what_does_not_fit_is_said_once_and_tried_less_and_less_often() {
    let service = ServiceSpec {
        desired: 1,
        ..ServiceSpec::default()
    };
    let mut door = Door::new(world(
        InstanceSpec::default(),
        small_app("app", 256, 4096),
        service,
    ));
    door.deploy(&small_app("app", 256, 4096));
    door.pass(1800);
    let primary = door.service()["deployments"][0].clone();
    assert_eq!(
        (&primary["runningCount"], &primary["pendingCount"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(primary["failedTasks"], 8);
    assert_eq!(
        door.ok("ListTasks", &json!({"cluster": "web"}))["taskArns"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    insta::assert_snapshot!(door.told(), @"   6 was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance …) has insufficient memory available.");
    door.pass(6 * 3600);
    assert_eq!(door.told().lines().count(), 2, "said again after six hours");
}

#[test]
fn room_that_appears_is_used() {
    let service = ServiceSpec {
        desired: 1,
        ..ServiceSpec::default()
    };
    let mut world = world(
        InstanceSpec::default(),
        small_app("app", 256, 4096),
        service,
    );
    world.script(T0 + 100_000, |world| {
        world.add_instance(InstanceSpec::default());
    });
    let mut door = Door::new(world);
    door.deploy(&small_app("app", 256, 4096));
    door.wait_for("COMPLETED", 600);
    insta::assert_snapshot!(door.told(), @r#"
      6 was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance …) has insufficient memory available.
    156 has started 1 tasks: (task …).
    207 has stopped 1 running tasks: (task …).
    230 (deployment …) deployment completed.
    230 has reached a steady state.
    "#);
}

#[test]
fn half_may_stop_to_make_room() {
    let service = ServiceSpec {
        desired: 4,
        minimum_healthy_percent: 50,
        ..ServiceSpec::default()
    };
    let spec = InstanceSpec {
        cpu: 1024,
        memory: 4096,
        ..InstanceSpec::default()
    };
    let mut door = Door::new(world(spec, small_app("app", 256, 512), service));
    door.deploy(&small_app("app", 256, 512));
    door.wait_for("COMPLETED", 600);
    insta::assert_snapshot!(door.told(), @r#"
      6 was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance …) has insufficient CPU units available.
      6 has stopped 2 running tasks: (task …) (task …).
      8 has started 1 tasks: (task …).
     17 has started 1 tasks: (task …).
     17 was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance …) has insufficient CPU units available.
     59 has stopped 1 running tasks: (task …).
     61 has started 1 tasks: (task …).
     61 was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance …) has insufficient CPU units available.
     68 has stopped 1 running tasks: (task …).
     70 has started 1 tasks: (task …).
    141 (deployment …) deployment completed.
    141 has reached a steady state.
    "#);
}

#[test]
fn percentages_can_forbid_everything() {
    let service = ServiceSpec {
        maximum_percent: 100,
        ..ServiceSpec::default()
    };
    let mut door = Door::new(world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        service,
    ));
    door.deploy(&small_app("app", 256, 512));
    door.pass(600);
    insta::assert_snapshot!(door.told(), @"  31 was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.");
    let relaxed = json!({"minimumHealthyPercent": 0, "maximumPercent": 100});
    let change = json!({"cluster": "web", "service": "api", "deploymentConfiguration": relaxed});
    let id = door.service()["deployments"][0]["id"].clone();
    door.ok("UpdateService", &change);
    door.wait_for("COMPLETED", 300);
    assert_eq!(
        door.service()["deployments"][0]["id"],
        id,
        "percentages make no new deployment"
    );
}

#[test]
fn a_newer_deployment_supersedes() {
    let service = ServiceSpec {
        desired: 2,
        ..ServiceSpec::default()
    };
    let mut door = Door::new(world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        service,
    ));
    let first = door.deploy(&small_app("app", 256, 512));
    door.pass(30);
    let second = door.deploy(&small_app("app", 256, 512));
    let deployments = door.service()["deployments"].clone();
    let states: Vec<_> = (deployments.as_array().unwrap().iter())
        .map(|one| (one["id"].as_str().unwrap(), one["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states[..2],
        [(second.as_str(), "PRIMARY"), (first.as_str(), "ACTIVE")]
    );
    door.wait_for("COMPLETED", 300);
    let listed = door.ok(
        "ListServiceDeployments",
        &json!({"cluster": "web", "service": "api"}),
    );
    let statuses: Vec<_> = (listed["serviceDeployments"].as_array().unwrap().iter())
        .map(|one| one["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
}

#[test]
fn a_stopped_service_deployment_rolls_back() {
    let mut door = Door::new(world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        ServiceSpec::default(),
    ));
    door.deploy(&small_app("app", 256, 512));
    door.pass(20);
    let arn = door.service()["currentServiceDeployment"].clone();
    door.ok(
        "StopServiceDeployment",
        &json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}),
    );
    door.wait_for("COMPLETED", 300);
    let told = door.ok(
        "DescribeServiceDeployments",
        &json!({"serviceDeploymentArns": [arn]}),
    );
    assert_eq!(
        told["serviceDeployments"][0]["status"],
        "ROLLBACK_SUCCESSFUL"
    );
    assert!(
        door.service()["taskDefinition"]
            .as_str()
            .unwrap()
            .ends_with("app:1")
    );
    let again = door
        .call(
            "StopServiceDeployment",
            &json!({"serviceDeploymentArn": arn}),
        )
        .1;
    assert_eq!(again["__type"], "ConflictException");
}

#[test]
fn waiting_for_a_group_that_cannot_grow_ends_after_half_an_hour() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_capacity_provider(ProviderSpec {
        max: 1,
        ..ProviderSpec::default()
    });
    let task_definition = world.add_task_definition(small_app("app", 256, 4096));
    let capacity_providers = vec![("workers".to_owned(), 1, 0)];
    world.create_service(ServiceSpec {
        task_definition,
        capacity_providers,
        ..ServiceSpec::default()
    });
    let mut door = Door::new(world);
    let id = door.deploy(&small_app("app", 256, 4096));
    door.pass(60);
    let asked = json!({"cluster": "web", "startedBy": id});
    let task = door.ok("ListTasks", &asked)["taskArns"][0].clone();
    let task = json!({"cluster": "web", "tasks": [task]});
    let waiting = door.ok("DescribeTasks", &task)["tasks"][0].clone();
    assert_eq!(
        (&waiting["lastStatus"], waiting.get("containerInstanceArn")),
        (&json!("PROVISIONING"), None)
    );
    door.pass(1800);
    let stopped = door.ok("DescribeTasks", &task)["tasks"][0].clone();
    assert_eq!(
        stopped["stoppedReason"],
        "TaskFailedToStart: RESOURCE:MEMORY"
    );
    insta::assert_snapshot!(door.told(), @r#"
       6 has started 1 tasks: (task …).
    1806 was unable to place a task. Reason: TaskFailedToStart: RESOURCE:MEMORY.
    1816 has started 1 tasks: (task …).
    "#);
}

#[test]
fn behind_a_load_balancer_old_tasks_drain() {
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0".to_owned();
    let service = ServiceSpec {
        target_groups: vec![group],
        deregistration_delay_secs: 60,
        ..ServiceSpec::default()
    };
    let mut door = Door::new(world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        service,
    ));
    door.deploy(&small_app("app", 256, 512));
    door.wait_for("COMPLETED", 600);
    insta::assert_snapshot!(door.told(), @r#"
      6 has started 1 tasks: (task …).
     17 registered 1 targets in (target-group …)
     32 has stopped 1 running tasks: (task …).
     32 deregistered 1 targets in (target-group …)
     32 has begun draining connections on 1 tasks.
    115 (deployment …) deployment completed.
    115 has reached a steady state.
    "#);
}

#[test]
fn health_checks_that_never_pass_trip_the_breaker() {
    let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0".to_owned();
    let breaker = Some(Breaker {
        rollback: false,
        ..Breaker::default()
    });
    let service = ServiceSpec {
        target_groups: vec![group],
        breaker,
        ..ServiceSpec::default()
    };
    let mut world = world(InstanceSpec::default(), small_app("app", 256, 512), service);
    world.behaviour(
        "app:2",
        TaskBehaviour {
            never_healthy: true,
            ..TaskBehaviour::default()
        },
    );
    let mut door = Door::new(world);
    door.deploy(&small_app("app", 256, 512));
    door.wait_for("FAILED", 900);
    let service = door.service();
    assert_eq!(
        service["deployments"][0]["rolloutStateReason"],
        "ECS deployment circuit breaker: tasks failed to start."
    );
    assert_eq!(
        service["deployments"][1]["runningCount"], 1,
        "the old task stays"
    );
    let arn = service["currentServiceDeployment"].clone();
    let told = door.ok(
        "DescribeServiceDeployments",
        &json!({"serviceDeploymentArns": [arn]}),
    );
    let told = &told["serviceDeployments"][0];
    assert_eq!(told["status"], "STOPPED");
    assert_eq!(
        told["deploymentCircuitBreaker"],
        json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
    );
}

#[test]
fn an_image_that_is_not_there_cannot_be_pulled() {
    let mut world = world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        ServiceSpec::default(),
    );
    let uri = world.add_repository("hello");
    let mut door = Door::new(world);
    let mut document = small_app("app", 256, 512);
    document["containerDefinitions"][0]["image"] = json!(format!("{uri}:9"));
    door.deploy(&document);
    door.pass(200);
    insta::assert_snapshot!(door.told(), @r#"
      6 has started 1 tasks: (task …).
     15 was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ….dkr.ecr.eu-west-1.amazonaws.com/hello:9: ….dkr.ecr.eu-west-1.amazonaws.com/hello:9: not found.
     25 has started 1 tasks: (task …).
     54 has started 1 tasks: (task …).
     63 is unable to consistently start tasks successfully.
    103 has started 1 tasks: (task …).
    192 has started 1 tasks: (task …).
    "#);
}

#[test]
fn fargate_has_a_quota() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.fargate.cpu_quota = 1024;
    let mut document = small_app("app", 0, 512);
    document["networkMode"] = json!("awsvpc");
    document["requiresCompatibilities"] = json!(["FARGATE"]);
    (document["cpu"], document["memory"]) = (json!("512"), json!("1024"));
    let task_definition = world.add_task_definition(document.clone());
    let launch_type = "FARGATE".to_owned();
    world.create_service(ServiceSpec {
        task_definition,
        launch_type,
        ..ServiceSpec::default()
    });
    let mut door = Door::new(world);
    door.deploy(&document);
    door.wait_for("COMPLETED", 300);
    door.ok(
        "UpdateService",
        &json!({"cluster": "web", "service": "api", "desiredCount": 3}),
    );
    door.pass(120);
    insta::assert_snapshot!(door.told(), @r#"
      6 has started 1 tasks: (task …).
     68 has stopped 1 running tasks: (task …).
     95 (deployment …) deployment completed.
     95 has reached a steady state.
     96 has started 1 tasks: (task …).
     96 was unable to place a task. Reason: You’ve reached the limit on the number of vCPUs you can run concurrently.
    166 was unable to place a task. Reason: You’ve reached the limit on the number of vCPUs you can run concurrently.
    "#);
}

#[test]
fn a_daemon_is_replaced_instance_by_instance() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    for _ in 0..3 {
        world.add_instance(InstanceSpec::default());
    }
    let task_definition = world.add_task_definition(small_app("app", 256, 512));
    let scheduling = plimsoll_sim::Scheduling::Daemon;
    world.create_service(ServiceSpec {
        task_definition,
        scheduling,
        minimum_healthy_percent: 50,
        maximum_percent: 100,
        ..ServiceSpec::default()
    });
    let mut door = Door::new(world);
    assert_eq!(door.service()["runningCount"], 3);
    door.deploy(&small_app("app", 256, 512));
    door.wait_for("COMPLETED", 600);
    insta::assert_snapshot!(door.told(), @r#"
      6 has stopped 1 running tasks: (task …).
      7 has started 1 tasks: (task …).
     58 has stopped 1 running tasks: (task …).
     59 has started 1 tasks: (task …).
    110 has stopped 1 running tasks: (task …).
    111 has started 1 tasks: (task …).
    182 (deployment …) deployment completed.
    182 has reached a steady state.
    "#);
}

#[test]
fn a_drained_instance_is_left() {
    let mut world = world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        ServiceSpec::default(),
    );
    let first = world.instances()[0].id.clone();
    let second = world.add_instance(InstanceSpec::default());
    if let Some(instance) = world.instance_mut(&first) {
        instance.status = "DRAINING".to_owned();
    }
    let mut door = Door::new(world);
    door.pass(120);
    let on = door.sim.with(|world| {
        let running = world
            .tasks()
            .iter()
            .filter(|task| task.status == plimsoll_sim::Status::Running);
        running
            .map(|task| task.instance.clone().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(on, [second]);
}

#[test]
fn nothing_desired_is_steady_at_once() {
    let service = ServiceSpec {
        desired: 0,
        ..ServiceSpec::default()
    };
    let mut door = Door::new(world(
        InstanceSpec::default(),
        small_app("app", 256, 512),
        service,
    ));
    door.deploy(&small_app("app", 256, 512));
    door.wait_for("COMPLETED", 60);
    assert_eq!(door.service()["runningCount"], 0);
}

#[test]
fn a_group_that_cannot_grow_is_no_obstacle_where_half_may_stop() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_capacity_provider(ProviderSpec {
        max: 1,
        ..ProviderSpec::default()
    });
    let task_definition = world.add_task_definition(small_app("app", 1024, 512));
    let capacity_providers = vec![("workers".to_owned(), 1, 0)];
    let minimum_healthy_percent = 50;
    world.create_service(ServiceSpec {
        task_definition,
        capacity_providers,
        minimum_healthy_percent,
        desired: 2,
        ..ServiceSpec::default()
    });
    let mut door = Door::new(world);
    door.deploy(&small_app("app", 1024, 512));
    door.wait_for("COMPLETED", 600);
    insta::assert_snapshot!(door.told(), @r#"
      6 has started 1 tasks: (task …).
     36 has stopped 1 running tasks: (task …).
     47 has started 1 tasks: (task …).
     89 has stopped 1 running tasks: (task …).
    162 (deployment …) deployment completed.
    162 has reached a steady state.
    "#);
}
