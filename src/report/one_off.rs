//! The one-off task of a run, and its forms: for the log, the summary and programs.

use serde_json::{Value, json};

use super::markdown::{code, prose};
use super::{Outcome, json as program, text};
use crate::cause::Cause;
use crate::snapshot::{Task, last_part};

/// Lines of its log that the summary shows; the JSON report has all that were read.
const SUMMARY_LINES: usize = 20;
/// Characters of one text of AWS's or of the log.
const TEXT_MAX: usize = 500;

/// The one-off task of a run.
#[derive(Clone, Debug, Default)]
pub struct OneOffReport {
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
    pub reason: String,
    /// As it was last seen.
    pub task: Option<Task>,
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

/// Its member of the report for programs.
pub(super) fn to_json(one_off: &OneOffReport) -> Value {
    let task = one_off.task.as_ref();
    json!({
        "cluster": one_off.cluster,
        "taskDefinition": Some(&one_off.task_definition).filter(|arn| !arn.is_empty()),
        "container": one_off.container,
        "command": one_off.command,
        "outcome": one_off.outcome.map(Outcome::as_str),
        "reason": one_off.reason,
        "task": task.map(Task::id),
        "exitCode": one_off.exit_code(),
        "stopCode": task.and_then(|task| task.stop_code.as_deref()),
        "stoppedReason": task.map(|task| task.stopped_reason.as_str()),
        "startedAt": task.and_then(|task| task.started).map(program::rfc3339),
        "stoppedAt": task.and_then(|task| task.stopped).map(program::rfc3339),
        "causes": one_off.causes.iter().map(program::cause).collect::<Vec<_>>(),
        "log": one_off.log,
    })
}

/// Its causes among the closing lines.
pub(super) fn closing(one_off: &OneOffReport) -> Vec<String> {
    text::causes(&one_off.causes)
}

/// Its section of the summary.
pub(super) fn section(one_off: &OneOffReport) -> String {
    let outcome = one_off.outcome.map_or("not run", Outcome::as_str);
    let mut out = format!("**One-off task**: {outcome}");
    if !one_off.reason.is_empty() {
        out.push_str(&format!(", {}", prose(&one_off.reason, TEXT_MAX)));
    }
    if let Some(task) = &one_off.task {
        let revision = last_part(&one_off.task_definition);
        out.push_str(&format!(
            " (task {} of {})",
            code(task.id(), 60),
            code(revision, 300)
        ));
    }
    out.push_str("\n\n");
    out.push_str(&super::summary::causes(&one_off.causes));
    if !one_off.log.is_empty() {
        let from = one_off.log.len().saturating_sub(SUMMARY_LINES);
        out.push_str("<details><summary>Its log</summary>\n\n");
        for line in one_off.log.iter().skip(from) {
            out.push_str(&format!("- {}\n", code(line, TEXT_MAX)));
        }
        out.push_str("\n</details>\n");
    }
    out
}
