//! Following the started deployments to their end, and what each end means for the run.

use std::time::Duration;

use super::{Started, rollback};
use crate::aws::AwsError;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::request::{OnFailure, OnStuck, OnSuperseded, Request};
use crate::rollout::watch::{Ended, Watch, Watched};
use crate::rollout::{Level, Patience, State, Verdict, Waiting, in_one_line};
use crate::run::Run;
use crate::snapshot::last_part;

/// Watches until every service has its outcome, then sums them up in the report.
pub(crate) async fn to_the_end(
    run: &mut Run,
    request: &Request,
    started: Vec<Started>,
) -> Result<(), Failure> {
    if !started.is_empty() {
        tell_of_expiry(run, request.rollout.limit).await;
        let patience = Patience {
            stuck_after: request.rollout.stuck_after,
            deadline: run.clock.now().plus(request.rollout.limit),
            wait_when_stuck: request.rollout.on_stuck == OnStuck::Wait,
        };
        let indexes: Vec<usize> = started.iter().map(|started| started.index).collect();
        let mut states: Vec<State> = started
            .into_iter()
            .map(|started| {
                let doubted = is_doubted(run, started.index);
                let state = State::new(started.target, patience, started.document);
                if doubted { state.doubted() } else { state }
            })
            .collect();
        let Watched { ended, broken } = watched(run, request, &indexes, &mut states).await;
        for ((index, state), ended) in indexes.into_iter().zip(&states).zip(ended) {
            match ended {
                Some(ended) => {
                    conclude(run, index, state, ended);
                    rollback::where_asked(run, request, index, state).await;
                }
                None => lose_sight(run, index, broken.as_ref()),
            }
        }
    }
    sum_up(run, request);
    Ok(())
}

/// Whether nobody knows if the rollout fits. One that was forecast to be blocked, and was let go on,
/// gets its time: whoever did so may know of room to come.
fn is_doubted(run: &Run, index: usize) -> bool {
    let forecast = run.report.services[index].forecast.as_ref();
    forecast.is_none_or(|forecast| forecast.verdict == crate::capacity::Verdict::Unknown)
}

async fn watched(
    run: &mut Run,
    request: &Request,
    indexes: &[usize],
    states: &mut [State],
) -> Watched {
    let several = run.report.services.len() > 1;
    let names: Vec<String> = indexes
        .iter()
        .map(|&index| run.report.name_of(index))
        .collect();
    let watch = Watch {
        aws: &run.aws,
        clock: &run.clock,
        poll_interval: request.rollout.poll,
    };
    let console = &mut run.console;
    let mut say = |index: usize, line: &crate::rollout::Line| {
        let text = if several {
            format!("[{}] {}", names[index], line.text)
        } else {
            line.text.clone()
        };
        match line.level {
            Level::Info => console.line(&text),
            Level::Warning | Level::Error => console.line(&format!("! {text}")),
        }
    };
    let ended = watch.run(states, &mut say).await;
    // What was seen so far belongs in the report also when the watch itself breaks off.
    for (&index, state) in indexes.iter().zip(states.iter()) {
        run.report.services[index]
            .timeline
            .clone_from(&state.timeline);
        run.report.services[index]
            .stopped
            .clone_from(&state.stopped);
    }
    ended
}

/// ECS can't be looked at any more: what becomes of the service is not known.
fn lose_sight(run: &mut Run, index: usize, error: Option<&AwsError>) {
    let report = &mut run.report.services[index];
    report.outcome = Some(Outcome::Error);
    report.reason = error.map(ToString::to_string).unwrap_or_default();
    let blind = "the deployment goes on in ECS without being watched: look at it in the console, or run `plimsoll watch`";
    for help in error
        .and_then(AwsError::help)
        .into_iter()
        .chain([blind.to_owned()])
    {
        if !run.report.help.contains(&help) {
            run.report.help.push(help);
        }
    }
}

/// A watch that outlives its credentials ends blind: better known before it begins.
async fn tell_of_expiry(run: &mut Run, limit: Duration) {
    let Some(expiry) = run.aws.credentials_expire().await else {
        return;
    };
    let millis = expiry
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
    let left = crate::snapshot::Timestamp(millis).since(run.clock.now());
    if left < limit {
        run.console.warning(&format!(
            "the credentials end in {} minutes, before `wait-for-minutes` ({}) is over",
            left.as_secs() / 60,
            limit.as_secs() / 60
        ));
    }
}

fn conclude(run: &mut Run, index: usize, state: &State, ended: Ended) {
    let revision = last_part(&state.target.task_definition).to_owned();
    let minutes = limit_minutes(state);
    let report = &mut run.report.services[index];
    let (outcome, reason) = match ended.verdict {
        Verdict::Succeeded => (
            Outcome::Succeeded,
            format!("{revision} serves: the deployment is complete"),
        ),
        Verdict::Stuck { proven } => {
            let why = ended.causes.first().map_or_else(
                || "nothing moved, and no cause was found".to_owned(),
                in_one_line,
            );
            let certain = if proven {
                "can't go on"
            } else {
                "has not moved"
            };
            (
                Outcome::Stuck,
                format!("the rollout of {revision} {certain}: {why}"),
            )
        }
        Verdict::Failed { reason } => (
            Outcome::Failed,
            format!("the rollout of {revision} failed: {reason}"),
        ),
        Verdict::RolledBack { to, reason } => (
            Outcome::RolledBack,
            format!("ECS put {} back: {reason}", last_part(&to)),
        ),
        Verdict::Superseded {
            by,
            task_definition,
        } => (
            Outcome::Superseded,
            format!(
                "deployment {by} ({}) took the place of this one",
                last_part(&task_definition)
            ),
        ),
        Verdict::TimedOut { waiting } => (
            Outcome::TimedOut,
            format!(
                "{revision} was still rolling out after {minutes} minutes, waiting for {}",
                words(&waiting)
            ),
        ),
    };
    report.outcome = Some(outcome);
    report.reason = reason;
    report.causes = ended.causes;
}

/// Old tasks of the stuck services that ran at the last look.
fn old_tasks(run: &Run) -> u32 {
    let stuck = run
        .report
        .services
        .iter()
        .filter(|service| service.outcome == Some(Outcome::Stuck));
    stuck
        .filter_map(|service| service.timeline.last())
        .map(|sample| sample.old_running)
        .sum()
}

fn limit_minutes(state: &State) -> u64 {
    state
        .patience
        .deadline
        .since(state.target.since)
        .as_secs()
        .div_ceil(60)
}

fn words(waiting: &[Waiting]) -> String {
    let words: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    if words.is_empty() {
        "ECS".to_owned()
    } else {
        words.join("; ")
    }
}

/// The worst service's outcome is the run's.
fn sum_up(run: &mut Run, request: &Request) {
    let worst = run
        .report
        .services
        .iter()
        .enumerate()
        .max_by_key(|(_, service)| service.outcome);
    let Some((index, worst)) = worst else { return };
    run.report.outcome = worst.outcome;
    run.report.reason = if run.report.services.len() > 1 {
        let good = run
            .report
            .services
            .iter()
            .filter(|service| service.outcome.is_some_and(Outcome::is_good))
            .count();
        format!(
            "{good} of {} services are well; `{}`: {}",
            run.report.services.len(),
            run.report.name_of(index),
            worst.reason
        )
    } else {
        worst.reason.clone()
    };
    run.report.superseded_is_fine = request.rollout.on_superseded == OnSuperseded::Ignore;
    if request.rollout.on_failure == OnFailure::None && run.report.outcome == Some(Outcome::Stuck) {
        // Where the percentages let ECS stop the old tasks first, none may be left.
        let serving = if old_tasks(run) > 0 {
            "the old tasks serve as before, and "
        } else {
            ""
        };
        run.report.help.push(format!(
            "ECS goes on trying: {serving}the new revision starts as soon as there is room"
        ));
    }
}
