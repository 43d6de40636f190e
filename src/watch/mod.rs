//! The loop behind the watch: it looks at all services, feeds `step` and hands on what it says.
//!
//! It decides nothing about a rollout. One poller serves all services; what one cluster has is read
//! once a look. Trouble with DescribeServices stretches the pace and never ends the wait; a look goes on
//! without all else.

mod evidence;
mod reader;
mod targets;
mod without;

use std::time::Duration;

use crate::aws::{Aws, AwsError, AwsErrorKind};
use crate::cause::Cause;
use crate::clock::Clock;
use crate::rollout::{Line, Look, RolloutVerdict, State, Step, Waiting, step};
use crate::snapshot::Timestamp;
use reader::Reader;

/// Nobody should learn of an end later than this.
const SLOWEST: Duration = Duration::from_secs(15);
/// A rollout that takes longer than this is looked at less often.
const LONG: Duration = Duration::from_secs(5 * 60);
/// What a look may take past the deadline: the last one is worth a moment, retries aren't.
const LAST_LOOK: Duration = Duration::from_secs(20);

/// Of that, what isn't needed may take: the services are read before it.
const LAST_OPTIONAL: Duration = Duration::from_secs(10);

/// All explanations of one look together: the person who reads them waits for nothing else.
const EXPLANATIONS: Duration = Duration::from_secs(20);

/// What became of one watched service.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How its rollout ended.
    pub verdict: RolloutVerdict,
    /// What it waited for at the end.
    pub waiting: Vec<Waiting>,
    /// What explains it, the most telling first.
    pub causes: Vec<Cause>,
}

/// What there is to say after a look.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// Of all rollouts.
    OfAll(&'a [Line]),
    /// Of one of them, by its number, and how it stands.
    Of(usize, &'a State, &'a [Line]),
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
    /// Whether AWS had trouble with the services.
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
            reader: Reader::new(aws, clock),
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
    /// `seen` gets what is to be said, and of each rollout how it stands. Nothing is open: nothing is
    /// looked at.
    ///
    /// # Errors
    /// ECS can't be looked at any more: credentials that ended, an action that is denied.
    pub async fn until_one_ends(
        &mut self,
        seen: &mut (dyn FnMut(Said<'_>) + Send),
    ) -> Result<Vec<(usize, Ended)>, AwsError> {
        while !self.open.is_empty() {
            self.pause().await;
            let rest = self.rest();
            let optional = rest + LAST_OPTIONAL;
            let look = self.reader.look(&self.states, &self.open, optional);
            let looks = match tokio::time::timeout(rest + LAST_LOOK, look).await {
                Ok(Ok(looks)) => looks,
                Ok(Err(error)) if is_passing(&error) => {
                    tracing::debug!(%error, "a look failed and is tried again");
                    blind(&self.open, &error.to_string())
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => blind(&self.open, "AWS did not answer until the time ran out"),
            };
            let mut ended = Vec::new();
            let steps = self.fold(looks).await;
            seen(Said::OfAll(&self.reader.news()));
            for (number, step) in steps {
                seen(Said::Of(number, &self.states[number], &step.say));
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

    /// One look at each open rollout, and what it means; with what is to be said of all.
    ///
    /// # Errors
    /// ECS can't be looked at.
    pub async fn look(&mut self) -> Result<(Vec<Line>, Vec<(usize, Step)>), AwsError> {
        let most = self.rest();
        let looks = self.reader.look(&self.states, &self.open, most).await?;
        let steps = self.fold(looks).await;
        Ok((self.reader.news(), steps))
    }

    /// Folds one look at each open rollout into its state.
    async fn fold(&mut self, mut looks: Vec<Look>) -> Vec<(usize, Step)> {
        let blind = |look: &Look| look.failed.is_some() && look.service.is_none();
        self.strained = looks.iter().any(blind);
        // All are judged by the time of the look, however long the explanations take.
        let now = self.clock.now();
        let mut steps = Vec::with_capacity(looks.len());
        for (&number, look) in self.open.iter().zip(&looks) {
            steps.push((number, step(&mut self.states[number], look, now)));
        }
        self.reader.reads.allow(EXPLANATIONS);
        for ((number, step), look) in steps.iter_mut().zip(&mut looks) {
            if step
                .verdict
                .as_ref()
                .is_some_and(RolloutVerdict::needs_causes)
            {
                let state = &self.states[*number];
                let causes = self.reader.explain(*number, state, look).await;
                step.causes = causes.unwrap_or(std::mem::take(&mut step.causes));
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
