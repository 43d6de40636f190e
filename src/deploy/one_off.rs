//! The one-off task, such as a migration: one task of the new revision that runs to its end before
//! any service is updated.
//!
//! The exit code of one container decides, and only 0 lets the rollout begin. Whatever else becomes
//! of it, no service is updated, and the task isn't left to itself without a word.

mod explain;
mod plan;

use std::time::Duration;

use super::{definition, execute, start};
use crate::aws::{AwsError, AwsErrorKind, LogStream, RunTaskAnswer};
use crate::cause::{Cause, CauseKind};
use crate::diagnosis::reason;
use crate::failure::Failure;
use crate::plan::{OneOff, Plan};
use crate::report::{OneOffReport, Outcome};
use crate::request::Request;
use crate::rollout::in_one_line;
use crate::run::Run;
use crate::runner::token;
use crate::snapshot::{PlacementFailure, Service, Task, TaskStatus, Timestamp, last_part};

pub(super) use plan::{announce, plan};

/// Nobody's task: whether DescribeTasks is allowed is known before one is started.
const NOBODY: &str = "00000000000000000000000000000000";
/// A container may take 120 s from SIGTERM to its end (`stopTimeout` on Fargate), and the task some
/// more.
const STOPPING: Duration = Duration::from_secs(150);
/// Between two looks at a task that was told to stop.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Between two looks for proof that a task which waits for an instance waits in vain.
const BETWEEN_PROOFS: Duration = Duration::from_secs(30);
/// Looks that must prove the same: one may have caught a read that was stale.
const PROOFS: u32 = 2;
/// Lines of its log that are read: enough for what migrations were done, and no flood.
const LOG_LINES: usize = 200;
/// Nothing waits longer for the log.
const LOG_TIMEOUT: Duration = Duration::from_secs(20);

/// What runs, of which revision, in whose place.
#[derive(Clone, Copy, Debug)]
struct Job<'a> {
    ask: &'a OneOff,
    ready: &'a definition::Ready,
    /// The service whose settings it takes where none are given.
    service: &'a Service,
    /// `startedBy` and client token.
    token: &'a str,
}

impl Job<'_> {
    fn revision(&self) -> &str {
        last_part(&self.ready.arn)
    }
}

/// What became of the task.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Exited(i64),
    /// The task has stopped, and the container has no exit code.
    NoExitCode,
    /// Ended without complaint because something told it to stop.
    CutShort,
    /// The time is over; its status then.
    TimedOut(TaskStatus),
    /// There was no place for it, and none was to come.
    NoPlace,
}

/// Runs the task that the plan holds, if it holds one, to its end.
///
/// # Errors
/// `failed` where the task didn't end with exit code 0, `error` where AWS could not be used.
pub(super) async fn before_the_rollout(
    run: &mut Run,
    request: &Request,
    services: &[Service],
    (plan, ready): (&Plan, &[definition::Ready]),
) -> Result<(), Failure> {
    let (Some(ask), Some(service)) = (&plan.one_off, services.first()) else {
        return Ok(());
    };
    let token = token::random();
    let job = Job {
        ask,
        ready: &ready[ask.definition],
        service,
        token: &token,
    };
    let done = to_its_end(run, request, &job).await;
    let failure = done.as_ref().err();
    let report = run.report.one_off.get_or_insert_default();
    report.outcome = Some(failure.map_or(Outcome::Succeeded, |failure| failure.outcome));
    if let Some(failure) = failure {
        report.reason.clone_from(&failure.reason);
    }
    let left_over = start::left_over(ready, &[]);
    done.map_err(|failure| left_over.into_iter().fold(failure, Failure::help))
}

async fn to_its_end(run: &mut Run, request: &Request, job: &Job<'_>) -> Result<(), Failure> {
    // A task whose end may not be read is better not started.
    run.aws
        .task(&job.ask.cluster, NOBODY)
        .await
        .map_err(|error| {
            Failure::from(error)
                .help("the one-off task was not started: how it ends could not be read")
        })?;
    let report = run.report.one_off.get_or_insert_default();
    job.ready.arn.clone_into(&mut report.task_definition);
    job.token.clone_into(&mut report.token);
    let deadline = run.clock.now().plus(job.ask.timeout);
    let answer = started(run, job).await?;
    let Some(task) = answer.task else {
        run.report.one_off.get_or_insert_default().causes =
            explain::causes(run, job, &answer.failures).await;
        return Err(failed(run, job, &End::NoPlace));
    };
    run.console.line(&format!(
        "one-off task {} of {} started",
        task.id(),
        job.revision()
    ));
    see(run, task);
    let end = followed(run, request, (job, deadline)).await?;
    let outlives = !job.ask.essential && matches!(end, End::Exited(_));
    let goes_on = matches!(end, End::TimedOut(_) | End::NoPlace) || outlives;
    let stopped = if goes_on {
        stop(run, job, &end).await
    } else {
        ""
    };
    read_log(run, job).await;
    if end == End::Exited(0) {
        let took = ran_for(run);
        let container = &job.ask.container;
        let text = format!("container `{container}` ended with exit code 0{took}");
        run.console.line(&format!("one-off task: {text}"));
        run.report.one_off.get_or_insert_default().reason = text;
        return Ok(());
    }
    let causes = explain::causes(run, job, &[]).await;
    let report = run.report.one_off.get_or_insert_default();
    if report.causes.is_empty() {
        report.causes = causes;
    }
    let mut failure = failed(run, job, &end);
    failure.reason.push_str(stopped);
    Err(failure)
}

/// RunTask, sent again with the same token until it is answered: ECS starts no second task for it.
async fn started(run: &Run, job: &Job<'_>) -> Result<RunTaskAnswer, Failure> {
    let mut attempt = 0;
    loop {
        let asked = run.aws.run_task(job.ask, &job.ready.arn, job.token).await;
        let error = match asked {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        attempt += 1;
        match error.kind {
            AwsErrorKind::Throttled if attempt < execute::WRITE_TRIES => {}
            AwsErrorKind::Unanswered => {
                if let Some(task) = started_after_all(run, job).await {
                    return Ok(RunTaskAnswer {
                        task: Some(task),
                        failures: Vec::new(),
                    });
                }
                if attempt == execute::WRITE_TRIES {
                    let help = format!(
                        "a task may run all the same: look for one with `startedBy` `{}` in cluster `{}`",
                        job.token, job.ask.cluster
                    );
                    return Err(Failure::from(error).help(help));
                }
            }
            AwsErrorKind::Refused if is_about_place(&error) => {
                return Ok(RunTaskAnswer {
                    task: None,
                    failures: vec![PlacementFailure {
                        reason: error.text,
                        ..PlacementFailure::default()
                    }],
                });
            }
            _ => return Err(refused(&error)),
        }
        tokio::time::sleep(execute::delay(attempt)).await;
    }
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

/// Keeps what was seen of the task; says its status where that is another one.
fn see(run: &mut Run, task: Task) {
    let report = run.report.one_off.get_or_insert_default();
    let before = report.task.replace(task.clone());
    if before.is_none_or(|before| before.last_status != task.last_status) {
        run.console
            .line(&format!("one-off task: {}", status(&task.last_status)));
    }
}

fn status(status: &TaskStatus) -> String {
    match status {
        TaskStatus::Other(text) => text.clone(),
        known => format!("{known:?}").to_uppercase(),
    }
}

/// Looks at the task until it is decided.
async fn followed(
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
    match run.aws.task(&job.ask.cluster, &arn).await {
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
fn end_of(task: &Task, container: &str) -> Option<End> {
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
async fn stop(run: &mut Run, job: &Job<'_>, end: &End) -> &'static str {
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

/// Reads and shows what the container wrote, where that may be had.
async fn read_log(run: &mut Run, job: &Job<'_>) {
    let Some(task) = run.report.one_off.as_ref().and_then(|one| one.task.clone()) else {
        return;
    };
    if task.started.is_none() {
        return;
    }
    let container = &job.ask.container;
    let Some(stream) = LogStream::of(&job.ready.document, container, task.id()) else {
        run.console.line(&format!(
            "its log isn't shown: container `{container}` has no `awslogs` group with `awslogs-stream-prefix`"
        ));
        return;
    };
    let read = tokio::time::timeout(LOG_TIMEOUT, run.aws.log_tail(&stream, LOG_LINES)).await;
    let lines = match read {
        Ok(Ok(lines)) => lines,
        Ok(Err(error)) if error.is_denied() => {
            let action = error.action;
            run.console
                .warning(&format!("`{action}` is denied: the task's log isn't shown"));
            return;
        }
        Ok(Err(error)) => {
            run.console.line(&format!("its log isn't shown: {error}"));
            return;
        }
        Err(_) => {
            run.console.line("its log isn't shown: it took too long");
            return;
        }
    };
    run.console.group(&format!(
        "Log of the one-off task, stream {} of {}",
        stream.stream, stream.group
    ));
    let fence = run.console.fence();
    for line in &lines {
        run.console.words(&format!("  {line}"));
    }
    run.console.end_fence(fence);
    run.console.end_group();
    run.report.one_off.get_or_insert_default().log = lines;
}

/// How long it ran, where that is known: `, 23s after its start`.
fn ran_for(run: &Run) -> String {
    let task = run
        .report
        .one_off
        .as_ref()
        .and_then(|one| one.task.as_ref());
    let times = task.and_then(|task| Some((task.started?, task.stopping.or(task.stopped)?)));
    times
        .map(|(from, to)| format!(", {} after its start", span(to.since(from))))
        .unwrap_or_default()
}

fn span(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

/// The failure that an end is; every end but exit code 0 is one.
fn failed(run: &Run, job: &Job<'_>, end: &End) -> Failure {
    let empty = OneOffReport::default();
    let report = run.report.one_off.as_ref().unwrap_or(&empty);
    let who = format!("container `{}` of {}", job.ask.container, job.revision());
    let reason = match end {
        End::Exited(code) => format!("{who} ended with exit code {code}"),
        End::NoExitCode => format!("{who} has no exit code{}", why_stopped(report)),
        End::CutShort => format!(
            "{who} was stopped before it was done{}",
            why_stopped(report)
        ),
        End::TimedOut(was) => format!(
            "{who} was still {} after {} (`run-task-timeout`)",
            status(was),
            span(job.ask.timeout)
        ),
        End::NoPlace => {
            let why = report.causes.first().map(in_one_line);
            format!(
                "there is no place for it: {}",
                why.unwrap_or_else(|| "ECS gives no reason".to_owned())
            )
        }
    };
    Failure {
        outcome: Outcome::Failed,
        reason: format!("the one-off task failed: {reason}"),
        help: Vec::new(),
    }
}

/// AWS's words for why the task stopped: the container's before the task's.
fn why_stopped(report: &OneOffReport) -> String {
    let Some(task) = &report.task else {
        return String::new();
    };
    let container = task
        .containers
        .iter()
        .find(|one| one.name == report.container);
    let own = container.map_or("", |one| one.reason.as_str());
    match [own, &task.stopped_reason]
        .into_iter()
        .find(|text| !text.is_empty())
    {
        Some(text) => format!(": {text}"),
        None => String::new(),
    }
}

/// After a signal: a task that may still run is told to stop, and what is known of it is said.
pub(super) async fn on_the_way_out(run: &mut Run) {
    let outcome = run.report.outcome;
    let Some(report) = run.report.one_off.as_mut().filter(|one| one.is_open()) else {
        return;
    };
    let known = report.task.as_ref().map(|task| task.arn.clone());
    let arn = match known {
        Some(arn) => Some(arn),
        None => {
            let found = run.aws.started_by(&report.cluster, &report.token).await;
            found
                .unwrap_or_default()
                .into_iter()
                .next()
                .map(|task| task.arn)
        }
    };
    let said = match &arn {
        None => format!(
            "whether the one-off task was started isn't known: look for one with `startedBy` `{}`",
            report.token
        ),
        Some(arn) => {
            let why = "the run that waited for it was cancelled";
            let id = last_part(arn);
            match run.aws.stop_task(&report.cluster, arn, why).await {
                Ok(()) => format!("the one-off task {id} was told to stop"),
                Err(error) => format!("the one-off task {id} goes on ({error})"),
            }
        }
    };
    report.outcome = outcome;
    report.reason.clone_from(&said);
    run.report.reason.push_str(&format!("; {said}"));
}

/// The causes as the report has them.
type Causes = Vec<Cause>;

#[cfg(test)]
mod tests;
