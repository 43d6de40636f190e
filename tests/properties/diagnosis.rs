//! AWS's texts to sentences: whatever AWS, an image or a registry says is shown, bounded, and
//! never said more surely than it was read.

use plimsoll::aws_text::{event, reason};
use plimsoll::diagnosis::MAX_CAUSES;

#[path = "../diagnoses/world.rs"]
#[expect(
    dead_code,
    reason = "of the stories' stage only the texts are of use here"
)]
mod world;

use world::World;

/// Longest message: a sentence with a few literals of at most 300 characters each.
const LONGEST_MESSAGE: usize = 3_000;
/// Longest line of evidence: AWS's text, cut at 1,400 characters, with its head.
const LONGEST_EVIDENCE: usize = 1_600;
/// Most lines of evidence: texts, targets, log lines.
const MOST_EVIDENCE: usize = 30;
/// A text of this length is shown whole.
const SHOWN_WHOLE: usize = 400;

/// Each line of `bytes` is a text of AWS's: behind `s` why a task stopped, behind `x` why a
/// container ended, behind `l` a line of a log, behind `a` a scaling activity, else an event.
pub(crate) fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut world = World::new();
    for (number, line) in text.split('\n').enumerate() {
        let rest = line.get(1..).unwrap_or_default();
        world = match line.as_bytes().first() {
            Some(b's') => world.stopped(1, "TaskFailedToStart", rest),
            Some(b'x') => world.exited(1, number as i64, rest),
            Some(b'l') => world.log(&[rest]),
            Some(b'a') => world.group(1, 2, Some(rest)),
            _ => world.event(5 + number as i64, line),
        };
        read_soundly(line);
    }
    check(&world);
    assert_eq!(world.causes(), world.causes());
    alone_it_is_shown(&text);
}

/// What an event names stands in it, and a text that was made plain stays as it is.
fn read_soundly(text: &str) {
    for text in [
        text.to_owned(),
        format!("(service {text}"),
        format!("(service x, taskSet {text}"),
    ] {
        let plain = reason::plain(&text);
        assert_eq!(reason::plain(&plain), plain);
        assert_eq!(reason::kind(&plain), reason::kind(&text));
        let parsed = event::parse(&text);
        let named = parsed
            .service
            .iter()
            .chain(&parsed.deployment)
            .chain(&parsed.tasks);
        for name in named {
            assert!(plain.contains(name.as_str()), "{name:?} in {text:?}");
        }
        assert!(parsed.tasks.iter().all(|id| id.len() >= 32));
        if let event::EventKind::Trouble(trouble) = parsed.kind {
            assert!(
                plain.contains(&trouble.reason),
                "{:?} in {text:?}",
                trouble.reason
            );
            let instance = trouble.instance.unwrap_or_default();
            assert!(plain.contains(&instance), "{instance:?} in {text:?}");
        }
    }
}

/// With nothing else to go by, either it is progress or it stands in the evidence.
fn alone_it_is_shown(text: &str) {
    if text.is_empty() || text.chars().count() > SHOWN_WHOLE {
        return;
    }
    let shown = |world: World| {
        let causes = world.causes();
        let mut evidence = causes.iter().flat_map(|cause| &cause.evidence);
        (causes.is_empty(), evidence.any(|line| line.contains(text)))
    };
    let (silent, as_event) = shown(World::new().event(5, text));
    assert!(silent || as_event, "{text:?}");
    let (_, as_stop) = shown(World::new().stopped(1, "TaskFailedToStart", text));
    assert!(
        as_stop || text.to_lowercase().contains("scaling activity"),
        "{text:?}"
    );
}

#[track_caller]
fn check(world: &World) {
    let causes = world.causes();
    assert!(causes.len() <= MAX_CAUSES);
    for cause in causes {
        let remedies = cause.remedies.iter().map(|remedy| &remedy.text);
        for sentence in remedies.chain([&cause.message]) {
            assert!(!sentence.is_empty());
            assert!(sentence.chars().count() <= LONGEST_MESSAGE, "{sentence}");
            assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
        }
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
    assert_eq!(causes[0].kind.as_str(), "unknown");
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
