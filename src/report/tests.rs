use super::{Outcome, Report, ServiceReport, console_url, hidden, json, text};
use crate::redact::Redactor;
use crate::snapshot::{Task, Timestamp};

#[test]
fn outcomes_have_the_exit_codes_that_the_contract_names() {
    let table: Vec<String> = Outcome::ALL
        .iter()
        .map(|outcome| format!("{}={}", outcome.as_str(), outcome.exit_code()))
        .collect();
    assert_eq!(
        table.join(" "),
        "unchanged=0 planned=0 started=0 succeeded=0 superseded=6 timed-out=7 rolled-back=5 blocked=3 invalid=2 \
         stuck=4 failed=1 error=8 cancelled=130 cancelled=143"
    );
}

#[test]
fn the_console_is_the_one_of_the_partition() {
    assert_eq!(
        console_url(
            "eu-west-1",
            "arn:aws:ecs:eu-west-1:111122223333:cluster/web",
            "api"
        ),
        "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/web/services/api/deployments?region=eu-west-1"
    );
    assert!(
        console_url("cn-north-1", "web", "api")
            .starts_with("https://cn-north-1.console.amazonaws.cn/")
    );
    assert!(
        console_url("us-gov-west-1", "web", "api")
            .starts_with("https://console.amazonaws-us-gov.com/")
    );
}

#[test]
fn outputs_that_held_a_secret_are_named_with_the_way_out() {
    let outputs = [
        ("reason", "*** serves".to_owned()),
        ("image", "***/api@sha256:9f".to_owned()),
        ("image-digest", "sha256:9f".to_owned()),
        ("image-tag", String::new()),
        (
            "task-definition-arn",
            "arn:aws:ecs:eu-west-1:111122223333:task-definition/x".to_owned(),
        ),
        ("task-definition-family", "family-of-***".to_owned()),
        ("console-url", "https://example.com/***".to_owned()),
    ];
    insta::assert_snapshot!(hidden(&outputs).join("\n"), @"
    the output `image` holds a value that this run keeps secret, so `***` stands in its place: use `image-digest` instead
    the output `task-definition-family` holds a value that this run keeps secret, so `***` stands in its place: take it from the task definition or the service instead
    the output `console-url` holds a value that this run keeps secret, so `***` stands in its place: take it from the task definition or the service instead
    ");
}

/// AWS's times come in as they are; `humantime` panics after 9999.
#[test]
fn times_that_no_calendar_has_can_be_written() {
    let mut report = Report::default();
    let stopped = [i64::MIN, -1, 253_402_300_800_000, i64::MAX].map(|millis| Task {
        stopped: Some(Timestamp(millis)),
        ..Task::default()
    });
    report.services.push(ServiceReport {
        stopped: stopped.into(),
        ..ServiceReport::default()
    });
    let written = json::render(&report.shown(&Redactor::default()));
    let tasks = written["services"][0]["stoppedTasks"].as_array().unwrap();
    let times: Vec<_> = tasks
        .iter()
        .map(|task| task["stoppedAt"].as_str())
        .collect();
    let (first, last) = ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z");
    assert_eq!(times, [first, first, last, last].map(Some));
}

/// `format!` panics at a width of more than 65,535.
#[test]
fn services_with_names_of_any_length_stand_in_the_table() {
    let named = |name: &str| ServiceReport {
        service: name.to_owned(),
        reason: "api:2 serves".to_owned(),
        ..ServiceReport::default()
    };
    let report = Report {
        services: vec![named(&"a".repeat(70_000)), named("api")],
        ..Report::default()
    };
    let lines = text::closing(&report.shown(&Redactor::default()));
    let rows = lines.iter().filter(|line| line.ends_with("api:2 serves"));
    assert_eq!(rows.count(), 2);
}
