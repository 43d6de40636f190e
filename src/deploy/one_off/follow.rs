//! Following the one-off task to its end, and stopping one that doesn't come to it.

use std::time::Duration;

use super::{End, Job, explain};
use crate::aws::AwsErrorKind;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::request::Request;
use crate::run::Run;
use crate::snapshot::{Task, TaskStatus, Timestamp, last_part};

/// A container may take 120 s from SIGTERM to its end (`stopTimeout` on Fargate), and the task some
/// more.
const STOPPING: Duration = Duration::from_secs(150);
/// What a look may take past the deadline: its last one is worth a moment, retries aren't.
const LOOK_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two looks at a task that was told to stop.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Between two looks for proof that a task which waits for an instance waits in vain.
const BETWEEN_PROOFS: Duration = Duration::from_secs(30);
/// Looks that must prove the same: one may have caught a read that was stale.
const PROOFS: u32 = 2;

/// Keeps what was seen of the task; says its status where that is another one.
pub(super) fn see(run: &mut Run, task: Task) {
    let report = run.report.one_off.get_or_insert_default();
    let before = report.task.as_ref().map(|before| &before.last_status);
    if before != Some(&task.last_status) {
        run.console
            .line(&format!("one-off task: {}", status(&task.last_status)));
    }
    report.task = Some(task);
    run.keep();
}

pub(super) fn status(status: &TaskStatus) -> String {
    match status {
        TaskStatus::Other(text) => text.clone(),
        known => format!("{known:?}").to_uppercase(),
    }
}

/// Looks at the task until it is decided.
pub(super) async fn followed(
    run: &mut Run,
    request: &Request,
    (job, deadline): (&Job<'_>, Timestamp),
) -> Result<End, Failure> {
    let began = run.clock.now();
    let mut proof = (began.plus(request.rollout.stuck_after), 0);
    loop {
        let rest = deadline.since(run.clock.now());
        tokio::time::sleep(request.rollout.poll.min(rest)).await;
        look(run, job).await?;
        let report = run.report.one_off.get_or_insert_default();
        let seen = report.task.clone();
        if let Some(end) = seen
            .as_ref()
            .and_then(|task| end_of(task, &job.ask.container))
        {
            return Ok(end);
        }
        let now = run.clock.now();
        if now >= deadline {
            let status = seen.map_or(TaskStatus::Provisioning, |task| task.last_status);
            return Ok(End::TimedOut(status));
        }
        let waits = seen.is_some_and(|task| waits_for_place(&task)) && !job.ask.is_fargate();
        if waits && now >= proof.0 {
            let causes = explain::proven(run, job).await;
            proof = (
                now.plus(BETWEEN_PROOFS),
                if causes.is_empty() { 0 } else { proof.1 + 1 },
            );
            if proof.1 >= PROOFS {
                return Ok(End::NoPlace);
            }
        }
    }
}

/// Looks once; what passes is left to the next look.
async fn look(run: &mut Run, job: &Job<'_>) -> Result<(), Failure> {
    let arn = run
        .report
        .one_off
        .as_ref()
        .and_then(|one| Some(one.task.as_ref()?.arn.clone()));
    let arn = arn.unwrap_or_default();
    let asked = run.aws.task(&job.ask.cluster, &arn);
    let Ok(answer) = tokio::time::timeout(LOOK_TIMEOUT, asked).await else {
        return Ok(());
    };
    match answer {
        Ok(Some(task)) => see(run, task),
        Ok(None) => {}
        Err(error)
            if matches!(
                error.kind,
                AwsErrorKind::Throttled | AwsErrorKind::Unanswered
            ) =>
        {
            tracing::debug!(%error, "a look at the one-off task failed and is tried again");
        }
        Err(error) => {
            let help = format!(
                "task `{}` goes on in ECS without being watched",
                last_part(&arn)
            );
            return Err(Failure {
                outcome: Outcome::Error,
                ..Failure::from(error)
            }
            .help(help));
        }
    }
    Ok(())
}

fn waits_for_place(task: &Task) -> bool {
    task.last_status == TaskStatus::Provisioning && task.instance.is_none()
}

/// What the task says of its end; nothing while it goes on.
pub(super) fn end_of(task: &Task, container: &str) -> Option<End> {
    let decides = task.containers.iter().find(|one| one.name == container);
    // Who is told to stop may end without complaint, and its work is not done.
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

/// Stops the task and waits until it is gone, as far as that may be seen in time; what came of it.
pub(super) async fn stop(run: &mut Run, job: &Job<'_>, end: &End) -> &'static str {
    const GOES_ON: &str = "; it could not be stopped and goes on";
    const TOLD: &str = "; it was told to stop";
    let Some(task) = run.report.one_off.as_ref().and_then(|one| one.task.clone()) else {
        return "";
    };
    let why = match end {
        End::TimedOut(_) => "run-task-timeout is over",
        End::NoPlace => "no place for it was to come",
        _ => "the container that it was for has ended",
    };
    if let Err(error) = run.aws.stop_task(&job.ask.cluster, &task.arn, why).await {
        run.console
            .warning(&format!("the one-off task goes on: {error}"));
        return GOES_ON;
    }
    run.console
        .line(&format!("one-off task: told to stop, because {why}"));
    let until = run.clock.now().plus(STOPPING);
    while run.clock.now() < until {
        if look(run, job).await.is_err() {
            return TOLD;
        }
        let task = run
            .report
            .one_off
            .as_ref()
            .and_then(|one| one.task.as_ref());
        if task.is_some_and(|task| task.last_status == TaskStatus::Stopped) {
            return "; it is stopped";
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    TOLD
}

#[cfg(test)]
mod tests;
