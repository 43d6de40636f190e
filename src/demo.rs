//! `plimsoll demo`: the main job against the embedded stand-in for AWS.
//!
//! The stand-in listens on loopback and its time runs fast. With a registry and an engine the image
//! is really built and pushed; without them one is deployed that the stand-in holds.

use std::io::Write;

use clap::{Arg, ArgMatches, Command};
use plimsoll_sim::{InstanceSpec, Registry, ServiceSpec, Sim, World};
use serde_json::{Value, json};

use crate::app;
use crate::app::Process;
use crate::aws::Aws;
use crate::clock::Clock;
use crate::console::output::Output;
use crate::console::{Console, Style};
use crate::definition::{RESPONSE_ONLY, containers_mut};
use crate::environment::Variables;
use crate::report::{Outcome, text};
use crate::request::{Facts, RawInputs, Request};
use crate::run::{self, Journal, Record, RunContext};

const REGION: &str = "eu-west-1";
/// A rollout of a minute and a half takes six seconds.
const SPEED: u32 = 15;
/// A task of 6144 CPU units and 16384 MiB, as DescribeTaskDefinition printed it.
const LARGE_TASK: &str = include_str!("demo/sample.json");

pub fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("TEXT").help(help)
    };
    Command::new("demo")
        .about("Deploy against the embedded stand-in for AWS: with room, and without")
        .arg(flag(
            "registry",
            "A registry on this machine, such as 127.0.0.1:5000, to build for and push to",
        ))
        .arg(flag("context", "What to build [default: examples/hello]"))
}

/// Runs the deploys; 0 when each ends as it should.
pub async fn run(matches: &ArgMatches, env: &[(String, String)], process: &mut Process) -> u8 {
    let output = process.output.clone();
    tokio::select! {
        code = tell(matches, env, &output) => code,
        outcome = process.signals.next() => {
            say(&output, "cancelled: the demo was cancelled, and changed nothing outside of it");
            outcome.exit_code()
        }
    }
}

async fn tell(matches: &ArgMatches, env: &[(String, String)], output: &Output) -> u8 {
    let clock = Clock::system().faster(SPEED);
    let registry = matches
        .get_one::<String>("registry")
        .map(|address| Registry {
            address: address.clone(),
            username: "AWS".to_owned(),
            // The password comes by the environment: arguments are for everyone to see.
            password: var(env, "PLIMSOLL_DEMO_REGISTRY_PASSWORD").unwrap_or_default(),
        });
    let sim = Sim::new(world(clock, registry.as_ref()));
    let nowhere = |error: std::io::Error| {
        say(
            output,
            &format!("error: the stand-in can't listen on 127.0.0.1: {error}"),
        );
        8
    };
    let listener = match tokio::net::TcpListener::bind(("127.0.0.1", 0)).await {
        Ok(listener) => listener,
        Err(error) => return nowhere(error),
    };
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => return nowhere(error),
    };
    let aws = Aws::stand_in(&format!("http://{address}"), REGION);
    let stage = Stage {
        aws,
        clock,
        output: output.clone(),
        environment: env.iter().cloned().collect(),
        context: matches
            .get_one::<String>("context")
            .cloned()
            .unwrap_or_else(|| "examples/hello".to_owned()),
        builds: registry.is_some(),
    };
    tokio::select! {
        served = plimsoll_sim::serve(listener, sim.clone(), move || clock.now().0, registry) => {
            let why = served.err().map_or_else(String::new, |error| error.to_string());
            say(output, &format!("error: the stand-in ended: {why}"));
            8
        }
        code = stage.all() => code,
    }
}

fn var(env: &[(String, String)], name: &str) -> Option<String> {
    env.iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.clone())
}

/// Cluster `web` with room for a rollout, and cluster `small` with one instance that is too small.
fn world(clock: Clock, registry: Option<&Registry>) -> World {
    let mut world = World::new(clock.now().0)
        .region(REGION)
        .account("111122223333");
    let host = registry.map_or_else(
        || "111122223333.dkr.ecr.eu-west-1.amazonaws.com".to_owned(),
        |registry| registry.address.clone(),
    );
    world.add_repository("hello");
    if registry.is_none() {
        world.add_image("hello", "v1", "amd64");
        world.add_image("hello", "v2", "amd64");
    }
    for cluster in ["web", "small"] {
        world.add_cluster(cluster);
    }
    for az in ["eu-west-1a", "eu-west-1b"] {
        world.add_instance(InstanceSpec {
            az: az.to_owned(),
            ..InstanceSpec::default()
        });
    }
    let hello = world.add_task_definition(json!({
        "family": "hello",
        "containerDefinitions": [{
            "name": "hello",
            "image": format!("{host}/hello:v1"),
            "cpu": 256,
            "memory": 128,
            "portMappings": [{"containerPort": 8080}],
        }],
    }));
    world.create_service(ServiceSpec {
        name: "hello".to_owned(),
        task_definition: hello,
        desired: 2,
        ..ServiceSpec::default()
    });
    let m5_2xlarge = InstanceSpec {
        cluster: "small".to_owned(),
        ec2_type: "m5.2xlarge".to_owned(),
        cpu: 8192,
        memory: 31744,
        ..InstanceSpec::default()
    };
    world.add_instance(m5_2xlarge);
    let large = world.add_task_definition(large_task(&host));
    world.create_service(ServiceSpec {
        cluster: "small".to_owned(),
        name: "sample".to_owned(),
        task_definition: large,
        ..ServiceSpec::default()
    });
    world
}

/// The large task as it would be registered, its image in the demo's registry.
fn large_task(host: &str) -> Value {
    let mut document: Value = serde_json::from_str(LARGE_TASK).unwrap_or_default();
    if let Some(members) = document.as_object_mut() {
        members.retain(|name, _| !RESPONSE_ONLY.contains(&name.as_str()));
    }
    for container in containers_mut(&mut document).take(1) {
        container.insert("image".to_owned(), json!(format!("{host}/hello:v1")));
    }
    document
}

struct Stage {
    aws: Aws,
    clock: Clock,
    output: Output,
    environment: Variables,
    context: String,
    builds: bool,
}

impl Stage {
    fn say(&self, text: &str) {
        say(&self.output, text);
    }

    async fn all(&self) -> u8 {
        let tag = format!("demo-{}", self.clock.now().0);
        let image: Vec<(&str, &str)> = if self.builds {
            vec![
                ("repository", "hello"),
                ("tags", &tag),
                ("context", &self.context),
            ]
        } else {
            vec![("repository", "hello"), ("image-tag", "v2")]
        };
        self.say(&format!(
            "time runs {SPEED} times faster here than in reality"
        ));
        self.say("");
        self.say("── a deploy with room for it: build, push, register, update, wait ──");
        let first = self
            .deploy(
                &[
                    image.as_slice(),
                    &[("cluster", "web"), ("service", "hello")],
                ]
                .concat(),
            )
            .await;
        self.say("");
        let image = if self.builds { tag.as_str() } else { "v2" };
        let small = [
            ("repository", "hello"),
            ("image-tag", image),
            ("cluster", "small"),
            ("service", "sample"),
        ];
        self.say(
            "── one m5.2xlarge with a task of 6144 CPU units and 16384 MiB: refused before anything is changed ──",
        );
        let second = self.deploy(&small).await;
        self.say("");
        self.say("── the same without the forecast: called stuck as soon as that is certain ──");
        let third = self
            .deploy(&[small.as_slice(), &[("capacity-check", "off")]].concat())
            .await;
        let expected = [
            Some(Outcome::Succeeded),
            Some(Outcome::Blocked),
            Some(Outcome::Stuck),
        ];
        u8::from([first, second, third] != expected)
    }

    async fn deploy(&self, inputs: &[(&str, &str)]) -> Option<Outcome> {
        for (name, value) in inputs {
            self.say(&format!("    {name}: {value}"));
        }
        let given = inputs.iter().chain(&[("poll-interval", "1s")]);
        let raw = RawInputs::from_env(given.map(|(name, value)| {
            (
                format!("INPUT_{}", name.to_uppercase()),
                (*value).to_owned(),
            )
        }));
        let facts = Facts {
            region: Some(REGION.to_owned()),
            ..Facts::default()
        };
        let clock = Clock::starting_at(self.clock.now()).faster(SPEED);
        let console = Console::new(Box::new(self.output.clone()), Style::Plain, clock);
        let mut journal = Journal::begin(console, Record::default(), clock);
        let request = match Request::check(&raw, &facts) {
            Ok(request) => request,
            Err(problems) => {
                for problem in problems {
                    journal.log().error("invalid", &problem.to_string());
                }
                return None;
            }
        };
        let context = RunContext {
            command: run::Command::Deploy,
            request,
            aws: self.aws.clone(),
            clock,
            workspace: ".".into(),
            environment: self.environment.clone(),
        };
        app::carry_out(&context, &mut journal).await;
        let shown = journal.shown();
        for line in text::closing(&shown) {
            journal.log().words(&line);
        }
        shown.outcome
    }
}

fn say(output: &Output, text: &str) {
    let line = format!("{text}\n");
    // It goes wherever it can.
    let _ = output.clone().write_all(line.as_bytes());
}
