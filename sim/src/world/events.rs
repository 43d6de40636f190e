//! Service events in AWS's words: newest first, 100 at most, identical ones kept back.

use std::collections::{BTreeMap, VecDeque};

use super::World;
use super::placement::Placing;

/// DescribeServices shows no more.
const EVENTS_SHOWN: usize = 100;
/// An identical message is kept back for so long, or until its cause is resolved.
const SUPPRESSED_MS: i64 = 6 * 3_600_000;

/// One service event.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    pub message: String,
}

/// A service's events and what was said of late.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventLog {
    shown: VecDeque<Event>,
    said: BTreeMap<String, i64>,
}

impl EventLog {
    /// Newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Event> {
        self.shown.iter()
    }

    pub(crate) fn push(&mut self, event: Event) {
        self.shown.push_front(event);
        self.shown.truncate(EVENTS_SHOWN);
    }

    /// Whether the message may be said (again).
    fn due(&mut self, message: &str, now: i64) -> bool {
        if self
            .said
            .get(message)
            .is_some_and(|at| now - at < SUPPRESSED_MS)
        {
            return false;
        }
        self.said.insert(message.to_owned(), now);
        true
    }

    /// The cause of the messages about placing is gone.
    pub(crate) fn placed(&mut self) {
        let about_placing = [
            "no container instance met",
            "capacity limit",
            "reached the limit",
            "Capacity is",
        ];
        self.said
            .retain(|message, _| !about_placing.iter().any(|part| message.contains(part)));
    }

    /// The cause of every kept-back message is gone.
    pub(crate) fn resolved(&mut self) {
        self.said.clear();
    }
}

impl World {
    /// Adds an event of the service: `(service NAME) ` and `rest`.
    pub(crate) fn say(&mut self, service: usize, rest: &str) {
        self.say_at(service, rest, self.now);
    }

    pub(crate) fn say_at(&mut self, service: usize, rest: &str, at: i64) {
        let id = self.ids.uuid();
        let service = &mut self.services[service];
        let message = format!("(service {}) {rest}", service.name);
        service.events.push(Event { id, at, message });
    }

    /// The same for a complaint, which is kept back while it was said of late.
    pub(crate) fn complain(&mut self, service: usize, rest: &str) {
        let now = self.now;
        if self.services[service].events.due(rest, now) {
            self.say(service, rest);
        }
    }

    /// `was unable to place a task because no container instance met all of its requirements.`
    pub(crate) fn complain_of_placing(
        &mut self,
        service: usize,
        placing: &Placing,
        provider: Option<&str>,
    ) {
        let why = match placing {
            Placing::On(_) => return,
            Placing::Nowhere(id, lack) => {
                format!(
                    "The closest matching (container-instance {id}) {}.",
                    lack.closest()
                )
            }
            Placing::NoInstances => {
                let place = if provider.is_some() {
                    "capacity provider"
                } else {
                    "cluster"
                };
                format!("Reason: No Container Instances were found in your {place}.")
            }
        };
        let rest = format!(
            "was unable to place a task because no container instance met all of its requirements. {why} \
             For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        );
        self.complain(service, &rest);
    }

    /// `registered 1 targets in (target-group …)` and its counterpart.
    pub(super) fn note_targets(&mut self, task: usize, verb: &str) {
        let task = self.tasks[task].clone();
        let owner = self.services.iter().position(|service| service.owns(&task));
        let Some(service) = owner else { return };
        for group in &task.target_groups {
            self.say(
                service,
                &format!("{verb} 1 targets in (target-group {group})"),
            );
        }
    }

    /// `(task …) (task …)`, as events list tasks.
    pub(crate) fn task_list(ids: &[String]) -> String {
        ids.iter()
            .map(|id| format!("(task {id})"))
            .collect::<Vec<_>>()
            .join(" ")
    }
}
