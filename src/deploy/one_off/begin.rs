//! Starting the one-off task: RunTask once, whatever becomes of its answer.

use super::super::execute;
use super::Job;
use crate::aws::{AwsError, AwsErrorKind, RunTaskAnswer};
use crate::aws_text::reason;
use crate::cause::CauseKind;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::run::Run;
use crate::snapshot::{PlacementFailure, Task};

/// RunTask, sent again with the same token until it is answered: ECS starts no second task for it.
/// It takes no longer than the task may.
pub(super) async fn started(run: &Run, job: &Job<'_>) -> Result<RunTaskAnswer, Failure> {
    let asked = tokio::time::timeout(job.ask.timeout, answered(run, job)).await;
    asked.unwrap_or_else(|_| {
        let text = "`ecs:RunTask` was not answered until `run-task-timeout` was over";
        Err(may_run(job, Failure::error(text)))
    })
}

async fn answered(run: &Run, job: &Job<'_>) -> Result<RunTaskAnswer, Failure> {
    let mut lost = false;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let asked = run.aws.run_task(job.ask, &job.ready.arn, job.token).await;
        let error = match asked {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if error.kind == AwsErrorKind::Unanswered {
            lost = true;
            if let Some(task) = started_after_all(run, job).await {
                return Ok(RunTaskAnswer {
                    task: Some(task),
                    failures: Vec::new(),
                });
            }
        }
        if error.kind == AwsErrorKind::Refused && is_about_place(&error) {
            return Ok(RunTaskAnswer {
                task: None,
                failures: vec![PlacementFailure {
                    reason: error.text,
                    ..PlacementFailure::default()
                }],
            });
        }
        let passes = matches!(
            error.kind,
            AwsErrorKind::Unanswered | AwsErrorKind::Throttled
        );
        if !passes || attempt == execute::WRITE_TRIES {
            let failure = refused(&error);
            return Err(if lost { may_run(job, failure) } else { failure });
        }
        tokio::time::sleep(execute::delay(attempt)).await;
    }
}

/// Where an answer was lost, nobody knows.
fn may_run(job: &Job<'_>, failure: Failure) -> Failure {
    failure.help(format!(
        "a task may run all the same: look for one with `startedBy` `{}` in cluster `{}`",
        job.token, job.ask.cluster
    ))
}

async fn started_after_all(run: &Run, job: &Job<'_>) -> Option<Task> {
    for attempt in 0..execute::LOOKS_AFTER_LOSS {
        tokio::time::sleep(execute::delay(attempt)).await;
        let tasks = run.aws.started_by(&job.ask.cluster, job.token).await;
        if let Some(task) = tasks.unwrap_or_default().into_iter().next() {
            return Some(task);
        }
    }
    None
}

/// Some of what ECS says of places comes as an error and not among the failures.
fn is_about_place(error: &AwsError) -> bool {
    reason::of_failure(&error.text).is_some_and(|kind| kind <= CauseKind::CapacityProvider)
}

fn refused(error: &AwsError) -> Failure {
    let failure = Failure {
        outcome: Outcome::Error,
        ..Failure::from(error.clone())
    };
    if !error.is_denied() {
        return failure;
    }
    failure.help("RunTask needs `iam:PassRole` too, on the task role and the execution role, with `iam:PassedToService` `ecs-tasks.amazonaws.com`")
}
