//! Whatever AWS, an image or a registry says: shown, bounded, never a panic.

use plimsoll::cause::CauseKind;
use plimsoll::diagnosis::MAX_CAUSES;
use proptest::prelude::*;

use crate::world::World;

/// Longest message: a sentence with a few literals of at most 300 characters each.
const LONGEST_MESSAGE: usize = 3_000;
/// Longest line of evidence: AWS's text, cut at 1,400 characters, with its head.
const LONGEST_EVIDENCE: usize = 1_600;
/// Most lines of evidence: texts, targets, log lines.
const MOST_EVIDENCE: usize = 30;

#[track_caller]
fn check(world: &World) {
    let causes = world.causes();
    assert!(causes.len() <= MAX_CAUSES);
    for cause in causes {
        assert!(
            cause.message.chars().count() <= LONGEST_MESSAGE,
            "{}",
            cause.message
        );
        assert!(!cause.message.contains('\n'), "{}", cause.message);
        assert!(
            cause.evidence.len() <= MOST_EVIDENCE,
            "{:?}",
            cause.evidence
        );
        assert!(cause.remedies.len() <= 8, "{:?}", cause.remedies);
        for line in &cause.evidence {
            assert!(line.chars().count() <= LONGEST_EVIDENCE, "{line}");
        }
    }
}

proptest! {
    #[test]
    fn any_event_is_shown(text in "[^\u{0}]{1,400}") {
        let world = World::new().event(5, &text);
        check(&world);
        // With nothing else to go by, either it is progress or it stands in the evidence.
        if let Some(cause) = world.causes().first() {
            prop_assert!(cause.evidence.iter().any(|line| line.contains(&text)), "{:?}", cause.evidence);
        }
    }

    #[test]
    fn any_stop_is_shown(text in "[^\u{0}]{1,400}") {
        let world = World::new().stopped(1, "TaskFailedToStart", &text);
        check(&world);
        let causes = world.causes();
        prop_assert!(causes.iter().any(|cause| cause.evidence.iter().any(|line| line.contains(&text))) || text.to_lowercase().contains("scaling activity"));
    }

    #[test]
    fn any_reason_of_a_container_is_shown(text in "[^\u{0}]{1,2000}", head in prop::sample::select(HEADS)) {
        let text = format!("{head}{text}");
        check(&World::new().exited(2, 1, &text).reason(&text).log(&[&text]));
    }
}

const HEADS: &[&str] = &[
    "",
    "CannotPullContainerError: failed to resolve ref ",
    "CannotPullContainerError: 000000000000.dkr.ecr.",
    "ResourceInitializationError: unable to pull secrets or registry auth: ",
    "is not authorized to perform: ",
    "ECS was unable to assume the role '",
    "i/o timeout https://",
    "is unhealthy in due to (reason ",
    "create network interface subnet '",
    "no matching manifest for ",
    "lifecycle hook(s) failed. Lifecycle hook target ",
];

#[test]
fn hundreds_of_alike_tasks_are_one_line() {
    let mut world = World::new();
    for number in 0..250 {
        let text = format!(
            "CannotPullContainerError: RequestId: 415e6826-9d7a-4ef1-8eea-{number:012}: not found"
        );
        world = world.stopped(1, "TaskFailedToStart", &text);
    }
    check(&world);
    let causes = world.causes();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].evidence.len(), 1);
    assert!(
        causes[0].evidence[0].starts_with("250 tasks: "),
        "{}",
        causes[0].evidence[0]
    );
}

#[test]
fn hundreds_of_different_texts_are_counted() {
    let mut world = World::new();
    for number in 0..150 {
        let word = format!("w{}", "x".repeat(number));
        world = world.stopped(
            1,
            "TaskFailedToStart",
            &format!("nobody knows this: {word}"),
        );
        world = world.event(5, &format!("says {word}."));
    }
    check(&world);
    let causes = world.causes();
    assert_eq!(causes[0].kind, CauseKind::Unknown);
    assert_eq!(
        causes[0].evidence.last().map(String::as_str),
        Some("and 295 other texts of this kind")
    );
}

#[test]
fn a_long_log_is_cut() {
    let line = "x".repeat(5_000);
    let lines: Vec<&str> = std::iter::repeat_n(line.as_str(), 1_000).collect();
    check(&World::new().exited(1, 1, "").log(&lines));
}
