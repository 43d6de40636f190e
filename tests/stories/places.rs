//! Services and clusters that are named by ARN, and those that aren't where the run is.

use plimsoll_sim::FaultKind;

use crate::door::{Story, Told};
use crate::setting::{redeploy, roomy};

const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333:service/web/api";

fn named(service: &str) -> Story {
    redeploy(|world| roomy(world, 1)).input("service", service)
}

/// Nothing was changed, and `words` say why.
fn refused(told: &Told, outcome: &str, words: &[&str]) {
    assert_eq!(told.outcome(), outcome, "{}", told.log);
    assert_eq!(
        (
            told.calls("RegisterTaskDefinition"),
            told.calls("UpdateService")
        ),
        (0, 0)
    );
    for word in words {
        assert!(
            told.log.contains(word),
            "{word} is missing in\n{}",
            told.log
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_arn_holds_for_its_region_and_account() {
    let told = named(ARN).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let told = named(&ARN.replace("eu-west-1", "us-east-1")).deploy().await;
    let words = [
        "is of region us-east-1, and this run is in eu-west-1",
        "set `aws-region: us-east-1`",
    ];
    refused(&told, "invalid", &words);
    let told = named(&ARN.replace("111122223333", "999988887777"))
        .deploy()
        .await;
    refused(
        &told,
        "invalid",
        &["is of account 999988887777", "account 111122223333"],
    );
}

#[tokio::test(start_paused = true)]
async fn one_cluster_is_one_however_it_is_named() {
    let cluster = "arn:aws:ecs:eu-west-1:111122223333:cluster/web";
    let told = named("web/api").input("cluster", cluster).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(told.report.services[0].cluster, cluster);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_not_there_is_a_slip() {
    let told = named("api").input("cluster", "wbe").deploy().await;
    refused(
        &told,
        "invalid",
        &["check `cluster` and `aws-region` (now eu-west-1)"],
    );
}

#[tokio::test(start_paused = true)]
async fn a_registration_says_what_it_did_and_what_it_could_not_read() {
    let register = || {
        redeploy(|world| roomy(world, 1))
            .input("service", "")
            .input("register-only", "true")
            .input("task-definition", "api")
    };
    let told = register().deploy().await;
    assert_eq!(
        told.report.reason,
        "registered api:2, and no service was updated"
    );
    let told = register()
        .input("image-tag", "")
        .input("repository", "")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    assert_eq!(
        told.report.reason,
        "api:1 says the same already: nothing was registered, and no service was updated"
    );
    let told = register()
        .trouble("DescribeTaskDefinition", 0..3600, FaultKind::ServerError)
        .deploy()
        .await;
    refused(&told, "error", &["DescribeTaskDefinition"]);
    let told = register().input("task-definition", "nope").deploy().await;
    refused(&told, "invalid", &["must be an ACTIVE family or revision"]);
}
