//! Each outcome where people meet it: the exit code, the annotation on the run's page, the first
//! lines of the summary, the states of the GitHub deployment.

use plimsoll::report::{Outcome, summary};
use plimsoll_sim::{Breaker, GitHub, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{crash, definition, images, instance, large, redeploy, roomy, service};

/// A redeploy in a job of Actions with a GitHub deployment.
fn told(build: impl FnOnce(&mut World)) -> Story {
    let mut story = redeploy(build).in_a_job();
    let github = GitHub::default();
    story.facts.sha = github.refs.first().cloned();
    story.facts.repository = Some(github.repository);
    story
        .input("github-token", &github.token)
        .input("environment", "production")
}

/// Numbers of deployments differ from run to run of the stand-in's dice; they are cut short.
fn shown(told: &Told) -> String {
    let annotations = ["::notice ", "::warning ", "::error "];
    let annotation = told
        .log
        .lines()
        .rfind(|line| annotations.iter().any(|one| line.starts_with(one)));
    let summary = summary::render(&told.shown());
    let head: Vec<&str> = summary.lines().filter(|line| !line.is_empty()).collect();
    let states = told.sim.with(|world| {
        let states: Vec<String> = world
            .github
            .deployments
            .iter()
            .flat_map(|one| &one.statuses)
            .map(|(_, status)| status["state"].as_str().unwrap_or_default().to_owned())
            .collect();
        states.join(", ")
    });
    let text = format!(
        "exit {}\n{}\n{}\n{}\ndeployment: {states}",
        told.report.exit_code(),
        annotation.unwrap_or("no annotation"),
        head[0],
        head[1],
    );
    let mut parts = text.split("ecs-svc/");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "ecs-svc/…" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

fn slow(world: &mut World) {
    let behaviour = TaskBehaviour {
        pull_secs: 7200,
        ..TaskBehaviour::default()
    };
    world.behaviour("api@", behaviour);
}

fn replaced(world: &mut World) {
    roomy(world, 2);
    let other = world.add_task_definition(definition("api", 128, 128));
    world.script(START + 30_000, move |world| {
        let body = json!({"taskDefinition": other});
        world.update_service("web", "api", &body).unwrap();
    });
}

/// The story that ends with `outcome`.
fn story(outcome: Outcome) -> Story {
    match outcome {
        Outcome::Succeeded => told(|world| roomy(world, 2)),
        Outcome::Started => {
            told(|world| roomy(world, 2)).input("wait-for-service-stability", "false")
        }
        Outcome::Unchanged => told(|world| roomy(world, 2))
            .input("repository", "")
            .input("image-tag", ""),
        Outcome::Planned => told(large)
            .input("service", "sample")
            .input("dry-run", "true"),
        Outcome::Failed => told(|world| {
            roomy(world, 1);
            crash(world, "api@", 137);
        }),
        Outcome::Invalid => told(|world| roomy(world, 1)).input("image-tag", "v9"),
        Outcome::Blocked => told(large).input("service", "sample"),
        Outcome::Stuck => told(large)
            .input("service", "sample")
            .input("capacity-check", "off"),
        Outcome::RolledBack => told(|world| {
            images(world);
            instance(world);
            crash(world, "api@", 1);
            let spec = ServiceSpec {
                breaker: Some(Breaker::default()),
                ..ServiceSpec::default()
            };
            service(world, definition("api", 256, 512), spec);
        }),
        Outcome::Superseded => told(replaced),
        Outcome::TimedOut => told(|world| {
            roomy(world, 1);
            slow(world);
        })
        .input("wait-for-minutes", "5"),
        Outcome::Error => told(|world| roomy(world, 1)).deny("ecs:UpdateService"),
        Outcome::Interrupted | Outcome::Terminated => {
            let mut story = told(|world| {
                roomy(world, 1);
                slow(world);
            });
            story.cancel_after = Some(60);
            story
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_outcome_is_said_the_same_everywhere() {
    let mut all = String::new();
    for &outcome in Outcome::ALL {
        if outcome == Outcome::Interrupted {
            continue;
        }
        let told = story(outcome).deploy().await;
        assert_eq!(told.report.outcome, Some(outcome), "{}", told.log);
        all.push_str(&format!("{}\n\n", shown(&told)));
    }
    insta::assert_snapshot!(all, @r"
    exit 0
    ::notice title=Plimsoll%3A unchanged::the service already runs this revision, and its deployment is complete
    ### ✅ unchanged: the service already runs this revision, and its deployment is complete
    | | |
    deployment: in_progress, success

    exit 0
    ::warning title=Plimsoll%3A planned::nothing was changed; as it stands, the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)
    ### ⚠️ planned: nothing was changed; as it stands, the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)
    | | |
    deployment: 

    exit 0
    ::notice title=Plimsoll%3A started::the deployment is started; no wait was asked for
    ### ✅ started: the deployment is started; no wait was asked for
    | | |
    deployment: in_progress, success

    exit 0
    ::notice title=Plimsoll%3A succeeded::api:2 serves: the deployment is complete
    ### ✅ succeeded: api:2 serves: the deployment is complete
    | | |
    deployment: in_progress, success

    exit 6
    ::error title=Plimsoll%3A superseded::deployment ecs-svc/… (api:2) took the place of this one
    ### ⚠️ superseded: deployment ecs-svc/… (api:2) took the place of this one
    The service was changed by this run.
    deployment: in_progress, failure

    exit 7
    ::error title=Plimsoll%3A timed-out::api:2 was still rolling out after 5 minutes, waiting for 1 new task to start
    ### ⚠️ timed-out: api:2 was still rolling out after 5 minutes, waiting for 1 new task to start
    The service was changed by this run.
    deployment: in_progress, failure

    exit 5
    ::error title=Plimsoll%3A rolled-back::ECS put api:1 back: Service deployment rolled back because the circuit breaker threshold was exceeded; api:2: the essential container `app` ended with exit code 1, 3s after its start
    ### ❌ rolled-back: ECS put api:1 back: Service deployment rolled back because the circuit breaker threshold was exceeded; api:2: the essential container `app` ended with exit code 1, 3s after its start
    The service was changed by this run.
    deployment: in_progress, failure

    exit 3
    ::error title=Plimsoll%3A blocked::the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)
    ### ❌ blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)
    The service was not changed.
    deployment: in_progress, failure

    exit 2
    ::error title=Plimsoll%3A invalid::repository `api` holds no image `v9`%0A→ the newest tags are: v1, v2
    ### ❌ invalid: repository `api` holds no image `v9`
    The service was not changed.
    deployment: in_progress, failure

    exit 4
    ::error title=Plimsoll%3A stuck::the rollout of sample:2 can't go on: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)%0A→ ECS goes on trying: the old tasks that still run go on serving, and the new revision starts as soon as there is room
    ### ❌ stuck: the rollout of sample:2 can't go on: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 6144 CPU units needed, 2048 free, 4096 short)
    The service was changed by this run.
    deployment: in_progress, failure

    exit 1
    ::error title=Plimsoll%3A failed::the rollout of api:2 failed: 3 tasks of the new revision failed in a row and none got healthy: task f89c5aca: Essential container in task exited (container `app`, exit code 137)
    ### ❌ failed: the rollout of api:2 failed: 3 tasks of the new revision failed in a row and none got healthy: task f89c5aca: Essential container in task exited (container `app`, exit code 137)
    The service was changed by this run.
    deployment: in_progress, failure

    exit 8
    ::error title=Plimsoll%3A error::`ecs:UpdateService` on service `api` of cluster `web` failed: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/deploy/session is not authorized to perform: ecs:UpdateService on resource: * because no identity-based policy allows the ecs:UpdateService action%0A→ allow `ecs:UpdateService` in the policy of the role in use%0A→ revision `arn:aws:ecs:eu-west-1:111122223333:task-definition/api:2` is registered and unused: the next run may use it, or deregister it
    ### ❌ error: `ecs:UpdateService` on service `api` of cluster `web` failed: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/deploy/session is not authorized to perform: ecs:UpdateService on resource: \* because no identity-based policy allows the ecs:UpdateService action
    The service was not changed.
    deployment: in_progress, error

    exit 143
    ::error title=Plimsoll%3A cancelled::the run was cancelled; deployment ecs-svc/… of api:2 goes on in ECS (when last seen, 0 of 1 new tasks ran, and 1 old)
    ### ⏹️ cancelled: the run was cancelled; deployment ecs-svc/… of api:2 goes on in ECS (when last seen, 0 of 1 new tasks ran, and 1 old)
    The service was changed by this run.
    deployment: in_progress, error
    ");
}

/// What is no failure and yet wants to be looked at.
#[tokio::test(start_paused = true)]
async fn a_replaced_deploy_may_be_fine_and_is_a_warning() {
    let told = told(replaced)
        .input("on-superseded", "ignore")
        .deploy()
        .await;
    insta::assert_snapshot!(shown(&told), @"
    exit 0
    ::warning title=Plimsoll%3A superseded::deployment ecs-svc/… (api:2) took the place of this one
    ### ⚠️ superseded: deployment ecs-svc/… (api:2) took the place of this one
    The service was changed by this run.
    deployment: in_progress, inactive
    ");
}

/// The limit stands in the reason as it was given.
#[tokio::test(start_paused = true)]
async fn a_limit_is_shown_as_it_was_given() {
    for (given, words) in [
        ("20s", "20 seconds"),
        ("1", "1 minute"),
        ("90s", "90 seconds"),
        ("90", "90 minutes"),
    ] {
        let told = told(|world| {
            roomy(world, 1);
            slow(world);
        });
        let told = told.input("wait-for-minutes", given).deploy().await;
        let reason = told.report.reason;
        let expected = format!("still rolling out after {words}, waiting for");
        assert!(reason.contains(&expected), "{given}: {reason}");
    }
}
