//! The closing lines of a run in the log: one sentence, the evidence, what to do.

use super::{Outcome, Report, ServiceReport, ShownReport};
use crate::cause::Cause;

/// Evidence lines of one cause that are shown; the report has all. The ten lines of a container's
/// log fit, of which the last ones tell most.
const EVIDENCE_SHOWN: usize = 12;
/// Causes of one service, or of the one-off task, that are shown in full.
const CAUSES_SHOWN: usize = 4;
/// The widest column of names; a longer name moves its own row alone.
const WIDEST: usize = 100;

/// The last word of a run, one line an item; the texts of AWS in it are escaped by the console.
pub fn closing(report: &ShownReport) -> Vec<String> {
    let mut lines = Vec::new();
    let one_off = report.one_off.iter();
    lines.extend(one_off.flat_map(|task| causes(&task.causes)));
    // What blocks a rollout was printed with its forecast.
    for service in report
        .services
        .iter()
        .filter(|service| service.outcome != Some(Outcome::Blocked))
    {
        lines.extend(causes(&service.causes));
    }
    let outcome = report.outcome.unwrap_or(Outcome::Error);
    lines.push(String::new());
    lines.push(format!(
        "{}: {}",
        report.title.unwrap_or(outcome.as_str()),
        report.reason
    ));
    if !outcome.is_good() && report.title.is_none() {
        lines.push(changed(report));
    }
    lines.extend(report.help.iter().map(|help| format!("  → {help}")));
    if report.services.len() > 1 {
        lines.push(String::new());
        lines.extend(table(report));
    }
    if let Some(url) = report.console_url() {
        lines.push(format!("console: {url}"));
    }
    lines
}

/// Whether the service was changed, in words; of several, how many.
pub fn changed(report: &Report) -> String {
    let all = report.services.len();
    let changed = report.services.iter().filter(|one| one.changed).count();
    match (report.service_changed, all, changed) {
        (true, 2.., 1..) => format!("{changed} of {all} services were changed by this run"),
        (true, ..) => "the service was changed by this run".to_owned(),
        (false, 2.., _) => "no service was changed".to_owned(),
        (false, ..) => "the service was not changed".to_owned(),
    }
}

/// How it stands with a service, in a word or three: it may have no outcome when a run is cancelled.
pub(super) fn state(service: &ServiceReport) -> &'static str {
    match service.outcome {
        Some(outcome) => outcome.as_str(),
        None if service.changed => "still rolling out",
        None => "not started",
    }
}

/// The first causes in full, and how many more there are.
pub(super) fn causes(causes: &[Cause]) -> Vec<String> {
    let mut lines = Vec::new();
    for cause in causes.iter().take(CAUSES_SHOWN) {
        lines.push(String::new());
        lines.extend(cause_lines(cause));
    }
    let more = causes.len().saturating_sub(CAUSES_SHOWN);
    if more > 0 {
        lines.push(format!("{more} more in the report"));
    }
    lines
}

/// A cause with its evidence and remedies.
pub fn cause_lines(cause: &Cause) -> Vec<String> {
    let mut lines = vec![format!(
        "cause ({}): {}",
        cause.kind.as_str(),
        cause.message
    )];
    lines.extend(
        cause
            .evidence
            .iter()
            .take(EVIDENCE_SHOWN)
            .map(|evidence| format!("  · {evidence}")),
    );
    let more = cause.evidence.len().saturating_sub(EVIDENCE_SHOWN);
    if more > 0 {
        lines.push(format!("  · {more} more like these"));
    }
    for remedy in &cause.remedies {
        let cost = remedy
            .cost
            .as_ref()
            .map(|cost| format!(" (cost: {cost})"))
            .unwrap_or_default();
        lines.push(format!("  → {}{cost}", remedy.text));
    }
    lines
}

fn table(report: &Report) -> Vec<String> {
    let names: Vec<String> = (0..report.services.len())
        .map(|index| report.name_of(index))
        .collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .map_or(0, |wide| wide.min(WIDEST));
    report
        .services
        .iter()
        .zip(&names)
        .map(|(service, name)| {
            let state = state(service);
            format!("  {name:width$}  {state:11}  {}", service.reason)
        })
        .collect()
}
