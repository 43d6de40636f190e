//! What the one-off task of a run is, and how one ends: values that its steps share.

use crate::cause::Cause;
use crate::deploy::register::Revision;
use crate::plan::OneOff;
use crate::snapshot::{Service, Task, TaskStatus, last_part};

/// What runs, of which revision, in whose place.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneOffJob<'a> {
    pub(super) ask: &'a OneOff,
    pub(super) revision: &'a Revision,
    /// The service whose settings it takes where none are given.
    pub(super) service: &'a Service,
    /// `startedBy` and client token.
    pub(super) token: &'a str,
}

impl OneOffJob<'_> {
    /// `family:revision`.
    pub(super) fn revision_name(&self) -> &str {
        last_part(&self.revision.arn)
    }
}

/// A task that was followed, as it was last seen.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    pub(super) task: Task,
    pub(super) end: End,
}

/// How a task ended, or why it is followed no longer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Exited(i64),
    /// The task has stopped, and the container has no exit code.
    NoExitCode,
    /// Ended without complaint because something asked it to stop.
    CutShort,
    /// The time is over; its status then.
    TimedOut(TaskStatus),
    /// There was no place for it, and none was to come.
    NoPlace,
}

/// What explains an end, the most telling first.
pub(super) type Causes = Vec<Cause>;
