//! Optional reads: which of them can't be had for now, and when they are asked for again.
//!
//! A denial counts at once and for good. Anything else (an error of AWS's, a lost connection,
//! throttling, no answer in time, one that can't be read, an action that the endpoint doesn't know)
//! counts after a few looks in a row; then the read is left out, and asked for again now and then.
//! What that means for a rollout is not decided here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Aws, AwsError, AwsErrorKind, TASKS};

/// So many looks in a row without an answer, and an action counts as not there. One is a hiccup, and
/// two in a row are common where the account is throttled; each one more makes a verdict later.
const LOOKS_IN_A_ROW: u32 = 3;
/// An action that isn't there is asked for again after this time, then after twice that, and so on.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// And after this time at most: what answers again is of use for the rest of a rollout.
const ASK_AGAIN_MOST: Duration = Duration::from_secs(5 * 60);
/// All optional reads before a deploy together: who waits half a minute for a forecast gets none.
const BEFORE_A_DEPLOY: Duration = Duration::from_secs(30);
/// A read that had less time, because others took it, isn't to blame for having no answer.
const FAIR: Duration = Duration::from_secs(5);
/// A reason that is named stands in one line.
const REASON_MAX_CHARS: usize = 160;

/// Why an optional read came to nothing.
#[derive(Clone, Debug)]
pub struct Missed {
    /// Why it failed.
    pub error: AwsError,
    /// Whether it counts as not there; if not, the next look may have it.
    pub is_gone: bool,
}

/// What is known of the actions of optional reads; shared by all clients of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing(Arc<Mutex<Actions>>);

impl Standing {
    fn lock(&self) -> MutexGuard<'_, Actions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time that optional reads may take yet.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<Mutex<Duration>>);

impl Allowance {
    fn of(limit: Duration) -> Allowance {
        Allowance(Arc::new(Mutex::new(limit)))
    }

    fn left(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, left: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = left;
    }
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance::of(BEFORE_A_DEPLOY)
    }
}

/// The clients as optional reads use them: few tries, little time for each call and for all of them
/// together, and no call that is known to come to nothing.
#[derive(Clone, Debug)]
pub struct OptionalReads {
    /// The clients, with few tries for each call.
    pub aws: Aws,
    allowance: Allowance,
}

impl Aws {
    /// For the reads before a deploy, which share one bound however often this is called.
    pub fn before_a_deploy(&self) -> OptionalReads {
        OptionalReads {
            aws: self.for_optional(),
            allowance: self.allowance.clone(),
        }
    }

    /// For other reads, which take no longer than `limit` together.
    pub fn optional_within(&self, limit: Duration) -> OptionalReads {
        let reads = OptionalReads {
            aws: self.for_optional(),
            allowance: Allowance::of(limit),
        };
        reads.next_look(limit);
        reads
    }
}

impl OptionalReads {
    /// A look begins: what failed in the one before is asked for again, and all reads of this one
    /// take no longer than `limit`.
    pub fn next_look(&self, limit: Duration) {
        self.aws.standing.lock().look += 1;
        self.allow(limit);
    }

    /// All reads from here on take no longer than `limit`.
    pub fn allow(&self, limit: Duration) {
        self.allowance.set(limit);
    }

    /// The value of `read`, which calls `actions`. It isn't made where one of them is known to come
    /// to nothing. Waiting for the run's own pace, and prompt answers, cost no time.
    ///
    /// # Errors
    /// Why there is no value, and whether that counts.
    pub fn ask<T>(
        &self,
        actions: &[&'static str],
        read: impl Future<Output = Result<T, AwsError>>,
    ) -> impl Future<Output = Result<T, Missed>> {
        // Boxed, as the future of an SDK call is large.
        self.asked(actions, Box::pin(read))
    }

    async fn asked<T>(
        &self,
        actions: &[&'static str],
        read: impl Future<Output = Result<T, AwsError>> + Unpin,
    ) -> Result<T, Missed> {
        if let Some(missed) = self
            .aws
            .standing
            .lock()
            .passed_over(actions, Instant::now())
        {
            return Err(missed);
        }
        let allowed = self.allowance.left();
        let answer = self.in_time(read).await;
        let mut standing = self.aws.standing.lock();
        let error = match answer {
            Some(Ok(value)) => {
                standing.answered(actions);
                return Ok(value);
            }
            Some(Err(error)) => error,
            None => {
                let action = actions.last().copied().unwrap_or_default();
                let text = "the time for what isn't needed was over";
                let error = AwsError::unanswered(action, "what was asked for", text);
                if allowed < FAIR {
                    let is_gone = false;
                    return Err(Missed { error, is_gone });
                }
                error
            }
        };
        tracing::debug!(%error, "an optional read came to nothing");
        let is_gone = standing.missed(&error, Instant::now());
        Err(Missed { error, is_gone })
    }

    /// What comes of it while the allowance lasts.
    async fn in_time<T>(&self, mut read: impl Future<Output = T> + Unpin) -> Option<T> {
        let (began, free) = (Instant::now(), self.aws.paced.free_time());
        let allowed = self.allowance.left();
        if allowed.is_zero() {
            return None;
        }
        let freed = || self.aws.paced.free_time().saturating_sub(free);
        let mut until = began + allowed;
        let answer = loop {
            match timeout_at(until, &mut read).await {
                Ok(answer) => break Some(answer),
                Err(_) if began + allowed + freed() > until => until = began + allowed + freed(),
                Err(_) => break None,
            }
        };
        let spent = began.elapsed().saturating_sub(freed());
        self.allow(allowed.saturating_sub(spent));
        answer
    }

    /// Of each action that counts as not there, how it failed last.
    pub fn gone(&self) -> Vec<AwsError> {
        let standing = self.aws.standing.lock();
        let gone = standing.known.values().filter(|one| one.is_gone());
        gone.map(|one| one.error.clone()).collect()
    }

    /// How an action failed in the latest look that asked for it; none where it answered.
    pub fn failing(&self, action: &str) -> Option<AwsError> {
        let standing = self.aws.standing.lock();
        let known = standing.known.get(action).filter(|one| one.in_a_row > 0)?;
        Some(known.error.clone())
    }

    /// Whether it is yet to be said that the action of this error can't be had; from then on it is
    /// said.
    pub fn is_news(&self, error: &AwsError) -> bool {
        let mut standing = self.aws.standing.lock();
        let known = standing.known.get_mut(error.action);
        known.is_none_or(|one| !std::mem::replace(&mut one.is_said, true))
    }

    /// The forecast has said what it could not read. Of the tasks the watch speaks once more: it
    /// needs them for something else.
    pub fn said_by_the_forecast(&self) {
        let mut standing = self.aws.standing.lock();
        let known = standing.known.iter_mut();
        known
            .filter(|(action, one)| one.in_a_row > 0 && !TASKS.contains(action))
            .for_each(|(_, one)| one.is_said = true);
    }
}

/// A plain value: the caller says what time it is.
#[derive(Debug, Default)]
struct Actions {
    /// Counts the looks.
    look: u64,
    known: BTreeMap<&'static str, Known>,
}

/// An action that failed.
#[derive(Debug)]
struct Known {
    /// How it failed last.
    error: AwsError,
    /// Looks in a row in which it failed; none once it answers.
    in_a_row: u32,
    /// The last one.
    look: u64,
    /// When it is asked for again, where it counts as not there.
    again: Instant,
    /// The distance to the time after that.
    distance: Duration,
    is_said: bool,
}

impl Known {
    fn is_gone(&self) -> bool {
        self.in_a_row >= LOOKS_IN_A_ROW || self.is_denied()
    }

    fn is_denied(&self) -> bool {
        self.in_a_row > 0 && self.error.is_denied()
    }
}

impl Actions {
    /// Why these actions needn't be asked for now, if they needn't.
    fn passed_over(&self, actions: &[&'static str], now: Instant) -> Option<Missed> {
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

    fn answered(&mut self, actions: &[&'static str]) {
        for action in actions {
            if let Some(known) = self.known.get_mut(action) {
                (known.in_a_row, known.distance) = (0, ASK_AGAIN);
            }
        }
    }

    /// Takes note of a failure; whether the read counts as not there by now.
    fn missed(&mut self, error: &AwsError, now: Instant) -> bool {
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
