//! The one-off task, such as a migration: one task of the new revision that runs to its end before
//! any service is updated.
//!
//! The exit code of one container decides, and only 0 lets the rollout begin. Whatever else becomes
//! of it, no service is updated, and the task isn't left to itself without a word.

mod begin;
mod explain;
mod follow;
mod log;
mod plan;

use super::{definition, start};
use crate::cause::Cause;
use crate::durations::to_the_second;
use crate::failure::Failure;
use crate::plan::{OneOff, Plan};
use crate::report::{OneOffReport, Outcome};
use crate::request::Request;
use crate::rollout::in_one_line;
use crate::run::Run;
use crate::runner::token;
use crate::snapshot::{Service, TaskStatus, last_part};

pub(super) use plan::{plan, prepare};

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
    // Large, and without a part in most runs.
    let done = Box::pin(to_its_end(run, request, &job)).await;
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
    let report = run.report.one_off.get_or_insert_default();
    job.ready.arn.clone_into(&mut report.task_definition);
    job.token.clone_into(&mut report.token);
    run.keep();
    let deadline = run.clock.now().plus(job.ask.timeout);
    let answer = begin::started(run, job).await?;
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
    follow::see(run, task);
    let end = follow::followed(run, request, (job, deadline)).await?;
    let goes_on = matches!(end, End::TimedOut(_) | End::NoPlace)
        || (matches!(end, End::Exited(_)) && !job.ask.essential);
    let mut stopped = "";
    if goes_on {
        // What the task is about now; that it is stopped explains nothing.
        let causes = explain::causes(run, job, &[]).await;
        run.report.one_off.get_or_insert_default().causes = causes;
        stopped = follow::stop(run, job, &end).await;
    }
    log::read(run, job).await;
    if end == End::Exited(0) {
        let text = format!(
            "container `{}` ended with exit code 0{}",
            job.ask.container,
            ran_for(run)
        );
        run.console.line(&format!("one-off task: {text}"));
        let report = run.report.one_off.get_or_insert_default();
        report.reason = text;
        report.causes.clear();
        return Ok(());
    }
    if !goes_on {
        let causes = explain::causes(run, job, &[]).await;
        run.report.one_off.get_or_insert_default().causes = causes;
    }
    let mut failure = failed(run, job, &end);
    failure.reason.push_str(stopped);
    Err(failure)
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
        .map(|(from, to)| format!(", {} after its start", to_the_second(to.since(from))))
        .unwrap_or_default()
}

/// The failure that an end is; every end but exit code 0 is one.
fn failed(run: &Run, job: &Job<'_>, end: &End) -> Failure {
    let empty = OneOffReport::default();
    let report = run.report.one_off.as_ref().unwrap_or(&empty);
    let failure = |reason: String| Failure {
        outcome: Outcome::Failed,
        reason,
        help: Vec::new(),
    };
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
            follow::status(was),
            to_the_second(job.ask.timeout)
        ),
        End::NoPlace => {
            let why = report.causes.first().map(in_one_line);
            let why = why.unwrap_or_else(|| "ECS gives no reason".to_owned());
            return failure(format!("the one-off task found no place: {why}"));
        }
    };
    failure(format!("the one-off task failed: {reason}"))
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
