//! How the stories talk to the world: requests as an SDK makes them, one virtual second apart.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses its part"
)]

#[path = "../../../tests/clients/model/record.rs"]
mod record;

use bytes::Bytes;
use plimsoll_sim::{Answer, Sim, World};
use serde_json::{Value, json};

/// When every story starts.
pub(crate) const T0: i64 = 1_790_000_000_000;

pub(crate) struct Door {
    pub(crate) sim: Sim,
    pub(crate) now: i64,
}

/// A task definition of one container.
pub(crate) fn small_app(family: &str, cpu: i64, memory: i64) -> Value {
    json!({"family": family, "containerDefinitions": [
        {"name": "app", "image": "example.com/app:1", "cpu": cpu, "memory": memory}]})
}

pub(crate) fn request(service: &str, operation: &str, body: &str) -> http::Request<Bytes> {
    http::Request::post("http://127.0.0.1/")
        .header("x-amz-target", format!("{service}.{operation}"))
        .header("content-type", "application/x-amz-json-1.1")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

/// What the stand-in answers; AWS's own model is held against it later.
pub(crate) fn answer(sim: &Sim, now: i64, request: &http::Request<Bytes>) -> Answer {
    let answer = sim.answer(now, request);
    record::note("test", request, &answer);
    answer
}

impl Door {
    pub(crate) fn new(world: World) -> Door {
        Door {
            sim: Sim::new(world),
            now: T0,
        }
    }

    /// Status and body of any operation.
    pub(crate) fn call(&self, operation: &str, body: &Value) -> (u16, Value) {
        self.call_at("AmazonEC2ContainerServiceV20141113", operation, body)
    }

    pub(crate) fn ecr(&self, operation: &str, body: &Value) -> (u16, Value) {
        self.call_at("AmazonEC2ContainerRegistry_V20150921", operation, body)
    }

    fn call_at(&self, service: &str, operation: &str, body: &Value) -> (u16, Value) {
        let request = request(service, operation, &body.to_string());
        match answer(&self.sim, self.now, &request) {
            Answer::Response(response) | Answer::Late(_, response) => (
                response.status().as_u16(),
                serde_json::from_slice(response.body()).unwrap(),
            ),
            Answer::Dropped => (0, Value::Null),
        }
    }

    /// The body of an operation that has to work.
    pub(crate) fn ok(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) = self.call(operation, body);
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    pub(crate) fn service(&self) -> Value {
        self.ok(
            "DescribeServices",
            &json!({"cluster": "web", "services": ["api"]}),
        )["services"][0]
            .clone()
    }

    /// Registers the document and updates the service to it; the id of the new deployment.
    pub(crate) fn deploy(&mut self, document: &Value) -> String {
        let registered = self.ok("RegisterTaskDefinition", document);
        let arn = registered["taskDefinition"]["taskDefinitionArn"].clone();
        let updated = self.ok(
            "UpdateService",
            &json!({"cluster": "web", "service": "api", "taskDefinition": arn}),
        );
        updated["service"]["deployments"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds * 1000;
        self.sim.with(|world| world.advance_to(self.now));
    }

    /// Waits until the first deployment has this state, and says after how many seconds.
    pub(crate) fn wait_for(&mut self, state: &str, most: i64) -> i64 {
        for second in 0..most {
            self.pass(1);
            if self.service()["deployments"][0]["rolloutState"] == state {
                return second + 1;
            }
        }
        panic!(
            "not {state} after {most} s:\n{}\n{:#}",
            self.told(),
            self.service()["deployments"]
        );
    }

    /// The events since the start, oldest first: second and words, ids shortened.
    pub(crate) fn told(&self) -> String {
        let service = self.service();
        let events = service["events"].as_array().unwrap();
        let mut lines = Vec::new();
        for event in events.iter().rev() {
            let at = (event["createdAt"].as_f64().unwrap() * 1000.0).round() as i64 - T0;
            if at >= 0 {
                lines.push(format!(
                    "{:>4} {}",
                    at / 1000,
                    shorten(event["message"].as_str().unwrap())
                ));
            }
        }
        lines.join("\n")
    }
}

/// Long ids are cut: `(task 01234567…` becomes `(task …)`.
pub(crate) fn shorten(text: &str) -> String {
    let word = |word: &str| {
        let core: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        if core.len() >= 19 && core.chars().any(|c| c.is_ascii_digit()) {
            let end: String = word.chars().skip_while(|c| !").,".contains(*c)).collect();
            format!("…{end}")
        } else {
            word.to_owned()
        }
    };
    let text = text.replace("(service api) ", "");
    text.split(' ').map(word).collect::<Vec<_>>().join(" ").replace(" For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.", "")
}
