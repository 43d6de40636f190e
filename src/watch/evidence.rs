//! What is read for a verdict that isn't good: how the load balancer sees the tasks by now, and the
//! end of a failing container's log.
//!
//! None of it is needed: without it the cause is given all the same.

use serde_json::Value;

use super::reader::Reader;
use super::without::{HEALTH, LOGS};
use crate::aws::LogStream;
use crate::aws_text::stop_reason::to_blame;
use crate::cause::Cause;
use crate::definition::TaskDefinition;
use crate::rollout::{Look, State, causes, failed_tasks};
use crate::snapshot::{LogTail, Service, Task, TaskStatus};

/// A crash tells itself in its last lines; more bury it.
const LOG_LINES: usize = 20;
/// Logs that are read: tasks of one revision mostly fail alike.
const LOGS_MAX: usize = 2;

impl Reader {
    /// Reads what explains a verdict that isn't good; the causes with it, where that found anything.
    pub(super) async fn explain(
        &mut self,
        index: usize,
        state: &State,
        look: &mut Look,
    ) -> Option<Vec<Cause>> {
        self.targets
            .read(index, look, &self.reads, self.clock)
            .await;
        self.targets.show(index, look);
        look.logs = self.logs(state, look).await;
        // There is no other look that could have it.
        for action in [HEALTH, LOGS] {
            if let Some(error) = self.reads.failing(action) {
                self.name(&error);
            }
        }
        let has_found = !look.targets.is_empty() || !look.logs.is_empty();
        has_found.then(|| causes(state, look, self.clock.now()))
    }

    async fn logs(&self, state: &State, look: &Look) -> Vec<LogTail> {
        let tasks = look.tasks.as_deref().unwrap_or(&state.stopped);
        let mut tails = Vec::new();
        for (task, container) in suspects(tasks, state, look.service.as_ref()) {
            let Some(stream) = LogStream::of(&state.document, container, task.id()) else {
                continue;
            };
            let read = self.reads.aws.log_tail(&stream, LOG_LINES);
            let Ok(lines) = self.reads.ask(&[LOGS], read).await else {
                continue;
            };
            let (task, container) = (task.id().to_owned(), container.to_owned());
            tails.push(LogTail {
                task,
                container,
                group: stream.group,
                stream: stream.stream,
                lines,
            });
        }
        tails
    }
}

/// Tasks and the container of each whose log may tell what went wrong: the newest failures first,
/// then running tasks that don't get healthy.
fn suspects<'a>(
    tasks: &'a [Task],
    state: &'a State,
    service: Option<&'a Service>,
) -> Vec<(&'a Task, &'a str)> {
    let behind = service
        .and_then(|service| service.load_balancers.first())
        .map(|one| one.container.as_str());
    let failed = failed_tasks(tasks, &state.target.deployment).into_iter();
    let failed = failed.filter(|task| task.started.is_some());
    let waiting = tasks.iter().filter(|task| {
        behind.is_some()
            && task.started_by == state.target.deployment
            && task.last_status == TaskStatus::Running
    });
    let named = |task: &'a Task| Some((task, ended(task, &state.document).or(behind)?));
    failed
        .chain(waiting)
        .filter_map(named)
        .take(LOGS_MAX)
        .collect()
}

/// The container to blame for the end of a task that ended by itself.
fn ended<'a>(task: &'a Task, document: &Value) -> Option<&'a str> {
    if task.stop_code.as_deref() != Some("EssentialContainerExited") {
        return None;
    }
    let container = to_blame(task, TaskDefinition::of(document));
    container.map(|container| container.name.as_str())
}

#[cfg(test)]
mod tests;
