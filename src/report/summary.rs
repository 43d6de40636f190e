//! The job summary: Markdown that says in its first line how it ended, then why and what to do, then
//! the rest, folded.
//!
//! It stays far under the runner's limit, whatever happened; all that came from outside is escaped.
//! It reads well as plain text too. Nothing here decides.

mod common;
mod one_off;
mod parts;
mod picture;
mod service;

use super::markdown::{code, prose};
use super::{Outcome, Report, ShownReport, text};
use crate::capacity::ForecastVerdict;
use crate::taskdef::Change;
use common::{NAME_CHARS, TEXT_CHARS, duration, full_name, link, of_outcome, rank};
use parts::{Part, RowLimit, first_of, fit, folded};

/// Well under the runner's 1 MiB, and what a person will scroll through.
pub const SUMMARY_MAX_BYTES: usize = 60 * 1024;
/// What to do, where several things are named, such as inputs that are wrong.
const HELP_MAX: RowLimit = RowLimit::new(20, 8 * 1024);
/// Rows of the table of services, and its bytes.
const SERVICES_MAX: RowLimit = RowLimit::new(40, 12 * 1024);
/// Services that are described in detail: those that ended worst.
const DETAILED_MAX: usize = 10;
/// Rows of the difference, and its bytes.
const CHANGES_MAX: RowLimit = RowLimit::new(40, 12 * 1024);

/// The summary, at most `SUMMARY_MAX_BYTES` long.
pub fn render(report: &ShownReport) -> String {
    let mut parts = vec![Part::new(rank::HEAD, "", head(report))];
    let several = report.services.len() > 1;
    if several {
        parts.push(Part::new(rank::WHAT, "the services", overview(report)));
    }
    // Who reads of a failure wants its cause first.
    let good = report.outcome.is_some_and(Outcome::is_good);
    if good {
        parts.extend(deployed(report));
    }
    if let Some(one_off) = &report.one_off {
        let section = one_off::section(one_off);
        parts.push(Part::new(rank::CAUSE, "the one-off task", section));
    }
    for (place, &index) in worst_first(report).iter().take(DETAILED_MAX).enumerate() {
        parts.extend(service::section(report, index, place));
    }
    if !good {
        parts.extend(deployed(report));
    }
    fit(parts, SUMMARY_MAX_BYTES)
}

fn deployed(report: &Report) -> [Part; 2] {
    [
        Part::new(rank::WHAT, "what is deployed", what(report)),
        Part::new(rank::DIFF, "what the new revision changes", diff(report)),
    ]
}

/// What a plan says, in at most `max` bytes (a few thousand are needed to say anything): what the new revision changes, and the forecast of each
/// service. For a comment on a pull request.
pub fn plan(report: &ShownReport, max: usize) -> String {
    let mut parts = Vec::new();
    for &index in worst_first(report).iter().take(DETAILED_MAX) {
        parts.extend(service::outlook(report, index));
    }
    let more = report.services.len().saturating_sub(DETAILED_MAX);
    if more > 0 {
        let text = format!("{more} more services, none with a worse forecast than these.");
        parts.push(Part::new(rank::CAUSE, "how many services there are", text));
    }
    parts.extend(deployed(report));
    fit(parts, max)
}

/// The outcome in one sentence, whether anything was changed, and what to do.
fn head(report: &Report) -> String {
    let outcome = report.outcome.unwrap_or(Outcome::Error);
    let mut head = format!(
        "### {} {}: {}\n\n",
        sign(report),
        report.title.unwrap_or(outcome.as_str()),
        prose(&report.reason, TEXT_CHARS)
    );
    if !outcome.is_good() && report.title.is_none() {
        head.push_str(&format!("{}.\n", capitalized(&text::changed(report))));
    }
    let line = |help: &String| format!("- → {}", prose(help, TEXT_CHARS));
    let (help, left) = first_of(&report.help, line, HELP_MAX);
    head.push_str(&format!("\n{help}"));
    if left > 0 {
        head.push_str(&format!("- … {left} more, in the log\n"));
    }
    head
}

fn sign(report: &Report) -> &'static str {
    if report.is_doubtful() {
        return "⚠️";
    }
    of_outcome(report.outcome.unwrap_or(Outcome::Error))
}

/// The services' places in the report, those that ended worst first; what is not decided comes after
/// what ended badly.
fn worst_first(report: &Report) -> Vec<usize> {
    let mut order: Vec<usize> = (0..report.services.len()).collect();
    order.sort_by_key(|&index| {
        let service = &report.services[index];
        let verdict = service.forecast.as_ref().map(|forecast| &forecast.verdict);
        let likely = match verdict {
            Some(ForecastVerdict::Blocked(_)) => 0,
            Some(ForecastVerdict::Unknown(_)) | None => 1,
            Some(ForecastVerdict::Fits(_)) => 2,
        };
        let undecided = service.outcome.is_none() && service.changed;
        let outcome =
            service.outcome.map_or(
                u8::from(!undecided),
                |outcome| {
                    if outcome.is_good() { 2 } else { 0 }
                },
            );
        (outcome, std::cmp::Reverse(service.outcome), likely)
    });
    order
}

/// One row for each service.
fn overview(report: &Report) -> String {
    let order = worst_first(report);
    let row = |&index: &usize| {
        let service = &report.services[index];
        let sign = service.outcome.map_or("▫️", of_outcome);
        format!(
            "| {sign} {} | {} | {} |",
            code(&full_name(service), NAME_CHARS),
            text::state(service),
            prose(&service.reason, TEXT_CHARS)
        )
    };
    let (rows, left) = first_of(&order, row, SERVICES_MAX);
    let mut table = format!("| Service | Outcome | Why |\n|---|---|---|\n{rows}");
    if left > 0 {
        let rest = &order[order.len() - left..];
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for &index in rest {
            let state = text::state(&report.services[index]);
            match counts.iter_mut().find(|(word, _)| *word == state) {
                Some((_, count)) => *count += 1,
                None => counts.push((state, 1)),
            }
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        table.push_str(&format!("\nAnd {left} more: {}.\n", counts.join(", ")));
    }
    table
}

/// Image, revision and where it went.
fn what(report: &Report) -> String {
    let mut rows = String::new();
    if let Some(image) = &report.image {
        let reference = code(&image.reference, 300);
        rows.push_str(&format!("| Image | {reference} |\n"));
    }
    if let Some(definition) = &report.definition {
        let revision = match definition.revision {
            0 => format!(
                "a new revision of {}, not registered",
                code(&definition.family, 300)
            ),
            number => {
                let name = format!("{}:{number}", definition.family);
                let new = if definition.registered { " (new)" } else { "" };
                format!("{}{new}", code(&name, 300))
            }
        };
        rows.push_str(&format!("| Task definition | {revision} |\n"));
    }
    if let [service] = report.services.as_slice() {
        let name = code(&full_name(service), NAME_CHARS);
        let link = link(report, service)
            .map(|url| format!(" ([console]({url}))"))
            .unwrap_or_default();
        rows.push_str(&format!("| Service | {name}{link} |\n"));
    }
    let time = report.finished.since(report.started);
    if time.as_secs() > 0 {
        rows.push_str(&format!("| Time | {} |\n", duration(time)));
    }
    if rows.is_empty() {
        rows
    } else {
        format!("| | |\n|---|---|\n{rows}")
    }
}

/// What the new revision changes, folded.
fn diff(report: &Report) -> String {
    let Some(definition) = report.definition.as_ref() else {
        return String::new();
    };
    if definition.changes.is_empty() {
        return String::new();
    }
    let cell = |value: &Option<String>| {
        let value = value.as_ref();
        value.map_or_else(|| "–".to_owned(), |value| code(value, NAME_CHARS))
    };
    let row = |change: &Change| {
        format!(
            "| {} | {} | {} |",
            code(&change.path, NAME_CHARS),
            cell(&change.before),
            cell(&change.after)
        )
    };
    let (rows, left) = first_of(&definition.changes, row, CHANGES_MAX);
    let mut table = format!("| Member | Before | After |\n|---|---|---|\n{rows}");
    if left > 0 {
        table.push_str(&format!("\n{left} more changes are in the JSON report.\n"));
    }
    let count = definition.changes.len();
    folded(&format!("What the new revision changes ({count})"), &table)
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + characters.as_str())
        .unwrap_or_default()
}
