//! Starting the one-off task: RunTask once, whatever becomes of its answer.

use super::super::send_once;
use super::job::OneOffJob;
use crate::aws::{AwsError, AwsErrorKind, RunTaskAnswer};
use crate::aws_text::reason;
use crate::cause::CauseKind;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::run::RunContext;
use crate::snapshot::{PlacementFailure, Task};

/// RunTask, sent again with the same token until it is answered: ECS starts no second task for it.
/// It takes no longer than the task may.
///
/// # Errors
/// ECS refuses it, or could not be asked.
pub(super) async fn started(
    context: &RunContext,
    job: &OneOffJob<'_>,
) -> Result<RunTaskAnswer, Failure> {
    let asked = tokio::time::timeout(job.ask.timeout, answered(context, job)).await;
    asked.unwrap_or_else(|_| {
        let text = "`ecs:RunTask` was not answered until `run-task-timeout` was over";
        Err(may_run(job, Failure::error(text)))
    })
}

async fn answered(context: &RunContext, job: &OneOffJob<'_>) -> Result<RunTaskAnswer, Failure> {
    let mut lost = false;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let asked = context
            .aws
            .run_task(job.ask, &job.revision.arn, job.token)
            .await;
        let error = match asked {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if error.kind == AwsErrorKind::Unanswered {
            lost = true;
            if let Some(task) = started_after_all(context, job).await {
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
        if !passes || attempt == send_once::WRITE_TRIES {
            let failure = refused(&error);
            return Err(if lost { may_run(job, failure) } else { failure });
        }
        tokio::time::sleep(send_once::delay(attempt)).await;
    }
}

/// Where an answer was lost, nobody knows.
fn may_run(job: &OneOffJob<'_>, failure: Failure) -> Failure {
    failure.help(format!(
        "a task may run all the same: look for one with `startedBy` `{}` in cluster `{}`",
        job.token, job.ask.cluster
    ))
}

async fn started_after_all(context: &RunContext, job: &OneOffJob<'_>) -> Option<Task> {
    for attempt in 0..send_once::LOOKS_AFTER_LOSS {
        tokio::time::sleep(send_once::delay(attempt)).await;
        let tasks = context.aws.started_by(&job.ask.cluster, job.token).await;
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
