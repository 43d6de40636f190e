//! `role-to-assume`: the runner's token, STS, and the credentials' renewal.

mod chained;
mod refused;

use plimsoll::run::Command;
use plimsoll_sim::{FaultKind, RoleSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{definition, images, redeploy, roomy, service};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";

/// The provider and the role, as the README has them.
fn trusting(world: &mut World) {
    world.add_oidc_provider(GITHUB, &["sts.amazonaws.com"]);
    world.add_role(RoleSpec::default());
}

/// A redeploy with the role, in a job that may have tokens.
fn with_role(build: impl FnOnce(&mut World)) -> Story {
    redeploy(|world| {
        roomy(world, 1);
        build(world);
    })
    .input("role-to-assume", ROLE)
    .in_a_job()
}

/// Tokens, keys and what they were asked with stand in masks, and nowhere else.
fn check_secrets(told: &Told) {
    let (masks, rest): (Vec<&str>, Vec<&str>) = told
        .log
        .lines()
        .partition(|line| line.starts_with("::add-mask::"));
    let masked = |secret: &str| masks.iter().any(|line| line.contains(secret));
    let rest = format!("{}\n{:?}", rest.join("\n"), told.report);
    let calls = told.sim.calls();
    let tokens = calls
        .iter()
        .filter_map(|call| call.body["WebIdentityToken"].as_str());
    for token in tokens {
        assert!(masked(token), "{token}");
        for part in token.split('.') {
            assert!(!rest.contains(part), "{part} in\n{rest}");
        }
    }
    let (sessions, bearer) = told.sim.with(|world| {
        (
            world.sessions().to_vec(),
            world.runner.request_token.clone(),
        )
    });
    for session in sessions {
        assert!(masked(&session.secret_key) && masked(&session.token));
        for secret in [&session.access_key, &session.secret_key, &session.token] {
            assert!(!rest.contains(secret.as_str()), "{secret} in\n{rest}");
        }
    }
    assert!(!told.log.contains(&bearer), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn the_role_is_assumed_with_the_runners_token() {
    let told = with_role(trusting)
        .input("allowed-account-ids", "111122223333")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let first = told
        .log
        .lines()
        .find(|line| !line.starts_with("::add-mask"));
    insta::assert_snapshot!(first.unwrap(), @"  0:00  credentials: role `arn:aws:iam::111122223333:role/deploy`, session `plimsoll-hello-17812345678`, renewed as long as this takes");
    let calls = told.sim.calls();
    let asked = calls
        .iter()
        .find(|call| call.operation == "GetIDToken")
        .unwrap();
    assert_eq!(asked.body["audience"], "sts.amazonaws.com");
    let asked = calls
        .iter()
        .find(|call| call.operation == "AssumeRoleWithWebIdentity")
        .unwrap();
    assert_eq!(asked.body["RoleSessionName"], "plimsoll-hello-17812345678");
    assert_eq!(asked.body["DurationSeconds"], "3600");
    assert_eq!(told.calls("AssumeRoleWithWebIdentity"), 1);
    check_secrets(&told);
}

#[tokio::test(start_paused = true)]
async fn inputs_say_how_the_role_is_assumed() {
    let told = with_role(|world| {
        world.add_oidc_provider(GITHUB, &["of-our-own"]);
        world.add_role(RoleSpec {
            name: "ci/deploy".to_owned(),
            audience: "of-our-own".to_owned(),
            subjects: vec!["repo:octo-org@123456/*@456789:environment:production".to_owned()],
            ..RoleSpec::default()
        });
        world.runner.immutable_subject = true;
        world.runner.context = "environment:production".to_owned();
    })
    .input("role-to-assume", "arn:aws:iam::111122223333:role/ci/deploy")
    .input("role-session-name", "friday@evening")
    .input("role-duration-seconds", "15m")
    .input("audience", "of-our-own")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let arn = told.sim.with(|world| world.sessions()[0].arn.clone());
    assert_eq!(
        arn,
        "arn:aws:sts::111122223333:assumed-role/deploy/friday@evening"
    );
}

/// A rollout whose image takes so many minutes to come, with credentials of `seconds`.
fn long(minutes: i64, seconds: &str) -> Story {
    let slow = TaskBehaviour {
        pull_secs: minutes * 60,
        ..TaskBehaviour::default()
    };
    with_role(|world| {
        trusting(world);
        world.behaviour("api@", slow);
    })
    .input("role-duration-seconds", seconds)
    .input("wait-for-minutes", "120")
    .input("stuck-after", "2h")
    .input("poll-interval", "15s")
}

#[tokio::test(start_paused = true)]
async fn a_wait_longer_than_the_credentials_is_nothing() {
    for (seconds, least) in [("3600", 2), ("900", 9)] {
        let told = long(90, seconds).deploy().await;
        assert_eq!(told.outcome(), "succeeded", "{}", told.log);
        assert!(told.seconds > 90 * 60, "{}", told.seconds);
        let assumed = told.calls("AssumeRoleWithWebIdentity");
        assert!(
            (least..=least + 2).contains(&assumed),
            "{assumed} of {seconds}"
        );
        // A token is fresh each time, and nothing is said of an end.
        assert_eq!(told.calls("GetIDToken"), assumed);
        assert!(!told.log.contains("the credentials end"), "{}", told.log);
        check_secrets(&told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_for_a_while_is_made_up_for() {
    let told = long(20, "900")
        .trouble("GetIDToken", 500..780, FaultKind::ServerError)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(!told.log.contains('!'), "{}", told.log);
    assert!(told.calls("GetIDToken") > told.calls("AssumeRoleWithWebIdentity"));
}

#[tokio::test(start_paused = true)]
async fn an_outage_past_the_end_of_the_credentials_is_waited_out() {
    let told = long(45, "900")
        .trouble("GetIDToken", 500..2400, FaultKind::Drop)
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    // Nothing was asked of ECS with credentials that had ended.
    let calls = told.sim.calls();
    let asked = |at: i64| {
        calls
            .iter()
            .any(|call| call.operation == "DescribeServices" && call.at - START == at)
    };
    assert!((0..900_000).any(asked) && !(900_000..2_400_000).any(asked));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_taken_away_during_the_wait_ends_the_run_with_the_reason() {
    let story = long(60, "900");
    story.sim.with(|world| {
        world.script(START + 1_000_000, |world| {
            world.runner.context = "ref:refs/heads/gone".to_owned();
            world.remove_role("deploy");
        });
    });
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    insta::assert_snapshot!(told.report.reason, @"`ecs:DescribeServices` on service `api` of cluster `web` failed: the role `arn:aws:iam::111122223333:role/deploy` can't be assumed: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity");
    let help = told.report.help.join("\n");
    assert!(help.contains("refs/heads/gone"), "{help}");
    assert!(
        told.log.contains("the deployment goes on in ECS"),
        "{}",
        told.log
    );
    check_secrets(&told);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_credentials_that_nobody_renews_is_reported_before_the_wait() {
    let mut story = redeploy(|world| roomy(world, 1));
    story.keys_end = Some(20 * 60);
    let told = story.deploy().await;
    assert!(
        told.log.contains(
            "the credentials end in 20 minutes, before `wait-for-minutes` (30 minutes) is over"
        ),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn the_account_that_is_allowed_holds_for_the_role_too() {
    // The ARN is of the allowed account, and STS says otherwise.
    let told = with_role(trusting)
        .rewrite(
            "GetCallerIdentity",
            "<Account>111122223333",
            "<Account>999988887777",
        )
        .input("allowed-account-ids", "111122223333")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "invalid", "{}", told.log);
    assert_eq!(told.calls("DescribeServices"), 0);
}

#[tokio::test(start_paused = true)]
async fn all_looks_are_made_as_the_role() {
    let told = with_role(trusting).carry_out(Command::Explain).await;
    assert_eq!(told.outcome(), "unchanged", "{}", told.log);
    assert_eq!(told.calls("AssumeRoleWithWebIdentity"), 1);
    check_secrets(&told);
}

#[tokio::test(start_paused = true)]
async fn signed_reads_are_made_as_the_role_without_asking_for_it_again() {
    let mut document = definition("api", 256, 512);
    document["networkMode"] = json!("awsvpc");
    document["requiresCompatibilities"] = json!(["FARGATE"]);
    document["cpu"] = json!("256");
    document["memory"] = json!("512");
    document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
    let told = redeploy(|world| {
        images(world);
        trusting(world);
        let spec = ServiceSpec {
            launch_type: "FARGATE".to_owned(),
            ..ServiceSpec::default()
        };
        service(world, document, spec);
    })
    .input("role-to-assume", ROLE)
    .in_a_job()
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.calls("DescribeSubnets") > 0, "{}", told.log);
    assert!(told.calls("GetServiceQuota") > 0, "{}", told.log);
    assert_eq!(told.calls("AssumeRoleWithWebIdentity"), 1);
}
