//! The AWS CLI against the stand-in: what people script a deploy with.
//!
//! `aws ecs wait services-stable` looks every 15 s, 40 times. Here it does so at the stand-in's pace,
//! by the CLI's own setting for models: four looks a second, which are 40 in ten seconds.
//! `aws ecs deploy` isn't tried: it deploys by CodeDeploy, which the stand-in has not.

use std::fs;

use serde_json::{Value, json};

use crate::stage::{Ended, SPEED, Stage};
use crate::tools;

impl Stage {
    fn aws(&self, arguments: &[&str]) -> Ended {
        let mut command = self.client("aws");
        command
            .args(arguments)
            .env("AWS_DATA_PATH", self.path("models"));
        self.run(command)
    }

    /// The update that people send before they wait.
    fn update(&self) -> Ended {
        let update = [
            "ecs",
            "update-service",
            "--cluster",
            "web",
            "--service",
            "api",
        ];
        self.aws(&[&update[..], &["--task-definition", "api:2"]].concat())
    }

    fn wait_until_stable(&self) -> Ended {
        let model = fs::read_to_string(model("waiters-2.json")).unwrap();
        let mut model: Value = serde_json::from_str(&model).unwrap();
        let delay = model["waiters"]["ServicesStable"]["delay"]
            .as_f64()
            .unwrap();
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let quick = delay / SPEED as f64;
        model["waiters"]["ServicesStable"]["delay"] = json!(quick);
        self.write("models/ecs/2014-11-13/waiters-2.json", &model.to_string());
        self.aws(&WAIT)
    }

    fn describe(&self, cluster: &str, service: &str) -> Ended {
        let describe = ["ecs", "describe-services", "--cluster", cluster];
        self.aws(&[&describe[..], &["--services", service]].concat())
    }
}

const WAIT: [&str; 7] = [
    "ecs",
    "wait",
    "services-stable",
    "--cluster",
    "web",
    "--services",
    "api",
];

/// A file of botocore's model of ECS.
fn model(name: &str) -> std::path::PathBuf {
    let lib = tools::program("python").with_file_name("../lib");
    let versions = fs::read_dir(lib).unwrap();
    let python = versions
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("site-packages/botocore").exists());
    let data = "site-packages/botocore/data/ecs/2014-11-13";
    python.unwrap().join(data).join(name)
}

#[test]
fn a_rollout_that_works_gets_stable() {
    let stage = Stage::roomy();
    stage.register_v2(256);
    let updated = stage.update().is(0).json();
    let deployments = &updated["service"]["deployments"];
    assert_eq!(deployments[0]["status"], "PRIMARY");
    assert_eq!(deployments[0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(deployments[1]["status"], "ACTIVE");
    let waited = stage.wait_until_stable();
    assert_eq!(waited.is(0).log, "");
    let described = stage.describe("web", "api").is(0).json();
    let service = &described["services"][0];
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(service["runningCount"], 1);
    assert_eq!(described["failures"], json!([]));
}

#[test]
fn a_rollout_without_room_never_gets_stable() {
    let stage = Stage::full();
    stage.register_v2(1536);
    stage.update().is(0);
    let waited = stage.wait_until_stable();
    waited
        .is(255)
        .says(&["Waiter ServicesStable failed: Max attempts exceeded"]);
    assert_eq!(stage.calls("DescribeServices"), 40);
    let described = stage.describe("web", "api").json();
    let event = described["services"][0]["events"][0]["message"].as_str();
    assert!(
        event.is_some_and(|text| text.starts_with("(service api) was unable to place a task")),
        "{event:?}"
    );
}

/// The fault that many deploys have: a service that is back at its old revision is as stable as one
/// that has the new one.
#[test]
fn a_rollback_of_the_circuit_breaker_looks_like_success() {
    let stage = Stage::crashing(true);
    stage.register_v2(256);
    stage.update().is(0);
    let waited = stage.wait_until_stable();
    assert_eq!(waited.is(0).log, "");
    assert_eq!(stage.primary(), "api:1");
    let described = stage.describe("web", "api").json();
    let service = &described["services"][0];
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    // Only the events tell.
    let events = service["events"].to_string();
    for said in [
        "deployment failed: tasks failed to start.",
        "rolling back to deployment ecs-svc/",
    ] {
        assert!(events.contains(said), "{events}");
    }
}

#[test]
fn what_is_not_there_is_named_in_ecss_words() {
    let stage = Stage::roomy();
    let missing = stage.describe("web", "nothing").is(0).json();
    assert_eq!(
        missing["failures"],
        json!([{
            "arn": "arn:aws:ecs:eu-west-1:111122223333:service/web/nothing",
            "reason": "MISSING",
        }])
    );
    let waited = stage.aws(&[&WAIT[..6], &["nothing"]].concat());
    waited.is(255).says(&[
        "Waiter ServicesStable failed: Waiter encountered a terminal failure state: For expression \"failures[].reason\" we matched expected path: \"MISSING\" at least once",
    ]);
    stage.describe("nowhere", "api").is(255).says(&[
        "An error occurred (ClusterNotFoundException) when calling the DescribeServices operation: Cluster not found.",
    ]);
    stage
        .update()
        .is(255)
        .says(&["An error occurred (ClientException) when calling the UpdateService operation: "]);
}

#[test]
fn what_is_denied_is_named_by_its_action() {
    let stage = Stage::roomy();
    stage.register_v2(256);
    stage.sim.with(|world| world.deny("ecs:DescribeServices"));
    let denied = "An error occurred (AccessDeniedException) when calling the DescribeServices operation: User: ";
    let action = "is not authorized to perform: ecs:DescribeServices on resource: ";
    stage.describe("web", "api").is(255).says(&[denied, action]);
    let waited = stage.wait_until_stable();
    waited.is(255).says(&[
        "Waiter ServicesStable failed: An error occurred (AccessDeniedException): User: ",
        action,
    ]);
    // The update itself is allowed.
    stage.update().is(0);
}
