//! Zones and addresses of subnets, for tasks with network interfaces of their own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[cfg(test)]
mod door;

use bytes::Bytes;
use door::{Door, T0, small_app};
use plimsoll_sim::{Answer, InstanceSpec, ServiceSpec, SubnetSpec, World};
use serde_json::{Value, json};

fn document(launch_type: &str) -> Value {
    let mut document = small_app("app", 128, 128);
    document["networkMode"] = json!("awsvpc");
    if launch_type == "FARGATE" {
        document["requiresCompatibilities"] = json!(["FARGATE"]);
        (document["cpu"], document["memory"]) = (json!("256"), json!("512"));
    }
    document
}

fn subnet(letter: char, free: i64) -> SubnetSpec {
    SubnetSpec {
        id: format!("subnet-0{letter}"),
        zone: format!("eu-west-1{letter}"),
        free,
        ..SubnetSpec::default()
    }
}

/// A service over these subnets, on instances in three zones or on Fargate.
fn world(subnets: &[SubnetSpec], desired: u32, launch_type: &str) -> World {
    let mut world = World::new(T0);
    world.add_cluster("web");
    for letter in ['a', 'b', 'c'] {
        world.add_instance(InstanceSpec {
            ec2_type: "m5.4xlarge".to_owned(),
            az: format!("eu-west-1{letter}"),
            ..InstanceSpec::default()
        });
    }
    world.subnets = subnets.to_vec();
    let task_definition = world.add_task_definition(document(launch_type));
    world.create_service(ServiceSpec {
        task_definition,
        desired,
        launch_type: launch_type.to_owned(),
        subnets: subnets.iter().map(|one| one.id.clone()).collect(),
        ..ServiceSpec::default()
    });
    world
}

/// What DescribeSubnets answers as free.
fn free(door: &Door, id: &str) -> i64 {
    let body = format!("Action=DescribeSubnets&Version=2016-11-15&SubnetId.1={id}");
    let request = http::Request::post("http://127.0.0.1/")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE")
        .body(Bytes::from(body))
        .unwrap();
    let Answer::Response(answer) = door::answer(&door.sim, door.now, &request) else {
        panic!("no fault was asked for");
    };
    let answer = String::from_utf8(answer.body().to_vec()).unwrap();
    let count = answer.split("<availableIpAddressCount>").nth(1);
    let count = count.and_then(|rest| rest.split('<').next());
    count.and_then(|count| count.parse().ok()).expect(&answer)
}

fn zones(door: &Door) -> Vec<String> {
    door.sim.with(|world| {
        let alive = world.tasks().iter().filter(|task| task.stopped.is_none());
        let mut zones: Vec<String> = alive.filter_map(|task| task.az.clone()).collect();
        zones.sort();
        zones
    })
}

#[test]
fn tasks_go_to_the_zones_of_their_subnets_only() {
    let world = world(&[subnet('b', 9), subnet('c', 9)], 4, "EC2");
    let mut elsewhere = self::world(&[subnet('b', 9)], 1, "EC2");
    let door = Door::new(world);
    let (b, c) = ("eu-west-1b", "eu-west-1c");
    assert_eq!(zones(&door), [b, b, c, c]);
    // Another VPC is no better than another zone.
    elsewhere.subnets[0].vpc = "vpc-0bbb".to_owned();
    let mut door = Door::new(elsewhere);
    door.ok(
        "UpdateService",
        &json!({"cluster": "web", "service": "api", "forceNewDeployment": true}),
    );
    door.pass(10);
    let told = door.told();
    let lack = "is missing an attribute required by your task";
    assert!(told.contains(lack), "{told}");
}

#[test]
fn each_interface_holds_an_address_until_it_is_deleted() {
    for launch_type in ["EC2", "FARGATE"] {
        let mut door = Door::new(world(&[subnet('a', 9)], 2, launch_type));
        assert_eq!(free(&door, "subnet-0a"), 7, "{launch_type}");
        door.deploy(&document(launch_type));
        door.pass(25);
        assert!(free(&door, "subnet-0a") < 7, "{launch_type}");
        door.wait_for("COMPLETED", 400);
        assert_eq!(free(&door, "subnet-0a"), 7, "{launch_type}");
    }
}

#[test]
fn a_task_without_an_address_ends_in_the_words_of_ec2() {
    for launch_type in ["EC2", "FARGATE"] {
        let mut door = Door::new(world(&[subnet('a', 1)], 1, launch_type));
        door.deploy(&document(launch_type));
        door.pass(40);
        let listed = door.ok(
            "ListTasks",
            &json!({"cluster": "web", "serviceName": "api", "desiredStatus": "STOPPED"}),
        );
        let body = json!({"cluster": "web", "tasks": listed["taskArns"]});
        let task = door.ok("DescribeTasks", &body)["tasks"][0].clone();
        assert_eq!(task["stopCode"], "TaskFailedToStart", "{launch_type}");
        assert_eq!(
            task["stoppedReason"],
            "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0a': \
             InsufficientFreeAddressesInSubnet"
        );
        assert_eq!(free(&door, "subnet-0a"), 0);
        // An address that comes free is used.
        door.sim.with(|world| world.subnets[0].free = 1);
        door.wait_for("COMPLETED", 900);
        assert_eq!(free(&door, "subnet-0a"), 1);
    }
}
