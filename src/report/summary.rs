//! The job summary: Markdown that says in its first line how it ended.
//!
//! It stays far under the runner's limit, whatever happened; all that came from outside is escaped.

use super::markdown::{code, escape};
use super::{Outcome, Report, ServiceReport};
use crate::capacity::Forecast;
use crate::cause::Cause;

/// Well under the runner's 1 MiB, and what a person will scroll through.
pub const SUMMARY_MAX_BYTES: usize = 60 * 1024;
/// Characters of one AWS text.
const TEXT_MAX: usize = 500;
const CHANGES_MAX: usize = 40;
const STOPPED_MAX: usize = 15;
const INSTANCES_MAX: usize = 20;
const REASONS_MAX: usize = 10;

/// The summary, at most `SUMMARY_MAX_BYTES` long.
pub fn render(report: &Report) -> String {
    let outcome = report.outcome.unwrap_or(Outcome::Error);
    let sign = if outcome.is_good() { "✅" } else { "❌" };
    let mut parts = vec![format!(
        "### {sign} {}: {}\n",
        outcome.as_str(),
        escape(&report.reason, TEXT_MAX)
    )];
    if !outcome.is_good() {
        parts.push(format!(
            "{}.\n",
            capitalized(super::text::changed(report.service_changed))
        ));
    }
    for help in &report.help {
        parts.push(format!("- {}\n", escape(help, TEXT_MAX)));
    }
    parts.push(what(report));
    parts.extend(report.one_off.iter().map(super::one_off::section));
    for service in &report.services {
        parts.push(of_service(service, report));
    }
    let mut summary = String::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if summary.len() + part.len() > SUMMARY_MAX_BYTES {
            summary.push_str("\nMore is in the JSON report.\n");
            break;
        }
        summary.push_str(&part);
        summary.push('\n');
    }
    summary
}

fn what(report: &Report) -> String {
    let mut table = String::from("| | |\n|---|---|\n");
    if let Some(image) = &report.image {
        table.push_str(&format!("| Image | {} |\n", code(&image.reference, 300)));
    }
    if let Some(definition) = &report.definition {
        let revision = match definition.revision {
            0 => format!(
                "a new revision of {}, not registered",
                code(&definition.family, 300)
            ),
            number => {
                let new = if definition.registered { " (new)" } else { "" };
                format!(
                    "{}{new}",
                    code(&format!("{}:{number}", definition.family), 300)
                )
            }
        };
        table.push_str(&format!("| Task definition | {revision} |\n"));
    }
    for service in &report.services {
        let name = code(
            &format!(
                "{}/{}",
                crate::snapshot::last_part(&service.cluster),
                service.service
            ),
            300,
        );
        let outcome = service.outcome.map_or("not started", Outcome::as_str);
        table.push_str(&format!("| Service {name} | {outcome} |\n"));
    }
    if let Some(url) = report.console_url() {
        table.push_str(&format!(
            "| Console | [{}]({url}) |\n",
            escape("open the service", 40)
        ));
    }
    if table.ends_with("|---|---|\n") {
        String::new()
    } else {
        table
    }
}

/// The forecast's instances, folded away where the rollout fits.
fn forecast(forecast: &Forecast) -> String {
    let mut text = format!(
        "<details><summary>Forecast: {}</summary>\n\n",
        escape(&forecast.headline, TEXT_MAX)
    );
    for reason in forecast.reasons.iter().take(REASONS_MAX) {
        text.push_str(&format!("- {}\n", escape(reason, TEXT_MAX)));
    }
    if !forecast.instances.is_empty() {
        text.push_str("\n| Instance | Type | CPU free | MiB free | ENI free | One more task |\n|---|---|--:|--:|--:|---|\n");
    }
    for view in forecast.instances.iter().take(INSTANCES_MAX) {
        let number = |number: Option<i64>| {
            number.map_or_else(|| "?".to_owned(), |number| number.to_string())
        };
        let why = if view.fits {
            "fits".to_owned()
        } else {
            escape(&view.why.join("; "), TEXT_MAX)
        };
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {why} |\n",
            code(view.ec2_instance_id.as_deref().unwrap_or(&view.id), 60),
            code(view.instance_type.as_deref().unwrap_or_default(), 40),
            number(view.free.cpu),
            number(view.free.memory),
            number(view.free.enis),
        ));
    }
    let more = forecast.left_out + forecast.instances.len().saturating_sub(INSTANCES_MAX);
    if more > 0 {
        text.push_str(&format!(
            "\n{more} more instances are in the JSON report or left out of it.\n"
        ));
    }
    text.push_str("\n</details>\n");
    text
}

/// Causes with their evidence and what to do.
pub(super) fn causes(causes: &[Cause]) -> String {
    let mut text = String::new();
    for cause in causes {
        text.push_str(&format!(
            "**{}** ({})\n\n",
            escape(&cause.message, TEXT_MAX),
            cause.kind.as_str()
        ));
        for evidence in cause.evidence.iter().take(12) {
            text.push_str(&format!("- {}\n", escape(evidence, TEXT_MAX)));
        }
        for remedy in &cause.remedies {
            let cost = remedy
                .cost
                .as_ref()
                .map(|cost| format!(" ({})", escape(cost, TEXT_MAX)))
                .unwrap_or_default();
            text.push_str(&format!("- → {}{cost}\n", escape(&remedy.text, TEXT_MAX)));
        }
        text.push('\n');
    }
    text
}

fn of_service(service: &ServiceReport, report: &Report) -> String {
    let mut text = causes(&service.causes);
    if let Some(known) = &service.forecast {
        text.push_str(&forecast(known));
    }
    if !service.stopped.is_empty() {
        text.push_str("<details><summary>Stopped tasks</summary>\n\n| Task | Why |\n|---|---|\n");
        for task in service.stopped.iter().take(STOPPED_MAX) {
            text.push_str(&format!(
                "| {} | {} |\n",
                code(task.id(), 40),
                escape(&task.stopped_reason, TEXT_MAX)
            ));
        }
        text.push_str("\n</details>\n");
    }
    let changes = report
        .definition
        .as_ref()
        .map(|definition| definition.changes.as_slice())
        .unwrap_or_default();
    let is_first = report
        .services
        .first()
        .is_some_and(|first| std::ptr::eq(first, service));
    if is_first && !changes.is_empty() {
        text.push_str("<details><summary>What the new revision changes</summary>\n\n| Member | Before | After |\n|---|---|---|\n");
        for change in changes.iter().take(CHANGES_MAX) {
            let cell = |value: &Option<String>| {
                value
                    .as_ref()
                    .map_or_else(|| "–".to_owned(), |value| code(value, 200))
            };
            text.push_str(&format!(
                "| {} | {} | {} |\n",
                code(&change.path, 200),
                cell(&change.before),
                cell(&change.after)
            ));
        }
        text.push_str("\n</details>\n");
    }
    text
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + characters.as_str())
        .unwrap_or_default()
}
