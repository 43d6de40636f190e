//! The stand-in behind its socket door, for the clients that others wrote.
//!
//! A minute of the stand-in is a second. Its time begins in the past and stays there: a client holds
//! the times of events against the clock on the wall.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use plimsoll_sim::{Breaker, Exit, InstanceSpec, ServiceSpec, Sim, TaskBehaviour, World};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::tools;

/// So much faster than the wall's clock.
pub(crate) const SPEED: i64 = 60;
/// No test reaches the present from here, at that speed.
const PAST_MS: i64 = 3 * 3_600_000;

/// A service `api` of one task on one m5.large, with api:1 running; the repository has `v1` and `v2`.
pub(crate) struct Stage {
    pub(crate) sim: Sim,
    folder: TempDir,
    endpoint: String,
    // Dropped last: the door closes with it.
    _runtime: Runtime,
}

/// How a client ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Both streams.
    pub(crate) log: String,
    pub(crate) stdout: Vec<u8>,
}

impl Ended {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn is(&self, code: i32) -> &Ended {
        assert_eq!(self.code, Some(code), "{}", self.log);
        self
    }

    /// Asserts that it printed each of these.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) -> &Ended {
        for text in texts {
            assert!(
                self.log.contains(text),
                "`{text}` is missing in:\n{}",
                self.log
            );
        }
        self
    }

    /// The standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {}", self.log))
    }
}

/// A definition of `cpu` units; an m5.large has 2048.
pub(crate) fn definition(tag: &str, cpu: i64) -> Value {
    json!({
        "family": "api",
        "networkMode": "bridge",
        "containerDefinitions": [{
            "name": "app",
            "image": format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:{tag}"),
            "cpu": cpu,
            "memory": 512,
            "essential": true,
            "portMappings": [{"containerPort": 8080, "hostPort": 0, "protocol": "tcp"}],
        }],
    })
}

impl Stage {
    /// Room for both revisions: a task of 256 units.
    pub(crate) fn roomy() -> Stage {
        Stage::new(256, None)
    }

    /// No room for a new task next to the old one, and that one may not stop first.
    pub(crate) fn full() -> Stage {
        Stage::new(1536, None)
    }

    /// Tasks of `v2` crash, until the circuit breaker ends the deployment and perhaps rolls it back.
    pub(crate) fn crashing(rollback: bool) -> Stage {
        let breaker = Breaker {
            rollback,
            ..Breaker::default()
        };
        let stage = Stage::new(256, Some(breaker));
        let exit = Some(Exit {
            after_secs: 3,
            code: 137,
            reason: String::new(),
        });
        stage.sim.with(|world| {
            world.behaviour(
                "api:v2",
                TaskBehaviour {
                    exit,
                    ..TaskBehaviour::default()
                },
            );
        });
        stage
    }

    fn new(cpu: i64, breaker: Option<Breaker>) -> Stage {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let start = i64::try_from(now.as_millis()).unwrap() - PAST_MS;
        let mut world = World::new(start)
            .region("eu-west-1")
            .account("111122223333");
        world.add_cluster("web");
        world.add_image("api", "v1", "amd64");
        world.add_image("api", "v2", "amd64");
        world.add_instance(InstanceSpec::default());
        let task_definition = world.add_task_definition(definition("v1", cpu));
        world.create_service(ServiceSpec {
            task_definition,
            breaker,
            ..ServiceSpec::default()
        });
        let sim = Sim::new(world);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let bound = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)));
        let listener = bound.unwrap();
        let address = listener.local_addr().unwrap();
        let since = Instant::now();
        let clock = move || start + i64::try_from(since.elapsed().as_millis()).unwrap() * SPEED;
        runtime.spawn(plimsoll_sim::serve(listener, sim.clone(), clock, None));
        Stage {
            sim,
            folder: tempfile::tempdir().unwrap(),
            endpoint: format!("http://{address}"),
            _runtime: runtime,
        }
    }

    /// A client that asks the stand-in.
    pub(crate) fn client(&self, name: &str) -> Command {
        let mut command = tools::command(name, self.folder.path());
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// Runs a client to its end.
    pub(crate) fn run(&self, mut command: Command) -> Ended {
        let output = command.output().unwrap();
        Ended {
            code: output.status.code(),
            log: tools::log(&output),
            stdout: output.stdout,
        }
    }

    /// Registers the task definition of `v2`: api:2.
    pub(crate) fn register_v2(&self, cpu: i64) {
        self.sim
            .with(|world| world.add_task_definition(definition("v2", cpu)));
    }

    /// The revision that runs, as its PRIMARY deployment has it: `api:2`.
    pub(crate) fn primary(&self) -> String {
        self.sim.with(|world| {
            let service = world.service("web", "api").unwrap();
            let arn = &service.deployments[0].task_definition;
            arn.rsplit('/').next().unwrap().to_owned()
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether a revision is `ACTIVE` or `INACTIVE`.
    pub(crate) fn status(&self, revision: &str) -> String {
        self.sim.with(|world| {
            let found = world.find_task_definition(revision).unwrap();
            found.document["status"].as_str().unwrap().to_owned()
        })
    }

    /// How many tasks run or are on their way.
    pub(crate) fn tasks(&self) -> usize {
        self.sim.with(|world| {
            let all = world.tasks().iter();
            all.filter(|task| task.stopping.is_none()).count()
        })
    }

    /// How often `operation` was called.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        let calls = self.sim.calls();
        calls
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    /// Writes a file of the client's home.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
