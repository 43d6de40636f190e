//! The one-off task, such as a migration: one task of the new revision that runs to its end before
//! any service is updated.
//!
//! The exit code of one container decides, and only 0 lets the rollout begin. Whatever else becomes
//! of it, no service is updated, and the task isn't left to itself without a word.

mod explain;
mod follow;
mod job;
mod log;
mod plan;
mod start;

use super::register::{self, Registered};
use crate::durations::to_the_second;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::rollout::in_one_line;
use crate::run::{Journal, RunContext};
use crate::runner::token;
use crate::snapshot::{Task, last_part};
use explain::TaskTrace;
use follow::Watched;
use job::{Causes, End, Followed, OneOffJob};

pub(super) use plan::{plan, prepare};

/// Runs the task that the plan holds, if it holds one, to its end.
///
/// # Errors
/// `failed` where the task didn't end with exit code 0, `error` where AWS could not be used.
pub(super) async fn before_the_rollout(
    context: &RunContext,
    journal: &mut Journal,
    registered: &Registered<'_>,
) -> Result<(), Failure> {
    let revisions = &registered.revisions;
    let service = registered.found.services.first();
    let (Some(ask), Some(service)) = (&registered.plan.one_off, service) else {
        return Ok(());
    };
    let token = token::random();
    let job = OneOffJob {
        ask,
        revision: &revisions[ask.definition],
        service,
        token: &token,
    };
    // Large, and without a part in most runs.
    let done = Box::pin(to_its_end(context, journal, &job)).await;
    match &done {
        Ok(how) => journal.one_off_ended(Outcome::Succeeded, how),
        Err(failure) => journal.one_off_ended(failure.outcome, &failure.reason),
    }
    let left_over = register::left_over(revisions, &[]);
    done.map(drop)
        .map_err(|failure| left_over.into_iter().fold(failure, Failure::help))
}

/// Runs it to exit code 0; how it ended, in one line.
async fn to_its_end(
    context: &RunContext,
    journal: &mut Journal,
    job: &OneOffJob<'_>,
) -> Result<String, Failure> {
    journal.one_off_sent(&job.revision.arn, job.token);
    let deadline = context.clock.now().plus(job.ask.timeout);
    let answer = start::started(context, job).await?;
    let Some(task) = answer.task else {
        let trace = TaskTrace {
            failures: &answer.failures,
            ..TaskTrace::default()
        };
        let causes = explained(context, journal, job, trace).await;
        return Err(found_no_place(&causes));
    };
    journal.line(&format!(
        "one-off task {} of {} started",
        task.id(),
        job.revision_name()
    ));
    follow::see(journal, None, &task);
    let watched = Watched {
        job,
        task,
        deadline,
    };
    let followed = follow::followed(context, journal, watched).await?;
    if goes_on(&followed.end, job) {
        stopped(context, journal, job, followed).await
    } else {
        ended(context, journal, job, followed).await
    }
}

/// Whether the task still runs, though what it was for is decided.
fn goes_on(end: &End, job: &OneOffJob<'_>) -> bool {
    match end {
        End::TimedOut(_) | End::NoPlace => true,
        End::Exited(_) => !job.ask.essential,
        End::NoExitCode | End::CutShort => false,
    }
}

/// Stops a task that still runs; how it ended.
async fn stopped(
    context: &RunContext,
    journal: &mut Journal,
    job: &OneOffJob<'_>,
    followed: Followed,
) -> Result<String, Failure> {
    // What the task is about now; that it is stopped explains nothing.
    let trace = TaskTrace {
        task: Some(&followed.task),
        ..TaskTrace::default()
    };
    let causes = explained(context, journal, job, trace).await;
    let stop = follow::stop(context, journal, job, followed).await;
    log::read(context, journal, job, &stop.followed.task).await;
    if stop.followed.end == End::Exited(0) {
        return Ok(done(journal, job, &stop.followed.task));
    }
    let mut failure = failed(job, &stop.followed, &causes);
    failure.reason.push_str(stop.how);
    Err(failure)
}

/// How a task ended that needn't be stopped.
async fn ended(
    context: &RunContext,
    journal: &mut Journal,
    job: &OneOffJob<'_>,
    followed: Followed,
) -> Result<String, Failure> {
    let lines = log::read(context, journal, job, &followed.task).await;
    if followed.end == End::Exited(0) {
        return Ok(done(journal, job, &followed.task));
    }
    let trace = TaskTrace {
        task: Some(&followed.task),
        log: &lines,
        ..TaskTrace::default()
    };
    let causes = explained(context, journal, job, trace).await;
    Err(failed(job, &followed, &causes))
}

async fn explained(
    context: &RunContext,
    journal: &mut Journal,
    job: &OneOffJob<'_>,
    trace: TaskTrace<'_>,
) -> Causes {
    let causes = explain::causes(context, job, trace).await;
    journal.one_off_explained(&causes);
    causes
}

/// Says that the task did what it was for.
fn done(journal: &mut Journal, job: &OneOffJob<'_>, task: &Task) -> String {
    let text = format!(
        "container `{}` ended with exit code 0{}",
        job.ask.container,
        ran_for(task)
    );
    journal.line(&format!("one-off task: {text}"));
    journal.one_off_explained(&[]);
    text
}

/// How long it ran, where that is known: `, 23s after its start`.
fn ran_for(task: &Task) -> String {
    let end = task.stopping.or(task.stopped);
    match (task.started, end) {
        (Some(from), Some(to)) => {
            format!(", {} after its start", to_the_second(to.since(from)))
        }
        _ => String::new(),
    }
}

/// The failure that an end is; every end but exit code 0 is one.
fn failed(job: &OneOffJob<'_>, followed: &Followed, causes: &Causes) -> Failure {
    let who = format!(
        "container `{}` of {}",
        job.ask.container,
        job.revision_name()
    );
    let why = why_stopped(&followed.task, &job.ask.container);
    let reason = match &followed.end {
        End::Exited(code) => format!("{who} ended with exit code {code}"),
        End::NoExitCode => format!("{who} has no exit code{why}"),
        End::CutShort => format!("{who} was stopped before it was done{why}"),
        End::TimedOut(was) => format!(
            "{who} was still {} after {} (`run-task-timeout`)",
            follow::status(was),
            to_the_second(job.ask.timeout)
        ),
        End::NoPlace => return found_no_place(causes),
    };
    of_task(format!("the one-off task failed: {reason}"))
}

fn found_no_place(causes: &Causes) -> Failure {
    let why = causes.first().map(in_one_line);
    let why = why.unwrap_or_else(|| "ECS gives no reason".to_owned());
    of_task(format!("the one-off task found no place: {why}"))
}

fn of_task(reason: String) -> Failure {
    Failure {
        outcome: Outcome::Failed,
        reason,
        help: Vec::new(),
    }
}

/// AWS's words for why the task stopped: the container's before the task's.
fn why_stopped(task: &Task, container: &str) -> String {
    let container = task.containers.iter().find(|one| one.name == container);
    let own = container.map_or("", |one| one.reason.as_str());
    match [own, &task.stopped_reason]
        .into_iter()
        .find(|text| !text.is_empty())
    {
        Some(text) => format!(": {text}"),
        None => String::new(),
    }
}

/// After a signal, which is `outcome`: a task that may still run is asked to stop, and what is known of
/// it is said.
pub(super) async fn on_the_way_out(context: &RunContext, journal: &mut Journal, outcome: Outcome) {
    let Some(open) = journal.open_one_off().cloned() else {
        return;
    };
    let arn = match &open.task {
        Some(task) => Some(task.arn.clone()),
        None => {
            let found = context.aws.started_by(&open.cluster, &open.token).await;
            let first = found.unwrap_or_default().into_iter().next();
            first.map(|task| task.arn)
        }
    };
    let said = match &arn {
        None => format!(
            "whether the one-off task was started isn't known: look for one with `startedBy` `{}`",
            open.token
        ),
        Some(arn) => {
            let why = "the run that waited for it was cancelled";
            let id = last_part(arn);
            match context.aws.stop_task(&open.cluster, arn, why).await {
                Ok(()) => format!("the one-off task {id} was asked to stop"),
                Err(error) => format!("the one-off task {id} goes on ({error})"),
            }
        }
    };
    journal.one_off_ended(outcome, &said);
    journal.ended_also(&format!("; {said}"));
}
