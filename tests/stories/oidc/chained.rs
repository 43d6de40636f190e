//! A role that is assumed as another one: the token is for the first, the deploy for the last.

use plimsoll_sim::{RoleSpec, World};

use super::{ROLE, check_secrets, long, trusting, with_role};
use crate::door::{Story, Told};

const PROD: &str = "arn:aws:iam::111122223333:role/prod";

/// `prod` trusts `deploy`, which trusts the repository.
fn both(world: &mut World) {
    trusting(world);
    world.add_role(RoleSpec {
        name: "prod".to_owned(),
        subjects: Vec::new(),
        trusted_roles: vec!["deploy".to_owned()],
        ..RoleSpec::default()
    });
}

fn by_way(story: Story) -> Story {
    let mut story = story.input("role-to-assume", &format!("{ROLE}\n{PROD}"));
    story.facts.workflow = Some("deploy".to_owned());
    story.facts.actor = Some("dependabot[bot]".to_owned());
    story.facts.git_ref = Some("refs/heads/main".to_owned());
    story
}

fn first_line(told: &Told) -> &str {
    let mut lines = told.log.lines();
    lines
        .find(|line| !line.starts_with("::add-mask"))
        .unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn the_last_role_deploys_and_its_session_says_of_which_run_it_is() {
    let told = by_way(with_role(both)).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(first_line(&told), @"  0:00  credentials: role `arn:aws:iam::111122223333:role/prod` by way of `arn:aws:iam::111122223333:role/deploy`, session `plimsoll-hello-17812345678`, renewed as long as this takes");
    let sessions = told.sim.with(|world| world.sessions().to_vec());
    let arns: Vec<&str> = sessions.iter().map(|one| one.arn.as_str()).collect();
    assert_eq!(
        arns,
        ["deploy", "prod"].map(|role| format!(
            "arn:aws:sts::111122223333:assumed-role/{role}/plimsoll-hello-17812345678"
        ))
    );
    assert!(sessions[0].tags.is_empty());
    let tags: Vec<String> = sessions[1]
        .tags
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    insta::assert_snapshot!(tags.join(", "), @"GitHub=Actions, Repository=octo-org/hello, Workflow=deploy, Actor=dependabot_bot_, Branch=refs/heads/main");
    check_secrets(&told);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_not_be_tagged_is_assumed_without_tags() {
    let story = with_role(|world| {
        both(world);
        world.remove_role("prod");
        world.add_role(RoleSpec {
            name: "prod".to_owned(),
            subjects: Vec::new(),
            trusted_roles: vec!["deploy".to_owned()],
            may_be_tagged: false,
            ..RoleSpec::default()
        });
    });
    let told = by_way(story).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    insta::assert_snapshot!(first_line(&told), @"  0:00  credentials: role `arn:aws:iam::111122223333:role/prod` by way of `arn:aws:iam::111122223333:role/deploy`, session `plimsoll-hello-17812345678`, renewed as long as this takes; its session has no tags, because `sts:TagSession` is denied");
    assert_eq!(told.calls("AssumeRole"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_does_not_trust_the_one_before_is_reported_with_both_names() {
    let told = by_way(with_role(trusting)).deploy().await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    assert_eq!(told.calls("DescribeServices"), 0);
    let mut lines = vec![told.report.reason.clone()];
    lines.extend(told.report.help.iter().map(|help| format!("→ {help}")));
    insta::assert_snapshot!(lines.join("\n"), @"
    the role `arn:aws:iam::111122223333:role/prod` can't be assumed as `arn:aws:iam::111122223333:role/deploy`: AccessDenied: User: arn:aws:sts::111122223333:assumed-role/deploy/plimsoll-hello-17812345678 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/prod
    → let the trust policy of `arn:aws:iam::111122223333:role/prod` name `arn:aws:iam::111122223333:role/deploy` as a principal for `sts:AssumeRole`, and `sts:TagSession` besides for session tags
    → if the two are in different accounts, the policy of `arn:aws:iam::111122223333:role/deploy` must allow `sts:AssumeRole` on `arn:aws:iam::111122223333:role/prod` too
    → check that the role exists under this name and path: STS says the same of one that doesn't
    ");
    check_secrets(&told);
}

#[tokio::test(start_paused = true)]
async fn both_are_renewed_on_a_long_wait() {
    let story = long(90, "3600");
    story.sim.with(both);
    let told = by_way(story).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(
        (
            told.calls("AssumeRoleWithWebIdentity"),
            told.calls("AssumeRole")
        ),
        (2, 2)
    );
    check_secrets(&told);
}

/// The token is for the first role: what is wrong with it is said of that role's account.
#[tokio::test(start_paused = true)]
async fn a_token_that_the_first_role_refuses_is_reported_with_its_account() {
    let elsewhere = "arn:aws:iam::999988887777:role/prod";
    let story = with_role(|world| {
        trusting(world);
        world.runner.repository = "octo-org/other".to_owned();
    });
    let told = story
        .input("role-to-assume", &format!("{ROLE}\n{elsewhere}"))
        .deploy()
        .await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    let help = told.report.help.join("\n");
    assert!(
        help.contains("111122223333") && !help.contains("999988887777"),
        "{help}"
    );
}
