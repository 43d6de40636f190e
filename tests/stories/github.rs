//! GitHub as a guest: deployments with their statuses, the pull request's comment, and all that
//! may go wrong with them.

mod comments;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use plimsoll::request::Facts;
use plimsoll_sim::{
    FaultKind, GitHub, InstanceSpec, ListenerSpec, LoadBalancerSpec, ServiceSpec, World,
};
use serde_json::{Value, json};

use crate::door::{START, Story, Told};
use crate::setting::{crashing, definition, images, instance, redeploy, roomy, service};

const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef";

/// A redeploy in a workflow of `acme/shop`.
fn in_actions(build: impl FnOnce(&mut World)) -> Story {
    let mut story = redeploy(build);
    let github = GitHub::default();
    story.facts = Facts {
        sha: github.refs.first().cloned(),
        repository: Some(github.repository),
        run_id: Some("4711".to_owned()),
        run_attempt: Some("2".to_owned()),
        ..story.facts
    };
    story.input("github-token", &github.token)
}

/// The same with a GitHub deployment to `production`.
fn deploys(build: impl FnOnce(&mut World)) -> Story {
    in_actions(build).input("environment", "production")
}

/// The statuses of the one deployment, oldest first.
fn statuses(told: &Told) -> Vec<Value> {
    told.sim.with(|world| {
        let deployments = &world.github.deployments;
        assert_eq!(deployments.len(), 1, "{deployments:?}");
        let statuses = deployments[0].statuses.iter();
        statuses.map(|(_, status)| status.clone()).collect()
    })
}

/// The states of the one deployment.
fn states(told: &Told) -> String {
    let all = statuses(told);
    let states: Vec<&str> = all.iter().filter_map(|one| one["state"].as_str()).collect();
    states.join(", ")
}

/// The bodies of all comments.
fn written(told: &Told) -> Vec<String> {
    told.sim.with(|world| {
        world
            .github
            .comments
            .iter()
            .map(|one| one.body.clone())
            .collect()
    })
}

fn warnings(told: &Told) -> String {
    let lines = told.log.lines().filter(|line| line.contains("warning: "));
    lines.collect::<Vec<_>>().join("\n")
}

/// `api` behind a public load balancer that listens for HTTP and HTTPS.
fn behind_a_balancer(world: &mut World) {
    images(world);
    instance(world);
    instance(world);
    let spec = ServiceSpec {
        target_groups: vec![GROUP.to_owned()],
        ..ServiceSpec::default()
    };
    service(world, definition("api", 256, 512), spec);
    let listener = |protocol: &str, port, forwards: bool| ListenerSpec {
        protocol: protocol.to_owned(),
        port,
        forwards_to: forwards.then(|| GROUP.to_owned()),
    };
    world.load_balancers.push(LoadBalancerSpec {
        listeners: vec![
            listener("HTTP", 80, false),
            listener("HTTP", 8080, true),
            listener("HTTPS", 443, true),
        ],
        ..LoadBalancerSpec::default()
    });
}

#[tokio::test(start_paused = true)]
async fn a_deploy_is_a_deployment_that_succeeds() {
    let told = deploys(|world| roomy(world, 2)).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(warnings(&told), "");
    let mut asked = told
        .sim
        .with(|world| world.github.deployments[0].asked.clone());
    asked["payload"] = Value::Null;
    insta::assert_snapshot!(asked, @r#"{"ref":"6dcb09b5b57875f334f61aebed695e2e4193db5e","environment":"production","description":"Plimsoll deploys web/api","auto_merge":false,"required_contexts":[],"payload":null}"#);
    let all = statuses(&told);
    insta::assert_snapshot!(all[0], @r#"{"state":"in_progress","description":"Plimsoll deploys web/api","log_url":"https://github.com/acme/shop/actions/runs/4711/attempts/2"}"#);
    insta::assert_snapshot!(all[1], @r#"{"state":"success","description":"succeeded: api:2 serves: the deployment is complete","log_url":"https://github.com/acme/shop/actions/runs/4711/attempts/2"}"#);
    assert_eq!(all.len(), 2);
    let calls = told.sim.calls();
    let at = |name: &str| {
        calls
            .iter()
            .position(|call| call.operation == name)
            .unwrap()
    };
    assert!(at("CreateDeploymentStatus") < at("RegisterTaskDefinition"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_deploy_is_a_failure() {
    let told = deploys(crashing).deploy().await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert_eq!(states(&told), "in_progress, failure");
    let all = statuses(&told);
    let description = all[1]["description"].as_str().unwrap();
    assert!(description.starts_with("failed: "), "{description}");
    assert!(all[1].get("environment_url").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_blocked_deploy_is_a_failure() {
    let told = deploys(|world| {
        images(world);
        world.add_instance(InstanceSpec::default());
        service(world, definition("api", 1500, 512), ServiceSpec::default());
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "blocked", "{}", told.log);
    assert_eq!(states(&told), "in_progress, failure");
}

#[tokio::test(start_paused = true)]
async fn a_denied_deploy_is_an_error() {
    let told = deploys(|world| roomy(world, 1))
        .deny("ecs:UpdateService")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert_eq!(states(&told), "in_progress, error");
}

/// Somebody else's deployment takes this one's place.
fn superseded() -> Story {
    deploys(|world| {
        roomy(world, 2);
        let other = world.add_task_definition(definition("api", 128, 128));
        world.script(START + 30_000, move |world| {
            let body = json!({"taskDefinition": other});
            world.update_service("web", "api", &body).unwrap();
        });
    })
}

#[tokio::test(start_paused = true)]
async fn a_superseded_deploy_is_a_failure_or_inactive_where_that_is_fine() {
    let told = superseded().deploy().await;
    assert_eq!(told.outcome(), "superseded", "{}", told.log);
    assert_eq!(states(&told), "in_progress, failure");
    let told = superseded().input("on-superseded", "ignore").deploy().await;
    assert_eq!(told.outcome(), "superseded", "{}", told.log);
    assert_eq!(states(&told), "in_progress, inactive");
}

#[tokio::test(start_paused = true)]
async fn several_services_are_one_deployment() {
    let told = deploys(|world| {
        roomy(world, 1);
        let spec = ServiceSpec {
            name: "worker".to_owned(),
            ..ServiceSpec::default()
        };
        service(world, definition("api", 128, 128), spec);
    })
    .input("service", "api\nworker")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(states(&told), "in_progress, success");
    let asked = told
        .sim
        .with(|world| world.github.deployments[0].asked.clone());
    assert_eq!(asked["description"], "Plimsoll deploys web/api, web/worker");
}

#[tokio::test(start_paused = true)]
async fn a_plan_and_a_registration_are_no_deployment() {
    for input in ["dry-run", "register-only"] {
        let told = deploys(|world| roomy(world, 1))
            .input(input, "true")
            .deploy()
            .await;
        assert_eq!(told.outcome(), "planned", "{}", told.log);
        assert_eq!(told.sim.with(|world| world.github.deployments.len()), 0);
        assert_eq!(warnings(&told), "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_its_deployment_in_time() {
    let mut story = deploys(|world| roomy(world, 2));
    story.cancel_after = Some(20);
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "cancelled", "{}", told.log);
    let all = statuses(&told);
    assert_eq!(states(&told), "in_progress, error");
    assert_eq!(all[1]["description"], "cancelled: the run was cancelled");
    assert!(told.seconds <= 24, "{} s", told.seconds);
}

/// A connection over which nothing ever comes back.
#[derive(Debug)]
struct Silence;

impl HttpConnector for Silence {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(std::future::pending())
    }
}

/// Somebody who answers, and isn't GitHub.
#[derive(Debug)]
struct Portal;

impl HttpConnector for Portal {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let page = SdkBody::from("<html>Please log in</html>");
        let status = 200.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, page)))
    }
}

#[tokio::test(start_paused = true)]
async fn silence_costs_a_warning_and_a_few_seconds() {
    let alone = redeploy(|world| roomy(world, 2)).deploy().await;
    let mut story = deploys(|world| roomy(world, 2));
    story.way_to_github = Some(SharedHttpConnector::new(Silence));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:04  warning: GitHub was asked to list the deployments and did not answer: no answer within 2 s; the outcome doesn't depend on it");
    assert!(told.seconds <= alone.seconds + 10, "{} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_into_silence_is_over_in_time() {
    let mut story = deploys(|world| roomy(world, 2));
    story.way_to_github = Some(SharedHttpConnector::new(Silence));
    story.cancel_after = Some(2);
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "cancelled", "{}", told.log);
    assert!(told.seconds <= 6, "{} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_githubs_costs_a_warning() {
    let mut story = deploys(|world| roomy(world, 2));
    story.way_to_github = Some(SharedHttpConnector::new(Portal));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: GitHub was asked to create the deployment: the answer isn't what GitHub answers; the outcome doesn't depend on it");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_the_permission_costs_a_warning() {
    let told = deploys(|world| {
        roomy(world, 2);
        world.github.permissions.clear();
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: GitHub refused to create the deployment: Resource not accessible by integration (403); give the job `permissions:` with `deployments: write`; the outcome doesn't depend on it");
    assert_eq!(told.calls("CreateDeployment"), 1);
    assert_eq!(told.calls("CreateDeploymentStatus"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_costs_a_warning_and_is_never_shown() {
    let told = deploys(|world| roomy(world, 2))
        .input("github-token", "ghs_somebodyelses")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: GitHub refused to create the deployment: Bad credentials (401); the token of `github-token` is wrong or no longer valid: give it `${{ github.token }}`; the outcome doesn't depend on it");
    assert!(!told.log.contains("ghs_somebodyelses"));
}

#[tokio::test(start_paused = true)]
async fn another_repository_and_a_used_up_limit_cost_a_warning() {
    let mut story = deploys(|world| roomy(world, 2));
    story.facts.repository = Some("acme/other".to_owned());
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: GitHub refused to create the deployment: Not Found (404); give the job `permissions:` with `deployments: write`; the outcome doesn't depend on it");
    let told = deploys(|world| {
        roomy(world, 2);
        world.github.remaining = 0;
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: GitHub refused to create the deployment, for too many requests: API rate limit exceeded for installation ID 57813.; the outcome doesn't depend on it");
}

#[tokio::test(start_paused = true)]
async fn a_missing_token_is_reported() {
    let told = deploys(|world| roomy(world, 2))
        .input("github-token", "")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: nothing is reported to GitHub, because there is no `github-token`: give it `${{ github.token }}`");
}

#[tokio::test(start_paused = true)]
async fn lost_answers_are_looked_up_and_nothing_is_there_twice() {
    let told = deploys(|world| roomy(world, 2))
        .fault("CreateDeployment", 1, FaultKind::LostAnswer)
        .fault("CreateDeploymentStatus", 1, FaultKind::LostAnswer)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(states(&told), "in_progress, success");
    assert_eq!(warnings(&told), "");
    let told = deploys(|world| roomy(world, 2))
        .fault("CreateDeployment", 1, FaultKind::ServerError)
        .fault("CreateDeploymentStatus", 1, FaultKind::Drop)
        .deploy()
        .await;
    assert_eq!(states(&told), "in_progress, success");
    assert_eq!(warnings(&told), "");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_broken_costs_one_warning() {
    let told = deploys(|world| roomy(world, 2))
        .fault("CreateDeploymentStatus", 9, FaultKind::ServerError)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: GitHub was asked to set the deployment's status and did not answer: it answered 502 Bad Gateway; the outcome doesn't depend on it");
    assert_eq!(told.calls("CreateDeploymentStatus"), 4);
}

#[tokio::test(start_paused = true)]
async fn the_address_is_the_listeners_or_the_inputs() {
    let told = deploys(behind_a_balancer).deploy().await;
    let all = statuses(&told);
    assert_eq!(
        all[1]["environment_url"],
        "https://shop-1234567890.eu-west-1.elb.amazonaws.com"
    );
    let told = deploys(behind_a_balancer)
        .input("environment-url", "https://shop.example.com/")
        .deploy()
        .await;
    for status in statuses(&told) {
        assert_eq!(status["environment_url"], "https://shop.example.com/");
    }
    assert_eq!(told.calls("DescribeListeners"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_internal_or_unreadable_balancer_is_no_address() {
    let internal = deploys(|world| {
        behind_a_balancer(world);
        "internal".clone_into(&mut world.load_balancers[0].scheme);
    });
    let denied = deploys(behind_a_balancer).deny("elasticloadbalancing:DescribeTargetGroups");
    for story in [internal, denied] {
        let told = story.deploy().await;
        let all = statuses(&told);
        assert_eq!(all[1]["state"], "success");
        assert!(all[1].get("environment_url").is_none(), "{}", all[1]);
        assert_eq!(warnings(&told), "");
    }
}

#[tokio::test(start_paused = true)]
async fn an_enterprise_server_has_a_base_path() {
    let mut story = deploys(|world| roomy(world, 2));
    story.facts.api_url = Some("https://github.example.com/api/v3".to_owned());
    story.facts.server_url = Some("https://github.example.com".to_owned());
    let told = story.deploy().await;
    assert_eq!(states(&told), "in_progress, success", "{}", told.log);
    assert_eq!(
        statuses(&told)[1]["log_url"],
        "https://github.example.com/acme/shop/actions/runs/4711/attempts/2"
    );
}
