//! The one-off task's log: read where that is allowed, shown as what somebody else wrote.

use std::time::Duration;

use super::job::OneOffJob;
use crate::aws::LogStream;
use crate::run::{Journal, RunContext};
use crate::snapshot::Task;

/// Lines of its log that are read: enough for what migrations were done, and no flood.
const LOG_LINES: usize = 200;
/// Nothing waits longer for the log.
const LOG_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads and shows what the container wrote, where that may be had.
pub(super) async fn read(
    context: &RunContext,
    journal: &mut Journal,
    job: &OneOffJob<'_>,
    task: &Task,
) -> Vec<String> {
    if task.started.is_none() {
        return Vec::new();
    }
    let container = &job.ask.container;
    let Some(stream) = LogStream::of(&job.revision.document, container, task.id()) else {
        journal.line(&format!(
            "its log isn't shown: container `{container}` has no `awslogs` group with `awslogs-stream-prefix`"
        ));
        return Vec::new();
    };
    let read = tokio::time::timeout(LOG_TIMEOUT, context.aws.log_tail(&stream, LOG_LINES)).await;
    match read {
        Ok(Ok(lines)) => {
            show(journal, &stream, &lines);
            journal.one_off_wrote(&lines);
            return lines;
        }
        Ok(Err(error)) if error.is_denied() => {
            let action = error.action;
            journal.warning(&format!("`{action}` is denied: the task's log isn't shown"));
        }
        Ok(Err(error)) => journal.line(&format!("its log isn't shown: {error}")),
        Err(_) => journal.line("its log isn't shown: it took too long"),
    }
    Vec::new()
}

fn show(journal: &mut Journal, stream: &LogStream, lines: &[String]) {
    let log = journal.log();
    log.group(&format!(
        "Log of the one-off task, stream {} of {}",
        stream.stream, stream.group
    ));
    let fence = log.fence();
    for line in lines {
        log.words(&format!("  {line}"));
    }
    log.end_fence(fence);
    log.end_group();
}
