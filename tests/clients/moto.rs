//! Another AWS: moto, an emulator that others wrote, on a port of loopback. It is started, set up and
//! stopped by each test, over its own API.
//!
//! moto keeps what it is sent and moves nothing. What it says differently than AWS:
//!
//! * `ListServiceDeployments`, `DescribeServiceDeployments`, `GetTaskProtection` of ECS and
//!   `GetDownloadUrlForLayer` of ECR are not implemented: HTTP 500 with a page of HTML.
//! * UpdateService changes the service's `taskDefinition` and leaves its one deployment as it is, of
//!   the revision that it was created for; `forceNewDeployment` only gives it another id.
//! * It starts no task for a service, whatever `runningCount` says: that is a number which the
//!   server is started with. `ListTasks` answers the tasks of all services, whichever is asked for.
//! * A task goes one state further each time that it is described, and ends with exit code 0.
//! * CreateService takes a service's place without a word where AWS refuses it.
//! * Groups, percentages, circuit breakers and events are not kept.
//!
//! Where a rollout has to move, the test moves it: see [`Moto::roll_out`].

mod deploys;
mod reads;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools;

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const REGION: &str = "eu-west-1";
/// moto's own account.
pub(super) const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// How a run of the binary ended.
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    /// Both streams, in the order in which they came.
    pub(super) log: String,
    pub(super) report: Value,
}

impl Ended {
    /// Asserts outcome and exit code.
    #[track_caller]
    pub(super) fn is(&self, outcome: &str, code: i32) -> &Ended {
        let ended = (self.report["outcome"].as_str(), self.code);
        assert_eq!(ended, (Some(outcome), Some(code)), "{}", self.log);
        self
    }

    /// Asserts that the log has each of these lines, whatever time stands before it.
    #[track_caller]
    pub(super) fn says(&self, lines: &[&str]) -> &Ended {
        for line in lines {
            assert!(
                self.log.contains(line),
                "`{line}` is missing in:\n{}",
                self.log
            );
        }
        self
    }
}

/// A server of its own for one test.
pub(super) struct Moto {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Moto {
    /// moto with service `api` of two tasks of api:1, which run on two m5.large, and the images `v1`
    /// and `v2`.
    pub(super) fn steady() -> Moto {
        let moto = Moto::new("2");
        moto.create_service("api", "api:1");
        moto.place("api");
        moto
    }

    /// moto without a service, and with the revision api:1; each service counts `running` tasks.
    pub(super) fn new(running: &str) -> Moto {
        let moto = Moto::start(running);
        // As long as a task isn't to end, its state stays.
        moto.tasks_move_after(1_000_000);
        moto.ecs("CreateCluster", &json!({"clusterName": "web"}));
        for _ in 0..2 {
            moto.add_instance();
        }
        moto.ecr("CreateRepository", &json!({"repositoryName": "api"}));
        moto.put_index("v1");
        moto.put_index("v2");
        moto.register(&image("v1"));
        moto
    }

    fn start(running: &str) -> Moto {
        let folder = tempfile::tempdir().unwrap();
        let mut child = tools::command("moto_server", folder.path())
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("MOTO_ECS_SERVICE_RUNNING", running)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut words = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let from = said.len();
            let read = words.read_line(&mut said).unwrap();
            assert_ne!(read, 0, "moto_server ended: {said}");
            if let Some((_, address)) = said[from..].split_once("Running on http://") {
                break address.trim().to_owned();
            }
        };
        // Its pages of errors must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
        Moto {
            child,
            address,
            folder,
        }
    }

    /// One request of a service, with the headers that say which; status and body.
    fn post(&self, service: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let path = if service == "moto" {
            "/moto-api/state-manager/set-transition"
        } else {
            "/"
        };
        let (address, length) = (&self.address, body.len());
        // Nothing checks the signature; the scope says which service is meant.
        let request = format!(
            "POST {path} HTTP/1.0\r\nhost: {address}\r\ncontent-length: {length}\r\n{headers}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261120/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    fn json(&self, (service, target): (&str, &str), name: &str, body: &Value) -> (u16, String) {
        let headers =
            format!("content-type: application/x-amz-json-1.1\r\nx-amz-target: {target}.{name}");
        self.post(service, &headers, &body.to_string())
    }

    /// The status of an answer of ECS.
    pub(super) fn status_of(&self, name: &str) -> u16 {
        self.json(("ecs", ECS), name, &json!({})).0
    }

    /// An answer of ECS.
    #[track_caller]
    pub(super) fn ecs(&self, name: &str, body: &Value) -> Value {
        let (status, answer) = self.json(("ecs", ECS), name, body);
        assert_eq!(status, 200, "{name}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    #[track_caller]
    fn ecr(&self, name: &str, body: &Value) {
        let (status, answer) = self.json(("ecr", ECR), name, body);
        assert_eq!(status, 200, "{name}: {answer}");
    }

    /// A task goes one state further when it has been described so often.
    pub(super) fn tasks_move_after(&self, times: u32) {
        let transition = json!({
            "model_name": "ecs::task",
            "transition": {"progression": "manual", "times": times},
        });
        let headers = "content-type: application/json";
        assert_eq!(
            self.post("moto", headers, &transition.to_string()).0,
            201,
            "moto's states"
        );
    }

    /// Launches an m5.large and registers it in cluster `web`: 4096 units and 7482 MiB, as moto has
    /// it for each instance.
    fn add_instance(&self) {
        let form = "Action=RunInstances&Version=2016-11-15&ImageId=ami-12c6146b&MinCount=1&MaxCount=1&InstanceType=m5.large";
        let headers = "content-type: application/x-www-form-urlencoded";
        let (_, answer) = self.post("ec2", headers, form);
        let (_, rest) = answer.split_once("<instanceId>").unwrap();
        let (id, _) = rest.split_once('<').unwrap();
        let document = json!({"instanceId": id}).to_string();
        self.ecs(
            "RegisterContainerInstance",
            &json!({"cluster": "web", "instanceIdentityDocument": document}),
        );
    }

    /// An index that names an image for amd64: its platform needs no blob, which moto can't give.
    fn put_index(&self, tag: &str) {
        let kind = "application/vnd.oci.image.index.v1+json";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": kind,
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": plimsoll_sim::digest(tag.as_bytes()),
                "size": 1,
                "platform": {"architecture": "amd64", "os": "linux"},
            }],
        });
        self.put(tag, &manifest.to_string());
    }

    /// A plain image, whose platform stands in its configuration blob.
    pub(super) fn put_image(&self, tag: &str) {
        let part = |media: &str| json!({"mediaType": media, "digest": plimsoll_sim::digest(tag.as_bytes()), "size": 1});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": part("application/vnd.oci.image.config.v1+json"),
            "layers": [part("application/vnd.oci.image.layer.v1.tar+gzip")],
        });
        self.put(tag, &manifest.to_string());
    }

    fn put(&self, tag: &str, manifest: &str) {
        self.ecr(
            "PutImage",
            &json!({
                "repositoryName": "api",
                "imageTag": tag,
                "imageManifest": manifest,
                "imageDigest": plimsoll_sim::digest(manifest.as_bytes()),
            }),
        );
    }

    /// Registers the next revision of `api`.
    pub(super) fn register(&self, image: &str) {
        self.ecs("RegisterTaskDefinition", &definition(image, 512));
    }

    pub(super) fn create_service(&self, name: &str, revision: &str) {
        self.ecs(
            "CreateService",
            &json!({
                "cluster": "web",
                "serviceName": name,
                "taskDefinition": revision,
                "desiredCount": 2,
                "launchType": "EC2",
            }),
        );
    }

    /// Starts a task of the service's deployment on each instance, as ECS would.
    pub(super) fn place(&self, service: &str) {
        let deployment = &self.service(service)["deployments"][0];
        let instances = self.ecs("ListContainerInstances", &json!({"cluster": "web"}));
        self.ecs(
            "StartTask",
            &json!({
                "cluster": "web",
                "taskDefinition": deployment["taskDefinition"],
                "startedBy": deployment["id"],
                "group": format!("service:{service}"),
                "containerInstances": instances["containerInstanceArns"],
            }),
        );
    }

    /// Does what ECS does after an update: a deployment of the revision takes the place of the one
    /// before, and its tasks run.
    pub(super) fn roll_out(&self, service: &str, revision: &str) {
        self.create_service(service, revision);
        self.place(service);
    }

    /// The service as DescribeServices has it.
    pub(super) fn service(&self, name: &str) -> Value {
        let asked = json!({"cluster": "web", "services": [name]});
        self.ecs("DescribeServices", &asked)["services"][0].take()
    }

    /// The current deployment's id.
    pub(super) fn deployment(&self, service: &str) -> Value {
        self.service(service)["deployments"][0]["id"].take()
    }

    /// The revisions of `api` that there are.
    pub(super) fn revisions(&self) -> usize {
        let listed = self.ecs("ListTaskDefinitions", &json!({"familyPrefix": "api"}));
        listed["taskDefinitionArns"].as_array().unwrap().len()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_while(arguments, |_| {})
    }

    /// The same, and `at` sees each line when it is written.
    pub(super) fn run_while(&self, arguments: &[&str], mut at: impl FnMut(&str)) -> Ended {
        let (output, input) = std::io::pipe().unwrap();
        let report = self.path("report.json");
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("plimsoll"));
        command
            .args(arguments)
            .arg("--report")
            .arg(&report)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(input.try_clone().unwrap())
            .stderr(input);
        let mut child = command.spawn().unwrap();
        // It holds the pipe's other ends, and the output ends when all are closed.
        drop(command);
        let mut log = String::new();
        for line in BufReader::new(output).lines() {
            let line = line.unwrap();
            at(&line);
            log.push_str(&line);
            log.push('\n');
        }
        let code = child.wait().unwrap().code();
        let report = std::fs::read_to_string(report).unwrap_or_default();
        Ended {
            code,
            log,
            report: serde_json::from_str(&report).unwrap_or_default(),
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It keeps nothing, and may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address of an image of `api`.
pub(super) fn image(tag: &str) -> String {
    format!("{REGISTRY}/api:{tag}")
}

/// A task definition `api` of 256 units and `memory` MiB.
pub(super) fn definition(image: &str, memory: u32) -> Value {
    json!({
        "family": "api",
        "containerDefinitions": [{
            "name": "app",
            "image": image,
            "cpu": 256,
            "memory": memory,
            "portMappings": [{"containerPort": 8080}],
        }],
    })
}
