//! What no story of Plimsoll's asks for: operations of other clients, and documents that ECS refuses.

#[cfg(test)]
mod door;

use door::{Door, T0, small_app};
use plimsoll_sim::{InstanceSpec, ServiceSpec, World};
use serde_json::json;

fn door() -> Door {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_instance(InstanceSpec::default());
    let task_definition = world.add_task_definition(small_app("app", 128, 256));
    world.create_service(ServiceSpec {
        task_definition,
        ..ServiceSpec::default()
    });
    world.add_image("hello", "1", "amd64");
    Door::new(world)
}

#[test]
fn the_services_of_a_cluster_are_listed_by_arn() {
    let door = door();
    let own = door.service()["serviceArn"].clone();
    let list = |launch: &str| {
        let asked = json!({"cluster": "web", "launchType": launch});
        door.ok("ListServices", &asked)["serviceArns"].clone()
    };
    assert_eq!(list("EC2"), json!([own]));
    assert_eq!(list("FARGATE"), json!([]));
}

#[test]
fn a_service_revision_names_its_task_definition_and_image() {
    let door = door();
    let service = door.service();
    let revision = service["currentServiceRevisions"][0]["arn"].clone();
    let none = "arn:aws:ecs:eu-west-1:111122223333:service-revision/web/api/0";
    let asked = json!({"serviceRevisionArns": [revision, none]});
    let answer = door.ok("DescribeServiceRevisions", &asked);
    let shown = &answer["serviceRevisions"][0];
    assert_eq!(shown["taskDefinition"], service["taskDefinition"]);
    assert_eq!(shown["containerImages"][0]["image"], "example.com/app:1");
    assert_eq!(
        answer["failures"],
        json!([{"arn": none, "reason": "MISSING"}])
    );
}

#[test]
fn a_login_for_the_registry_lives_for_twelve_hours() {
    let (status, answer) = door().ecr("GetAuthorizationToken", &json!({}));
    assert_eq!(status, 200);
    let data = &answer["authorizationData"][0];
    let host = "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    assert_eq!(data["proxyEndpoint"], host);
    let seconds = data["expiresAt"].as_f64().unwrap() as i64;
    assert_eq!(seconds, T0 / 1000 + 12 * 3600);
}

#[test]
fn a_layer_is_there_or_not() {
    let door = door();
    let id = json!({"repositoryName": "hello", "imageIds": [{"imageTag": "1"}]});
    let image = door.ecr("BatchGetImage", &id).1["images"][0].clone();
    let manifest: serde_json::Value =
        serde_json::from_str(image["imageManifest"].as_str().unwrap()).unwrap();
    let digests = json!([manifest["config"]["digest"], "sha256:00"]);
    let asked = json!({"repositoryName": "hello", "layerDigests": digests});
    let (status, answer) = door.ecr("BatchCheckLayerAvailability", &asked);
    assert_eq!(status, 200);
    let there = |index: usize| answer["layers"][index]["layerAvailability"].clone();
    assert_eq!(
        (there(0), there(1)),
        (json!("AVAILABLE"), json!("UNAVAILABLE"))
    );
}

#[test]
fn a_document_without_what_ecs_requires_is_refused() {
    let door = door();
    let whole = small_app("app", 128, 256);
    for (part, missing) in [
        (json!({"secrets": [{"name": "A"}]}), "secrets.valueFrom"),
        (json!({"healthCheck": {}}), "healthCheck.command"),
        (
            json!({"linuxParameters": {"tmpfs": [{"containerPath": "/t"}]}}),
            "tmpfs.size",
        ),
        (
            json!({"firelensConfiguration": {}}),
            "firelensConfiguration.type",
        ),
    ] {
        let mut document = whole.clone();
        for (name, value) in part.as_object().unwrap() {
            document["containerDefinitions"][0][name] = value.clone();
        }
        let (status, answer) = door.call("RegisterTaskDefinition", &document);
        assert_eq!(
            (status, &answer["__type"]),
            (400, &json!("ClientException"))
        );
        let text = format!("{missing} should not be null or empty.");
        assert_eq!(answer["message"], text);
    }
    let mut document = whole;
    document["ephemeralStorage"] = json!({});
    let refused = door.call("RegisterTaskDefinition", &document).1;
    let text = "ephemeralStorage.sizeInGiB should not be null or empty.";
    assert_eq!(refused["message"], text);
    document["ephemeralStorage"] = json!({"sizeInGiB": 30});
    assert_eq!(door.call("RegisterTaskDefinition", &document).0, 200);
}
