//! The README's and the recipes' workflows, as they stand: each step started in a container just as
//! the runner does it, in a job with an OIDC token and without credentials.

use std::fs;

use plimsoll_sim::{InstanceSpec, Registry, RoleSpec, ServiceSpec, TaskBehaviour};
use serde_json::{Value, json};

use crate::container::{self, name};
use crate::engine;
use crate::oidc;
use crate::signals;
use crate::stage::{Stage, definition};

const README: &str = include_str!("../../README.md");
const RECIPES: &str = include_str!("../../docs/recipes.md");

/// The YAML block of a document that holds all of `words`.
fn block(document: &str, words: &[&str]) -> Value {
    let text = document
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block))
        .find(|block| words.iter().all(|word| block.contains(word)));
    let text = text.unwrap_or_else(|| panic!("no block has {words:?}"));
    yaml_serde::from_str(text).unwrap()
}

/// The workflow's step of ours with its inputs, expressions replaced by what `known` says.
pub(crate) fn step(stage: Stage, workflow: &Value, known: &[(&str, &str)]) -> Stage {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
    let is_ours = |step: &&Value| {
        let uses = step["uses"].as_str().unwrap_or_default();
        uses.starts_with("plimsoll-dev/plimsoll@")
    };
    let ours: Vec<&Value> = steps.filter(is_ours).collect();
    let [ours] = ours[..] else {
        panic!("one step of ours, and not {}", ours.len())
    };
    let inputs = ours["with"].as_object().unwrap();
    inputs.iter().fold(stage, |stage, (name, value)| {
        let mut text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        for (expression, is) in known {
            text = text.replace(&format!("${{{{ {expression} }}}}"), is);
        }
        assert!(!text.contains("${{"), "{name}: {text}");
        stage.input(name, &text)
    })
}

/// `examples/hello` in the workspace, service `hello` in cluster `web`, the role that the README
/// names, and a job that may have tokens.
fn stage() -> Stage {
    let credentials = engine::credentials();
    let address = engine::registry();
    let registry = Registry {
        address: address.clone(),
        username: credentials.username.clone(),
        password: credentials.password.expose().to_owned(),
    };
    let build = |world: &mut plimsoll_sim::World| {
        world.add_repository("hello");
        for _ in 0..2 {
            world.add_instance(InstanceSpec::default());
        }
        let task_definition = world.add_task_definition(definition(&format!("{address}/hello:v1")));
        world.create_service(ServiceSpec {
            name: "hello".to_owned(),
            task_definition,
            ..ServiceSpec::default()
        });
        world.add_oidc_provider(
            "https://token.actions.githubusercontent.com",
            &["sts.amazonaws.com"],
        );
        for name in ["deploy-web", "plan-web"] {
            world.add_role(RoleSpec {
                name: name.to_owned(),
                ..RoleSpec::default()
            });
        }
        world.github.repository = "octo-org/hello".to_owned();
    };
    let stage = container::with_hello(Stage::open(build, Some(registry)));
    let event = json!({"pull_request": {"number": 7}}).to_string();
    fs::write(stage.path("_temp/_github_workflow/event.json"), event).unwrap();
    let api = format!("{}/api/v3", stage.endpoint);
    oidc::in_a_job(stage)
        .env("AWS_REGION", "")
        .env("GITHUB_API_URL", &api)
        .env("GITHUB_EVENT_PATH", "/github/workflow/event.json")
}

/// A commit that no other run has built: its tag isn't in the registry yet.
fn commit(number: u32) -> String {
    let time = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    format!("{:032x}{number:08x}", time.as_nanos())
}

/// Deploys the workspace as commit `sha` with the README's first workflow.
fn deploy(stage: Stage, sha: &str) -> Stage {
    stage.next_step();
    let stage = step(stage, &block(README, &["name: deploy", "jobs:"]), &[]).env("GITHUB_SHA", sha);
    let ended = container::start(&stage, &name("workflow")).end();
    container::well(&stage, &ended);
    assert_eq!(stage.output("image-tag"), sha);
    stage
}

#[test]
fn the_workflows_of_the_docs_build_and_go_back() {
    let (first, second) = (commit(1), commit(2));
    let stage = deploy(stage(), &first);
    let before = stage.output("image-digest");
    fs::write(
        stage.path("workspace/Dockerfile"),
        "FROM scratch\nCOPY bin/hello /hello\nLABEL version=2\nENTRYPOINT [\"/hello\"]\n",
    )
    .unwrap();
    let stage = deploy(stage, &second);
    assert_ne!(stage.output("image-digest"), before);

    stage.next_step();
    let redeploy = block(RECIPES, &["name: redeploy", "jobs:"]);
    let stage = step(stage, &redeploy, &[("inputs.image-tag", &first)]);
    let ended = container::start(&stage, &name("redeploy")).end();
    container::well(&stage, &ended);
    assert_eq!(stage.output("image-digest"), before);
    assert!(!ended.log.contains("::group::Build"), "{}", ended.log);
    let role = stage.sim.with(|world| world.sessions()[0].arn.clone());
    assert!(
        role.ends_with(":assumed-role/deploy-web/plimsoll-hello-17812345678"),
        "{role}"
    );
}

#[test]
fn the_recipes_plan_is_a_comment_of_the_pull_request() {
    let token = plimsoll_sim::GitHub::default().token;
    let plan = block(RECIPES, &["dry-run: true", "comment: true", "pull_request"]);
    let stage = step(stage(), &plan, &[("github.token", &token)]);
    let ended = container::start(&stage, &name("plan")).end();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(stage.output("outcome"), "planned", "{}", ended.log);
    assert_eq!(stage.output("forecast"), "fits", "{}", ended.log);
    let comments = stage.sim.with(|world| world.github.comments.clone());
    let [comment] = &comments[..] else {
        panic!("one comment: {comments:?}\n{}", ended.log)
    };
    assert_eq!(comment.pull, 7);
    assert!(
        comment.body.contains("planned:") && comment.body.contains("Forecast: fits"),
        "{}",
        comment.body
    );
    let writes = ["RegisterTaskDefinition", "UpdateService", "PutImage"];
    assert_eq!(writes.map(|write| stage.calls(write)), [0, 0, 0]);
}

#[test]
fn a_cancelled_workflow_says_how_things_stand_and_is_gone() {
    let stage = stage();
    stage.sim.with(|world| {
        let slow = TaskBehaviour {
            pull_secs: 3600,
            ..TaskBehaviour::default()
        };
        world.behaviour("hello@", slow);
    });
    let workflow = block(README, &["name: deploy", "jobs:"]);
    let stage = step(stage, &workflow, &[]).env("GITHUB_SHA", &commit(3));
    let name = name("cancelled");
    let mut running = container::start(&stage, &name);
    running.until("the watch", || {
        stage.log().contains("0 of 1 new task running")
    });
    engine::run("docker", &["kill", "--signal", "INT", &name]);
    let ended = running.was_signalled();
    signals::check(&stage, &ended, (130, true));
    assert!(
        stage.output("reason").contains("goes on in ECS"),
        "{}",
        ended.log
    );
}

#[test]
fn a_killed_container_is_reported_by_the_one_after_the_job() {
    let stage = stage();
    stage.gate.hold("UpdateService", crate::door::Hold::Answer);
    let workflow = block(README, &["name: deploy", "jobs:"]);
    let stage = step(stage, &workflow, &[]).env("GITHUB_SHA", &commit(4));
    let name = name("killed");
    let mut running = container::start(&stage, &name);
    running.until("the update", || stage.gate.holds("UpdateService"));
    engine::run("docker", &["kill", &name]);
    assert_eq!(running.end().code, Some(137));
    let after = container::start_after(&stage, &container::name("after")).end();
    assert_eq!(after.code, Some(0), "{}", after.log);
    assert!(
        after.log.contains("the deploy of `web/hello` was cut off"),
        "{}",
        after.log
    );
    assert_eq!(stage.calls("UpdateService"), 1);
}
