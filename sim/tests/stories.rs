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
