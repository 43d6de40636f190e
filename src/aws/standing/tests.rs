use std::time::Duration;

use tokio::time::Instant;

use super::super::AwsError;
use super::super::error::ErrorAnswer;
use super::{ASK_AGAIN, ASK_AGAIN_MOST, Actions, LOOKS_IN_A_ROW};

const LIST: &str = "ecs:ListTasks";
const BOTH: [&str; 2] = [LIST, "ecs:DescribeTasks"];

fn error(status: u16, code: &str) -> AwsError {
    let answer = ErrorAnswer {
        status,
        code,
        message: "no",
    };
    AwsError::answered(LIST, "cluster `web`", answer)
}

/// Asks at each of these seconds, each in a look of its own, and fails; whether it was asked, and
/// whether it counts as not there then.
fn failing(error: &AwsError, seconds: &[u64]) -> Vec<(bool, bool)> {
    let (mut actions, start) = (Actions::default(), Instant::now());
    let at = |second: &u64| {
        actions.look += 1;
        let now = start + Duration::from_secs(*second);
        match actions.passed_over(&BOTH, now) {
            Some(missed) => (false, missed.is_gone),
            None => (true, actions.missed(error, now)),
        }
    };
    seconds.iter().map(at).collect()
}

#[test]
fn a_denial_counts_at_once_and_for_good() {
    let denied = error(400, "AccessDeniedException");
    assert_eq!(
        failing(&denied, &[0, 5, 9000]),
        [(true, true), (false, true), (false, true)]
    );
}

#[test]
fn all_else_counts_after_a_few_looks_and_is_asked_for_again() {
    for (status, code) in [
        (500, "ServerException"),
        (400, "ThrottlingException"),
        (400, "UnknownOperationException"),
        (400, "InvalidAction"),
        (501, "InternalFailure"),
        (400, ""),
        (400, "ExpiredTokenException"),
    ] {
        assert_eq!(
            failing(&error(status, code), &[0, 5, 10, 15, 39, 41, 99, 101]),
            [
                (true, false),
                (true, false),
                (true, true),
                (false, true),
                (false, true),
                (true, true),
                (false, true),
                (true, true)
            ],
            "{status} {code}"
        );
    }
    let lost = error(500, "ServerException");
    let day: Vec<u64> = (0..86_400).step_by(5).collect();
    let asked = failing(&lost, &day)
        .iter()
        .filter(|(asked, _)| *asked)
        .count() as u64;
    let least = 86_400 / (ASK_AGAIN_MOST.as_secs() + 5);
    assert!((least..least + 12).contains(&asked), "{asked} times a day");
}

/// Several services ask for the same in one look.
#[test]
fn one_look_counts_once() {
    let (mut actions, now) = (Actions::default(), Instant::now());
    let lost = error(500, "ServerException");
    for look in 1..=LOOKS_IN_A_ROW {
        actions.look += 1;
        assert!(actions.passed_over(&BOTH, now).is_none());
        let gone = actions.missed(&lost, now);
        assert_eq!(gone, look == LOOKS_IN_A_ROW);
        let again = actions.passed_over(&BOTH, now);
        assert_eq!(again.map(|missed| missed.is_gone), Some(gone));
    }
}

#[test]
fn what_answers_again_is_used_again() {
    let (mut actions, start) = (Actions::default(), Instant::now());
    let lost = error(500, "ServerException");
    for _ in 0..LOOKS_IN_A_ROW {
        actions.look += 1;
        actions.missed(&lost, start);
    }
    let later = start + ASK_AGAIN;
    actions.look += 1;
    assert!(actions.passed_over(&BOTH, later).is_none());
    actions.answered(&BOTH);
    assert!(!actions.missed(&lost, later), "it counts from one again");
}

/// A log stream that isn't there, a revision that was deleted: the action works.
#[test]
fn an_answer_about_what_was_asked_for_is_no_failure_of_the_action() {
    for code in [
        "ResourceNotFoundException",
        "ClientException",
        "InvalidParameterException",
    ] {
        let seen = failing(&error(400, code), &[0, 1, 2, 3, 4]);
        assert_eq!(seen, [(true, true); 5], "{code}");
    }
}
