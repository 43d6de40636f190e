//! What a summary says of one service: why it ended so, its forecast, its picture, its stopped
//! tasks. Nothing here decides.

use super::common::{NAME_CHARS, TEXT_CHARS, full_name, link, of_outcome, rank};
use super::parts::{Part, RowLimit, first_of, folded, unfolded};
use super::picture;
use crate::capacity::{Forecast, ForecastVerdict, InstanceView};
use crate::cause::{Cause, Remedy};
use crate::definition::TaskDefinition;
use crate::report::markdown::{code, prose};
use crate::report::{Outcome, Report, ServiceReport, text};
use crate::rollout::why_stopped;
use crate::snapshot::Task;
use crate::wording;

/// Evidence of one cause: the ten lines of a container's log fit, of which the last tell most.
const EVIDENCE_MAX: RowLimit = RowLimit::new(12, 5 * 1024);
/// Causes of a one-off task: its end has one, rarely two.
const CAUSES_MAX: usize = 2;
const REMEDIES_MAX: RowLimit = RowLimit::new(8, 5 * 1024);
const REASONS_MAX: RowLimit = RowLimit::new(10, 4 * 1024);
/// Rows of the table of instances that are seen at once, and those that are folded away.
const INSTANCES_SHOWN: usize = 10;
const INSTANCES_BYTES: usize = 8 * 1024;
/// Rows of the table of stopped tasks: kinds of end, not tasks.
const STOPPED_MAX: RowLimit = RowLimit::new(12, 5 * 1024);
/// Characters of a service's name in the note about what was left out.
const NAMED_CHARS: usize = 60;
/// Pictures of one run.
const PICTURES_MAX: usize = 3;
/// Instances whose reasons are long say the first of them.
const WHY_CHARS: usize = 240;

/// The parts about one service; `place` counts those that are described.
pub(super) fn section(report: &Report, index: usize, place: usize) -> Vec<Part> {
    let service = &report.services[index];
    let several = report.services.len() > 1;
    let of = named(service, several);
    let mut parts = Vec::new();
    if several {
        parts.push(Part::new(
            rank::CAUSE,
            format!("the heading{of}"),
            heading(report, service),
        ));
    }
    // What the line above says already isn't said again.
    for (number, cause) in service.causes.iter().enumerate() {
        let rank = if number == 0 { rank::CAUSE } else { rank::MORE };
        parts.push(Part::new(
            rank,
            format!("causes{of}"),
            cause_text(cause, service.said_cause == Some(number)),
        ));
    }
    let end = match (service.outcome, service.timeline.last()) {
        (Some(_), Some(last)) => last.at,
        _ => report.finished,
    };
    let chart = (place < PICTURES_MAX)
        .then(|| picture::chart(&service.timeline, end))
        .flatten();
    let forecast = service.forecast.as_ref();
    let blocked = forecast.filter(|forecast| forecast.verdict.is_blocked());
    if let Some(forecast) = blocked {
        parts.push(Part::new(
            rank::PROOF,
            format!("the forecast{of}"),
            forecast_text(forecast, says_forecast(report, service)),
        ));
    }
    if let Some(chart) = chart {
        parts.push(Part::new(rank::PICTURE, format!("the picture{of}"), chart));
        parts.push(Part::new(
            rank::MORE,
            format!("the events{of}"),
            events(service),
        ));
    }
    parts.push(Part::new(
        rank::STOPPED,
        format!("stopped tasks{of}"),
        stopped(service),
    ));
    // Where there are others, nobody asks of one that went well whether it would fit.
    let is_well = several && service.outcome.is_some_and(Outcome::is_good);
    let rest = forecast.filter(|one| blocked.is_none() && !(is_well && one.verdict.is_fit()));
    if let Some(forecast) = rest {
        parts.push(Part::new(
            rank::MORE,
            format!("the forecast{of}"),
            forecast_text(forecast, says_forecast(report, service)),
        ));
    }
    parts
}

/// The parts of a plan about one service.
pub(super) fn outlook(report: &Report, index: usize) -> Vec<Part> {
    let service = &report.services[index];
    let of = named(service, report.services.len() > 1);
    let Some(forecast) = &service.forecast else {
        return Vec::new();
    };
    let sign = match &forecast.verdict {
        ForecastVerdict::Fits(_) => "✅",
        ForecastVerdict::Unknown(_) => "❔",
        ForecastVerdict::Blocked(_) => "❌",
    };
    let mut text = format!(
        "{sign} {}: {}\n",
        code(&full_name(service), NAME_CHARS),
        prose(&sentence(forecast), TEXT_CHARS)
    );
    if forecast.verdict.is_blocked() {
        text.push_str(&format!("\n{}", remedies(&forecast.remedies)));
    }
    vec![
        Part::new(rank::CAUSE, format!("the outlook{of}"), text),
        Part::new(
            rank::PROOF,
            format!("the forecast{of}"),
            forecast_text(forecast, true),
        ),
    ]
}

/// ` of web/api` where there are several.
fn named(service: &ServiceReport, several: bool) -> String {
    if several {
        format!(" of {}", code(&full_name(service), NAMED_CHARS))
    } else {
        String::new()
    }
}

fn heading(report: &Report, service: &ServiceReport) -> String {
    let sign = service.outcome.map_or("▫️", of_outcome);
    let link = link(report, service)
        .map(|url| format!(" ([console]({url}))"))
        .unwrap_or_default();
    format!(
        "#### {sign} {}: {}{link}\n",
        code(&full_name(service), NAME_CHARS),
        text::state(service)
    )
}

/// Causes, each with its evidence and what to do.
pub(super) fn causes(causes: &[Cause]) -> String {
    let causes = causes.iter().take(CAUSES_MAX);
    let texts: Vec<String> = causes.map(|cause| cause_text(cause, false)).collect();
    texts.join("\n")
}

/// One cause; `is_said` where the line above says its message already.
fn cause_text(cause: &Cause, is_said: bool) -> String {
    let kind = cause.kind.as_str();
    let mut out = if is_said {
        format!("**Why** ({kind})\n\n")
    } else {
        format!(
            "**Why** ({kind}): {}\n\n",
            prose(&cause.message, TEXT_CHARS)
        )
    };
    let (evidence, left) = first_of(&cause.evidence, |text| bullet(text), EVIDENCE_MAX);
    out.push_str(&evidence);
    if left > 0 {
        out.push_str(&format!("- … {left} more, in the JSON report\n"));
    }
    out.push_str(&format!("\n{}", remedies(&cause.remedies)));
    out
}

fn bullet(text: &str) -> String {
    format!("- {}", prose(text, TEXT_CHARS))
}

fn remedies(remedies: &[Remedy]) -> String {
    if remedies.is_empty() {
        return String::new();
    }
    let line = |remedy: &Remedy| {
        let cost = remedy.cost.as_ref();
        let cost = cost
            .map(|cost| format!("; cost: {}", prose(cost, TEXT_CHARS)))
            .unwrap_or_default();
        format!("- → {}{cost}", prose(&remedy.text, TEXT_CHARS))
    };
    let (lines, left) = first_of(remedies, line, REMEDIES_MAX);
    let mut out = format!("**What helps**\n\n{lines}");
    if left > 0 {
        out.push_str(&format!("- … {left} more, in the JSON report\n"));
    }
    out
}

/// Whether the line above the service's parts says what its forecast comes to.
fn says_forecast(report: &Report, service: &ServiceReport) -> bool {
    let is_blocked = || {
        let forecast = service.forecast.as_ref();
        forecast.is_some_and(|forecast| forecast.verdict.is_blocked())
    };
    match service.outcome {
        Some(Outcome::Blocked) => true,
        // A plan for one service says only what stands against it.
        Some(Outcome::Planned) => report.services.len() > 1 || is_blocked(),
        _ => false,
    }
}

/// The forecast with its table of instances; open where the rollout can't finish. `is_said` where
/// the line above says already what it comes to.
fn forecast_text(forecast: &Forecast, is_said: bool) -> String {
    let mut reasons = wording::reasons(forecast);
    if !is_said {
        reasons.insert(0, wording::headline(forecast));
    }
    let (mut out, left) = first_of(&reasons, |reason| bullet(reason), REASONS_MAX);
    if left > 0 {
        out.push_str(&format!("- … {left} more, in the JSON report\n"));
    }
    out.push_str(&format!(
        "- each new task needs {}\n",
        prose(&wording::needs(&forecast.needs), TEXT_CHARS)
    ));
    let (shown, more) = forecast
        .instances
        .split_at(forecast.instances.len().min(INSTANCES_SHOWN));
    if !shown.is_empty() {
        let (rows, left) = table(shown);
        out.push_str(&format!("\n{rows}"));
        let more_count = more.len() + left + forecast.left_out;
        if !more.is_empty() && left == 0 {
            let (rows, _) = table(more);
            out.push_str(&format!(
                "\n{}",
                folded(&format!("{} more instances", more.len()), &rows)
            ));
            if forecast.left_out > 0 {
                out.push_str(&format!(
                    "\nAnd {} further instances that come less close.\n",
                    forecast.left_out
                ));
            }
        } else if more_count > 0 {
            out.push_str(&format!("\nAnd {more_count} more instances.\n"));
        }
    }
    match &forecast.verdict {
        ForecastVerdict::Blocked(_) => unfolded("Forecast: blocked", &out),
        verdict => folded(&format!("Forecast: {}", verdict.as_str()), &out),
    }
}

/// The rows of instances with their head, and how many had no room.
fn table(instances: &[InstanceView]) -> (String, usize) {
    let row = |view: &InstanceView| {
        let number = |number: Option<i64>| {
            number.map_or_else(|| "?".to_owned(), |number| number.to_string())
        };
        let why = if view.fits {
            "fits".to_owned()
        } else {
            let why: Vec<String> = view.why.iter().map(wording::blocker).collect();
            prose(&why.join("; "), WHY_CHARS)
        };
        format!(
            "| {} | {} | {} | {} | {} | {} | {why} |",
            code(view.ec2_instance_id.as_deref().unwrap_or(&view.id), 60),
            code(view.instance_type.as_deref().unwrap_or_default(), 40),
            number(view.free.cpu),
            number(view.free.memory),
            number(view.free.enis),
            number(view.free.gpus),
        )
    };
    let (rows, left) = first_of(instances, row, RowLimit::bytes(INSTANCES_BYTES));
    let head = "| Instance | Type | CPU free | MiB free | ENI free | GPU free | One more task |\n|---|---|--:|--:|--:|--:|---|\n";
    (format!("{head}{rows}"), left)
}

/// "The rollout can't finish" needs no word before it.
fn sentence(forecast: &Forecast) -> String {
    match &forecast.verdict {
        ForecastVerdict::Unknown(_) => format!("unknown: {}", wording::headline(forecast)),
        ForecastVerdict::Fits(_) | ForecastVerdict::Blocked(_) => wording::headline(forecast),
    }
}

fn events(service: &ServiceReport) -> String {
    let (text, count) = picture::listed(&service.timeline);
    if count == 0 {
        return String::new();
    }
    folded(&format!("What was said and went wrong ({count})"), &text)
}

/// Stopped tasks of one kind in one row, the newest first.
fn stopped(service: &ServiceReport) -> String {
    if service.stopped.is_empty() {
        return String::new();
    }
    let mut groups: Vec<(String, Vec<&Task>)> = Vec::new();
    for task in &service.stopped {
        let why = why_stopped(task, TaskDefinition::default());
        let kind = without_ids(&why);
        match groups.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, tasks)) => tasks.push(task),
            None => groups.push((kind, vec![task])),
        }
    }
    let row = |(_, tasks): &(String, Vec<&Task>)| {
        let newest = tasks[0];
        format!(
            "| {} | {} | {} |",
            tasks.len(),
            prose(&why_stopped(newest, TaskDefinition::default()), TEXT_CHARS),
            code(newest.id(), 40),
        )
    };
    let (rows, left) = first_of(&groups, row, STOPPED_MAX);
    let mut out = format!("| Tasks | Why | The newest |\n|--:|---|---|\n{rows}");
    if left > 0 {
        out.push_str(&format!(
            "\n{left} more kinds of end are in the JSON report.\n"
        ));
    }
    let title = format!("Stopped tasks ({})", service.stopped.len());
    if service.outcome.is_some_and(Outcome::is_good) {
        folded(&title, &out)
    } else {
        unfolded(&title, &out)
    }
}

/// `text` with each long run of hexadecimal digits, an id, taken out.
fn without_ids(text: &str) -> String {
    /// Ids of AWS are as long at least; no word and no number is.
    const ID_CHARS: usize = 16;
    let is_id = |word: &&str| {
        word.len() >= ID_CHARS && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| !is_id(word))
        .collect::<Vec<_>>()
        .join(" ")
}
