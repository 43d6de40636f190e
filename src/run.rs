//! What a run works with, and what it can be asked to do.

mod record;

use std::path::PathBuf;

pub use record::{Known, Progress, Record, ServiceProgress};

use crate::aws::Aws;
use crate::clock::Clock;
use crate::console::Console;
use crate::environment::Variables;
use crate::report::Report;

/// What a run works with: the clients, the time, the log, and what has come of it so far.
#[derive(Debug)]
pub struct Run {
    pub aws: Aws,
    pub clock: Clock,
    pub console: Console,
    pub report: Report,
    /// What others know of the report while the run goes on.
    pub record: Record,
    /// Relative paths of the request start here.
    pub workspace: PathBuf,
    /// What `docker` and `docker build` would find in it too.
    pub environment: Variables,
}

impl Run {
    /// Keeps the report as it stands, for whatever may end the run without a further word. It is
    /// called before a write is sent, once it is answered, and after each look.
    pub fn keep(&self) {
        self.record.keep(&self.report, self.clock);
    }
}

/// What a run is to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Deploy,
    /// Follow the rollout that is there.
    Watch,
    /// Say how things stand.
    Explain,
}
