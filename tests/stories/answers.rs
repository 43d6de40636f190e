//! Answers that don't say what was asked for: a write was taken, and what ECS tells of it is about
//! something else.

use crate::door::{Story, Told};
use crate::setting::{redeploy, roomy};

/// An update to api:2 whose answer names a deployment of api:1.
fn of_another_revision() -> Story {
    redeploy(|world| roomy(world, 2)).rewrite(
        "UpdateService",
        "task-definition/api:2",
        "task-definition/api:1",
    )
}

/// So do all later answers.
fn for_good() -> Story {
    of_another_revision().rewrite(
        "DescribeServices",
        "task-definition/api:2",
        "task-definition/api:1",
    )
}

fn reason(told: &Told) -> &str {
    &told.report.reason
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_the_revision_is_looked_for_where_the_answer_names_another() {
    let told = of_another_revision().deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(
        reason(&told).starts_with("api:2 serves"),
        "{}",
        reason(&told)
    );
    assert_eq!(told.calls("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_another_revision_is_no_success() {
    let told = for_good().deploy().await;
    assert_eq!(told.outcome(), "error", "{}", told.log);
    let said = "ECS took the update of service `api` to api:2, and names ecs-svc/";
    assert!(
        reason(&told).starts_with(said)
            && reason(&told).ends_with(" of api:1 as its current deployment"),
        "{}",
        reason(&told)
    );
    assert!(told.report.service_changed, "{}", told.log);
    assert!(!told.log.contains("registered and unused"), "{}", told.log);
    assert_eq!(told.calls("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_wait_it_is_said_all_the_same() {
    let story = for_good().input("wait-for-service-stability", "false");
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "started", "{}", told.log);
    assert!(
        reason(&told).contains("of api:1 as its current deployment; no wait was asked for"),
        "{}",
        reason(&told)
    );
    assert!(told.report.service_changed, "{}", told.log);
}
