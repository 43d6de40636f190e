//! A world, the runner's files, and the binary started on them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_sim::{InstanceSpec, Registry, ServiceSpec, Sim, World};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::door::{self, Gate};
pub(crate) use crate::running::{Ended, Running};

/// A minute of the stand-in is a second, so a whole rollout takes two or three.
const SPEED: i64 = 60;

pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYsecretkey0";
pub(crate) const SESSION_TOKEN: &str = "FwoGZXIvYXdzEBYaDsessiontoken";
/// The commit of the step, and so the tag of what it builds.
pub(crate) const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
/// The value of an environment variable of the running task definition.
pub(crate) const VALUE: &str = "postgres-pass-in-the-environment";

/// The stand-in behind its gate, and the files of one step.
pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) gate: Gate,
    /// The runner's directories: `_temp`, `_file_commands`, `workspace`.
    pub(crate) folder: TempDir,
    pub(crate) endpoint: String,
    env: Vec<(String, String)>,
    /// Variables whose value is empty, or no text.
    odd: Vec<(OsString, OsString)>,
    // Dropped last: the door closes with it.
    _runtime: Runtime,
}

/// Service `api` of one task on two m5.large, `v1` of it running and `v2` in ECR.
pub(crate) fn usual(world: &mut World) {
    world.add_image("api", "v1", "amd64");
    world.add_image("api", "v2", "amd64");
    for _ in 0..2 {
        world.add_instance(InstanceSpec::default());
    }
    let task_definition = world.add_task_definition(definition(
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1",
    ));
    world.create_service(ServiceSpec {
        task_definition,
        ..ServiceSpec::default()
    });
}

pub(crate) fn definition(image: &str) -> Value {
    json!({
        "family": "api",
        "containerDefinitions": [{
            "name": "app",
            "image": image,
            "cpu": 256,
            "memory": 512,
            "environment": [{"name": "DATABASE_PASSWORD", "value": VALUE}],
            "portMappings": [{"containerPort": 8080}],
        }],
    })
}

/// This build's binary, or the one that is to be looked at instead.
pub(crate) fn binary() -> PathBuf {
    let other = std::env::var_os("PLIMSOLL_BINARY").map(PathBuf::from);
    other.unwrap_or_else(|| assert_cmd::cargo::cargo_bin!("plimsoll").to_path_buf())
}

/// Every input of `action.yml` with its default, as the runner passes what a workflow leaves out.
fn defaults() -> Vec<(String, String)> {
    let text = include_str!("../../action.yml");
    let action: Value = yaml_serde::from_str(text).unwrap();
    let inputs = action["inputs"].as_object().unwrap();
    let default = |input: &Value| input["default"].as_str().unwrap_or_default().to_owned();
    inputs
        .iter()
        .map(|(name, input)| (format!("INPUT_{}", name.to_uppercase()), default(input)))
        .collect()
}

impl Stage {
    pub(crate) fn new(build: impl FnOnce(&mut World)) -> Stage {
        Stage::open(build, None)
    }

    /// With a registry the images are those that it holds.
    pub(crate) fn open(build: impl FnOnce(&mut World), registry: Option<Registry>) -> Stage {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis();
        let mut world = World::new(i64::try_from(now).unwrap())
            .region("eu-west-1")
            .account("111122223333");
        world.add_cluster("web");
        build(&mut world);
        let (sim, gate) = (Sim::new(world), Gate::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let address = runtime.block_on(door::open(sim.clone(), gate.clone(), (SPEED, registry)));
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "_temp",
            "_temp/_github_home",
            "_temp/_github_workflow",
            "_temp/_runner_file_commands",
            "workspace",
        ] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        for name in ["output", "summary", "state"] {
            fs::write(
                folder.path().join("_temp/_runner_file_commands").join(name),
                "",
            )
            .unwrap();
        }
        let stage = Stage {
            sim,
            gate,
            folder,
            endpoint: format!("http://{address}"),
            env: defaults(),
            odd: Vec::new(),
            _runtime: runtime,
        };
        stage
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_SESSION_TOKEN", SESSION_TOKEN)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .at_endpoint()
    }

    fn at_endpoint(self) -> Stage {
        let endpoint = self.endpoint.clone();
        self.env("AWS_ENDPOINT_URL", &endpoint)
    }

    /// Sets a variable; an empty value takes it away, save an input's: the runner passes those too.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Stage {
        self.env.retain(|(key, _)| key != name);
        if !value.is_empty() || name.starts_with("INPUT_") {
            self.env.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sets a variable to whatever it is, empty or no text at all.
    pub(crate) fn odd(mut self, name: &[u8], value: &[u8]) -> Stage {
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        self.odd.push((text(name), text(value)));
        self
    }

    /// An input of the action, passed as the runner does: hyphens stay.
    pub(crate) fn input(self, name: &str, value: &str) -> Stage {
        self.env(
            &format!("INPUT_{}", name.replace(' ', "_").to_uppercase()),
            value,
        )
    }

    /// The redeploy of `v2` of service `api`.
    pub(crate) fn redeploy(self) -> Stage {
        let inputs = [
            ("repository", "api"),
            ("image-tag", "v2"),
            ("cluster", "web"),
            ("service", "api"),
            ("poll-interval", "1s"),
        ];
        inputs
            .into_iter()
            .fold(self, |stage, (name, value)| stage.input(name, value))
    }

    /// Everything that the step's process finds in its environment.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.env
    }

    /// One of them.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.env.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Forgets the outputs of the last step.
    pub(crate) fn next_step(&self) {
        fs::write(self.file("output"), "").unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments);
        self.prepared(command)
    }

    /// The command in this stage's environment.
    fn prepared(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .envs(self.odd.iter().map(|(name, value)| (name, value)));
        command
            .env("HOME", self.path("_temp/_github_home"))
            .current_dir(self.path("workspace"));
        if let (Ok(host), false) = (
            std::env::var("DOCKER_HOST"),
            self.env.iter().any(|(name, _)| name == "DOCKER_HOST"),
        ) {
            command.env("DOCKER_HOST", host);
        }
        command
    }

    /// Starts the binary as the action.
    pub(crate) fn start(&self) -> Running<'_> {
        self.spawn(self.action())
    }

    /// Runs the binary as the runner does after the job's steps: by another name, and with what the
    /// step has left in its state.
    pub(crate) fn run_after(&self) -> Ended {
        let mut command = self.action();
        command
            .arg0(plimsoll::app::after::ENTRYPOINT)
            .envs(self.state());
        self.spawn(command).end()
    }

    /// The binary as the action, for a test that starts it itself.
    pub(crate) fn action(&self) -> Command {
        self.as_action(self.command(&[]))
    }

    /// Starts another program than the binary as the action.
    pub(crate) fn start_other(&self, program: Command) -> Running<'_> {
        self.spawn(self.as_action(self.prepared(program)))
    }

    /// The command with what the runner adds for an action.
    fn as_action(&self, mut command: Command) -> Command {
        command
            .env("GITHUB_ACTIONS", "true")
            .env("CI", "true")
            .env("GITHUB_WORKSPACE", self.path("workspace"))
            .env("RUNNER_TEMP", self.path("_temp"))
            .env("GITHUB_OUTPUT", self.file("output"))
            .env("GITHUB_STEP_SUMMARY", self.file("summary"))
            .env("GITHUB_STATE", self.file("state"))
            .env("GITHUB_SHA", SHA);
        command
    }

    /// A file of the runner's commands.
    fn file(&self, name: &str) -> PathBuf {
        self.path("_temp/_runner_file_commands").join(name)
    }

    /// Starts a process whose both streams go to this stage's log.
    pub(crate) fn spawn(&self, command: Command) -> Running<'_> {
        Running::start(self, command)
    }

    /// Runs the action to its end.
    pub(crate) fn run(&self) -> Ended {
        self.start().end()
    }

    /// Runs the command to its end.
    pub(crate) fn run_command(&self, arguments: &[&str]) -> Ended {
        self.spawn(self.command(arguments)).end()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// An output as the runner reads it.
    pub(crate) fn output(&self, name: &str) -> String {
        let found = self
            .values("output")
            .into_iter()
            .rfind(|(key, _)| key == name);
        let all = || fs::read_to_string(self.file("output")).unwrap();
        found
            .unwrap_or_else(|| panic!("no output `{name}` in {}", all()))
            .1
    }

    /// All outputs.
    pub(crate) fn outputs(&self) -> BTreeMap<String, String> {
        self.values("output").into_iter().collect()
    }

    /// The step's state as the process after the job finds it.
    pub(crate) fn state(&self) -> Vec<(String, String)> {
        let values = self.values("state").into_iter();
        values
            .map(|(name, value)| (format!("STATE_{name}"), value))
            .collect()
    }

    /// Names and values of a file of the runner's commands.
    fn values(&self, file: &str) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.file(file)).unwrap();
        let mut lines = text.lines();
        let mut values = Vec::new();
        while let Some(line) = lines.next() {
            let (key, end) = line
                .split_once("<<")
                .unwrap_or_else(|| panic!("neither name nor end: {line}"));
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            values.push((key.to_owned(), value.join("\n")));
        }
        values
    }

    pub(crate) fn summary(&self) -> String {
        fs::read_to_string(self.file("summary")).unwrap()
    }

    pub(crate) fn report(&self) -> Value {
        let text = fs::read_to_string(self.path("_temp/plimsoll-report.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// How often `operation` was called.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.sim
            .calls()
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }
}
