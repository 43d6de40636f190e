//! Optional reads: which of them can't be had for now, and when they are asked for again.
//!
//! A denial counts at once and for good. Anything else (an error of AWS's, a lost connection,
//! throttling, no answer in time, one that can't be read, an action that the endpoint doesn't know)
//! counts after a few looks in a row; then the read is left out, and asked for again now and then.
//! What that means for a rollout is not decided here.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::standing::{Allowance, Missed};
use super::{Aws, AwsError, TASKS};

/// A read that had less time, because others took it, isn't to blame for having no answer.
const FAIR: Duration = Duration::from_secs(5);

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
