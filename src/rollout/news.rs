//! What a look has to say that is new: events, first failures, counts, stages.

use std::collections::BTreeSet;

use super::moment::Moment;
use super::waiting::{Counts, stages};
use super::{Line, Look, STOPPED_MAX, Sample, State, TIMELINE_MAX, Waiting, failures, lines};
use crate::definition::TaskDefinition;
use crate::snapshot::{Service, Timestamp};

/// Ids of events that are remembered: ten times what one answer can hold.
const EVENTS_REMEMBERED: usize = 1000;

/// The events that no look has shown yet, and the text of the newest of them.
pub(super) fn events<'a>(state: &mut State, service: &'a Service) -> (Vec<Line>, Option<&'a str>) {
    let memory = &mut state.memory;
    if memory.events.len() > EVENTS_REMEMBERED {
        // What ECS no longer lists can't come back.
        let listed: BTreeSet<&String> = service.events.iter().map(|event| &event.id).collect();
        memory.events.retain(|id| listed.contains(id));
    }
    lines::events(&state.target, service, |event| {
        memory.events.insert(event.id.clone())
    })
}

/// The tasks that failed for a reason that wasn't said yet.
pub(super) fn failures(state: &mut State, look: &Look) -> Vec<Line> {
    let mut say = Vec::new();
    let failed = failures::failed_tasks(
        look.tasks.as_deref().unwrap_or_default(),
        &state.target.deployment,
    );
    for task in failed.iter().rev() {
        let kind = format!(
            "{}{:?}",
            task.stopped_reason,
            task.containers
                .iter()
                .map(|c| (&c.reason, c.exit_code))
                .collect::<Vec<_>>()
        );
        let memory = &mut state.memory;
        if memory.failures.len() < STOPPED_MAX && memory.failures.insert(kind) {
            let definition = TaskDefinition::of(&state.document);
            say.push(Line::warning(failures::one_line(task, definition)));
        }
    }
    if !failed.is_empty() {
        state.stopped = failed.into_iter().take(STOPPED_MAX).cloned().collect();
    }
    say
}

/// The counts of tasks, where they changed. They go into the timeline, with the newest event.
pub(super) fn counts(state: &mut State, at: Moment<'_>, newest: Option<&str>) -> Option<Line> {
    let counts = Counts::of(state, at);
    let text = lines::counts(counts, at.ours, &state.target);
    let moved = text != state.memory.counts;
    if moved || newest.is_some() {
        if state.timeline.len() >= TIMELINE_MAX {
            state.timeline.pop();
        }
        state.timeline.push(Sample {
            at: at.now,
            desired: at.ours.desired,
            running: counts.running,
            pending: counts.starting + counts.unplaced,
            failed: at.ours.failed,
            old_running: counts.old,
            event: newest.map(str::to_owned),
        });
    }
    moved.then(|| {
        state.memory.counts.clone_from(&text);
        Line::info(text)
    })
}

/// A stage, a step of the traffic or a hook that is new, with how long it may take.
pub(super) fn stage(
    state: &mut State,
    service: &Service,
    look: &Look,
    now: Timestamp,
) -> Option<Line> {
    let known = look.service_deployment.as_ref()?;
    let place = format!("{:?} {:?}", known.stage, known.production_traffic);
    let entered = place != state.memory.stage;
    if entered {
        state.memory.stage = place;
        state.memory.stage_since = now;
    }
    let staged = stages(state, service, known, now);
    let hooks: BTreeSet<String> = staged
        .iter()
        .filter_map(|waiting| match waiting {
            Waiting::Hook { id, .. } => Some(id.clone()),
            _ => None,
        })
        .collect();
    let new_hook = !hooks.is_subset(&state.memory.hooks);
    state.memory.hooks = hooks;
    let is_news = (entered || new_hook) && !staged.is_empty();
    is_news.then(|| Line::info(lines::waiting_for(&staged)))
}
