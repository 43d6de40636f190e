//! Following the one-off task to its end, and stopping one that doesn't come to it.

use std::time::Duration;

use super::explain;
use super::job::{End, Followed, OneOffJob};
use crate::aws::AwsErrorKind;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::run::{Journal, RunContext};
use crate::snapshot::{Task, TaskStatus, Timestamp, last_part};

/// A container may take 120 s from SIGTERM to its end (`stopTimeout` on Fargate), and the task some
/// more.
const STOPPING: Duration = Duration::from_secs(150);
/// What a look may take past the deadline: its last one is worth a moment, retries aren't.
const LOOK_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two looks at a task that was asked to stop.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Between two looks for proof that a task which waits for an instance waits in vain.
const BETWEEN_PROOFS: Duration = Duration::from_secs(30);
/// Looks that must prove the same: one may have caught a read that was stale.
const PROOFS: u32 = 2;

/// A task that is to be followed.
#[derive(Clone, Debug)]
pub(super) struct Watched<'a> {
    pub(super) job: &'a OneOffJob<'a>,
    /// As it was last seen.
    pub(super) task: Task,
    /// When its time is over.
    pub(super) deadline: Timestamp,
}

/// Writes down what was seen of the task; says its status where that is another one than `before`.
pub(super) fn see(journal: &mut Journal, before: Option<&Task>, task: &Task) {
    if before.map(|before| &before.last_status) != Some(&task.last_status) {
        journal.line(&format!("one-off task: {}", status(&task.last_status)));
    }
    journal.one_off_seen(task);
}

/// As ECS writes it: `RUNNING`.
pub(super) fn status(status: &TaskStatus) -> String {
    match status {
        TaskStatus::Other(text) => text.clone(),
        known => format!("{known:?}").to_uppercase(),
    }
}

/// Looks at the task until it is decided.
///
/// # Errors
/// ECS can't be asked about it any more.
pub(super) async fn followed(
    context: &RunContext,
    journal: &mut Journal,
    watched: Watched<'_>,
) -> Result<Followed, Failure> {
    let Watched {
        job,
        mut task,
        deadline,
    } = watched;
    let options = &context.request.rollout;
    let mut proof_due = context.clock.now().plus(options.stuck_after);
    let mut proofs = 0;
    loop {
        let rest = deadline.since(context.clock.now());
        tokio::time::sleep(options.poll.min(rest)).await;
        task = look(context, journal, job, task).await?;
        if let Some(end) = end_of(&task, &job.ask.container) {
            return Ok(Followed { task, end });
        }
        let now = context.clock.now();
        if now >= deadline {
            let end = End::TimedOut(task.last_status.clone());
            return Ok(Followed { task, end });
        }
        if waits_for_place(&task) && !job.ask.is_fargate() && now >= proof_due {
            let causes = explain::proven(context, job).await;
            proof_due = now.plus(BETWEEN_PROOFS);
            proofs = if causes.is_empty() { 0 } else { proofs + 1 };
            if proofs >= PROOFS {
                let end = End::NoPlace;
                return Ok(Followed { task, end });
            }
        }
    }
}

/// Looks once; the task as it is now. What passes is left to the next look.
async fn look(
    context: &RunContext,
    journal: &mut Journal,
    job: &OneOffJob<'_>,
    task: Task,
) -> Result<Task, Failure> {
    let asked = context.aws.task(&job.ask.cluster, &task.arn);
    let Ok(answer) = tokio::time::timeout(LOOK_TIMEOUT, asked).await else {
        return Ok(task);
    };
    match answer {
        Ok(Some(now)) => {
            see(journal, Some(&task), &now);
            Ok(now)
        }
        Ok(None) => Ok(task),
        Err(error)
            if matches!(
                error.kind,
                AwsErrorKind::Throttled | AwsErrorKind::Unanswered
            ) =>
        {
            tracing::debug!(%error, "a look at the one-off task failed and is tried again");
            Ok(task)
        }
        Err(error) => {
            let help = format!(
                "task `{}` goes on in ECS without being watched",
                last_part(&task.arn)
            );
            Err(Failure {
                outcome: Outcome::Error,
                ..Failure::from(error)
            }
            .help(help))
        }
    }
}

fn waits_for_place(task: &Task) -> bool {
    task.last_status == TaskStatus::Provisioning && task.instance.is_none()
}

/// What the task says of its end; nothing while it goes on.
pub(super) fn end_of(task: &Task, container: &str) -> Option<End> {
    let decides = task.containers.iter().find(|one| one.name == container);
    // A task that is asked to stop may end without complaint, and its work is not done.
    let outside = matches!(
        task.stop_code.as_deref(),
        Some("UserInitiated" | "SpotInterruption" | "TerminationNotice")
    );
    match decides.and_then(|one| one.exit_code) {
        Some(0) if outside => Some(End::CutShort),
        Some(code) => Some(End::Exited(code)),
        None => (task.last_status == TaskStatus::Stopped).then_some(End::NoExitCode),
    }
}

/// A task that was asked to stop.
#[derive(Clone, Debug)]
pub(super) struct Stopped {
    /// As it was last seen.
    pub(super) followed: Followed,
    /// What came of it, for the end of a sentence.
    pub(super) how: &'static str,
}

/// Stops the task and waits until it is gone, as far as that may be seen in time.
pub(super) async fn stop(
    context: &RunContext,
    journal: &mut Journal,
    job: &OneOffJob<'_>,
    followed: Followed,
) -> Stopped {
    const GOES_ON: &str = "; it could not be stopped and goes on";
    const ASKED: &str = "; it was asked to stop";
    let Followed { mut task, end } = followed;
    let why = match end {
        End::TimedOut(_) => "run-task-timeout is over",
        End::NoPlace => "no place for it was to come",
        _ => "the container that it was for has ended",
    };
    let mut how = ASKED;
    let asked = context.aws.stop_task(&job.ask.cluster, &task.arn, why);
    if let Err(error) = asked.await {
        journal.warning(&format!("the one-off task goes on: {error}"));
        how = GOES_ON;
    } else {
        journal.line(&format!("one-off task: asked to stop, because {why}"));
        let until = context.clock.now().plus(STOPPING);
        while context.clock.now() < until {
            match look(context, journal, job, task.clone()).await {
                Ok(now) => task = now,
                Err(_) => break,
            }
            if task.last_status == TaskStatus::Stopped {
                how = "; it is stopped";
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
    let followed = Followed { task, end };
    Stopped { followed, how }
}

#[cfg(test)]
mod tests;
