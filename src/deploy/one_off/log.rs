//! The one-off task's log: read where that is allowed, shown as what somebody else wrote.

use std::time::Duration;

use super::Job;
use crate::aws::LogStream;
use crate::run::Run;

/// Lines of its log that are read: enough for what migrations were done, and no flood.
const LOG_LINES: usize = 200;
/// Nothing waits longer for the log.
const LOG_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads and shows what the container wrote, where that may be had.
pub(super) async fn read(run: &mut Run, job: &Job<'_>) {
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
