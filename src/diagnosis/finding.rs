//! A rule's answer: a cause, and how surely it explains what is seen.

use std::cmp::Reverse;

use crate::cause::{Cause, CauseKind, Remedy};

/// How surely a cause explains what is seen; in the order of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// Worked out from numbers.
    Proven,
    /// Said by AWS about this deployment.
    Seen,
    /// Said at another time, or concluded.
    Likely,
    /// What follows from another cause.
    Consequence,
    /// Not understood.
    Unknown,
}

/// A rule's answer.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) certainty: Certainty,
    /// How many tasks it rests on: what happens to many comes first.
    pub(crate) tasks: usize,
    pub(crate) cause: Cause,
}

impl Finding {
    /// A finding that nothing but states shows.
    pub(crate) fn concluded(certainty: Certainty, kind: CauseKind, message: String) -> Finding {
        let cause = Cause {
            kind,
            message,
            clause: None,
            evidence: Vec::new(),
            remedies: Vec::new(),
        };
        Finding {
            certainty,
            tasks: 0,
            cause,
        }
    }

    pub(crate) fn with_evidence(mut self, evidence: impl IntoIterator<Item = String>) -> Finding {
        self.cause.evidence.extend(evidence);
        self
    }

    pub(crate) fn with_remedies(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Finding {
        self.cause.remedies.extend(remedies);
        self
    }

    /// The same, no surer than this.
    pub(crate) fn at_most(mut self, certainty: Certainty) -> Finding {
        self.certainty = self.certainty.max(certainty);
        self
    }

    /// The order of telling. Tasks stand before events: an event may be of a moment.
    pub(crate) fn rank(&self) -> (Certainty, Reverse<usize>) {
        (self.certainty, Reverse(self.tasks))
    }
}
