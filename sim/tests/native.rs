//! Native deployments, hooks, alarms, task protection and zone rebalancing, through the door.

#[cfg(test)]
mod door;

use door::{Door, T0, small_app};
use plimsoll_sim::{InstanceSpec, LambdaAnswer, LambdaSpec, ServiceSpec, World};
use serde_json::{Value, json};

/// Two instances, service `api` of two tasks, deployed as `configuration` says.
fn door(configuration: &Value) -> Door {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_instance(InstanceSpec::default());
    world.add_instance(InstanceSpec::default());
    let task_definition = world.add_task_definition(small_app("app", 256, 512));
    world.create_service(ServiceSpec {
        task_definition,
        desired: 2,
        maximum_percent: 150,
        ..ServiceSpec::default()
    });
    let door = Door::new(world);
    door.ok(
        "UpdateService",
        &json!({"cluster": "web", "service": "api", "deploymentConfiguration": configuration}),
    );
    door
}

fn deployed(configuration: &Value) -> Door {
    let mut door = door(configuration);
    door.deploy(&small_app("app", 256, 512));
    door
}

/// The newest service deployment in full.
fn newest(door: &Door) -> Value {
    let listed = door.ok(
        "ListServiceDeployments",
        &json!({"cluster": "web", "service": "api"}),
    );
    let arn = &listed["serviceDeployments"][0]["serviceDeploymentArn"];
    let body = json!({"serviceDeploymentArns": [arn]});
    door.ok("DescribeServiceDeployments", &body)["serviceDeployments"][0].clone()
}

/// What each change of stage, traffic or status looks like, until it is over.
fn stages(door: &mut Door, most: i64) -> String {
    let (mut lines, mut last) = (Vec::new(), String::new());
    for second in 0..most {
        door.pass(1);
        let shown = newest(door);
        let old: i64 = (door.service()["deployments"]
            .as_array()
            .into_iter()
            .flatten())
        .skip(1)
        .map(|one| one["runningCount"].as_i64().unwrap_or(-1))
        .sum();
        let target = &shown["targetServiceRevision"];
        let line = format!(
            "{} {} {} % new {} old {old}",
            shown["status"].as_str().unwrap_or("-"),
            shown["lifecycleStage"].as_str().unwrap_or("-"),
            target["requestedProductionTrafficWeight"],
            target["runningTaskCount"],
        );
        if line != last {
            lines.push(format!("{:>4} {line}", second + 1));
            last = line;
        }
        if !shown["finishedAt"].is_null() {
            break;
        }
    }
    lines.join("\n")
}

#[test]
fn blue_green_starts_a_second_set_and_bakes_before_the_first_one_goes() {
    let mut door = deployed(&json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3}));
    insta::assert_snapshot!(stages(&mut door, 900), @"
      1 IN_PROGRESS PRE_SCALE_UP 0.0 % new 0 old 2
      5 IN_PROGRESS SCALE_UP 0.0 % new 0 old 2
     17 IN_PROGRESS SCALE_UP 0.0 % new 1 old 2
     26 IN_PROGRESS SCALE_UP 0.0 % new 2 old 2
     66 IN_PROGRESS POST_SCALE_UP 0.0 % new 2 old 2
     71 IN_PROGRESS TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
     76 IN_PROGRESS POST_TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
     81 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 0.0 % new 2 old 2
     86 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 100.0 % new 2 old 2
     91 IN_PROGRESS POST_PRODUCTION_TRAFFIC_SHIFT 100.0 % new 2 old 2
     96 IN_PROGRESS BAKE_TIME 100.0 % new 2 old 2
    276 IN_PROGRESS CLEAN_UP 100.0 % new 2 old 0
    299 SUCCESSFUL - 100.0 % new 2 old 0
    ");
    insta::assert_snapshot!(door.told(), @"
      6 has started 1 tasks: (task …).
     15 has started 1 tasks: (task …).
    276 has stopped 2 running tasks: (task …) (task …).
    299 (deployment …) deployment completed.
    299 has reached a steady state.
    ");
}

#[test]
fn linear_and_canary_shift_the_traffic_in_steps() {
    let linear = json!({"strategy": "LINEAR", "linearConfiguration":
                        {"stepPercent": 40.0, "stepBakeTimeInMinutes": 1}});
    insta::assert_snapshot!(stages(&mut deployed(&linear), 900), @"
      1 IN_PROGRESS PRE_SCALE_UP 0.0 % new 0 old 2
      5 IN_PROGRESS SCALE_UP 0.0 % new 0 old 2
     17 IN_PROGRESS SCALE_UP 0.0 % new 1 old 2
     26 IN_PROGRESS SCALE_UP 0.0 % new 2 old 2
     66 IN_PROGRESS POST_SCALE_UP 0.0 % new 2 old 2
     71 IN_PROGRESS TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
     76 IN_PROGRESS POST_TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
     81 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 0.0 % new 2 old 2
     86 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 40.0 % new 2 old 2
    151 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 80.0 % new 2 old 2
    216 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 100.0 % new 2 old 2
    221 IN_PROGRESS POST_PRODUCTION_TRAFFIC_SHIFT 100.0 % new 2 old 2
    226 IN_PROGRESS BAKE_TIME 100.0 % new 2 old 2
    231 IN_PROGRESS CLEAN_UP 100.0 % new 2 old 0
    254 SUCCESSFUL - 100.0 % new 2 old 0
    ");
    let canary = json!({"strategy": "CANARY", "canaryConfiguration":
                        {"canaryPercent": 10, "canaryBakeTimeInMinutes": 2}});
    let told = stages(&mut deployed(&canary), 900);
    let weights: Vec<&str> = told
        .lines()
        .filter(|one| one.contains("TRAFFIC_SHIFT"))
        .collect();
    insta::assert_snapshot!(weights.join("\n"), @"
     71 IN_PROGRESS TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
     76 IN_PROGRESS POST_TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
     81 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 0.0 % new 2 old 2
     86 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 10.0 % new 2 old 2
    211 IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT 100.0 % new 2 old 2
    216 IN_PROGRESS POST_PRODUCTION_TRAFFIC_SHIFT 100.0 % new 2 old 2
    ");
}

#[test]
fn a_pause_waits_for_somebody_and_then_takes_its_action() {
    let paused = |action: &str| {
        json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [{
            "targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"],
            "timeoutConfiguration": {"timeoutInMinutes": 10, "action": action}}]})
    };
    let mut door = deployed(&paused("ROLLBACK"));
    door.pass(120);
    let shown = newest(&door);
    assert_eq!(shown["lifecycleStage"], "POST_SCALE_UP");
    let hook = &shown["lifecycleHookDetails"][0];
    assert_eq!(hook["status"], "AWAITING_ACTION");
    assert_eq!(hook["targetType"], "PAUSE");
    assert_eq!(hook["timeoutAction"], "ROLLBACK");
    // Somebody lets it go on; a second time there is nothing to let.
    let body = json!({"serviceDeploymentArn": shown["serviceDeploymentArn"],
                      "hookId": hook["hookId"], "action": "CONTINUE"});
    door.ok("ContinueServiceDeployment", &body);
    let (status, answer) = door.call("ContinueServiceDeployment", &body);
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("InvalidParameterException"))
    );
    door.wait_for("COMPLETED", 300);
    assert_eq!(newest(&door)["status"], "SUCCESSFUL");
    // Nobody does.
    let mut door = deployed(&paused("CONTINUE"));
    assert!(door.wait_for("COMPLETED", 1200) > 600);
    let mut door = deployed(&paused("ROLLBACK"));
    let told = stages(&mut door, 1200);
    assert!(told.contains("ROLLBACK_SUCCESSFUL"), "{told}");
    let unknown = json!({"serviceDeploymentArn": "arn:none", "hookId": "x"});
    let (_, answer) = door.call("ContinueServiceDeployment", &unknown);
    assert_eq!(answer["__type"], "ServiceDeploymentNotFoundException");
}

#[test]
fn a_function_that_says_no_has_the_deployment_rolled_back() {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate";
    let hooks = json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [{
        "hookTargetArn": arn, "roleArn": "arn:aws:iam::111122223333:role/hooks",
        "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}]});
    let with = |spec: LambdaSpec| {
        let mut door = deployed(&hooks);
        door.sim.with(|world| world.lambda(arn, spec));
        let told = stages(&mut door, 900);
        (door, told)
    };
    let (door, told) = with(LambdaSpec {
        in_progress_secs: 45,
        answer: LambdaAnswer::Failed,
    });
    insta::assert_snapshot!(told, @"
      1 IN_PROGRESS PRE_SCALE_UP 0.0 % new 0 old 2
      5 IN_PROGRESS SCALE_UP 0.0 % new 0 old 2
     17 IN_PROGRESS SCALE_UP 0.0 % new 1 old 2
     26 IN_PROGRESS SCALE_UP 0.0 % new 2 old 2
     66 IN_PROGRESS POST_SCALE_UP 0.0 % new 2 old 2
     71 IN_PROGRESS TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
     76 IN_PROGRESS POST_TEST_TRAFFIC_SHIFT 0.0 % new 2 old 2
    137 ROLLBACK_IN_PROGRESS POST_TEST_TRAFFIC_SHIFT 0.0 % new 0 old 0
    163 ROLLBACK_SUCCESSFUL - 0.0 % new 0 old 0
    ");
    insta::assert_snapshot!(door.told(), @"
      6 has started 1 tasks: (task …).
     15 has started 1 tasks: (task …).
    137 (deployment …) deployment failed: Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook target … returned FAILED status.
    137 rolling back to deployment ….
    137 has stopped 2 running tasks: (task …) (task …).
    163 (deployment …) deployment completed.
    163 has reached a steady state.
    ");
    insta::assert_snapshot!(newest(&door)["statusReason"].as_str().unwrap(), @"Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-west-1:111122223333:function:gate returned FAILED status.");
    assert_eq!(door.service()["runningCount"], 2);
    let (door, _) = with(LambdaSpec {
        answer: LambdaAnswer::NoRole,
        ..LambdaSpec::default()
    });
    let reason = newest(&door)["statusReason"].as_str().unwrap().to_owned();
    assert!(
        reason.ends_with("ECS was unable to assume role arn:aws:iam::111122223333:role/hooks"),
        "{reason}"
    );
    let (_, told) = with(LambdaSpec::default());
    assert!(
        told.ends_with("old 0") && told.contains("SUCCESSFUL"),
        "{told}"
    );
}

#[test]
fn alarms_hold_a_rolling_deployment_and_roll_it_back() {
    let alarms = json!({"alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}});
    let mut door = deployed(&alarms);
    assert!(door.wait_for("COMPLETED", 900) > 360, "it bakes first");
    let mut door = deployed(&alarms);
    door.pass(200);
    assert_eq!(newest(&door)["lifecycleStage"], "BAKE_TIME");
    assert_eq!(
        door.service()["deployments"][0]["rolloutState"],
        "IN_PROGRESS"
    );
    door.sim.with(|world| world.set_alarm("errors", true));
    door.pass(1);
    let shown = newest(&door);
    assert_eq!(shown["status"], "ROLLBACK_IN_PROGRESS");
    assert_eq!(shown["alarms"]["status"], "TRIGGERED");
    assert_eq!(shown["alarms"]["triggeredAlarmNames"], json!(["errors"]));
    door.wait_for("COMPLETED", 300);
    assert_eq!(newest(&door)["status"], "ROLLBACK_SUCCESSFUL");
    // One that was in ALARM when it began doesn't count.
    door.deploy(&small_app("app", 256, 512));
    door.wait_for("COMPLETED", 900);
    assert_eq!(newest(&door)["status"], "SUCCESSFUL");
}

#[test]
fn a_service_deployment_is_stopped_where_aws_lets_it() {
    let mut door = deployed(&json!({"strategy": "BLUE_GREEN"}));
    let arn = newest(&door)["serviceDeploymentArn"].clone();
    let stop = |door: &Door| {
        door.call(
            "StopServiceDeployment",
            &json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}),
        )
    };
    door.pass(60);
    assert_eq!(stop(&door).0, 200);
    assert_eq!(newest(&door)["status"], "ROLLBACK_REQUESTED");
    assert_eq!(stop(&door).0, 200, "it goes on rolling back");
    door.pass(2);
    assert_eq!(newest(&door)["status"], "ROLLBACK_IN_PROGRESS");
    assert_eq!(stop(&door).0, 200);
    door.wait_for("COMPLETED", 300);
    let (status, answer) = stop(&door);
    assert_eq!(
        (status, &answer["__type"]),
        (400, &json!("ConflictException"))
    );
}

#[test]
fn protected_tasks_stay_until_their_protection_ends() {
    let mut door = door(&json!({}));
    let tasks = door.ok("ListTasks", &json!({"cluster": "web"}))["taskArns"].clone();
    let protect = json!({"cluster": "web", "tasks": [tasks[0]], "protectionEnabled": true, "expiresInMinutes": 10});
    let answer = door.ok("UpdateTaskProtection", &protect);
    assert_eq!(answer["protectedTasks"][0]["protectionEnabled"], true);
    door.deploy(&small_app("app", 256, 512));
    door.pass(400);
    let read = json!({"cluster": "web", "tasks": [tasks[0], "0123"]});
    let answer = door.ok("GetTaskProtection", &read);
    assert_eq!(
        answer["protectedTasks"][0]["expirationDate"],
        (T0 + 600_000) as f64 / 1000.0
    );
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    assert_eq!(door.service()["deployments"][1]["runningCount"], 1);
    assert!(
        door.told()
            .contains("was unable to scale in due to (reason 1 tasks under protection)"),
        "{}",
        door.told()
    );
    door.wait_for("COMPLETED", 400);
    // AWS's limits.
    let eleven = vec!["0123"; 11];
    let body = json!({"cluster": "web", "tasks": eleven, "protectionEnabled": true});
    assert_eq!(door.call("UpdateTaskProtection", &body).0, 400);
    let body = json!({"cluster": "web", "tasks": [tasks[0]], "protectionEnabled": true, "expiresInMinutes": 2881});
    assert_eq!(door.call("UpdateTaskProtection", &body).0, 400);
    let body = json!({"cluster": "web", "tasks": vec!["0123"; 101]});
    assert_eq!(door.call("GetTaskProtection", &body).0, 400);
}

#[test]
fn zones_are_rebalanced_in_the_steady_state_only() {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_instance(InstanceSpec::default());
    let task_definition = world.add_task_definition(small_app("app", 256, 512));
    world.create_service(ServiceSpec {
        task_definition,
        desired: 4,
        az_rebalancing: true,
        ..ServiceSpec::default()
    });
    let mut door = Door::new(world);
    door.pass(30);
    assert_eq!(door.told(), "");
    door.sim.with(|world| {
        world.add_instance(InstanceSpec {
            az: "eu-west-1b".to_owned(),
            ..InstanceSpec::default()
        });
    });
    door.pass(300);
    insta::assert_snapshot!(door.told(), @"
     31 is not AZ balanced with 4 tasks in eu-west-1a, 0 tasks in eu-west-1b. AZ Rebalancing in progress.
     31 has started 1 tasks in eu-west-1b to AZ Rebalance: (task …).
     82 has stopped 1 running tasks in eu-west-1a due to AZ rebalancing: (task …).
     83 is not AZ balanced with 3 tasks in eu-west-1a, 1 tasks in eu-west-1b. AZ Rebalancing in progress.
     83 has started 1 tasks in eu-west-1b to AZ Rebalance: (task …).
    134 has stopped 1 running tasks in eu-west-1a due to AZ rebalancing: (task …).
    134 is AZ balanced with 2 tasks in eu-west-1a, 2 tasks in eu-west-1b.
    ");
    let refused = json!({"cluster": "web", "service": "api", "deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 50}});
    let (_, answer) = door.call("UpdateService", &refused);
    assert_eq!(
        answer["message"],
        "AvailabilityZoneRebalancing does not support maximumPercent <= 100"
    );
}

#[test]
fn early_success_need_not_wait_for_the_old_tasks() {
    let after = |cleanup: &str| {
        let mut world = World::new(T0);
        world.add_cluster("web");
        world.add_instance(InstanceSpec::default());
        let task_definition = world.add_task_definition(small_app("app", 256, 512));
        world.create_service(ServiceSpec {
            task_definition,
            target_groups: vec![
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/1".to_owned(),
            ],
            ..ServiceSpec::default()
        });
        let criteria = json!({"deploymentConfiguration": {"earlySuccessCriteria": {
            "enable": true, "healthyPercent": 100, "sourceServiceRevisionCleanup": cleanup}}});
        world.update_service("web", "api", &criteria).unwrap();
        let mut door = Door::new(world);
        door.deploy(&small_app("app", 256, 512));
        let seconds = door.wait_for("COMPLETED", 900);
        let status = newest(&door)["status"].clone();
        (
            seconds,
            status,
            door.service()["deployments"].as_array().unwrap().len(),
        )
    };
    assert_eq!(after("DEFERRED"), (52, json!("SUCCESSFUL"), 2));
    assert_eq!(after("BLOCKING"), (355, json!("SUCCESSFUL"), 1));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let door = door(&json!({}));
    let refused = |configuration: Value| {
        let body =
            json!({"cluster": "web", "service": "api", "deploymentConfiguration": configuration});
        let (status, answer) = door.call("UpdateService", &body);
        assert_eq!(status, 400, "{configuration}");
        answer["message"].as_str().unwrap().to_owned()
    };
    refused(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441}));
    refused(json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0}}));
    refused(json!({"strategy": "BLUE_GREEN", "canaryConfiguration": {"canaryPercent": 5.0}}));
    refused(json!({"strategy": "BLUE_GREEN", "earlySuccessCriteria": {"enable": false}}));
    refused(
        json!({"lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"]}]}),
    );
    refused(json!({"lifecycleHooks": [{"lifecycleStages": ["PRE_SCALE_UP"]}]}));
    let text =
        refused(json!({"lifecycleHooks": [{"lifecycleStages": ["SCALE_UP"], "surprise": 1}]}));
    assert!(text.contains("surprise"), "{text}");
}
