//! How a run and its parts end, as values: what the steps return and the journal keeps.

use crate::cause::Cause;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::rollout::Sample;
use crate::snapshot::Deployment;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// What it ended as.
    pub outcome: Outcome,
    /// The word before the reason, where it isn't the outcome's.
    pub title: Option<&'static str>,
    /// One line.
    pub reason: String,
    /// What to do about it, one item a line, besides what the steps advised.
    pub help: Vec<String>,
    /// `on-superseded: ignore`: the outcome stays, the exit code is 0.
    pub superseded_is_fine: bool,
}

impl Ending {
    /// An ending with nothing to do about it.
    pub fn new(outcome: Outcome, reason: impl Into<String>) -> Ending {
        Ending {
            outcome,
            title: None,
            reason: reason.into(),
            help: Vec::new(),
            superseded_is_fine: false,
        }
    }
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Ending {
        Ending {
            help: failure.help,
            ..Ending::new(failure.outcome, failure.reason)
        }
    }
}

/// How the deploy of one service ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceEnd {
    /// What it ended as.
    pub outcome: Outcome,
    /// One line.
    pub reason: String,
    /// Why it didn't end well, the most telling first.
    pub causes: Vec<Cause>,
    /// The place among the causes of the one that `reason` says already.
    pub said_cause: Option<usize>,
}

impl ServiceEnd {
    /// An end that needs no further explanation.
    pub fn new(outcome: Outcome, reason: impl Into<String>) -> ServiceEnd {
        ServiceEnd {
            outcome,
            reason: reason.into(),
            causes: Vec::new(),
            said_cause: None,
        }
    }
}

/// What is known of an UpdateService that was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateState {
    /// ECS did not carry it out.
    NotMade,
    /// It isn't known. Until it is, the safe thing to say is that the service was changed.
    Unknown,
    /// ECS took it, and names no deployment of the revision, which is given by its ARN.
    Taken(String),
    /// ECS names this deployment of the service.
    Made(Deployment),
}

/// A rollout that a run began and did not follow to its end.
#[derive(Clone, Debug)]
pub struct LeftRollout {
    /// Which of the request's services it is, counted from zero.
    pub index: usize,
    /// Its name, or its ARN where that was given.
    pub cluster: String,
    /// Its name.
    pub service: String,
    /// `ecs-svc/<digits>`.
    pub deployment_id: String,
    /// ARN of the revision that it rolls out.
    pub task_definition: String,
    /// The counts of the last look; absent where there was none yet.
    pub last: Option<Sample>,
}
