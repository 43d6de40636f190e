//! What was seen of one kind of cause: its texts, counts and ages, and how sure that makes it.

use std::cmp::Reverse;

use crate::aws_text::Says;
use crate::cause::{Cause, CauseKind, Remedy};
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::{Observation, Observations, Source};
use crate::diagnosis::words::{MAX_LINE, age, code, counted, short};
use crate::snapshot::{Container, Task};

/// Most different texts that one cause shows.
const MAX_EVIDENCE: usize = 5;

/// All that was seen of one kind, of tasks first, then by count; never empty.
#[derive(Debug)]
pub(crate) struct ObservationsOfKind<'s, 'a> {
    pub(crate) seen: &'s Observations<'a>,
    kind: CauseKind,
    all: Vec<&'s Observation<'a>>,
}

impl<'a> Observations<'a> {
    /// What was seen of one kind; nothing where there is nothing.
    pub(crate) fn of(&self, kind: CauseKind) -> Option<ObservationsOfKind<'_, 'a>> {
        let all: Vec<&Observation<'a>> = self
            .observations
            .iter()
            .filter(|one| one.kind == kind)
            .collect();
        (!all.is_empty()).then(|| ObservationsOfKind::new(self, kind, all))
    }
}

impl<'s, 'a> ObservationsOfKind<'s, 'a> {
    pub(crate) fn new(
        seen: &'s Observations<'a>,
        kind: CauseKind,
        mut all: Vec<&'s Observation<'a>>,
    ) -> ObservationsOfKind<'s, 'a> {
        all.sort_by_key(|one| {
            (
                !matches!(one.source, Source::Task { .. }),
                Reverse(one.count),
            )
        });
        ObservationsOfKind { seen, kind, all }
    }

    /// The text that tells most: of a task before an event.
    pub(crate) fn text(&self) -> &'a str {
        self.all.first().map_or("", |one| one.text)
    }

    /// Whether any of the texts says this.
    pub(crate) fn says(&self, what: Says) -> bool {
        self.all.iter().any(|one| what.is_in(one.text))
    }

    /// How many tasks it happened to.
    pub(crate) fn tasks(&self) -> usize {
        let of_task = |one: &&&Observation<'_>| matches!(one.source, Source::Task { .. });
        self.all.iter().filter(of_task).map(|one| one.count).sum()
    }

    /// The container that most of it is about.
    pub(crate) fn container(&self) -> Option<&'a Container> {
        self.all.iter().find_map(|one| match one.source {
            Source::Task { container, .. } => container,
            _ => None,
        })
    }

    /// A task that it happened to.
    pub(crate) fn task(&self) -> Option<&'a Task> {
        self.all.iter().find_map(|one| match one.source {
            Source::Task { task, .. } => Some(task),
            _ => None,
        })
    }

    /// Id of the container instance that AWS calls the closest match.
    pub(crate) fn closest(&self) -> Option<&str> {
        self.all.iter().find_map(|one| match &one.source {
            Source::Event { instance, .. } => instance.as_deref(),
            Source::Failure { instance } => *instance,
            _ => None,
        })
    }

    /// The texts with their counts and ages, most frequent first.
    pub(crate) fn evidence(&self) -> Vec<String> {
        let rest = self.all.len().saturating_sub(MAX_EVIDENCE);
        let mut lines: Vec<String> = self
            .all
            .iter()
            .take(MAX_EVIDENCE)
            .map(|one| self.line(one))
            .collect();
        if rest > 0 {
            lines.push(format!("and {} of this kind", counted(rest, "other text")));
        }
        lines
    }

    fn line(&self, one: &Observation<'_>) -> String {
        let head = match &one.source {
            Source::Deployment => "deployment".to_owned(),
            Source::Failure { instance } => failure_head(*instance, one.count),
            Source::Event { at, before, .. } => {
                let events = if one.count == 1 {
                    "event".to_owned()
                } else {
                    format!("{}, the last", counted(one.count, "event"))
                };
                let when = age(self.seen.evidence.now.since(*at));
                let before = if *before {
                    ", before this deployment"
                } else {
                    ""
                };
                format!("{events} {when} ago{before}")
            }
            Source::Task { task, container } => task_head(task, *container, one.count),
        };
        let text = if one.text.is_empty() {
            "AWS gives no reason"
        } else {
            one.text
        };
        format!("{head}: {}", short(text, MAX_LINE))
    }

    /// How sure it is, by where it was seen.
    fn certainty(&self) -> Certainty {
        let sure = self.all.iter().any(|one| match one.source {
            Source::Event { before, passed, .. } => !before && !passed,
            Source::Task { .. } | Source::Deployment | Source::Failure { .. } => true,
        });
        if sure {
            Certainty::Seen
        } else {
            Certainty::Likely
        }
    }

    /// What takes certainty from the message, in words.
    fn doubt(&self) -> String {
        let newest = self.all.iter().find_map(|one| match one.source {
            Source::Event { at, before, .. } => Some((at, before)),
            _ => None,
        });
        match (self.certainty(), newest) {
            (Certainty::Likely, Some((at, true))) => format!(
                "; AWS said so {} ago, before this deployment, and holds such an event back for six hours",
                age(self.seen.evidence.now.since(at)),
            ),
            (Certainty::Likely, Some((_, false))) => {
                "; ECS has started tasks since, so it may have passed".to_owned()
            }
            _ => String::new(),
        }
    }

    /// The finding with this message, worded as sure as it is.
    pub(crate) fn found(&self, message: impl Into<String>, remedies: Vec<Remedy>) -> Finding {
        let message = message.into() + &self.doubt();
        let cause = Cause {
            kind: self.kind,
            message,
            clause: None,
            evidence: self.evidence(),
            remedies,
        };
        Finding {
            certainty: self.certainty(),
            tasks: self.tasks(),
            cause,
        }
    }
}

fn failure_head(instance: Option<&str>, count: usize) -> String {
    match (instance, count) {
        (Some(id), 1) => format!("RunTask, container instance {}", code(id)),
        (Some(_), count) => format!("RunTask, {}", counted(count, "container instance")),
        (None, _) => "RunTask".to_owned(),
    }
}

fn task_head(task: &Task, container: Option<&Container>, count: usize) -> String {
    let mut head = match count {
        1 => format!("task {}", code(task.id())),
        count => counted(count, "task"),
    };
    if let Some(container) = container {
        head.push_str(&format!(", container {}", code(&container.name)));
        if let Some(exit) = container.exit_code {
            head.push_str(&format!(", exit code {exit}"));
        }
    }
    head
}
