//! What is reported where the runner or STS refuses, or where one of them doesn't answer.

use plimsoll_sim::{FaultKind, RoleSpec};

use super::{GITHUB, ROLE, check_secrets, trusting, with_role};
use crate::door::{START, Story};
use crate::setting::{redeploy, roomy};

/// The closing words of a deploy that came to nothing before anything was asked of ECS.
async fn refused(story: Story) -> String {
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert_eq!(told.calls("DescribeServices"), 0, "{}", told.log);
    check_secrets(&told);
    let lines = told.report.help.iter().map(|help| format!("→ {help}"));
    [told.report.reason.clone()]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_job_without_the_permission_reads_which_one() {
    let told = refused(
        with_role(trusting)
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", "")
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""),
    );
    insta::assert_snapshot!(told.await, @r#"
    the runner offers no OIDC token: `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN` aren't set
    → give the job the permission: `permissions:` with `id-token: write` (and `contents: read` for the checkout, as whatever isn't listed is taken away)
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_fork_and_keys_that_lie_about_are_named() {
    let told = refused(
        with_role(trusting)
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
            .env("GITHUB_EVENT_NAME", "pull_request")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    );
    insta::assert_snapshot!(told.await, @r#"
    the runner offers no OIDC token: `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN` aren't set
    → give the job the permission: `permissions:` with `id-token: write` (and `contents: read` for the checkout, as whatever isn't listed is taken away)
    → a pull request from a fork gets no token, whatever the job's permissions: skip the step there, with `if: github.event.pull_request.head.repo.full_name == github.repository`
    → the AWS credentials in the environment aren't used to assume a role (role chaining): to deploy with them as they are, leave `role-to-assume` away
    "#);
}

#[tokio::test(start_paused = true)]
async fn outside_of_a_job_there_is_no_token() {
    let story = redeploy(|world| roomy(world, 1)).input("role-to-assume", ROLE);
    insta::assert_snapshot!(refused(story).await, @r#"
    the runner offers no OIDC token: `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN` aren't set
    → `role-to-assume` works in a job of GitHub Actions alone: leave it away, and the SDK's default chain finds the credentials, such as those of a profile
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_subject_is_named_in_both_forms() {
    let other = |immutable| {
        with_role(move |world| {
            world.add_oidc_provider(GITHUB, &["sts.amazonaws.com"]);
            world.add_role(RoleSpec {
                subjects: vec!["repo:octo-org/other:*".to_owned()],
                ..RoleSpec::default()
            });
            world.runner.immutable_subject = immutable;
        })
    };
    insta::assert_snapshot!(refused(other(false)).await, @r#"
    the role `arn:aws:iam::111122223333:role/deploy` can't be assumed: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity
    → let the role's trust policy allow `sts:AssumeRoleWithWebIdentity` where `token.actions.githubusercontent.com:sub` is `repo:octo-org/hello:ref:refs/heads/main` and `token.actions.githubusercontent.com:aud` is `sts.amazonaws.com`: that is what this job's token says
    → that is the subject in its old form; in its immutable form it is `repo:octo-org@123456/hello@456789:ref:refs/heads/main`: a policy may list both
    → check that the role exists in account 111122223333, under this name and path: STS says the same of one that doesn't
    "#);
    insta::assert_snapshot!(refused(other(true)).await, @r#"
    the role `arn:aws:iam::111122223333:role/deploy` can't be assumed: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity
    → let the role's trust policy allow `sts:AssumeRoleWithWebIdentity` where `token.actions.githubusercontent.com:sub` is `repo:octo-org@123456/hello@456789:ref:refs/heads/main` and `token.actions.githubusercontent.com:aud` is `sts.amazonaws.com`: that is what this job's token says
    → that is the subject in its immutable form; in its old form it is `repo:octo-org/hello:ref:refs/heads/main`: a policy may list both
    → check that the role exists in account 111122223333, under this name and path: STS says the same of one that doesn't
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_there_reads_the_same_and_is_named() {
    let story = with_role(|world| world.add_oidc_provider(GITHUB, &["sts.amazonaws.com"]));
    let told = refused(story).await;
    assert!(
        told.contains("check that the role exists in account 111122223333"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_just_made_is_asked_for_again() {
    let story = with_role(|world| world.add_oidc_provider(GITHUB, &["sts.amazonaws.com"]));
    story
        .sim
        .with(|world| world.script(START + 2_000, |world| world.add_role(RoleSpec::default())));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn where_an_account_lacks_the_provider_what_to_create_is_said() {
    let story = with_role(|world| world.add_role(RoleSpec::default()));
    insta::assert_snapshot!(refused(story).await, @r#"
    the role `arn:aws:iam::111122223333:role/deploy` can't be assumed: InvalidIdentityToken: No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com
    → create an OIDC provider for `https://token.actions.githubusercontent.com` with the audience `sts.amazonaws.com` in IAM of account 111122223333, or correct the account in `role-to-assume`
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_audience_is_named_with_the_usual_one() {
    let story = with_role(trusting).input("audience", "https://github.com/octo-org");
    insta::assert_snapshot!(refused(story).await, @r#"
    the role `arn:aws:iam::111122223333:role/deploy` can't be assumed: InvalidIdentityToken: Incorrect token audience
    → the token is for `https://github.com/octo-org`: add that to the audiences (client ids) of the OIDC provider in account 111122223333, or set `audience` to one that it has, usually `sts.amazonaws.com`
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_session_longer_than_the_role_allows_is_reported() {
    let story = with_role(trusting).input("role-duration-seconds", "2h");
    insta::assert_snapshot!(refused(story).await, @r#"
    the role `arn:aws:iam::111122223333:role/deploy` can't be assumed: ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.
    → set `role-duration-seconds` (now 7200) to no more than the role's maximum session duration, or raise that; an hour is enough for any wait, because the credentials are renewed
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_ended_when_it_arrives_is_about_clocks() {
    let story = with_role(|world| {
        trusting(world);
        world.runner.token_secs = -60;
    });
    let told = refused(story).await;
    assert!(
        told.contains("ExpiredTokenException: Token expired"),
        "{told}"
    );
    assert!(
        told.contains("GitHub's clock and AWS's are apart"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_runners_clock_that_is_off_is_reported() {
    let mut story = with_role(trusting);
    story.clock_ahead = 12 * 60 * 1000;
    let told = story.deploy().await;
    assert!(
        told.log
            .contains("::the runner's clock is 12 minutes ahead of AWS's"),
        "{}",
        told.log
    );
    assert_eq!(told.calls("AssumeRoleWithWebIdentity"), 1, "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn trouble_of_the_token_endpoint_that_passes_is_nothing() {
    for kind in [FaultKind::ServerError, FaultKind::Throttle, FaultKind::Drop] {
        let told = with_role(trusting)
            .fault("GetIDToken", 3, kind)
            .deploy()
            .await;
        assert_eq!(told.outcome(), "succeeded", "{}", told.log);
        assert_eq!(told.calls("GetIDToken"), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_gives_none_is_reported_within_a_minute() {
    let html = Some((200, "<html>sign in to the proxy</html>".to_owned()));
    let nothing = Some((200, r#"{"value": ""}"#.to_owned()));
    let answered = |answer: Option<(u16, String)>| {
        with_role(move |world| {
            trusting(world);
            world.runner.answer = answer;
        })
    };
    insta::assert_snapshot!(refused(answered(html)).await, @r#"
    the runner's token endpoint gave no OIDC token in 4 tries: the answer isn't the JSON that GitHub writes
    → look at https://www.githubstatus.com, and whether a proxy stands between the runner and GitHub, then run the job again
    "#);
    assert!(refused(answered(nothing)).await.contains("holds no token"));
    let down = with_role(trusting).trouble("GetIDToken", 0..600, FaultKind::ServerError);
    assert!(refused(down).await.contains("in 4 tries: HTTP 503"));
    let began = tokio::time::Instant::now();
    let told = refused(with_role(trusting).silent("GetIDToken")).await;
    assert!(told.contains("it gave no answer in time"), "{told}");
    assert!(began.elapsed().as_secs() <= 60, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_says_no_is_not_asked_again() {
    let story = with_role(|world| {
        trusting(world);
        world.runner.request_token = "of another job".to_owned();
    })
    .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of this job");
    let told = story.deploy().await;
    assert_eq!(told.calls("GetIDToken"), 1);
    insta::assert_snapshot!(told.report.reason, @"the runner's token endpoint refused to give an OIDC token: HTTP 401");
}

#[tokio::test(start_paused = true)]
async fn sts_that_never_answers_does_not_hold_the_run() {
    let began = tokio::time::Instant::now();
    let told = with_role(trusting)
        .silent("AssumeRoleWithWebIdentity")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert!(
        told.report.reason.contains("no answer within 60 s"),
        "{}",
        told.report.reason
    );
    assert!(began.elapsed().as_secs() <= 61, "{:?}", began.elapsed());
}
