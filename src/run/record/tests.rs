use std::time::Instant;

use super::*;
use crate::report::{DefinitionReport, PendingWrite};

fn report() -> Report {
    Report {
        region: "eu-west-1".to_owned(),
        services: vec![ServiceReport {
            cluster: "web".to_owned(),
            service: "api".to_owned(),
            ..ServiceReport::default()
        }],
        ..Report::default()
    }
}

fn pending() -> Report {
    Report {
        pending_write: Some(PendingWrite {
            index: 0,
            wanted: "api:2".to_owned(),
            before: None,
            desired: 1,
        }),
        definition: Some(DefinitionReport {
            arn: "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:2".to_owned(),
            registered: true,
            ..DefinitionReport::default()
        }),
        ..report()
    }
}

/// What the process after the job finds in its environment.
fn left(file: &std::path::Path) -> RunProgress {
    let text = std::fs::read_to_string(file).unwrap();
    let value = text.lines().rfind(|line| line.starts_with('{')).unwrap();
    RunProgress::left(&[("STATE_progress".to_owned(), value.to_owned())]).unwrap()
}

#[test]
fn the_last_that_was_kept_is_what_is_known() {
    let record = Record::default();
    let before = record.known().unwrap().report;
    assert!(!before.service_changed && before.services.is_empty());
    record.keep(&pending(), Clock::system());
    record.keep(&report(), Clock::system());
    let known = record.known().unwrap().report;
    assert!(known.pending_write.is_none() && known.services.len() == 1);
}

/// The thread that panics may hold the lock itself.
#[test]
fn a_lock_that_is_held_is_not_waited_for() {
    let record = Record::default();
    record.keep(&report(), Clock::system());
    let held = record.0.lock().unwrap();
    let since = Instant::now();
    assert!(record.known().is_none());
    assert!(since.elapsed() < Duration::from_secs(5));
    drop(held);
    assert!(record.known().is_some());
}

#[test]
fn progress_is_written_before_an_update_and_after_it_and_not_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    let record = Record::default();
    record.to_state(file.clone());
    record.keep(&pending(), Clock::system());
    let progress = left(&file);
    assert!(progress.pending && !progress.service_changed);
    assert!(progress.revision.as_ref().unwrap().ends_with("api:2"));
    // Until it is known, the safe thing to say is that it was changed.
    assert!(progress.report().service_changed);
    let mut changed = report();
    changed.service_changed = true;
    changed.services[0].changed = true;
    changed.services[0].deployment_id = "ecs-svc/1".to_owned();
    for _ in 0..3 {
        record.keep(&changed, Clock::system());
        record.keep_look(0, &changed.services[0]);
    }
    let progress = left(&file);
    assert!(!progress.pending && progress.service_changed);
    assert_eq!(progress.report().services[0].deployment_id, "ecs-svc/1");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with('{')).count(), 2);
}
