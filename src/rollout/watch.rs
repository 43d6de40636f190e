//! The loop behind the watch: it looks at all services, feeds `step` and hands on what it says.
//!
//! It decides nothing about a rollout. One poller serves all services; what one cluster has is read
//! once a look. Throttling, 5xx and lost connections stretch the pace and never end the wait.

mod evidence;
mod reader;

use std::time::Duration;

use super::{Line, Look, State, Step, Verdict, Waiting, step};
use crate::aws::{Aws, AwsError, AwsErrorKind};
use crate::cause::Cause;
use crate::clock::Clock;
use reader::Reader;

/// Nobody should learn of an end later than this.
const SLOWEST: Duration = Duration::from_secs(15);
/// A rollout that takes longer than this is looked at less often.
const LONG: Duration = Duration::from_secs(5 * 60);
/// What a look may take past the deadline: the last one is worth a moment, retries aren't.
const LAST_LOOK: Duration = Duration::from_secs(20);

/// What became of one watched service.
#[derive(Clone, Debug)]
pub struct Ended {
    pub verdict: Verdict,
    pub waiting: Vec<Waiting>,
    pub causes: Vec<Cause>,
}

/// What became of all of them, in the order of the states.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Absent where ECS could not be looked at any more before it was decided.
    pub ended: Vec<Option<Ended>>,
    /// Why it could not; absent where all were watched to their end.
    pub broken: Option<AwsError>,
}

/// What the loop needs besides the states.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    pub aws: &'a Aws,
    pub clock: &'a Clock,
    /// The shortest time between two looks.
    pub poll_interval: Duration,
}

impl Watch<'_> {
    /// Watches until each state has its verdict, or ECS can't be looked at any more. `say` gets the
    /// index of the state and the line.
    pub async fn run(
        &self,
        states: &mut [State],
        say: &mut (dyn FnMut(usize, &Line) + Send),
    ) -> Watched {
        let mut ended: Vec<Option<Ended>> = states.iter().map(|_| None).collect();
        let mut reader = self.reader();
        let began = self.clock.now();
        while ended.iter().any(Option::is_none) {
            let open: Vec<usize> = (0..states.len())
                .filter(|&index| ended[index].is_none())
                .collect();
            let mut looks = match tokio::time::timeout(
                self.rest(states, &open) + LAST_LOOK,
                reader.look(states, &open),
            )
            .await
            {
                Ok(Ok(looks)) => looks,
                Ok(Err(error)) if is_passing(&error) => {
                    tracing::debug!(%error, "a look failed and is tried again");
                    blind(&open, &error.to_string())
                }
                Ok(Err(error)) => {
                    return Watched {
                        ended,
                        broken: Some(error),
                    };
                }
                Err(_) => blind(&open, "AWS did not answer until the time ran out"),
            };
            let strained = looks.iter().any(|look| look.failed.is_some());
            for (&index, look) in open.iter().zip(&mut looks) {
                let mut step = step(&mut states[index], look, self.clock.now());
                reader
                    .explain(index, &states[index], (look, &mut step))
                    .await;
                let Step {
                    say: lines,
                    verdict,
                    waiting,
                    causes,
                } = step;
                for line in &lines {
                    say(index, line);
                }
                ended[index] = verdict.map(|verdict| Ended {
                    verdict,
                    waiting,
                    causes,
                });
            }
            if ended.iter().any(Option::is_none) {
                let pace = self.pace(self.clock.now().since(began), strained);
                tokio::time::sleep(pace.min(self.rest(states, &open))).await;
            }
        }
        Watched {
            ended,
            broken: None,
        }
    }

    /// The time to the next deadline: nobody waits longer than the limit that was set.
    fn rest(&self, states: &[State], open: &[usize]) -> Duration {
        let limits = open
            .iter()
            .map(|&index| states[index].patience.deadline.since(self.clock.now()));
        limits
            .filter(|rest| !rest.is_zero())
            .min()
            .unwrap_or(SLOWEST)
    }

    /// One look at one rollout, with what the cluster has, and what it means.
    pub async fn look_once(&self, state: &mut State) -> Result<Step, AwsError> {
        let mut reader = self.reader();
        let looks = reader.look(std::slice::from_ref(state), &[0]).await?;
        let mut look = looks.into_iter().next().unwrap_or_default();
        let mut step = step(state, &look, self.clock.now());
        reader.explain(0, state, (&mut look, &mut step)).await;
        Ok(step)
    }

    fn reader(&self) -> Reader<'_> {
        Reader::new(self.aws, self.clock)
    }

    fn pace(&self, waited: Duration, strained: bool) -> Duration {
        let factor = 1 + u32::from(waited > LONG) + u32::from(strained) * 2;
        (self.poll_interval * factor).min(SLOWEST.max(self.poll_interval))
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
