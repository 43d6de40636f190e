//! A verdict and what it rests on, before the report is written around it.

use super::arithmetic::Bounds;
use super::forecast::Verdict;
use super::greedy::Tightest;
use crate::cause::CauseKind;

/// What is decided before anything is written down.
#[derive(Debug)]
pub(super) struct Decision {
    pub verdict: Verdict,
    /// What is short where it is blocked: the leading kind.
    pub kind: Option<CauseKind>,
    pub headline: String,
    pub reasons: Vec<String>,
    pub bounds: Bounds,
    /// How many old tasks have stopped on each plot when a best order can go no further.
    pub stopped: Vec<usize>,
}

impl Decision {
    pub(super) fn fits(
        bounds: Bounds,
        headline: String,
        (waves, tightest): (u32, Option<Tightest>),
    ) -> Self {
        let verdict = Verdict::Fits { waves, tightest };
        Decision {
            verdict,
            kind: None,
            headline,
            reasons: Vec::new(),
            bounds,
            stopped: Vec::new(),
        }
    }

    pub(super) fn blocked(bounds: Bounds, kind: CauseKind, headline: String) -> Self {
        let (reasons, stopped) = (Vec::new(), Vec::new());
        Decision {
            verdict: Verdict::Blocked,
            kind: Some(kind),
            headline,
            reasons,
            bounds,
            stopped,
        }
    }

    pub(super) fn unknown(bounds: Bounds, reasons: Vec<String>) -> Self {
        let headline = match reasons.first() {
            Some(first) => format!("whether the rollout fits can't be known: {first}"),
            None => "whether the rollout fits can't be known".to_owned(),
        };
        Decision {
            verdict: Verdict::Unknown,
            kind: None,
            headline,
            reasons,
            bounds,
            stopped: Vec::new(),
        }
    }
}

/// The word for one or for several.
pub(super) fn plural(count: u32, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}
