//! What a run works with, what it can be asked to do, and where it writes down what it knows.
//!
//! A step gets the context by shared reference and gives back what it found. The journal is the only
//! thing that a run changes.

mod ending;
mod journal;
mod record;

use std::path::PathBuf;

pub use ending::{Ending, LeftRollout, ServiceEnd, UpdateState};
pub use journal::Journal;
pub use record::{KnownRun, Record, RunProgress, ServiceProgress};

use crate::aws::Aws;
use crate::clock::Clock;
use crate::environment::Variables;
use crate::request::Request;

/// What a run works with. It stays as it is from the first step to the last.
#[derive(Debug)]
pub struct RunContext {
    /// What the run does with the request.
    pub command: Command,
    /// What was asked for.
    pub request: Request,
    /// The AWS clients.
    pub aws: Aws,
    /// The runner's time. What comes after the first update goes by AWS's: see [`Journal::set_clock`].
    pub clock: Clock,
    /// Relative paths of the request start here.
    pub workspace: PathBuf,
    /// What `docker` and `docker build` would find in it too.
    pub environment: Variables,
}

/// What a run does with its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Deploy,
    /// Follow the rollout that is there.
    Watch,
    /// Say how the service stands.
    Explain,
}
