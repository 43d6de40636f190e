//! What a summary says of the one-off task. Nothing here decides.

use super::service::causes;
use crate::report::markdown::{code, prose};
use crate::report::{OneOffReport, Outcome};
use crate::snapshot::last_part;

/// Lines of its log that the summary shows; the JSON report has all that were read.
const SUMMARY_LINES: usize = 20;

/// Characters of one text of AWS's or of the log.
const TEXT_MAX: usize = 500;

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
    out.push_str(&causes(&one_off.causes));
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
