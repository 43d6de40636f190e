//! The one-off task of a run, as the report keeps it.

use super::Outcome;
use crate::cause::Cause;
use crate::snapshot::Task;

/// The one-off task of a run.
#[derive(Clone, Debug, Default)]
pub struct OneOffReport {
    /// The name of its cluster, or the ARN where that was given.
    pub cluster: String,
    /// What it was started with, to find it again: `startedBy`. Empty before it was asked for.
    pub token: String,
    /// ARN of the revision; empty before it is registered.
    pub task_definition: String,
    /// The container whose exit code decides.
    pub container: String,
    /// In place of the definition's own.
    pub command: Option<Vec<String>>,
    /// Absent while it isn't decided.
    pub outcome: Option<Outcome>,
    /// One line.
    pub reason: String,
    /// As it was last seen.
    pub task: Option<Task>,
    /// Why it didn't end well, the most telling first.
    pub causes: Vec<Cause>,
    /// The last lines that the container wrote, oldest first.
    pub log: Vec<String>,
}

impl OneOffReport {
    /// Whether it was asked for and may still run.
    pub fn is_open(&self) -> bool {
        !self.token.is_empty() && self.outcome.is_none()
    }

    /// The exit code of the container that decides.
    pub fn exit_code(&self) -> Option<i64> {
        let containers = &self.task.as_ref()?.containers;
        let decides = containers.iter().find(|one| one.name == self.container);
        decides?.exit_code
    }
}
