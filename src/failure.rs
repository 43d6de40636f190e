//! Why a run ends before its rollout does, in words for the person who reads the log.
//!
//! One sentence, what to do, and which outcome it is. Whether the service was changed is known to
//! the report, not to the failure.

use crate::aws::{AwsError, AwsErrorKind, NotAssumed};
use crate::report::Outcome;

/// A run that can't go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What the run ends as.
    pub outcome: Outcome,
    /// One sentence, without a full stop.
    pub reason: String,
    /// What to do about it, one item a line.
    pub help: Vec<String>,
}

impl Failure {
    /// Bad input, or a check before the deploy failed.
    pub fn invalid(reason: impl Into<String>) -> Failure {
        Failure {
            outcome: Outcome::Invalid,
            reason: reason.into(),
            help: Vec::new(),
        }
    }

    /// AWS, Docker or GitHub could not be used.
    pub fn error(reason: impl Into<String>) -> Failure {
        Failure {
            outcome: Outcome::Error,
            reason: reason.into(),
            help: Vec::new(),
        }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help.push(help.into());
        self
    }
}

impl From<AwsError> for Failure {
    /// What isn't there was named wrongly; all else is AWS that could not be used.
    fn from(error: AwsError) -> Failure {
        let outcome = if error.kind == AwsErrorKind::NotFound {
            Outcome::Invalid
        } else {
            Outcome::Error
        };
        Failure {
            outcome,
            help: error.help().into_iter().collect(),
            reason: error.to_string(),
        }
    }
}

impl From<NotAssumed> for Failure {
    fn from(error: NotAssumed) -> Failure {
        Failure {
            outcome: Outcome::Error,
            reason: error.text,
            help: error.help,
        }
    }
}
