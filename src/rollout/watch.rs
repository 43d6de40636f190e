//! The loop behind the watch: it looks at all services, feeds `step` and hands on what it says.
//!
//! It decides nothing about a rollout. One poller serves all services; what one cluster has is read
//! once a look. Throttling, 5xx and lost connections stretch the pace and never end the wait.

mod evidence;
mod reader;

use std::time::Duration;

use tokio::time::Instant;

use super::{Line, Look, State, Step, Verdict, Waiting, step};
use crate::aws::{Aws, AwsError, AwsErrorKind};
use crate::cause::Cause;
use crate::clock::Clock;
use crate::snapshot::Timestamp;
use reader::Reader;

/// Nobody should learn of an end later than this.
const SLOWEST: Duration = Duration::from_secs(15);
/// A rollout that takes longer than this is looked at less often.
const LONG: Duration = Duration::from_secs(5 * 60);
/// What a look may take past the deadline: the last one is worth a moment, retries aren't.
const LAST_LOOK: Duration = Duration::from_secs(20);

/// All explanations of one look together: whoever reads them waits for nothing else.
const EXPLANATIONS: Duration = Duration::from_secs(20);

/// What became of one watched service.
#[derive(Clone, Debug)]
pub struct Ended {
    pub verdict: Verdict,
    pub waiting: Vec<Waiting>,
    pub causes: Vec<Cause>,
}

/// The rollouts that are watched together.
#[derive(Debug)]
pub struct Watch {
    clock: Clock,
    /// The shortest time between two looks.
    poll_interval: Duration,
    states: Vec<State>,
    /// Which of them have no verdict yet.
    open: Vec<usize>,
    reader: Reader,
    began: Timestamp,
    /// When the last look was over.
    looked: Option<Timestamp>,
    /// Whether AWS had trouble with it.
    strained: bool,
}

impl Watch {
    /// A watch of nothing yet, with so much time between two looks at least.
    pub fn new(aws: &Aws, clock: Clock, poll_interval: Duration) -> Watch {
        Watch {
            clock,
            poll_interval,
            states: Vec::new(),
            open: Vec::new(),
            reader: Reader::new(aws.for_looks(), clock),
            began: clock.now(),
            looked: None,
            strained: false,
        }
    }

    /// Watches one more rollout; its number, counted from zero.
    pub fn add(&mut self, state: State) -> usize {
        self.open.push(self.states.len());
        self.states.push(state);
        self.states.len() - 1
    }

    /// The numbers of the rollouts without a verdict.
    pub fn open(&self) -> &[usize] {
        &self.open
    }

    /// All rollouts, by number.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// Looks until at least one rollout has its verdict; gives back which ones have. After each look
    /// `seen` gets each rollout's number, how it stands and what is to be said of it. Nothing is
    /// open: nothing is looked at.
    ///
    /// # Errors
    /// ECS can't be looked at any more: credentials that ended, an action that is denied.
    pub async fn until_one_ends(
        &mut self,
        seen: &mut (dyn FnMut(usize, &State, &[Line]) + Send),
    ) -> Result<Vec<(usize, Ended)>, AwsError> {
        while !self.open.is_empty() {
            self.pause().await;
            let limit = self.rest() + LAST_LOOK;
            let look = self.reader.look(&self.states, &self.open);
            let looks = match tokio::time::timeout(limit, look).await {
                Ok(Ok(looks)) => looks,
                Ok(Err(error)) if is_passing(&error) => {
                    tracing::debug!(%error, "a look failed and is tried again");
                    blind(&self.open, &error.to_string())
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => blind(&self.open, "AWS did not answer until the time ran out"),
            };
            let mut ended = Vec::new();
            for (number, step) in self.fold(looks).await {
                seen(number, &self.states[number], &step.say);
                let (waiting, causes) = (step.waiting, step.causes);
                ended.extend(step.verdict.map(|verdict| {
                    let ended = Ended {
                        verdict,
                        waiting,
                        causes,
                    };
                    (number, ended)
                }));
            }
            if !ended.is_empty() {
                return Ok(ended);
            }
        }
        Ok(Vec::new())
    }

    /// One look at each open rollout, and what it means.
    ///
    /// # Errors
    /// ECS can't be looked at.
    pub async fn look(&mut self) -> Result<Vec<(usize, Step)>, AwsError> {
        let looks = self.reader.look(&self.states, &self.open).await?;
        Ok(self.fold(looks).await)
    }

    /// Folds one look at each open rollout into its state.
    async fn fold(&mut self, mut looks: Vec<Look>) -> Vec<(usize, Step)> {
        self.strained = looks.iter().any(|look| look.failed.is_some());
        // All are judged by the time of the look, however long the explanations take.
        let now = self.clock.now();
        let mut steps = Vec::with_capacity(looks.len());
        for (&number, look) in self.open.iter().zip(&looks) {
            steps.push((number, step(&mut self.states[number], look, now)));
        }
        let until = Instant::now() + EXPLANATIONS;
        for ((number, step), look) in steps.iter_mut().zip(&mut looks) {
            let state = &self.states[*number];
            let explained = self.reader.explain(*number, state, (look, step));
            if tokio::time::timeout_at(until, explained).await.is_err() {
                tracing::debug!("the explanation took too long");
            }
        }
        let decided = |number: &usize| {
            let of_it = |(one, step): &(usize, Step)| one == number && step.verdict.is_some();
            steps.iter().any(of_it)
        };
        self.open.retain(|number| !decided(number));
        self.looked = Some(self.clock.now());
        steps
    }

    /// Rests until the next look is due.
    async fn pause(&self) {
        let Some(looked) = self.looked else { return };
        let now = self.clock.now();
        let long = now.since(self.began) > LONG;
        let factor = 1 + u32::from(long) + u32::from(self.strained) * 2;
        let pace = (self.poll_interval * factor).min(SLOWEST.max(self.poll_interval));
        let due = pace.saturating_sub(now.since(looked));
        tokio::time::sleep(due.min(self.rest())).await;
    }

    /// The time to the next deadline: nobody waits longer than the limit that was set.
    fn rest(&self) -> Duration {
        let now = self.clock.now();
        let limits = self
            .open
            .iter()
            .map(|&number| self.states[number].patience.deadline.since(now));
        limits
            .filter(|rest| !rest.is_zero())
            .min()
            .unwrap_or(SLOWEST)
    }
}

fn blind(open: &[usize], why: &str) -> Vec<Look> {
    open.iter()
        .map(|_| Look {
            failed: Some(why.to_owned()),
            ..Look::default()
        })
        .collect()
}

fn is_passing(error: &AwsError) -> bool {
    matches!(
        error.kind,
        AwsErrorKind::Throttled | AwsErrorKind::Unanswered
    )
}
