//! The loop behind the watch: it looks at all services, feeds `step` and hands on what it says.
//!
//! It decides nothing about a rollout. One poller serves all services; what one cluster has is read
//! once a look. Throttling, 5xx and lost connections stretch the pace and never end the wait.

mod evidence;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Line, Look, Rival, State, Step, Verdict, Waiting, step};
use crate::aws::{Aws, AwsError, AwsErrorKind};
use crate::capacity::TaskNeeds;
use crate::cause::Cause;
use crate::clock::Clock;

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
        Reader {
            aws: self.aws,
            clock: self.clock,
            denied: BTreeSet::new(),
            seen: BTreeMap::new(),
        }
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

/// Reads looks; remembers which optional actions are denied, so that they are asked for once.
struct Reader<'a> {
    aws: &'a Aws,
    clock: &'a Clock,
    denied: BTreeSet<&'static str>,
    /// By the state's index.
    seen: BTreeMap<usize, evidence::Seen>,
}

impl Reader<'_> {
    /// One look at each of the `open` states, in their order.
    async fn look(&mut self, states: &[State], open: &[usize]) -> Result<Vec<Look>, AwsError> {
        let mut services = BTreeMap::new();
        for cluster in open
            .iter()
            .map(|&index| states[index].target.cluster.as_str())
            .collect::<BTreeSet<_>>()
        {
            let names: Vec<&str> = open
                .iter()
                .map(|&index| &states[index].target)
                .filter(|target| target.cluster == cluster)
                .map(|target| target.service.as_str())
                .collect();
            for service in self.aws.services(cluster, &names).await?.found {
                services.insert((cluster.to_owned(), service.name.clone()), service);
            }
        }
        let mut looks = Vec::with_capacity(open.len());
        for &index in open {
            let target = &states[index].target;
            let mut look = self.details(&states[index]).await?;
            look.service = services.remove(&(target.cluster.clone(), target.service.clone()));
            self.targets(index, &states[index], &mut look).await;
            self.protection(&states[index], &mut look).await;
            looks.push(look);
        }
        self.survey(states, open, &mut looks).await;
        for look in &mut looks {
            look.unread = self.denied.iter().copied().collect();
        }
        Ok(looks)
    }

    /// Reads each cluster once where a rollout's question is where a task could go.
    async fn survey(&self, states: &[State], open: &[usize], looks: &mut [Look]) {
        let asking = |index: usize| states[index].wants_survey();
        let clusters: BTreeSet<&str> = open
            .iter()
            .filter(|&&index| asking(index))
            .map(|&index| states[index].target.cluster.as_str())
            .collect();
        for cluster in clusters {
            let here: Vec<(usize, Rival)> = open
                .iter()
                .enumerate()
                .filter(|&(_, &index)| states[index].target.cluster == cluster)
                .filter_map(|(place, &index)| {
                    let service = looks[place].service.clone()?;
                    let needs = TaskNeeds::of(&states[index].document);
                    Some((
                        place,
                        Rival {
                            service,
                            needs,
                            deployment: states[index].target.deployment.clone(),
                        },
                    ))
                })
                .collect();
            let services: Vec<_> = here
                .iter()
                .map(|(_, rival)| (&rival.service, rival.needs.constraints.as_slice()))
                .collect();
            let survey = Arc::new(self.aws.survey(cluster, &services).await);
            for (place, _) in here.iter().filter(|(place, _)| asking(open[*place])) {
                looks[*place].survey = Some(survey.clone());
                looks[*place].rivals = here
                    .iter()
                    .filter(|(other, _)| other != place)
                    .map(|(_, rival)| rival.clone())
                    .collect();
            }
        }
    }

    /// The tasks and the service deployment of one state, as far as they may be read. What fails for
    /// the moment leaves the look at the service itself alone.
    async fn details(&mut self, state: &State) -> Result<Look, AwsError> {
        let mut look = Look::default();
        match self.read_details(state, &mut look).await {
            Err(error) if is_passing(&error) => Ok(Look {
                failed: Some(error.to_string()),
                ..Look::default()
            }),
            Err(error) => Err(error),
            Ok(()) => Ok(look),
        }
    }

    async fn read_details(&mut self, state: &State, look: &mut Look) -> Result<(), AwsError> {
        let target = &state.target;
        if !self.denies(&["ecs:ListTasks", "ecs:DescribeTasks"]) {
            let running = self.optional(
                self.aws
                    .service_tasks(&target.cluster, &target.service, false)
                    .await,
            )?;
            if let Some(mut tasks) = running {
                let stopped = self.optional(
                    self.aws
                        .service_tasks(&target.cluster, &target.service, true)
                        .await,
                )?;
                tasks.extend(stopped.unwrap_or_default());
                look.tasks = Some(tasks);
            }
        }
        if !self.denies(&[
            "ecs:ListServiceDeployments",
            "ecs:DescribeServiceDeployments",
        ]) {
            let known = self.aws.service_deployment(
                &target.cluster,
                &target.service,
                &target.deployment,
                target.created,
            );
            look.service_deployment = self.optional(known.await)?.flatten();
        }
        Ok(())
    }

    fn denies(&self, actions: &[&str]) -> bool {
        actions.iter().any(|action| self.denied.contains(action))
    }

    /// A denied action is remembered and left out; what passes makes the details of the look pass.
    fn optional<T>(&mut self, answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_passing(&error) || error.kind == AwsErrorKind::Expired => Err(error),
            Err(error) => {
                if error.is_denied() {
                    self.denied.insert(error.action);
                }
                tracing::debug!(%error, "an optional read is left out");
                Ok(None)
            }
        }
    }
}
