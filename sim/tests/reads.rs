//! The services beside ECS that a forecast and a diagnosis read, as strict as the rest.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[cfg(test)]
mod door;

use bytes::Bytes;
use door::{Door, T0, small_app};
use plimsoll_sim::{
    Answer, Fault, FaultKind, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour, World,
};
use serde_json::{Value, json};

const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef";

/// One group `work ers`, and a service of one task behind a target group that logs.
fn door() -> Door {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_capacity_provider(ProviderSpec {
        name: "work ers".to_owned(),
        max: 3,
        ..ProviderSpec::default()
    });
    world.add_instance(InstanceSpec::default());
    let log = vec!["first".to_owned(), "last".to_owned()];
    world.behaviour(
        "app",
        TaskBehaviour {
            log,
            ..TaskBehaviour::default()
        },
    );
    let mut document = small_app("app", 256, 512);
    let options = json!({"awslogs-group": "/app", "awslogs-stream-prefix": "ecs"});
    document["containerDefinitions"][0]["logConfiguration"] =
        json!({"logDriver": "awslogs", "options": options});
    let task_definition = world.add_task_definition(document);
    world.create_service(ServiceSpec {
        task_definition,
        target_groups: vec![GROUP.to_owned()],
        ..ServiceSpec::default()
    });
    Door::new(world)
}

fn form(door: &Door, body: &str) -> (u16, String) {
    let request = http::Request::post("http://127.0.0.1/")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE")
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    match door::answer(&door.sim, door.now, &request) {
        Answer::Response(response) | Answer::Late(_, response) => (
            response.status().as_u16(),
            String::from_utf8(response.body().to_vec()).unwrap(),
        ),
        Answer::Dropped => (0, String::new()),
    }
}

fn code(answer: &str) -> &str {
    let after = answer.split_once("<Code>").map_or("", |(_, after)| after);
    after.split_once('<').map_or("", |(code, _)| code)
}

#[test]
fn groups_types_and_targets_are_answered_in_xml() {
    let door = door();
    let (status, groups) = form(
        &door,
        "Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames.member.1=work%20ers",
    );
    assert_eq!(status, 200);
    for part in [
        "xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"",
        "<AutoScalingGroupName>work ers</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>3</MaxSize><DesiredCapacity>1</DesiredCapacity>",
        "<InstanceType>m5.large</InstanceType>",
        "<ResponseMetadata><RequestId>",
    ] {
        assert!(groups.contains(part), "{part}: {groups}");
    }
    let (_, types) = form(
        &door,
        "Action=DescribeInstanceTypes&Version=2016-11-15&InstanceType.1=m5.large",
    );
    assert!(
        types.contains("<defaultVCpus>2</defaultVCpus>")
            && types.contains("<sizeInMiB>8192</sizeInMiB>"),
        "{types}"
    );
    assert!(
        types.contains("<maximumNetworkInterfaces>3</maximumNetworkInterfaces>"),
        "{types}"
    );
    let (_, targets) = form(
        &door,
        &format!(
            "Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn={}",
            GROUP.replace(':', "%3A")
        ),
    );
    assert!(targets.contains("<State>healthy</State>"), "{targets}");
}

#[test]
fn what_these_services_dont_know_they_refuse() {
    let door = door();
    for (body, expected) in [
        (
            "Action=DescribeAutoScalingGroups&Version=2011-01-01&Names.member.1=a",
            "UnknownParameter",
        ),
        (
            "Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames.member.x=a",
            "UnknownParameter",
        ),
        (
            "Action=DescribeAutoScalingGroups&Version=2011-01-01&MaxRecords=101",
            "ValidationError",
        ),
        (
            "Action=DescribeScalingActivities&Version=2011-01-01&AutoScalingGroupName=nobody",
            "ValidationError",
        ),
        (
            "Action=DeleteAutoScalingGroup&Version=2011-01-01",
            "InvalidAction",
        ),
        (
            "Action=DescribeInstanceTypes&Version=2016-11-15&InstanceType.1=z9.huge",
            "InvalidInstanceType",
        ),
        (
            "Action=DescribeLaunchTemplateVersions&Version=2016-11-15&LaunchTemplateId=lt-1",
            "InvalidLaunchTemplateId.NotFound",
        ),
        (
            "Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=arn",
            "TargetGroupNotFound",
        ),
    ] {
        let (status, answer) = form(&door, body);
        assert_eq!((status, code(&answer)), (400, expected), "{body}");
    }
    let (status, answer) = form(&door, "Action=DescribeInstanceTypes&Version=1999-01-01");
    assert!(
        status == 400 && answer.contains("UnknownOperationException"),
        "{answer}"
    );
}

#[test]
fn denials_and_faults_have_each_services_own_names() {
    let door = door();
    let scaling = "Action=DescribeAutoScalingGroups&Version=2011-01-01";
    let ec2 = "Action=DescribeInstanceTypes&Version=2016-11-15&InstanceType.1=m5.large";
    for (kind, of_scaling, of_ec2) in [
        (
            FaultKind::Throttle,
            (400, "Throttling"),
            (503, "RequestLimitExceeded"),
        ),
        (
            FaultKind::ServerError,
            (500, "InternalFailure"),
            (500, "InternalError"),
        ),
        (
            FaultKind::ExpiredToken,
            (403, "ExpiredToken"),
            (400, "RequestExpired"),
        ),
    ] {
        for (body, expected) in [(scaling, of_scaling), (ec2, of_ec2)] {
            door.sim.fault(Fault::new("*", 1, kind.clone()));
            let (status, answer) = form(&door, body);
            assert_eq!((status, code(&answer)), expected, "{body}");
        }
    }
    door.sim.with(|world| {
        world.deny("autoscaling:DescribeAutoScalingGroups");
        world.deny("ec2:DescribeInstanceTypes");
    });
    for (body, expected) in [(scaling, "AccessDenied"), (ec2, "UnauthorizedOperation")] {
        let (status, answer) = form(&door, body);
        assert_eq!((status, code(&answer)), (403, expected));
        assert!(answer.contains("is not authorized to perform"), "{answer}");
    }
}

#[test]
fn logs_hold_what_a_container_wrote() {
    let door = door();
    let logs = |body: &Value| {
        let request = door::request("Logs_20140328", "GetLogEvents", &body.to_string());
        match door::answer(&door.sim, door.now, &request) {
            Answer::Response(response) | Answer::Late(_, response) => {
                serde_json::from_slice::<Value>(response.body()).unwrap()
            }
            Answer::Dropped => Value::Null,
        }
    };
    let task = door.sim.with(|world| world.tasks()[0].id.clone());
    let stream = format!("ecs/app/{task}");
    let shown = logs(&json!({"logGroupName": "/app", "logStreamName": stream, "limit": 1}));
    assert_eq!(shown["events"][0]["message"], "last");
    for (body, expected) in [
        (
            json!({"logGroupName": "/other", "logStreamName": stream}),
            "ResourceNotFoundException",
        ),
        (
            json!({"logGroupName": "/app", "logStreamName": "ecs/app/none"}),
            "ResourceNotFoundException",
        ),
        (
            json!({"logGroupName": "/app", "logStreamName": stream, "limit": 10_001}),
            "InvalidParameterException",
        ),
        (
            json!({"logGroupName": "/app", "logStreamName": stream, "tail": true}),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(logs(&body)["__type"], expected, "{body}");
    }
}

/// What an endpoint says that isn't AWS, or isn't well.
#[test]
fn a_read_fails_as_other_servers_let_it_fail() {
    let sim = door().sim;
    let asked = |kind: FaultKind| {
        sim.fault(Fault::new("ListTasks", 1, kind));
        let body = json!({"cluster": "web"}).to_string();
        let request = door::request("AmazonEC2ContainerServiceV20141113", "ListTasks", &body);
        let (late, response) = match sim.answer(T0, &request) {
            Answer::Response(response) => (0, response),
            Answer::Late(by_ms, response) => (by_ms, response),
            Answer::Dropped => (0, http::Response::default()),
        };
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        (late, response.status().as_u16(), text)
    };
    let (_, status, text) = asked(FaultKind::NotImplemented { status: 500 });
    assert!(
        status == 500 && text.contains("<h1>Internal Server Error</h1>"),
        "{text}"
    );
    let (_, status, text) = asked(FaultKind::NotImplemented { status: 501 });
    assert!(status == 501 && text.contains("InternalFailure"), "{text}");
    let (_, status, text) = asked(FaultKind::UnknownOperation);
    assert!(
        status == 400 && text.contains("UnknownOperationException"),
        "{text}"
    );
    let (_, status, text) = asked(FaultKind::Garbage);
    assert!(
        status == 200 && text.starts_with("<!doctype html>"),
        "{text}"
    );
    let (late, status, text) = asked(FaultKind::Slow { by_ms: 9000 });
    assert!(
        (late, status) == (9000, 200) && text.contains("taskArns"),
        "{text}"
    );
}
