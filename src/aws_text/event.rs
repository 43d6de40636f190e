//! A service event's text, read.
//!
//! Both forms occur: the API's with parentheses (`(service api) has …`) and the console's without.
//! AWS changes its wording over the years; a text that nothing here knows is [`EventKind::Other`],
//! never an error.

use crate::aws_text::deployment_reason::is_rollback;
use crate::aws_text::reason;
use crate::cause::CauseKind;

#[cfg(test)]
mod tests;

/// What one event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The name of the service that the event is about.
    pub service: Option<String>,
    /// The deployment that the event names, or the task set: `ecs-svc/<digits>`.
    pub deployment: Option<String>,
    /// Ids of the tasks that it names.
    pub tasks: Vec<String>,
    /// What it reports.
    pub kind: EventKind,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    Steady,
    /// Tasks were started; `replaced` of them for unhealthy ones.
    Started {
        tasks: u32,
        replaced: u32,
    },
    /// Running or pending tasks were stopped.
    Stopped {
        tasks: u32,
    },
    Registered {
        targets: u32,
    },
    Deregistered {
        targets: u32,
    },
    /// Connections of so many tasks are being drained.
    Draining {
        tasks: u32,
    },
    /// The deployment is complete.
    Completed,
    /// ECS goes back to this deployment.
    RollingBack {
        to: String,
    },
    /// Rebalancing between Availability Zones, a matter of its own.
    Balance,
    Trouble(Trouble),
    /// A text that is not known.
    Other,
}

impl EventKind {
    /// What the event is evidence for, if it is for anything.
    pub fn cause(&self) -> Option<CauseKind> {
        match self {
            EventKind::Trouble(trouble) => Some(trouble.kind),
            EventKind::Other => Some(CauseKind::Unknown),
            EventKind::Steady
            | EventKind::Started { .. }
            | EventKind::Stopped { .. }
            | EventKind::Registered { .. }
            | EventKind::Deregistered { .. }
            | EventKind::Draining { .. }
            | EventKind::Completed
            | EventKind::RollingBack { .. }
            | EventKind::Balance => None,
        }
    }

    /// Whether it shows that the service moves.
    pub fn is_progress(&self) -> bool {
        self.cause().is_none() && *self != EventKind::Balance
    }
}

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The cause that AWS's words stand for.
    pub kind: CauseKind,
    /// Id of the container instance that AWS calls the closest match.
    pub instance: Option<String>,
    /// The part of the text that decides: after `Reason:` where there is one.
    pub reason: String,
}

/// An event's text without `(service NAME) `, which every event repeats.
pub fn without_service(message: &str) -> &str {
    let rest = message
        .strip_prefix("(service ")
        .and_then(|rest| rest.split_once(") "));
    rest.map_or(message, |(_, rest)| rest)
}

/// Whether an event sounds like trouble, so that a person should see it at once.
pub fn sounds_bad(message: &str) -> bool {
    ["unable to", "failed", "unhealthy", "throttled"]
        .iter()
        .any(|word| message.contains(word))
}

/// Whether ECS says that there is no deployment that it could go back to.
pub fn says_no_way_back(message: &str) -> bool {
    message.contains("No rollback candidate")
}

/// Whether ECS says that it goes back to this deployment.
pub fn says_rollback_to(message: &str, deployment: &str) -> bool {
    is_rollback(message) && message.contains(deployment)
}

/// Reads one event's message.
pub fn parse(message: &str) -> Parsed {
    let text = reason::plain(message);
    let (service, task_set, rest) = split_service(&text);
    let (named, rest) = split_deployment(rest);
    Parsed {
        service: service.map(str::to_owned),
        deployment: named.or(task_set).map(str::to_owned),
        tasks: tasks_in(rest),
        kind: kind_of(rest),
    }
}

/// `(service api, taskSet ecs-svc/1) rest` to its parts; everything is the rest where no service
/// is named.
fn split_service(text: &str) -> (Option<&str>, Option<&str>, &str) {
    let bare = text.strip_prefix('(').unwrap_or(text);
    let Some(after) = bare.strip_prefix("service ") else {
        return (None, None, text);
    };
    let after = after.strip_prefix('(').unwrap_or(after);
    let end = after.find([' ', ',', ')']).unwrap_or(after.len());
    let (service, mut rest) = after.split_at(end);
    let mut task_set = None;
    if let Some(tail) = rest.strip_prefix(", taskSet ") {
        let end = tail.find([' ', ')']).unwrap_or(tail.len());
        let (id, after) = tail.split_at(end);
        task_set = Some(id);
        rest = after;
    }
    (
        Some(service),
        task_set,
        rest.trim_start_matches([')', ' ', ',']),
    )
}

/// `(deployment ecs-svc/1) deployment failed` to the id and the rest, with or without parentheses.
fn split_deployment(rest: &str) -> (Option<&str>, &str) {
    let bare = rest.strip_prefix('(').unwrap_or(rest);
    let Some(after) = bare.strip_prefix("deployment ecs-svc/") else {
        return (None, rest);
    };
    let digits = after
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(after.len());
    let start = bare.len() - after.len() - "ecs-svc/".len();
    let end = start + "ecs-svc/".len() + digits;
    let id = bare.get(start..end);
    let rest = bare.get(end..).unwrap_or("");
    (id, rest.trim_start_matches([')', ' ']))
}

fn kind_of(rest: &str) -> EventKind {
    // ASCII only, so that positions stay those of `rest`.
    let low = rest.to_ascii_lowercase();
    progress(rest, &low).unwrap_or_else(|| trouble(rest, &low))
}

/// The events of a service that moves, by how they begin.
fn progress(rest: &str, low: &str) -> Option<EventKind> {
    let tasks = || first_number(low);
    let kind = if low.starts_with("has reached a steady state") {
        EventKind::Steady
    } else if low.contains("az rebalanc") || low.contains("az balanced") || in_one_zone(low) {
        EventKind::Balance
    } else if low.starts_with("has started ") {
        let replaced = low
            .split_once("ecs replaced ")
            .map_or(0, |(_, tail)| first_number(tail));
        EventKind::Started {
            tasks: tasks(),
            replaced,
        }
    } else if low.starts_with("has stopped ") || low.starts_with("stopped ") {
        EventKind::Stopped { tasks: tasks() }
    } else if low.starts_with("registered ") {
        EventKind::Registered { targets: tasks() }
    } else if low.starts_with("deregistered ") {
        EventKind::Deregistered { targets: tasks() }
    } else if low.starts_with("has begun draining connections") {
        EventKind::Draining { tasks: tasks() }
    } else if low.starts_with("deployment completed") {
        EventKind::Completed
    } else if low.starts_with("rolling back to deployment") {
        let to = rest.rsplit(' ').next().unwrap_or("").trim_end_matches('.');
        EventKind::RollingBack { to: to.to_owned() }
    } else {
        return None;
    };
    Some(kind)
}

/// `is unable to place a task in eu-central-1a …`: said only while rebalancing.
fn in_one_zone(low: &str) -> bool {
    low.starts_with("is unable to place a task in ")
}

fn trouble(rest: &str, low: &str) -> EventKind {
    let reason = deciding_part(rest, low);
    let kind = match reason::kind(reason) {
        Some(kind) => kind,
        // What follows "unable to place" is a reason even where it is a new one.
        None if low.contains("unable to") || low.starts_with("could not launch") => {
            CauseKind::Unknown
        }
        None if low.starts_with("failed to ") || low.starts_with("deployment failed") => {
            CauseKind::Unknown
        }
        None => return EventKind::Other,
    };
    EventKind::Trouble(Trouble {
        kind,
        instance: instance_in(rest),
        reason: reason.to_owned(),
    })
}

/// Everything from a marker on: "was unable to place a task" heads any failure to start a task,
/// only the tail tells which.
fn deciding_part<'a>(rest: &'a str, low: &str) -> &'a str {
    const MARKERS: [&str; 3] = [
        "unable to place a task. reason: ",
        "the reason for failure is ",
        "requirements. ",
    ];
    MARKERS
        .iter()
        .find_map(|marker| low.find(marker).map(|at| at + marker.len()))
        .and_then(|at| rest.get(at..))
        .unwrap_or(rest)
}

/// The id after `container-instance`, with or without parentheses.
fn instance_in(rest: &str) -> Option<String> {
    let (_, after) = rest.split_once("container-instance ")?;
    let end = after.find([')', ' ']).unwrap_or(after.len());
    after
        .get(..end)
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

/// The ids in `(task …)`, or after `task ` where an id follows.
fn tasks_in(rest: &str) -> Vec<String> {
    rest.split("task ")
        .skip(1)
        .filter_map(|after| {
            let end = after
                .find(|letter: char| !letter.is_ascii_hexdigit() && letter != '-')
                .unwrap_or(after.len());
            after
                .get(..end)
                .filter(|id| id.len() >= 32)
                .map(str::to_owned)
        })
        .collect()
}

fn first_number(text: &str) -> u32 {
    text.split(|letter: char| !letter.is_ascii_digit())
        .find(|part| !part.is_empty())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}
