//! The door's strictness: what AWS refuses is refused, in AWS's shape.

#[cfg(test)]
mod door;

use door::{Door, T0, request, small_app};
use plimsoll_sim::{Answer, Fault, FaultKind, InstanceSpec, ServiceSpec, World};
use serde_json::{Value, json};

fn world() -> World {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_instance(InstanceSpec::default());
    let task_definition = world.add_task_definition(small_app("app", 128, 256));
    world.create_service(ServiceSpec {
        task_definition,
        desired: 3,
        ..ServiceSpec::default()
    });
    world.add_image("hello", "1", "amd64");
    world
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("n{index}")).collect()
}

#[test]
fn bad_requests_are_refused() {
    let door = Door::new(world());
    let invalid = "InvalidParameterException";
    let shape = "SerializationException";
    let table: Vec<(&str, Value, &str, &str)> = vec![
        ("ListEverything", json!({}), "UnknownOperationException", ""),
        (
            "DescribeServices",
            json!({"cluster": "web"}),
            invalid,
            "Services cannot be null.",
        ),
        (
            "DescribeServices",
            json!({"cluster": "web", "services": []}),
            invalid,
            "Services cannot be empty.",
        ),
        (
            "DescribeServices",
            json!({"cluster": "web", "services": many(11)}),
            invalid,
            "Services cannot have more than 10 elements",
        ),
        (
            "DescribeServices",
            json!({"cluster": "web", "services": "api"}),
            shape,
            "STRING_VALUE can not be converted to a List",
        ),
        (
            "DescribeServices",
            json!({"cluster": "nope", "services": ["api"]}),
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        (
            "DescribeServices",
            json!({"services": ["api"]}),
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        (
            "DescribeTasks",
            json!({"cluster": "web", "tasks": []}),
            invalid,
            "Tasks cannot be empty.",
        ),
        (
            "DescribeTasks",
            json!({"cluster": "web", "tasks": many(101)}),
            invalid,
            "Tasks cannot have more than 100 elements",
        ),
        (
            "ListTasks",
            json!({"cluster": "web", "startedBy": "x", "serviceName": "api"}),
            invalid,
            "startedBy cannot be combined with other filters.",
        ),
        (
            "ListTasks",
            json!({"cluster": "web", "serviceName": "nope"}),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "ListTasks",
            json!({"cluster": "web", "desiredStatus": "GONE"}),
            invalid,
            "desiredStatus must be one of: RUNNING, PENDING, STOPPED",
        ),
        (
            "ListTasks",
            json!({"cluster": "web", "maxResults": 101}),
            invalid,
            "maxResults must be between 1 and 100.",
        ),
        (
            "ListTasks",
            json!({"cluster": "web", "maxResults": "5"}),
            shape,
            "STRING_VALUE can not be converted to an Integer",
        ),
        (
            "ListTasks",
            json!({"cluster": "web", "nextToken": "page-9000"}),
            invalid,
            "Invalid token.",
        ),
        (
            "ListContainerInstances",
            json!({"cluster": "web", "filter": "colour == red"}),
            invalid,
            "Invalid filter expression: unknown subject `colour`",
        ),
        (
            "DescribeContainerInstances",
            json!({"cluster": "web", "containerInstances": []}),
            invalid,
            "Container instances cannot be empty.",
        ),
        (
            "DescribeServiceDeployments",
            json!({"serviceDeploymentArns": many(21)}),
            invalid,
            "Service deployment arns cannot have more than 20 elements",
        ),
        (
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": "x"}),
            "ServiceDeploymentNotFoundException",
            "Service deployment not found.",
        ),
        (
            "StopTask",
            json!({"cluster": "web", "task": "x"}),
            invalid,
            "The referenced task was not found.",
        ),
        (
            "DescribeTaskDefinition",
            json!({"taskDefinition": "nope"}),
            "ClientException",
            "Unable to describe task definition.",
        ),
        (
            "UpdateService",
            json!({"cluster": "web", "service": "nope"}),
            "ServiceNotFoundException",
            "Service not found.",
        ),
        (
            "UpdateService",
            json!({"cluster": "web", "service": "api", "taskDefinition": "nope:1"}),
            "ClientException",
            "TaskDefinition not found.",
        ),
        (
            "UpdateService",
            json!({"cluster": "web", "service": "api", "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true}}}),
            invalid,
            "Rollback cannot be null.",
        ),
        (
            "UpdateService",
            json!({"cluster": "web", "service": "api", "availabilityZoneRebalancing": "ENABLED", "deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100}}),
            invalid,
            "AvailabilityZoneRebalancing does not support maximumPercent <= 100",
        ),
        (
            "RegisterTaskDefinition",
            json!({"containerDefinitions": []}),
            "ClientException",
            "Family cannot be empty.",
        ),
        (
            "RegisterTaskDefinition",
            json!({"family": "app", "containerDefinitions": []}),
            "ClientException",
            "Container list cannot be empty.",
        ),
        (
            "RegisterTaskDefinition",
            json!({"family": "app", "revision": 1}),
            invalid,
            "Unknown parameter in input: \"revision\"",
        ),
        (
            "RegisterTaskDefinition",
            json!({"family": "app", "tags": [], "containerDefinitions": [{}]}),
            "ClientException",
            "Tags can not be empty.",
        ),
        (
            "RegisterTaskDefinition",
            json!({"family": "app", "cpu": 256}),
            shape,
            "NUMBER_VALUE can not be converted to a String",
        ),
    ];
    for (operation, body, kind, message) in table {
        let (status, answer) = door.call(operation, &body);
        let told = answer["message"].as_str().unwrap_or_default();
        assert_eq!(
            (status, answer["__type"].as_str().unwrap(), told),
            (400, kind, message),
            "{operation} {body}"
        );
    }
    let (_, answer) = door.call("DescribeClusters", &json!({"cluster": "web"}));
    assert_eq!(
        answer["message"],
        "Unknown parameter in input: \"cluster\", must be one of: clusters, include"
    );
}

#[test]
fn ecr_refuses_as_ecr_does() {
    let door = Door::new(world());
    let table = [
        (
            "DescribeRepositories",
            json!({"repositoryNames": ["nope"]}),
            "RepositoryNotFoundException",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "hello", "imageIds": [{"imageTag": "2"}]}),
            "ImageNotFoundException",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "hello", "imageIds": []}),
            "InvalidParameterException",
        ),
        (
            "DescribeImages",
            json!({"repositoryName": "hello", "tag": "1"}),
            "InvalidParameterException",
        ),
        (
            "BatchGetImage",
            json!({"repositoryName": "hello"}),
            "InvalidParameterException",
        ),
        (
            "GetDownloadUrlForLayer",
            json!({"repositoryName": "hello", "layerDigest": "sha256:0"}),
            "LayersNotFoundException",
        ),
        ("PutImage", json!({}), "UnknownOperationException"),
    ];
    for (operation, body, kind) in table {
        let (status, answer) = door.ecr(operation, &body);
        assert_eq!(
            (status, answer["__type"].as_str()),
            (400, Some(kind)),
            "{operation} {body}"
        );
    }
    let missing = door
        .ecr("DescribeImages", &json!({"repositoryName": "x"}))
        .1;
    let text = "The repository with name 'x' does not exist in the registry with id '111122223333'";
    assert_eq!(missing["message"], text);
}

#[test]
fn an_image_is_found_down_to_its_configuration() {
    let door = Door::new(world());
    let id = json!({"repositoryName": "hello", "imageIds": [{"imageTag": "1"}]});
    let detail = door.ecr("DescribeImages", &id).1["imageDetails"][0].clone();
    let image = door.ecr("BatchGetImage", &id).1["images"][0].clone();
    assert_eq!(detail["imageDigest"], image["imageId"]["imageDigest"]);
    let manifest = image["imageManifest"].as_str().unwrap();
    assert_eq!(
        plimsoll_sim::digest(manifest.as_bytes()),
        detail["imageDigest"].as_str().unwrap()
    );
    let config = serde_json::from_str::<Value>(manifest).unwrap()["config"]["digest"].clone();
    let asked = json!({"repositoryName": "hello", "layerDigest": config});
    let url = door.ecr("GetDownloadUrlForLayer", &asked).1["downloadUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    let Answer::Response(blob) = door.sim.answer(
        T0,
        &http::Request::get(url).body(bytes::Bytes::new()).unwrap(),
    ) else {
        panic!("dropped")
    };
    let blob: Value = serde_json::from_slice(blob.body()).unwrap();
    assert_eq!(
        (blob["os"].as_str(), blob["architecture"].as_str()),
        (Some("linux"), Some("amd64"))
    );
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let door = Door::new(world());
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    for _ in 0..3 {
        let mut body = json!({"cluster": "web", "maxResults": 1});
        if token.is_string() {
            body["nextToken"] = token;
        }
        let page = door.ok("ListTasks", &body);
        seen.extend(page["taskArns"].as_array().unwrap().clone());
        token = page["nextToken"].clone();
    }
    assert!(token.is_null());
    let all = door.ok("ListTasks", &json!({"cluster": "web"}));
    assert_eq!(json!(seen), all["taskArns"]);
    assert_eq!(seen.len(), 3);
}

#[test]
fn missing_things_are_failures_or_errors() {
    let door = Door::new(world());
    let answer = door.ok(
        "DescribeServices",
        &json!({"cluster": "web", "services": ["api", "ghost"]}),
    );
    assert_eq!(answer["services"][0]["serviceName"], "api");
    let arn = "arn:aws:ecs:eu-west-1:111122223333:service/web/ghost";
    assert_eq!(
        answer["failures"],
        json!([{"arn": arn, "reason": "MISSING"}])
    );
}

#[test]
fn a_document_comes_back_as_it_was_given() {
    let door = Door::new(world());
    let mut document = small_app("fresh", 128, 256);
    document["zzNew"] = json!({"deep": [1, 2.50]});
    document["containerDefinitions"][0]["zzNewer"] = json!("x");
    document["tags"] = json!([{"key": "team", "value": "ship"}]);
    let registered = door.ok("RegisterTaskDefinition", &document);
    let asked = json!({"taskDefinition": "fresh", "include": ["TAGS"]});
    let described = door.ok("DescribeTaskDefinition", &asked);
    assert_eq!(registered["taskDefinition"], described["taskDefinition"]);
    assert_eq!(described["taskDefinition"]["zzNew"], document["zzNew"]);
    assert_eq!(
        described["taskDefinition"]["containerDefinitions"][0]["zzNewer"],
        "x"
    );
    assert_eq!(described["tags"], document["tags"]);
    assert_eq!(
        described["taskDefinition"]["containerDefinitions"][0]["essential"],
        true
    );
    let arn = described["taskDefinition"]["taskDefinitionArn"].clone();
    let gone = door.ok("DeregisterTaskDefinition", &json!({"taskDefinition": arn}));
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
}

#[test]
fn faults_happen_as_often_as_asked() {
    let door = Door::new(world());
    let fault = |operation: &str, kind: FaultKind| {
        door.sim.fault(Fault {
            operation: operation.to_owned(),
            times: 1,
            kind,
        });
    };
    let asked = json!({"cluster": "web", "services": ["api"]});
    let ask = || door.call("DescribeServices", &asked);
    fault("DescribeServices", FaultKind::Throttle);
    fault("DescribeServices", FaultKind::ServerError);
    fault("DescribeServices", FaultKind::ExpiredToken);
    fault("DescribeServices", FaultKind::Drop);
    fault("DescribeServices", FaultKind::Missing);
    assert_eq!(ask().1["message"], "Rate exceeded");
    assert_eq!(ask().0, 500);
    assert_eq!(ask().1["__type"], "ExpiredTokenException");
    assert_eq!(ask().0, 0);
    assert_eq!(ask().1["failures"][0]["reason"], "MISSING");
    assert_eq!(ask().1["services"][0]["desiredCount"], 3);

    fault("UpdateService", FaultKind::LostAnswer);
    let change = json!({"cluster": "web", "service": "api", "desiredCount": 2});
    assert_eq!(door.call("UpdateService", &change).0, 0);
    fault("DescribeServices", FaultKind::Stale { by_ms: 0 });
    assert_eq!(
        ask().1["services"][0]["desiredCount"],
        3,
        "as it was before the update"
    );
    assert_eq!(ask().1["services"][0]["desiredCount"], 2);
    let calls = door.sim.calls();
    assert_eq!(
        calls
            .iter()
            .filter(|call| call.operation == "UpdateService")
            .count(),
        1
    );
}

#[test]
fn who_may_not_is_told_so() {
    let door = Door::new(world());
    door.sim.with(|world| world.deny("ecs:ListTasks"));
    let (status, answer) = door.call("ListTasks", &json!({"cluster": "web"}));
    assert_eq!(
        (status, answer["__type"].as_str()),
        (400, Some("AccessDeniedException"))
    );
    assert_eq!(
        answer["message"],
        "User: arn:aws:sts::111122223333:assumed-role/deploy/session is not authorized to perform: ecs:ListTasks \
         on resource: * because no identity-based policy allows the ecs:ListTasks action"
    );
    let mut unsigned = request("AmazonEC2ContainerServiceV20141113", "ListTasks", "{}");
    unsigned.headers_mut().remove("authorization");
    let Answer::Response(response) = door::answer(&door.sim, T0, &unsigned) else {
        panic!("dropped")
    };
    assert!(
        String::from_utf8_lossy(response.body()).contains("MissingAuthenticationTokenException")
    );
}

#[test]
fn sts_speaks_xml() {
    let door = Door::new(world());
    let ask = |body: &str| {
        let request = http::Request::post("http://127.0.0.1/")
            .header("authorization", "AWS4-HMAC-SHA256 …".replace('…', "x"))
            .body(bytes::Bytes::from(body.to_owned()))
            .unwrap();
        match door::answer(&door.sim, T0, &request) {
            Answer::Response(response) | Answer::Late(_, response) => {
                String::from_utf8(response.body().to_vec()).unwrap()
            }
            Answer::Dropped => String::new(),
        }
    };
    assert!(
        ask("Action=GetCallerIdentity&Version=2011-06-15")
            .contains("<Account>111122223333</Account>")
    );
    assert!(ask("Action=AssumeRoot&Version=2011-06-15").contains("<Code>InvalidAction</Code>"));
}
