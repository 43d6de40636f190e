//! The pull request's comment: written, kept up to date, and never twice.

use super::*;

/// The same on pull request 7, with a comment.
fn comments(build: impl FnOnce(&mut World)) -> (Story, tempfile::NamedTempFile) {
    let event = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(event.path(), r#"{"pull_request": {"number": 7}}"#).unwrap();
    let mut story = in_actions(build).input("comment", "true");
    story.facts.event_path = Some(event.path().display().to_string());
    (story, event)
}

#[tokio::test(start_paused = true)]
async fn a_plan_becomes_the_pull_requests_comment() {
    let (story, _event) = comments(|world| roomy(world, 2));
    let told = story.input("dry-run", "true").deploy().await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    let all = written(&told);
    assert_eq!(all.len(), 1);
    let expected = plimsoll::report::summary::render(&told.shown());
    assert_eq!(
        all[0],
        format!("<!-- plimsoll: web/api, eu-west-1 -->\n{expected}")
    );
    assert!(all[0].contains("Forecast"), "{}", all[0]);
}

#[tokio::test(start_paused = true)]
async fn the_comment_is_kept_up_to_date_among_others() {
    let (story, _event) = comments(|world| {
        roomy(world, 2);
        for number in 0..120 {
            world.github.add_comment(7, &format!("comment {number}"));
        }
        world.github.add_comment(
            7,
            "<!-- plimsoll: web/worker, eu-west-1 -->\nanother service's",
        );
        world
            .github
            .add_comment(7, "> <!-- plimsoll: web/api, eu-west-1 -->\nquoted");
        world
            .github
            .add_comment(7, "<!-- plimsoll: web/api, eu-west-1 -->\r\nthe last plan");
    });
    let told = story.input("dry-run", "true").deploy().await;
    let all = written(&told);
    assert_eq!(all.len(), 123);
    assert!(!all[122].contains("the last plan"), "{}", all[122]);
    assert!(all[120].contains("another") && all[121].contains("quoted"));
    assert_eq!(told.calls("ListIssueComments"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lost_comment_is_not_written_twice() {
    let (story, _event) = comments(|world| roomy(world, 2));
    let told = story
        .input("dry-run", "true")
        .fault("CreateIssueComment", 1, FaultKind::LostAnswer)
        .deploy()
        .await;
    assert_eq!(written(&told).len(), 1);
    assert_eq!(warnings(&told), "");
}

#[tokio::test(start_paused = true)]
async fn a_refused_comment_costs_a_warning() {
    let (story, _event) = comments(|world| {
        roomy(world, 2);
        world.github.permissions = vec!["deployments".to_owned()];
    });
    let told = story.input("dry-run", "true").deploy().await;
    assert_eq!(told.outcome(), "planned");
    insta::assert_snapshot!(warnings(&told), @"  0:00  warning: GitHub refused to list the pull request's comments: Resource not accessible by integration (403); give the job `permissions:` with `pull-requests: write`; the outcome doesn't depend on it");
}

#[tokio::test(start_paused = true)]
async fn a_push_has_no_comment() {
    let told = in_actions(|world| roomy(world, 2))
        .input("comment", "true")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(told.calls("ListIssueComments"), 0);
    assert_eq!(warnings(&told), "");
}

#[tokio::test(start_paused = true)]
async fn the_same_service_elsewhere_has_a_comment_of_its_own() {
    let (story, _event) = comments(|world| {
        roomy(world, 2);
        world.github.add_comment(
            7,
            "<!-- plimsoll: web/api, staging, eu-west-1 -->\nthe one for staging",
        );
    });
    let told = story
        .input("dry-run", "true")
        .input("environment", "production")
        .deploy()
        .await;
    let all = written(&told);
    assert_eq!(all.len(), 2);
    assert!(all[0].contains("the one for staging"), "{}", all[0]);
    let head: Vec<&str> = all[1].lines().take(4).collect();
    assert_eq!(
        head[..3],
        [
            "<!-- plimsoll: web/api, production, eu-west-1 -->",
            "**production**",
            ""
        ]
    );
    assert!(head[3].starts_with("### ✅ planned: "), "{}", head[3]);
}

#[tokio::test(start_paused = true)]
async fn a_strangers_comment_with_our_mark_is_left_alone() {
    let mark = "<!-- plimsoll: web/api, eu-west-1 -->\nsoon to be a plan of mine";
    for (association, comments_then) in [("NONE", 2), ("CONTRIBUTOR", 2), ("MEMBER", 1)] {
        let (story, _event) = comments(|world| {
            roomy(world, 2);
            let author = ("mallory", association);
            world.github.add_comment_of(author, 7, mark);
        });
        let told = story.input("dry-run", "true").deploy().await;
        assert_eq!(written(&told).len(), comments_then, "{association}");
    }
}
