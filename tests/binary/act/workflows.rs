//! Workflows that the docs don't have: what steps and jobs get from the action, however it ends.

use std::collections::BTreeMap;

use serde_json::json;

use super::docs::REDEPLOY;
use super::runner::Workflow;
use super::worlds::Docs;
use crate::container;
use crate::stage::Stage;
use crate::workflow;

/// A redeploy with more inputs, the steps after it, and a job that needs it.
fn redeploy(name: &str, inputs: &[&str], steps: &str) -> Workflow {
    let inputs: String = inputs
        .iter()
        .map(|line| format!("          {line}\n"))
        .collect();
    let text = format!(
        "name: {name}
on: push
permissions: {{}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    outputs:
      outcome: ${{{{ steps.plimsoll.outputs.outcome }}}}
      changed: ${{{{ steps.plimsoll.outputs.service-changed }}}}
      image: ${{{{ steps.plimsoll.outputs.image-digest }}}}
    steps:
      - uses: plimsoll-dev/plimsoll@v1
        id: plimsoll
        with:
          role-to-assume: arn:aws:iam::111122223333:role/deploy-web
          aws-region: eu-west-1
          repository: hello
          image-tag: 4f2a91c
          cluster: web
          service: hello
          poll-interval: 1s
{inputs}{steps}
  after:
    needs: deploy
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo \"$OUTCOME, changed $CHANGED, $IMAGE\"
        env:
          OUTCOME: ${{{{ needs.deploy.outputs.outcome }}}}
          CHANGED: ${{{{ needs.deploy.outputs.changed }}}}
          IMAGE: ${{{{ needs.deploy.outputs.image }}}}
"
    );
    Workflow::new("push", &text)
}

#[test]
fn outputs_reach_later_steps_and_the_jobs_that_need_it() {
    let steps = "      - run: echo \"revision $REVISION\"
        env:
          REVISION: ${{ steps.plimsoll.outputs.task-definition-revision }}";
    let ran = redeploy("outputs", &[], steps).run(&Docs::default().standing());
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert!(
        ran.printed("deploy").contains("revision 2\n"),
        "{}",
        ran.text()
    );
    let digest = &ran.outputs("deploy")["image-digest"];
    assert_eq!(
        ran.printed("after"),
        format!("succeeded, changed true, {digest}\n")
    );
}

#[test]
fn a_failed_deploy_runs_the_steps_for_failures() {
    let steps = "      - run: echo not reached
      - if: failure()
        run: echo \"because $REASON\"
        env:
          REASON: ${{ steps.plimsoll.outputs.reason }}";
    let docs = Docs {
        cpu: 1200,
        ..Docs::default()
    };
    let ran = redeploy("failure", &[], steps).run(&docs.standing());
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    assert_eq!(ran.jobs(), [("deploy", "failure"), ("after", "success")]);
    let printed = ran.printed("deploy");
    assert!(
        printed.contains("because the rollout can't finish"),
        "{printed}"
    );
    assert!(!printed.contains("not reached"), "{printed}");
    assert!(
        ran.printed("after")
            .starts_with("blocked, changed false, sha256:"),
        "{}",
        ran.text()
    );
    assert!(ran.summaries()[0].contains("blocked"), "{}", ran.text());
}

#[test]
fn lists_of_several_lines_arrive_whole() {
    let inputs = [
        "environment-variables: |",
        "  FIRST=1 and = more",
        "  SECOND=${{ github.ref_name }}",
        "docker-labels: |",
        "  team=web",
        "  stage=a,b",
    ];
    let stage = Docs::default().standing();
    let ran = redeploy("lists", &inputs, "").run(&stage);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let calls = stage.sim.calls();
    let sent = calls
        .iter()
        .find(|call| call.operation == "RegisterTaskDefinition");
    let app = &sent.unwrap().body["containerDefinitions"][0];
    let names = app["environment"].as_array().unwrap();
    assert!(
        names.contains(&json!({"name": "FIRST", "value": "1 and = more"})),
        "{app}"
    );
    assert!(
        names.contains(&json!({"name": "SECOND", "value": "main"})),
        "{app}"
    );
    assert_eq!(app["dockerLabels"], json!({"team": "web", "stage": "a,b"}));
}

#[test]
fn no_secret_stands_in_the_log() {
    let inputs = [
        "environment-variables: KEY=${{ secrets.KEY }}",
        "show-values: true",
    ];
    let stage = Docs::default().standing();
    let mut workflow = redeploy("secrets", &inputs, "");
    workflow.secrets = vec![("KEY", "the-value-of-the-secret".to_owned())];
    let ran = workflow.run(&stage);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert!(
        ran.text().contains("[app].environment[KEY]: added ***"),
        "{}",
        ran.text()
    );
    let mut secrets = vec!["the-value-of-the-secret".to_owned()];
    stage.sim.with(|world| {
        let session = &world.sessions()[0];
        secrets.extend([session.secret_key.clone(), session.token.clone()]);
    });
    for secret in secrets {
        assert!(!ran.text().contains(&secret), "{secret} in\n{}", ran.text());
    }
}

/// act keeps no state for a container action, so there is nothing to say; but it is started.
#[test]
fn the_process_after_the_job_starts_and_ends_without_a_word() {
    let ran = redeploy("after", &[], "").run(&Docs::default().standing());
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let (printed, result) = ran.after_the_job("deploy");
    assert_eq!(
        (printed.as_str(), result),
        ("", Some("success")),
        "{}",
        ran.text()
    );
}

/// What both can do comes out the same.
#[test]
fn the_runner_agrees_with_the_container_as_we_start_it() {
    let comparable = |outputs: BTreeMap<String, String>| {
        let own = ["duration-seconds", "report"];
        let all = outputs.into_iter();
        all.filter(|(name, _)| !own.contains(&name.as_str()))
            .collect::<BTreeMap<_, _>>()
    };
    let text = super::docs::workflow(REDEPLOY);
    let mut act = Workflow::new("workflow_dispatch", &text);
    act.payload = json!({"inputs": {"image-tag": "4f2a91c"}});
    let ran = act.run(&Docs::default().standing());

    let stage: Stage = Docs::default().standing();
    let stage = crate::oidc::in_a_job(stage).env("AWS_REGION", "");
    let block = yaml_serde::from_str(&text).unwrap();
    let stage = workflow::step(stage, &block, &[("inputs.image-tag", "4f2a91c")]);
    let ended = container::start(&stage, &container::name("agree")).end();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let ours = stage.outputs();
    assert_eq!(comparable(ran.outputs("deploy")), comparable(ours));
}
