//! How it stands with the actions of optional reads: which of them answer, which can't be had for now,
//! and the time that they may take yet. Plain values: the caller says what time it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{AwsError, AwsErrorKind};

/// So many looks in a row without an answer, and an action counts as not there. One is a hiccup, and
/// two in a row are common where the account is throttled; each one more makes a verdict later.
const LOOKS_IN_A_ROW: u32 = 3;

/// An action that isn't there is asked for again after this time, then after twice that, and so on.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// And after this time at most: what answers again is of use for the rest of a rollout.
const ASK_AGAIN_MOST: Duration = Duration::from_secs(5 * 60);

/// All optional reads before a deploy together: who waits half a minute for a forecast gets none.
const BEFORE_A_DEPLOY: Duration = Duration::from_secs(30);

/// A reason that is named stands in one line.
const REASON_MAX_CHARS: usize = 160;

/// Why an optional read came to nothing.
#[derive(Clone, Debug)]
pub struct Missed {
    /// How the call ended.
    pub error: AwsError,
    /// Whether it counts as not there; if not, the next look may have it.
    pub is_gone: bool,
}

/// What is known of the actions of optional reads; shared by all clients of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing(Arc<Mutex<Actions>>);

impl Standing {
    pub(super) fn lock(&self) -> MutexGuard<'_, Actions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time that optional reads may take yet.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<Mutex<Duration>>);

impl Allowance {
    pub(super) fn of(limit: Duration) -> Allowance {
        Allowance(Arc::new(Mutex::new(limit)))
    }

    pub(super) fn left(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, left: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = left;
    }
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance::of(BEFORE_A_DEPLOY)
    }
}

/// A plain value: the caller says what time it is.
#[derive(Debug, Default)]
pub(super) struct Actions {
    /// Counts the looks.
    pub(super) look: u64,
    pub(super) known: BTreeMap<&'static str, Known>,
}

/// An action that failed.
#[derive(Debug)]
pub(super) struct Known {
    /// How it failed last.
    pub(super) error: AwsError,
    /// Looks in a row in which it failed; none once it answers.
    pub(super) in_a_row: u32,
    /// The last one.
    look: u64,
    /// When it is asked for again, where it counts as not there.
    again: Instant,
    /// The distance to the time after that.
    distance: Duration,
    pub(super) is_said: bool,
}

impl Known {
    pub(super) fn is_gone(&self) -> bool {
        self.in_a_row >= LOOKS_IN_A_ROW || self.is_denied()
    }

    fn is_denied(&self) -> bool {
        self.in_a_row > 0 && self.error.is_denied()
    }
}

impl Actions {
    /// Why these actions needn't be asked for now, if they needn't.
    pub(super) fn passed_over(&self, actions: &[&'static str], now: Instant) -> Option<Missed> {
        let known = actions.iter().filter_map(|action| self.known.get(action));
        let vain = |one: &&Known| {
            let failed_before = one.in_a_row > 0 && one.look == self.look;
            failed_before || one.is_denied() || (one.is_gone() && now < one.again)
        };
        let one = known.filter(|one| one.in_a_row > 0).find(vain)?;
        Some(Missed {
            error: one.error.clone(),
            is_gone: one.is_gone(),
        })
    }

    pub(super) fn answered(&mut self, actions: &[&'static str]) {
        for action in actions {
            if let Some(known) = self.known.get_mut(action) {
                (known.in_a_row, known.distance) = (0, ASK_AGAIN);
            }
        }
    }

    /// Takes note of a failure; whether the read counts as not there by now.
    pub(super) fn missed(&mut self, error: &AwsError, now: Instant) -> bool {
        if error.is_about_subject() {
            return true;
        }
        let look = self.look;
        let known = self.known.entry(error.action).or_insert_with(|| Known {
            error: error.clone(),
            in_a_row: 0,
            look,
            again: now,
            distance: ASK_AGAIN,
            is_said: false,
        });
        known.error.clone_from(error);
        known.in_a_row = known.in_a_row.saturating_add(1);
        known.look = look;
        if known.is_gone() {
            known.again = now + known.distance;
            known.distance = (known.distance * 2).min(ASK_AGAIN_MOST);
        }
        known.is_gone()
    }
}

impl AwsError {
    /// Whether the action itself was denied.
    pub fn is_denied(&self) -> bool {
        self.kind == AwsErrorKind::AccessDenied
    }

    /// Whether AWS did read the question, and says something of what was asked for: that it isn't
    /// there, or can't be asked so. The action itself works then.
    pub fn is_about_subject(&self) -> bool {
        match self.kind {
            AwsErrorKind::NotFound => true,
            AwsErrorKind::Refused => {
                let code = self.code.as_deref();
                code.is_some_and(|code| !is_unknown_action(code))
            }
            _ => false,
        }
    }

    /// `` `ecs:ListTasks` is denied ``, or `` `ecs:ListTasks` isn't answered (HTTP 500) ``.
    pub fn in_short(&self) -> String {
        let action = self.action;
        if self.is_denied() {
            return format!("`{action}` is denied");
        }
        let mut reason: String = self.text.chars().take(REASON_MAX_CHARS).collect();
        if reason.len() < self.text.len() {
            reason.push('…');
        }
        format!("`{action}` isn't answered ({reason})")
    }
}

/// What an endpoint says that doesn't have the action, in the protocols in use.
fn is_unknown_action(code: &str) -> bool {
    matches!(
        code,
        "UnknownOperationException" | "UnknownOperation" | "InvalidAction" | "NotImplemented"
    )
}

#[cfg(test)]
mod tests;
