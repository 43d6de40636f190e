//! What the evidence shows, sorted by what it is about: what all rules go by.
//!
//! Events, stopped tasks and states of the deployment become [`Observation`]s, alike ones counted
//! together. Which of them still explain the present is decided here, once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::aws_text::deployment_reason::is_usual;
use crate::aws_text::event::{self, EventKind};
use crate::aws_text::reason;
use crate::aws_text::stop_reason::{self, StopKind};
use crate::cause::CauseKind;
use crate::definition::TaskDefinition;
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::words::{MAX_LINE, code, short};
use crate::snapshot::{Container, Event, Task, TaskStatus, Timestamp, last_part};

/// AWS leaves an event out while the same one is younger than this, unless its cause was resolved
/// between (developer guide, service event messages:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html>).
pub(crate) const EVENT_HELD_BACK: Duration = Duration::from_secs(6 * 60 * 60);

/// Most events that are read. DescribeServices has 100; a watch may have kept more.
const MAX_EVENTS: usize = 500;

/// Most tasks that are read. A hundred failures tell no more than ten.
const MAX_TASKS: usize = 2_000;

/// Most lines of a log that a cause shows, and the longest of them in characters: enough for the
/// end of a stack trace.
const MAX_LOG_LINES: usize = 10;
const MAX_LOG_LINE: usize = 400;

/// Where something was seen.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a> {
    Event {
        at: Timestamp,
        instance: Option<String>,
        before: bool,
        passed: bool,
    },
    Task {
        task: &'a Task,
        container: Option<&'a Container>,
    },
    Deployment,
    /// RunTask found no place; id of the instance that it names.
    Failure {
        instance: Option<&'a str>,
    },
}

/// One text, and how often it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Observation<'a> {
    pub(crate) kind: CauseKind,
    /// AWS's words, verbatim.
    pub(crate) text: &'a str,
    pub(crate) source: Source<'a>,
    pub(crate) count: usize,
}

/// The evidence and all that it shows.
#[derive(Debug)]
pub(crate) struct Observations<'a> {
    pub(crate) evidence: Evidence<'a>,
    pub(crate) definition: TaskDefinition<'a>,
    pub(super) observations: Vec<Observation<'a>>,
    /// Where an alike one stands in `observations`.
    known: BTreeMap<(CauseKind, String), usize>,
}

impl<'a> Observations<'a> {
    pub(crate) fn gather(evidence: &Evidence<'a>) -> Observations<'a> {
        let definition = TaskDefinition::if_known(evidence.definition);
        let mut seen = Observations {
            evidence: *evidence,
            definition,
            observations: Vec::new(),
            known: BTreeMap::new(),
        };
        evidence
            .own_tasks()
            .take(MAX_TASKS)
            .for_each(|task| seen.read_task(task));
        seen.read_deployment();
        seen.read_events();
        seen.read_failures();
        seen
    }

    /// The last lines that a container of the deployment wrote, as evidence.
    pub(crate) fn log_of(&self, container: &str) -> Vec<String> {
        let tails = self
            .evidence
            .logs
            .iter()
            .filter(|tail| tail.container == container);
        let Some(tail) = tails.into_iter().find(|tail| !tail.lines.is_empty()) else {
            return Vec::new();
        };
        let from = tail.lines.len().saturating_sub(MAX_LOG_LINES);
        let lines = tail.lines.iter().skip(from);
        lines
            .map(|line| format!("log of {}: {}", code(container), short(line, MAX_LOG_LINE)))
            .collect()
    }

    fn read_task(&mut self, task: &'a Task) {
        let stop = stop_reason::read(task, self.definition);
        let ended = task.last_status == TaskStatus::Stopped || task.last_status.is_stopping();
        let kind = match stop.kind {
            StopKind::Replaced => return,
            StopKind::ByUser => CauseKind::Unknown,
            StopKind::Failed(kind) => kind,
        };
        // A container that can't start yet has its reason already, while the task is tried again.
        let told = !matches!(kind, CauseKind::Unknown | CauseKind::ContainerExit);
        if ended || (task.last_status.is_starting() && told) {
            self.add(
                kind,
                stop.text,
                Source::Task {
                    task,
                    container: stop.container,
                },
            );
        }
    }

    fn read_deployment(&mut self) {
        let entry = self
            .evidence
            .entry()
            .map(|entry| entry.rollout_reason.as_str());
        let whole = self.evidence.service_deployment;
        let status = whole.map_or("", |deployment| deployment.status.as_str());
        let reasons = whole.into_iter().flat_map(|deployment| {
            [
                Some(deployment.reason.as_str()),
                deployment.rollback_reason.as_deref(),
            ]
        });
        for text in entry
            .into_iter()
            .chain(reasons.flatten())
            .filter(|text| !text.is_empty())
        {
            let bad = status.starts_with("ROLLBACK") || status == "STOPPED";
            let unknown = Some(CauseKind::Unknown).filter(|_| bad && !is_usual(text));
            if let Some(kind) = reason::kind(text).or(unknown) {
                self.add(kind, text, Source::Deployment);
            }
        }
    }

    fn read_failures(&mut self) {
        for failure in self.evidence.failures {
            let kind = reason::of_failure(&failure.reason).unwrap_or(CauseKind::Unknown);
            let instance = failure.instance.as_deref().map(last_part);
            self.add(kind, &failure.reason, Source::Failure { instance });
        }
    }

    fn read_events(&mut self) {
        let mut since = Since::default();
        let events = &self.evidence.service.events;
        for event in events.iter().take(MAX_EVENTS) {
            let parsed = event::parse(&event.message);
            since.note(&parsed.kind);
            let Some(kind) = parsed.kind.cause() else {
                continue;
            };
            if !self.concerns(&parsed, kind) || !self.still_holds(event, kind, since) {
                continue;
            }
            let instance = match parsed.kind {
                EventKind::Trouble(trouble) => trouble.instance,
                _ => None,
            };
            let before = self.is_before(event.at);
            // A started task had its place; it says nothing about what comes after.
            let passed = since.started && is_about_place(kind);
            let source = Source::Event {
                at: event.at,
                instance,
                before,
                passed,
            };
            self.add(kind, &event.message, source);
        }
    }

    /// Whether an event may be about this deployment: it names it, or a task of it, or neither.
    fn concerns(&self, parsed: &event::Parsed, kind: CauseKind) -> bool {
        let other = parsed
            .deployment
            .as_deref()
            .is_some_and(|id| id != self.evidence.deployment);
        // A task set that can't scale in is the old one.
        if other && kind != CauseKind::TaskProtection {
            return false;
        }
        let own = |id: &String| self.evidence.own_tasks().any(|task| task.id() == id);
        parsed.tasks.is_empty() || self.evidence.tasks.is_empty() || parsed.tasks.iter().any(own)
    }

    /// Whether an event says something about now.
    fn still_holds(&self, event: &Event, kind: CauseKind, since: Since) -> bool {
        let before = self.is_before(event.at);
        if !lasts(kind) {
            return !before;
        }
        // AWS would have said it again after six hours.
        let fresh = !before || self.evidence.now.since(event.at) <= EVENT_HELD_BACK;
        let explains = match kind {
            // Holds old tasks, when all new ones run already.
            CauseKind::TaskProtection => !self.evidence.is_complete(),
            kind if is_about_place(kind) => self.evidence.lacks_places(),
            _ => self.evidence.lacks_tasks(),
        };
        fresh && !since.steady && explains
    }

    fn is_before(&self, at: Timestamp) -> bool {
        self.evidence.began().is_some_and(|began| at < began)
    }

    fn add(&mut self, kind: CauseKind, text: &'a str, source: Source<'a>) {
        let mark = match &source {
            Source::Event { .. } => "event".to_owned(),
            Source::Deployment => "deployment".to_owned(),
            Source::Failure { .. } => "failure".to_owned(),
            Source::Task { container, .. } => {
                let exit = container.and_then(|one| one.exit_code);
                format!("{} {exit:?}", container.map_or("", |one| one.name.as_str()))
            }
        };
        let key = (kind, format!("{mark} {}", without_ids(text)));
        match self
            .known
            .get(&key)
            .and_then(|at| self.observations.get_mut(*at))
        {
            Some(alike) => alike.count += 1,
            None => {
                self.known.insert(key, self.observations.len());
                self.observations.push(Observation {
                    kind,
                    text,
                    source,
                    count: 1,
                });
            }
        }
    }
}

/// What newer events say about an older one. Events are read newest first.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    started: bool,
    steady: bool,
}

impl Since {
    fn note(&mut self, kind: &EventKind) {
        self.started |= matches!(kind, EventKind::Started { .. });
        self.steady |= matches!(kind, EventKind::Steady);
    }
}

/// Whether the kind is about where a task may run, not about what the task needs or does.
fn is_about_place(kind: CauseKind) -> bool {
    // The order of the kinds: everything up to here is capacity of some sort.
    kind <= CauseKind::CapacityProvider
}

/// Whether an event of this kind, from before the deployment, may hold for the deployment too:
/// so for what the service or the account lacks, not for what an image or a task did.
fn lasts(kind: CauseKind) -> bool {
    !matches!(
        kind,
        CauseKind::ImagePull
            | CauseKind::ImagePlatform
            | CauseKind::ContainerExit
            | CauseKind::OutOfMemory
            | CauseKind::ContainerHealth
            | CauseKind::LoadBalancerHealth
            | CauseKind::SpotInterruption
            | CauseKind::CircuitBreaker
            | CauseKind::Alarm
            | CauseKind::LifecycleHook
            | CauseKind::Throttled
            | CauseKind::Unknown
    )
}

/// The text with ids, addresses and numbers of requests taken out: what makes two texts alike.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() >= 8 && word.bytes().any(|byte| byte.is_ascii_digit());
    text.chars()
        .take(MAX_LINE)
        .collect::<String>()
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .map(|word| if is_id(word) { "*" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}
