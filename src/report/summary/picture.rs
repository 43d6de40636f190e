//! The picture of a rollout over time, as a Mermaid chart that GitHub draws.
//!
//! `xychart-beta` is in Mermaid since 10.6, and the name without `-beta` is far younger. Nothing from
//! outside stands in the chart: numbers and words of ours only.

use std::time::Duration;

use super::common::duration;
use super::parts::{RowLimit, first_of};
use crate::report::markdown::prose;
use crate::rollout::Sample;
use crate::snapshot::Timestamp;

/// Points of a line: a longer timeline is thinned, so that the chart stays small and readable.
const POINTS_MAX: i64 = 40;
/// Seconds between two points. Mermaid 10 drops the last points where they are less than one of the
/// axis' unit apart: in minutes each is a multiple of 60.
const STEPS: &[i64] = &[1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
/// From here on the axis counts minutes.
const MINUTES_FROM: i64 = 600;
/// Events that are listed at most, the first and the last ones.
const FIRST_EVENTS: usize = 4;
const LAST_EVENTS: usize = 8;
const EVENTS_BYTES: usize = 6 * 1024;
const EVENT_CHARS: usize = 300;
/// How far a mark rises, in percent: it tells when, and hides no line. Bars would be wider than what
/// they mark.
const MARK_HEIGHT: &str = "15";
/// Events, old tasks, new tasks: each with a contrast of 3 on white and on the dark theme's grey,
/// which `script/screenshots` measures. The theme's first colour isn't to be seen.
const COLOURS: &str = "#bf8700, #8c959f, #2da44e";
/// The end of the axis, in percent: over the line at 100, and no label stands at the edge.
const AXIS_END: u32 = 108;
/// Pixels. Mermaid shrinks what is wider than the page, its letters too, and then cuts off the last
/// label: this is for a telephone.
const WIDTH: u32 = 400;
const HEIGHT: u32 = 280;
/// Pixels: a dozen numbers of three or four digits stand side by side.
const LABEL: u32 = 12;

/// The chart with a line that says what is what; a sentence where the numbers never changed;
/// nothing where no time passed.
pub(super) fn chart(timeline: &[Sample], end: Timestamp) -> Option<String> {
    let first = timeline.first()?;
    let began = first.at;
    let seconds = ceil_div(end.0.saturating_sub(began.0), 1000);
    if seconds < 1 {
        return None;
    }
    let counts = |sample: &Sample| (sample.running, sample.old_running);
    if timeline
        .iter()
        .all(|sample| counts(sample) == counts(first))
    {
        let (new, old) = counts(first);
        return Some(format!(
            "From the first look to the last, {}, {new} new and {old} old tasks ran.\n",
            duration(Duration::from_secs(seconds.unsigned_abs()))
        ));
    }
    let minutes = seconds > MINUTES_FROM;
    let step = step(seconds, minutes);
    let points = ceil_div(seconds, step) + 1;
    let (mut new, mut old) = (Vec::new(), Vec::new());
    let mut after = 0;
    for point in 0..points {
        let until = began.0.saturating_add(point * step * 1000);
        while timeline.get(after).is_some_and(|next| next.at.0 <= until) {
            after += 1;
        }
        // The last point stands for the end, wherever exactly that was.
        let at = if point + 1 == points {
            timeline.len()
        } else {
            after
        };
        let sample = &timeline[at.max(1) - 1];
        new.push(sample.running);
        old.push(sample.old_running);
    }
    let top = new.iter().chain(&old).copied().max().unwrap_or(0).max(1);
    let mut marks = vec!["0"; new.len()];
    for (at, _) in events(timeline) {
        let point = ceil_div(at.0.saturating_sub(began.0), step * 1000);
        let last = marks.len() - 1;
        marks[usize::try_from(point).unwrap_or(0).min(last)] = MARK_HEIGHT;
    }
    let (unit, of_unit) = if minutes {
        ("minutes", 60)
    } else {
        ("seconds", 1)
    };
    let tasks = if top == 1 { "task" } else { "tasks" };
    Some(format!(
        "New tasks that ran are green, old ones grey; the amber spikes mark what ECS said and what went wrong.\n\n\
         ```mermaid\n\
         %%{{init: {{\"themeVariables\": {{\"xyChart\": {{\"plotColorPalette\": \"{COLOURS}\"}}}}, \"xyChart\": {{\"width\": {WIDTH}, \"height\": {HEIGHT}, \"xAxis\": {{\"labelFontSize\": {LABEL}}}, \"yAxis\": {{\"labelFontSize\": {LABEL}}}}}}}}}%%\n\
         xychart-beta\n  \
         x-axis \"{unit}\" 0 --> {}\n  \
         y-axis \"% of {top} {tasks}\" 0 --> {AXIS_END}\n  \
         line [{}]\n  line [{}]\n  line [{}]\n\
         ```\n",
        (points - 1) * step / of_unit,
        marks.join(", "),
        percent(&old, top),
        percent(&new, top),
    ))
}

/// The marked events, one a line, with the time since the first look; and how many there are.
pub(super) fn listed(timeline: &[Sample]) -> (String, usize) {
    let Some(first) = timeline.first() else {
        return (String::new(), 0);
    };
    let events = events(timeline);
    let between = events.len().saturating_sub(FIRST_EVENTS + LAST_EVENTS);
    let mut lines = Vec::new();
    for (number, (at, text)) in events.iter().enumerate() {
        if between > 0 && number == FIRST_EVENTS {
            lines.push(format!("- … {between} more, in the JSON report"));
        }
        if number >= FIRST_EVENTS && number < FIRST_EVENTS + between {
            continue;
        }
        let seconds = at.since(first.at).as_secs();
        lines.push(format!(
            "- {}:{:02} {}",
            seconds / 60,
            seconds % 60,
            prose(text, EVENT_CHARS)
        ));
    }
    let (text, _) = first_of(&lines, String::clone, RowLimit::bytes(EVENTS_BYTES));
    (text, events.len())
}

/// What is marked: what ECS said, and each time that the number of failed tasks rose.
fn events(timeline: &[Sample]) -> Vec<(Timestamp, String)> {
    let mut events: Vec<(Timestamp, String)> = Vec::new();
    let mut failed = 0;
    for sample in timeline {
        if sample.failed > failed {
            let tasks = if sample.failed == 1 { "task" } else { "tasks" };
            events.push((
                sample.at,
                format!("{} {tasks} failed so far", sample.failed),
            ));
        }
        failed = sample.failed;
        let said = sample.event.iter();
        events.extend(said.map(|event| (sample.at, format!("ECS: {event}"))));
    }
    events
}

fn step(seconds: i64, minutes: bool) -> i64 {
    let fits = |step: &i64| ceil_div(seconds, *step) < POINTS_MAX && (!minutes || step % 60 == 0);
    if let Some(step) = STEPS.iter().copied().find(fits) {
        return step;
    }
    // Days: whole hours.
    ceil_div(ceil_div(seconds, POINTS_MAX - 1), 3600) * 3600
}

fn ceil_div(number: i64, by: i64) -> i64 {
    number.max(0).saturating_add(by - 1) / by
}

/// Of numbers of tasks, Mermaid would write fractions at the axis. Rounded up: one task of many is
/// not nothing.
fn percent(numbers: &[u32], top: u32) -> String {
    let percent = |number: &u32| {
        (u64::from(*number) * 100)
            .div_ceil(u64::from(top))
            .to_string()
    };
    numbers.iter().map(percent).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
