use super::*;
use crate::clock::Clock;
use crate::report::{PendingWrite, ServiceReport};

fn bug() -> Bug {
    Bug {
        place: "src/report/json.rs:12:3".to_owned(),
        message: "attempt to subtract with overflow".to_owned(),
    }
}

fn known(report: Report) -> KnownRun {
    KnownRun {
        report,
        clock: Clock::system(),
    }
}

#[test]
fn a_place_is_where_the_source_is_and_not_where_it_was_compiled() {
    for (file, short) in [
        ("src/report/json.rs", "src/report/json.rs"),
        (
            "/home/ci/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/humantime-2.4.0/src/date.rs",
            "humantime-2.4.0/src/date.rs",
        ),
        (
            "/rustc/0123abcd/library/core/src/option.rs",
            "library/core/src/option.rs",
        ),
    ] {
        assert_eq!(shortened(file), short);
    }
}

#[test]
fn a_bug_before_anything_was_changed_says_so() {
    let (full, bare) = bug().reports(Some(&known(Report::default())), Some("report.json"));
    for report in [full, bare] {
        assert_eq!(report.outcome, Some(Outcome::Error));
        assert!(!report.service_changed);
        insta::allow_duplicates! {
            insta::assert_snapshot!(
                text::closing(&report.shown(&crate::redact::Redactor::default())).join("\n").replace(env!("CARGO_PKG_VERSION"), "…"),
                @r"

                error: the run was ended by a bug in Plimsoll … at `src/report/json.rs:12:3` (attempt to subtract with overflow); the service was not changed
                the service was not changed
                  → please report it at https://github.com/plimsoll-dev/plimsoll/issues, with this log and the file `report.json`
                "
            );
        }
    }
}

#[test]
fn a_bug_while_an_update_is_on_its_way_counts_as_a_change() {
    let report = Report {
        services: vec![ServiceReport::default()],
        pending_write: Some(PendingWrite {
            index: 0,
            wanted: String::new(),
            before: None,
            desired: 1,
        }),
        ..Report::default()
    };
    let (full, bare) = bug().reports(Some(&known(report)), None);
    assert!(full.service_changed && full.services[0].changed && bare.service_changed);
    assert!(full.help[0].starts_with("the answer to an update wasn't read yet"));
    let (unknown, _) = bug().reports(None, None);
    assert!(unknown.service_changed);
    assert!(unknown.help[0].starts_with("how far the run had come isn't known"));
}

#[test]
fn a_bug_after_the_outcome_was_known_names_it() {
    let report = Report {
        outcome: Some(Outcome::Succeeded),
        reason: "api:2 serves".to_owned(),
        service_changed: true,
        ..Report::default()
    };
    let (full, _) = bug().reports(Some(&known(report)), None);
    assert!(
        full.reason
            .ends_with("; before it: succeeded: api:2 serves")
    );
    assert!(full.service_changed);
}

#[test]
fn a_message_that_may_hold_a_value_is_cut_before_it() {
    let made = "called `Result::unwrap()` on an `Err` value: hunter2".to_owned();
    assert_eq!(
        message(&made),
        "called `Result::unwrap()` on an `Err` value"
    );
    assert_eq!(message(&"fixed: words"), "fixed: words");
    assert_eq!(message(&7), "");
}
