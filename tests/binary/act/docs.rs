//! Each workflow of the README and of the docs, run as it stands.
//!
//! A block of steps takes the place of Plimsoll's step in the README's workflow, as the docs say.

use serde_json::{Value, json};

use super::runner::{Ran, Workflow};
use super::worlds::{Docs, put};
use crate::blocks::{Block, blocks};
use crate::engine;
use crate::stage::{SECRET_KEY, SESSION_TOKEN, definition};

const DOCUMENTS: &[(&str, &str)] = &[
    ("README.md", include_str!("../../../README.md")),
    (
        "docs/migrating.md",
        include_str!("../../../docs/migrating.md"),
    ),
    ("docs/recipes.md", include_str!("../../../docs/recipes.md")),
];
/// The step that the README's workflow ends in.
const STEP: &str = "      - uses: plimsoll-dev/plimsoll@v1\n";
/// The README's workflow, by words that no other block has all of.
const README: &[&str] = &[
    "name: deploy\n",
    "        id: deploy\n",
    "repository: hello\n",
];
/// The workflow to go back by hand.
pub(super) const REDEPLOY: &[&str] = &["docs/recipes.md", "name: redeploy\n"];

/// Blocks that act can't run, and why.
const LEFT_OUT: &[(&[&str], &str)] = &[
    (
        &["arn:aws:iam::444455556666:role/deploy-web"],
        "the stand-in has one account",
    ),
    (
        &["name: deploy\n", "workflow_call:"],
        "it is run by the workflow that calls it",
    ),
];

/// Declares the examples: each is a test, and all of them are known to the test that looks for
/// blocks that none of them runs.
macro_rules! examples {
    ($($name:ident: $words:expr => $run:expr;)*) => {
        const EXAMPLES: &[&[&str]] = &[$($words),*];
        $(
            #[test]
            fn $name() {
                let run: fn(&str) = $run;
                run(&workflow($words));
            }
        )*
    };
}

examples! {
    the_readmes_workflow_builds_and_deploys: README => |text| {
        let stage = Docs::default().building();
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["succeeded"], "success");
        let outputs = ran.outputs("deploy");
        assert_eq!(outputs["image-tag"].len(), 40, "{outputs:?}");
        assert!(ran.summaries()[0].contains("succeeded"), "{}", ran.text());
        let role = stage.sim.with(|world| world.sessions()[0].arn.clone());
        assert!(role.contains(":assumed-role/deploy-web/plimsoll-hello-"), "{role}");
    };
    the_recipes_redeploy_goes_back: REDEPLOY => redeployed;
    the_workflow_after_a_migration_deploys: &["docs/migrating.md", "name: deploy\n"] => |text| {
        ends(&Workflow::new("push", text).run(&Docs::default().building()), &["succeeded"], "success");
    };
    an_image_of_another_step_is_deployed: &["docker/build-push-action@v7", "plimsoll-dev/plimsoll@v1"] => |text| {
        let stage = Docs::default().standing();
        let digest = stage.sim.with(|world| world.add_image("hello", "built", "amd64"));
        let mut workflow = Workflow::new("push", text);
        workflow.others = vec![
            ("aws-actions/configure-aws-credentials@v6", composite(&[])),
            ("aws-actions/amazon-ecr-login@v2", composite(&[("registry", "111122223333.dkr.ecr.eu-west-1.amazonaws.com")])),
            ("docker/setup-buildx-action@v4", composite(&[])),
            ("docker/build-push-action@v7", composite(&[("digest", &digest)])),
        ];
        let ran = workflow.run(&stage);
        ends(&ran, &["succeeded"], "success");
        assert_eq!(ran.outputs("deploy")["image-digest"], digest);
    };
    several_services_take_one_image: &["batch/nightly"] => |text| {
        let stage = Docs::default().building();
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["succeeded"], "success");
        assert_eq!(stage.calls("UpdateService"), 3, "{}", ran.text());
    };
    a_monorepo_deploys_each_service: &["matrix.service"] => |text| {
        let stage = Docs::default().building();
        for name in ["api", "worker"] {
            put(&stage, &format!("services/{name}/Dockerfile"), "FROM scratch\nCOPY . /\n");
        }
        let workflow = Workflow::new("push", text);
        let ran = workflow.run(&stage);
        ends(&ran, &["succeeded", "succeeded"], "success");
        // Nothing changed: nothing is built, and no service is touched.
        let again = workflow.run(&stage);
        ends(&again, &["unchanged", "unchanged"], "success");
        assert_eq!(stage.calls("UpdateService"), 2, "{}", again.text());
    };
    a_definition_in_the_repository_is_deployed: &["deploy/task-definition.json"] => |text| {
        let stage = Docs::default().building();
        let document = json!({
            "family": "hello",
            "executionRoleArn": "arn:aws:iam::111122223333:role/ecsTaskExecutionRole",
            "containerDefinitions": [{
                "name": "app",
                "image": "replaced",
                "memory": 128,
                "environment": [{"name": "OLD_FLAG", "value": "1"}],
            }],
        });
        put(&stage, "deploy/task-definition.json", &document.to_string());
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["succeeded"], "success");
        let calls = stage.sim.calls();
        let sent = calls.iter().find(|call| call.operation == "RegisterTaskDefinition").unwrap();
        let names: Vec<&Value> = sent.body["containerDefinitions"][0]["environment"]
            .as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["LOG_LEVEL", "RELEASE"]);
    };
    containers_take_different_images: &["proxy=111122223333"] => |text| {
        let docs = Docs { others: &["proxy"], ..Docs::default() };
        ends(&Workflow::new("push", text).run(&docs.standing()), &["succeeded"], "success");
    };
    a_build_has_its_secret_and_the_log_does_not: &["npm=${{ secrets.NPM_TOKEN }}\n    cluster: web"] => |text| {
        let stage = Docs::default().building();
        let base = engine::base_image();
        let run = "RUN --mount=type=secret,id=npm cat /run/secrets/npm && cat /run/secrets/npm | (read x; [ ${#x} = 18 ])";
        put(&stage, "Dockerfile", &format!("FROM {base}\n{run}\n"));
        let mut workflow = Workflow::new("push", text);
        workflow.secrets = vec![("NPM_TOKEN", "npm_SecretOfTheJob".to_owned())];
        let ran = workflow.run(&stage);
        ends(&ran, &["succeeded"], "success");
        assert!(!ran.text().contains("npm_SecretOfTheJob"), "{}", ran.text());
    };
    a_secret_of_several_lines_arrives_whole: &["DEPLOY_KEY"] => |text| {
        let stage = Docs::default().building();
        let base = engine::base_image();
        let run = "RUN --mount=type=secret,id=key cat /run/secrets/key && [ \"$(cat /run/secrets/key)\" = \"$(printf 'first-line\\nsecond-line')\" ]";
        put(&stage, "Dockerfile", &format!("FROM {base}\n{run}\n"));
        let mut workflow = Workflow::new("push", text);
        workflow.secrets = vec![
            ("NPM_TOKEN", "npm_SecretOfTheJob".to_owned()),
            ("DEPLOY_KEY", "first-line\nsecond-line".to_owned()),
        ];
        ends(&workflow.run(&stage), &["succeeded"], "success");
    };
    a_migration_runs_before_the_rollout: &["run-task: true"] => |text| {
        let stage = Docs { api: "shop", ..Docs::default() }.building();
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["succeeded"], "success");
        assert_eq!(stage.calls("RunTask"), 1, "{}", ran.text());
    };
    a_revision_is_registered_alone: &["register-only: true"] => |text| {
        let ran = Workflow::new("push", text).run(&Docs::default().building());
        ends(&ran, &["planned"], "success");
        let arn = &ran.outputs("deploy")["task-definition-arn"];
        assert!(arn.ends_with(":task-definition/hello:2"), "{arn}");
        assert!(ran.printed("deploy").contains(arn), "{}", ran.text());
    };
    a_plan_is_a_comment_of_the_pull_request: &["name: plan\n"] => |text| {
        let stage = Docs::default().building();
        let mut workflow = Workflow::new("pull_request", text);
        workflow.payload = pull_request("opened");
        let ran = workflow.run(&stage);
        ends(&ran, &["planned"], "success");
        let comments = stage.sim.with(|world| world.github.comments.clone());
        let [comment] = &comments[..] else { panic!("{comments:?}\n{}", ran.text()) };
        assert_eq!(comment.pull, 7);
        assert!(comment.body.contains("Forecast: fits"), "{}", comment.body);
        let writes = ["RegisterTaskDefinition", "UpdateService"];
        assert_eq!(writes.map(|write| stage.calls(write)), [0, 0]);
        // A second run keeps the one comment up to date.
        ends(&workflow.run(&stage), &["planned"], "success");
        assert_eq!(stage.sim.with(|world| world.github.comments.len()), 1);
    };
    production_is_deployed_after_its_plan: &["name: production\n"] => |text| {
        let ran = Workflow::new("push", text).run(&Docs::default().building());
        ends(&ran, &["planned", "succeeded"], "success");
        let jobs: Vec<&str> = ran.jobs().into_iter().map(|(job, _)| job).collect();
        assert_eq!(jobs, ["plan", "deploy"]);
    };
    a_blocked_plan_keeps_production_from_its_deploy: &["name: production\n"] => |text| {
        let stage = Docs { cpu: 1200, ..Docs::default() }.building();
        let ran = Workflow::new("push", text).run(&stage);
        assert_eq!(ran.outcomes(), ["blocked"], "{}", ran.text());
        assert_eq!(ran.jobs(), [("plan", "failure")], "{}", ran.text());
        assert_eq!(stage.calls("UpdateService"), 0);
    };
    a_review_app_is_deployed_again: &["name: review\n"] => |text| {
        let stage = Docs::default().building();
        let mut workflow = Workflow::new("pull_request", text);
        // The AWS CLI's steps are for pull requests that open and close.
        workflow.payload = pull_request("synchronize");
        workflow.others = vec![("aws-actions/configure-aws-credentials@v6", composite(&[]))];
        ends(&workflow.run(&stage), &["succeeded"], "success");
    };
    a_merge_that_is_overtaken_may_be_fine: &["on-superseded: ignore"] => |text| {
        ends(&Workflow::new("push", text).run(&Docs::default().building()), &["succeeded"], "success");
    };
    a_former_revision_is_deployed_as_it_is: &["task-definition: hello:41"] => |text| {
        let stage = Docs::default().standing();
        let mut document = definition("111122223333.dkr.ecr.eu-west-1.amazonaws.com/hello:v1");
        document["family"] = "hello".into();
        stage.sim.with(|world| {
            for _ in 2..=41 {
                world.add_task_definition(document.clone());
            }
        });
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["succeeded"], "success");
        assert_eq!(ran.outputs("deploy")["task-definition-revision"], "41");
        assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
    };
    tasks_are_started_again_without_a_change: &["force-new-deployment: true"] => |text| {
        let stage = Docs::default().standing();
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["succeeded"], "success");
        assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
    };
    what_ends_well_is_not_rolled_back: &["on-stuck: rollback"] => |text| {
        ends(&Workflow::new("push", text).run(&Docs::default().building()), &["succeeded"], "success");
    };
    a_later_step_sees_the_outcome: &["continue-on-error: true"] => |text| {
        let stage = Docs { cpu: 1200, ..Docs::default() }.building();
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["blocked"], "failure");
        let reason = &ran.outputs("deploy")["reason"];
        assert!(reason.contains("the rollout can't finish"), "{reason}");
        assert!(ran.text().contains(&format!("no room on the cluster: {reason}")), "{}", ran.text());
    };
    github_shows_the_deployment: &["deployments: write"] => |text| {
        let stage = Docs::default().building();
        let ran = Workflow::new("push", text).run(&stage);
        ends(&ran, &["succeeded"], "success");
        let states: Vec<String> = stage.sim.with(|world| {
            let [deployment] = &world.github.deployments[..] else {
                panic!("{:?}\n{}", world.github.deployments, ran.text())
            };
            assert_eq!(deployment.environment, "production");
            deployment.statuses.iter().map(|(_, status)| status["state"].to_string()).collect()
        });
        assert_eq!(states, ["\"in_progress\"", "\"success\""]);
    };
    a_reusable_workflow_deploys_to_each_environment: &["octo-org/workflows/"] => |text| {
        let stage = Docs::default().building();
        let mut workflow = Workflow::new("push", text);
        let called = block(&["name: deploy\n", "workflow_call:"]);
        workflow.others = vec![("octo-org/workflows@v1", vec![(".github/workflows/deploy.yml", called)])];
        let ran = workflow.run(&stage);
        ends(&ran, &["succeeded", "unchanged"], "success");
    };
    the_credentials_of_another_step_are_used: &["role-duration-seconds: 7200"] => |text| {
        let mut workflow = Workflow::new("push", text);
        workflow.others = vec![("aws-actions/configure-aws-credentials@v6", exporting(&keys()))];
        ends(&workflow.run(&Docs::default().building()), &["succeeded"], "success");
    };
}

fn redeployed(text: &str) {
    let stage = Docs::default().standing();
    let mut workflow = Workflow::new("workflow_dispatch", text);
    workflow.payload = json!({"inputs": {"image-tag": "4f2a91c"}});
    let ran = workflow.run(&stage);
    ends(&ran, &["succeeded"], "success");
    assert_eq!(ran.outputs("deploy")["image-tag"], "4f2a91c");
}

fn keys() -> Vec<(&'static str, String)> {
    let keys = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ];
    keys.map(|(name, value)| (name, value.to_owned())).to_vec()
}

fn pull_request(action: &str) -> Value {
    json!({
        "action": action,
        "number": 7,
        "pull_request": {
            "number": 7,
            "head": {"ref": "change", "repo": {"full_name": "octo-org/hello"}},
            "base": {"ref": "main"},
        },
    })
}

/// An action that stands for another one: it takes what it is given, and has these outputs.
fn composite(outputs: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let mut text = "name: other\ndescription: stands for another action\noutputs:\n".to_owned();
    for (name, _) in outputs {
        text += &format!(
            "  {name}:\n    description: an output\n    value: ${{{{ steps.all.outputs.{name} }}}}\n"
        );
    }
    if outputs.is_empty() {
        text = text.replace("outputs:\n", "");
    }
    let lines: Vec<String> = outputs
        .iter()
        .map(|(name, value)| format!("        echo {name}={value} >> $GITHUB_OUTPUT\n"))
        .collect();
    text += &format!(
        "runs:\n  using: composite\n  steps:\n    - id: all\n      shell: bash\n      run: |\n        true\n{}",
        lines.concat()
    );
    vec![("action.yml", text)]
}

/// An action that leaves variables for the steps after it.
fn exporting(variables: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let mut files = composite(&[]);
    for (name, value) in variables {
        files[0].1 += &format!("        echo {name}={value} >> $GITHUB_ENV\n");
    }
    files
}

fn ends(ran: &Ran, outcomes: &[&str], jobs: &str) {
    assert_eq!(ran.outcomes(), outcomes, "{}", ran.text());
    assert!(!ran.jobs().is_empty(), "{}", ran.text());
    for (job, result) in ran.jobs() {
        assert_eq!(result, jobs, "job {job}\n{}", ran.text());
    }
    assert_eq!(ran.code == Some(0), jobs == "success", "{}", ran.text());
}

/// The blocks that name the action, or a workflow that does.
fn all() -> Vec<Block> {
    let of = |(file, text): &(&str, &str)| blocks(file, text);
    let names = |text: &str| {
        ["plimsoll-dev/plimsoll@", "octo-org/workflows/"]
            .iter()
            .any(|name| text.contains(&format!("uses: {name}")))
    };
    let ours = |block: &Block| block.language == "yaml" && names(&block.text);
    DOCUMENTS.iter().flat_map(of).filter(ours).collect()
}

fn found(words: &[&str]) -> Vec<Block> {
    let has = |block: &Block| {
        let text = format!("{}\n{}", block.file, block.text);
        words.iter().all(|word| text.contains(word))
    };
    all().into_iter().filter(has).collect()
}

/// The one block that holds all of `words`.
fn block(words: &[&str]) -> String {
    let found = found(words);
    let places: Vec<String> = found.iter().map(Block::place).collect();
    let [block] = &found[..] else {
        panic!("one block has {words:?}, and not {places:?}")
    };
    block.text.clone()
}

/// A block as a workflow, named by its place unless it is one already.
pub(super) fn workflow(words: &[&str]) -> String {
    let text = block(words);
    if text.contains("\njobs:\n") {
        return text;
    }
    let readme = block(README);
    let (head, _) = readme.split_once(STEP).unwrap();
    let steps: Vec<String> = text.lines().map(|line| format!("      {line}\n")).collect();
    let place = found(words)[0].place().replace([':', '/'], "-");
    head.replacen("name: deploy\n", &format!("name: {place}\n"), 1) + &steps.concat()
}

#[test]
fn each_block_that_names_the_action_is_run() {
    let run = EXAMPLES
        .iter()
        .chain(LEFT_OUT.iter().map(|(words, _)| words));
    let places: Vec<String> = run
        .flat_map(|words| found(words))
        .map(|block| block.place())
        .collect();
    let missing: Vec<String> = all()
        .iter()
        .map(Block::place)
        .filter(|place| !places.contains(place))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
