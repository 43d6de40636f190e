use super::*;
use crate::console::Style;
use crate::run::KnownRun;
use crate::snapshot::DeploymentStatus;

const REVISION: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:2";

/// A run that has found one service, and the record of what it knows.
fn begun() -> (Journal, Record) {
    let (record, clock) = (Record::default(), Clock::system());
    let console = Console::new(Box::new(std::io::sink()), Style::Plain, clock);
    let mut journal = Journal::begin(console, record.clone(), clock);
    journal.services_found(&[Service {
        cluster: "web".to_owned(),
        name: "api".to_owned(),
        ..Service::default()
    }]);
    (journal, record)
}

fn pending() -> PendingWrite {
    PendingWrite {
        index: 0,
        wanted: REVISION.to_owned(),
        before: None,
        desired: 1,
    }
}

fn made() -> UpdateState {
    UpdateState::Made(crate::snapshot::Deployment {
        id: "ecs-svc/1".to_owned(),
        status: DeploymentStatus::Primary,
        task_definition: REVISION.to_owned(),
        desired: 1,
        pending: 0,
        running: 0,
        failed: 0,
        created: Timestamp::default(),
        updated: Timestamp::default(),
        rollout: None,
        rollout_reason: String::new(),
    })
}

fn known(record: &Record) -> Report {
    let KnownRun { report, .. } = record.known().unwrap();
    report
}

#[test]
fn an_update_is_known_from_before_it_is_sent_until_its_answer() {
    let (mut journal, record) = begun();
    journal.update_sent(pending());
    assert_eq!(known(&record).pending_write, Some(pending()));
    journal.update_is(0, &made());
    let report = known(&record);
    assert_eq!(report.pending_write, None);
    assert!(report.service_changed && report.services[0].changed);
    assert_eq!(report.services[0].deployment_id, "ecs-svc/1");
    assert_eq!(report.services[0].task_definition, REVISION);
}

/// Until it is known, the safe thing to say is that the service was changed.
#[test]
fn an_update_that_may_have_been_made_counts_as_a_change_until_it_is_known() {
    let (mut journal, record) = begun();
    journal.update_sent(pending());
    journal.update_is(0, &UpdateState::Unknown);
    assert!(known(&record).service_changed);
    journal.update_is(0, &UpdateState::NotMade);
    let report = known(&record);
    assert!(!report.service_changed && !report.services[0].changed);
}

#[test]
fn a_rollout_is_left_from_its_update_until_its_end() {
    let (mut journal, record) = begun();
    let left = |journal: &Journal| journal.left_rollouts().len();
    assert_eq!(left(&journal), 0);
    journal.update_is(0, &made());
    assert_eq!(left(&journal), 1);
    let end = ServiceEnd::new(Outcome::Succeeded, "api:2 serves");
    journal.rollout_ended(0, &end);
    assert_eq!(left(&journal), 0);
    let report = known(&record);
    assert_eq!(report.services[0].outcome, Some(Outcome::Succeeded));
    assert_eq!(report.services[0].reason, "api:2 serves");
}

#[test]
fn what_to_do_is_said_once_and_before_what_the_end_adds() {
    let (mut journal, record) = begun();
    journal.advise("look at the service");
    journal.advise("look at the service");
    journal.ended(Ending {
        help: vec!["run it again".to_owned()],
        ..Ending::new(Outcome::Error, "AWS did not answer")
    });
    let report = known(&record);
    assert_eq!(report.help, ["look at the service", "run it again"]);
    assert_eq!(report.outcome, Some(Outcome::Error));
}

/// What took two minutes took two minutes, however far the runner's clock is off.
#[test]
fn the_start_moves_with_the_clock() {
    let (mut journal, _) = begun();
    let hour = 3_600_000;
    let ahead = Timestamp(journal.clock.now().0 + hour);
    let began = journal.started();
    journal.set_clock(journal.clock.set_to(ahead));
    let moved = journal.started().0 - began.0;
    assert!((hour - 1000..=hour + 1000).contains(&moved), "{moved}");
}
