//! What the watch says: one line when something changes, a heartbeat when nothing does.
//!
//! Nothing is repeated, nothing is cut to hide it. AWS's texts stand verbatim; the console escapes
//! them.

use super::waiting::Counts;
use super::{Line, Target, Waiting};
use crate::aws_text::event::{sounds_bad, without_service};
use crate::snapshot::{Deployment, Event, Service};

/// Events of one look that are shown; a service throws at most 100 at once, and a crash loop many.
const EVENTS_PER_LOOK: usize = 12;

/// `2 of 3 new tasks running (1 not healthy yet), 1 starting; 2 old running, 1 draining`.
pub(super) fn counts(counts: Counts, ours: &Deployment, target: &Target) -> String {
    let mut new = format!(
        "{} of {} {}task{} running",
        counts.running,
        ours.desired,
        if target.counted.is_none() { "new " } else { "" },
        plural(ours.desired)
    );
    if counts.unhealthy > 0 {
        new.push_str(&format!(" ({} not healthy yet)", counts.unhealthy));
    }
    for (count, word) in [
        (counts.starting, "starting"),
        (counts.unplaced, "waiting for an instance"),
    ] {
        if count > 0 {
            new.push_str(&format!(", {count} {word}"));
        }
    }
    // ECS counts a task that it can't place as failed as well; here only those that were there are.
    if counts.failures > 0 {
        new.push_str(&format!(", {} failed", counts.failures));
    }
    if counts.old + counts.draining > 0 {
        new.push_str(&format!("; {} old running", counts.old));
    }
    if counts.draining > 0 {
        new.push_str(&format!(", {} old stopping", counts.draining));
    }
    new
}

/// The events that no look has shown yet, oldest first, the service's own name left out.
pub(super) fn events<'a>(
    target: &Target,
    service: &'a Service,
    mut is_new: impl FnMut(&Event) -> bool,
) -> (Vec<Line>, Option<&'a str>) {
    let fresh: Vec<&Event> = service
        .events
        .iter()
        .filter(|event| event.at >= target.tell_since && is_new(event))
        .collect();
    let hidden = fresh.len().saturating_sub(EVENTS_PER_LOOK);
    let mut lines = Vec::new();
    if hidden > 0 {
        lines.push(Line::info(format!("{hidden} more ECS events")));
    }
    for event in fresh.iter().take(EVENTS_PER_LOOK).rev() {
        let text = format!("ECS: {}", without_service(&event.message));
        lines.push(if sounds_bad(&event.message) {
            Line::warning(text)
        } else {
            Line::info(text)
        });
    }
    (
        lines,
        fresh.first().map(|event| without_service(&event.message)),
    )
}

pub(super) fn waiting_for(waiting: &[Waiting]) -> String {
    let parts: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    format!("waiting for {}", parts.join("; "))
}

pub(super) fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}
