//! What a run works with, and what it can be asked to do.

use std::path::PathBuf;

use crate::aws::Aws;
use crate::clock::Clock;
use crate::console::Console;
use crate::environment::Environment;
use crate::report::Report;

/// What a run works with: the clients, the time, the log, and what has come of it so far.
#[derive(Debug)]
pub struct Run {
    pub aws: Aws,
    pub clock: Clock,
    pub console: Console,
    pub report: Report,
    /// Relative paths of the request start here.
    pub workspace: PathBuf,
    /// What `docker` and `docker build` would find in it too.
    pub environment: Environment,
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
