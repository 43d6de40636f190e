//! BuildKit's status messages, folded into events that read like a build log.
//!
//! Pure: a step is printed once when it starts and once when it ends, log lines are whole, clean and
//! bounded. What a failed step said last is kept for the failure's report.

use std::collections::{HashMap, VecDeque};

use super::text::{MAX_LINE, clean_line, one_line};

#[cfg(test)]
mod tests;

/// Lines of one build's log, the steps' own and those about them; a build that says more loses the
/// rest, and says so.
pub const MAX_LINES: usize = 20_000;

/// Steps that are followed; no real build comes near.
const MAX_STEPS: usize = 10_000;

/// How much of a failed step's log goes into its report.
pub const TAIL_LINES: usize = 20;

/// Something to tell about a build.
#[derive(Clone, Debug, PartialEq)]
pub enum BuildEvent {
    /// The whole context was taken by the engine.
    ContextSent {
        files: u64,
        bytes: u64,
    },
    /// `step` counts from 1 in the order of their start.
    Started {
        step: usize,
        name: String,
    },
    Cached {
        step: usize,
        name: String,
    },
    Done {
        step: usize,
        name: String,
        seconds: f64,
    },
    Failed {
        step: usize,
        name: String,
        error: String,
    },
    /// One line that the step wrote.
    Log {
        step: usize,
        line: String,
    },
    /// A warning about the Dockerfile, or of the engine.
    Warning {
        message: String,
    },
    /// Said once, when a build said more than [`MAX_LINES`].
    LogCut {
        after: usize,
    },
}

/// What BuildKit said at one moment, in plain types.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The steps of which something changed.
    pub vertexes: Vec<Vertex>,
    /// What the steps printed.
    pub logs: Vec<Log>,
    /// Texts in bytes, as BuildKit sends them.
    pub warnings: Vec<Vec<u8>>,
}

/// One step as BuildKit knows it at that moment.
#[derive(Clone, Debug, Default)]
pub struct Vertex {
    /// The step's id within the build.
    pub digest: String,
    /// As it is shown, such as `[2/3] RUN make`.
    pub name: String,
    /// Whether it was taken from the cache.
    pub cached: bool,
    /// Seconds since the epoch.
    pub started: Option<f64>,
    /// When it ended, in seconds since 1970; none while it runs.
    pub completed: Option<f64>,
    /// Empty where there is none.
    pub error: String,
}

/// Bytes that the step `vertex` wrote, lines and parts of lines.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The id of the step that printed it.
    pub vertex: String,
    /// Raw bytes; lines may be cut anywhere.
    pub message: Vec<u8>,
}

/// The step that broke the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStep {
    /// As it is shown, such as `[2/3] RUN make`.
    pub name: String,
    /// One line, to be shown.
    pub error: String,
    /// The same, whole: the reason stands behind the command, however long that is.
    pub cause: String,
    /// Its last lines.
    pub log: Vec<String>,
}

#[derive(Debug, Default)]
struct Step {
    number: usize,
    name: String,
    ended: bool,
    /// What came since the last line feed, and whether it already overflowed.
    partial: Vec<u8>,
    tail: VecDeque<String>,
}

/// The fold's state.
#[derive(Debug, Default)]
pub struct BuildProgress {
    steps: HashMap<String, Step>,
    lines: usize,
    failed: Option<FailedStep>,
}

impl BuildProgress {
    /// Takes in what was said at one moment, and says what is new in it.
    pub fn feed(&mut self, status: &Status, say: &mut dyn FnMut(BuildEvent)) {
        for vertex in &status.vertexes {
            self.begin(vertex, say);
        }
        for log in &status.logs {
            self.log(log, say);
        }
        for warning in &status.warnings {
            let message = one_line(&String::from_utf8_lossy(warning));
            self.line(BuildEvent::Warning { message }, say);
        }
        for vertex in &status.vertexes {
            self.end(vertex, say);
        }
    }

    /// The first step that failed by itself, not because another one did.
    pub fn into_failed(self) -> Option<FailedStep> {
        self.failed
    }

    fn begin(&mut self, vertex: &Vertex, say: &mut dyn FnMut(BuildEvent)) {
        if vertex.started.is_none() || self.steps.len() >= MAX_STEPS {
            return;
        }
        let number = self.steps.len() + 1;
        if let std::collections::hash_map::Entry::Vacant(free) =
            self.steps.entry(vertex.digest.clone())
        {
            let name = one_line(&vertex.name);
            free.insert(Step {
                number,
                name: name.clone(),
                ..Step::default()
            });
            if !vertex.cached {
                self.line(BuildEvent::Started { step: number, name }, say);
            }
        }
    }

    fn end(&mut self, vertex: &Vertex, say: &mut dyn FnMut(BuildEvent)) {
        let Some(completed) = vertex.completed else {
            return;
        };
        self.rest_of_line(&vertex.digest, say);
        let Some(step) = self.steps.get_mut(&vertex.digest) else {
            return;
        };
        let first_end = !std::mem::replace(&mut step.ended, true);
        let (number, name) = (step.number, step.name.clone());
        if !vertex.error.is_empty() {
            let error = one_line(&vertex.error);
            // Steps that were stopped because another one failed say so, and are not the cause.
            let follower = error.contains("context canceled");
            if !follower && self.failed.is_none() {
                self.failed = Some(FailedStep {
                    name: name.clone(),
                    error: error.clone(),
                    cause: vertex.error.clone(),
                    log: step.tail.drain(..).collect(),
                });
            }
            let failed = BuildEvent::Failed {
                step: number,
                name,
                error,
            };
            if first_end {
                self.line(failed, say);
            }
        } else if first_end {
            step.tail = VecDeque::new();
            let seconds = vertex
                .started
                .map_or(0.0, |started| (completed - started).max(0.0));
            let ended = if vertex.cached {
                BuildEvent::Cached { step: number, name }
            } else {
                BuildEvent::Done {
                    step: number,
                    name,
                    seconds,
                }
            };
            self.line(ended, say);
        }
    }

    fn log(&mut self, log: &Log, say: &mut dyn FnMut(BuildEvent)) {
        let mut parts = log.message.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let Some(step) = self.steps.get_mut(&log.vertex) else {
                return;
            };
            // A line without end must not fill the memory; what is shown of it is cut anyway. Four
            // bytes make one character at most.
            let room = (MAX_LINE * 4 + 4).saturating_sub(step.partial.len());
            step.partial
                .extend_from_slice(&part[..part.len().min(room)]);
            if parts.peek().is_some() {
                self.flush_line(&log.vertex, say);
            }
        }
    }

    fn rest_of_line(&mut self, vertex: &str, say: &mut dyn FnMut(BuildEvent)) {
        if self
            .steps
            .get(vertex)
            .is_some_and(|step| !step.partial.is_empty())
        {
            self.flush_line(vertex, say);
        }
    }

    fn flush_line(&mut self, vertex: &str, say: &mut dyn FnMut(BuildEvent)) {
        let Some(step) = self.steps.get_mut(vertex) else {
            return;
        };
        let line = clean_line(&std::mem::take(&mut step.partial));
        if step.tail.len() == TAIL_LINES {
            step.tail.pop_front();
        }
        step.tail.push_back(line.clone());
        let step = step.number;
        self.line(BuildEvent::Log { step, line }, say);
    }

    fn line(&mut self, event: BuildEvent, say: &mut dyn FnMut(BuildEvent)) {
        self.lines = self.lines.saturating_add(1);
        if self.lines <= MAX_LINES {
            say(event);
        } else if self.lines == MAX_LINES + 1 {
            say(BuildEvent::LogCut { after: MAX_LINES });
        }
    }
}
