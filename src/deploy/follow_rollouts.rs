//! Starting the rollouts and following them until every service has its end.

use std::collections::VecDeque;

use super::endings::{self, Closed};
use super::rollback::{self, Back};
use super::update_services::{self, AfterUpdate, Next, Started};
use crate::aws::AwsError;
use crate::clock::Clock;
use crate::durations;
use crate::report::{self, Outcome};
use crate::request::{OnStuck, OnSuperseded};
use crate::rollout::{Level, Line, Patience, State};
use crate::run::{Ending, Journal, RunContext, ServiceEnd};
use crate::watch::{Ended, Said, Watch};

/// What all rollouts of a run came to.
#[derive(Debug)]
pub(crate) struct RolloutsEnd {
    pub(crate) ending: Ending,
    /// ARNs of the revisions that services got.
    pub(super) revisions: Vec<String>,
}

/// Starts what is in `queue`, at most `max-parallel` at a time, and watches until every service has
/// its end.
pub(crate) async fn follow_rollouts(
    context: &RunContext,
    journal: &mut Journal,
    queue: Vec<Next<'_>>,
) -> RolloutsEnd {
    tell_of_expiry(context, journal);
    let mut following = Following::of(context, queue);
    loop {
        following.start_more(journal).await;
        if following.rolling_count() == 0 {
            break;
        }
        match following.until_one_ends(journal).await {
            Ok(all) => {
                for ended in all {
                    following.conclude(journal, ended).await;
                }
            }
            Err(error) => {
                following.lose_sight(journal, &error);
                following.leave_alone(journal, "ECS can't be looked at any more");
                break;
            }
        }
    }
    following.finish_rollbacks(journal).await;
    let closed: Vec<Closed> = following.closed.into_iter().flatten().collect();
    RolloutsEnd {
        ending: endings::of_run(&context.request.rollout, &closed),
        revisions: following.revisions,
    }
}

/// How far the rollouts of a run have come.
struct Following<'a> {
    context: &'a RunContext,
    /// What the services are called where there are several, in the order of the request.
    names: Vec<String>,
    /// What isn't started yet.
    queue: VecDeque<Next<'a>>,
    /// Absent before the first rollout.
    rolling: Option<Rolling>,
    /// By the service's place in the request: those that have their end.
    closed: Vec<Option<Closed>>,
    /// Rollbacks that were begun.
    backs: Vec<Back>,
    /// ARNs of the revisions that services got.
    revisions: Vec<String>,
    /// What the run goes by since its first change of a service.
    clock: Option<Clock>,
}

/// A rollout that has its verdict.
struct RolloutEnd {
    followed: Followed,
    state: State,
    ended: Ended,
}

impl<'a> Following<'a> {
    fn of(context: &'a RunContext, queue: Vec<Next<'a>>) -> Following<'a> {
        let services = &context.request.services;
        let names = report::names(
            services
                .iter()
                .map(|one| (one.cluster.as_str(), one.service.as_str())),
        );
        Following {
            context,
            names,
            closed: services.iter().map(|_| None).collect(),
            queue: VecDeque::from(queue),
            rolling: None,
            backs: Vec::new(),
            revisions: Vec::new(),
            clock: None,
        }
    }

    fn clock(&self) -> Clock {
        self.clock.unwrap_or(self.context.clock)
    }

    fn rolling_count(&self) -> usize {
        let rolling = self.rolling.as_ref();
        rolling.map_or(0, |rolling| rolling.watch.open().len())
    }

    /// Starts as many of the queue as may roll at once; none any more after a failure that is to stop
    /// the others.
    async fn start_more(&mut self, journal: &mut Journal) {
        let options = &self.context.request.rollout;
        let most = options.max_parallel.unwrap_or(u32::MAX) as usize;
        while self.rolling_count() < most {
            if options.stop_on_failure
                && let Some(name) = self.first_bad()
            {
                let why = format!("`stop-on-failure`, and `{name}` didn't end well");
                self.leave_alone(journal, &why);
            }
            match self.queue.pop_front() {
                Some(Next::Started(started)) => self.watch(started),
                Some(Next::Update(waiting)) => {
                    let clock = self.clock;
                    let update =
                        update_services::update(self.context, journal, &waiting, clock).await;
                    self.clock = update.clock;
                    self.revisions.extend(update.revision);
                    match update.next {
                        AfterUpdate::Follow(started) => self.watch(*started),
                        AfterUpdate::Nothing(end) => {
                            self.close(journal, Next::Update(waiting).index(), end);
                        }
                    }
                }
                None => return,
            }
        }
    }

    /// The first service with an outcome that isn't good, nor fine by the request.
    fn first_bad(&self) -> Option<String> {
        let ignored = self.context.request.rollout.on_superseded == OnSuperseded::Ignore;
        let is_fine =
            |outcome: Outcome| outcome.is_good() || (ignored && outcome == Outcome::Superseded);
        let mut closed = self.closed.iter().flatten();
        let bad = closed.find(|closed| !is_fine(closed.end.outcome))?;
        Some(bad.name.clone())
    }

    /// What is still in the queue isn't touched, and that is said.
    fn leave_alone(&mut self, journal: &mut Journal, why: &str) {
        for next in std::mem::take(&mut self.queue) {
            let index = next.index();
            let reason = format!("not updated: {why}");
            journal.line(&format!("service `{}`: {reason}", self.names[index]));
            self.close(journal, index, ServiceEnd::new(Outcome::Planned, reason));
        }
    }

    /// Watches one more rollout.
    fn watch(&mut self, started: Started) {
        let (context, clock) = (self.context, self.clock());
        let options = &context.request.rollout;
        let patience = Patience {
            stuck_after: options.stuck_after,
            limit: options.limit,
            deadline: clock.now().plus(options.limit),
            wait_when_stuck: options.on_stuck == OnStuck::Wait,
        };
        // Not before the first update: it sets the clock.
        let rolling = self.rolling.get_or_insert_with(|| Rolling {
            watch: Watch::new(&context.aws, clock, options.poll),
            followed: Vec::new(),
        });
        rolling.followed.push(Followed {
            index: started.index,
            changed: started.changed,
        });
        let state = State::new(started.target, patience, started.document);
        rolling.watch.add(match started.doubted {
            true => state.doubted(),
            false => state,
        });
    }

    async fn until_one_ends(&mut self, journal: &mut Journal) -> Result<Vec<RolloutEnd>, AwsError> {
        match &mut self.rolling {
            Some(rolling) => rolling.until_one_ends(journal, &self.names).await,
            None => Ok(Vec::new()),
        }
    }

    /// Says how a rollout ended, and begins to roll back where that is asked for.
    async fn conclude(&mut self, journal: &mut Journal, rollout: RolloutEnd) {
        let RolloutEnd {
            followed: Followed { index, changed },
            state,
            ended,
        } = rollout;
        let mut end = endings::end_of(&state, ended, changed);
        journal.rollout_ended(index, &end);
        let options = &self.context.request.rollout;
        if changed && rollback::is_asked(options, end.outcome) {
            match rollback::begin(self.context, journal, &state.target).await {
                Ok(begun) => self.backs.push(Back {
                    index,
                    deadline: self.clock().now().plus(rollback::LIMIT),
                    before: end.clone(),
                    begun,
                }),
                Err(problem) => {
                    end = rollback::failed(journal, end, &problem);
                    journal.service_ended(index, &end);
                }
            }
        }
        let last = state.timeline.last();
        self.closed[index] = Some(Closed {
            name: self.names[index].clone(),
            end,
            old_tasks: last.map_or(0, |sample| sample.old_running),
        });
    }

    /// ECS can't be looked at any more: what becomes of the services is not known.
    fn lose_sight(&mut self, journal: &mut Journal, error: &AwsError) {
        let open = self.rolling.as_ref().map_or(Vec::new(), Rolling::open);
        let blind = "the deployment goes on in ECS without being watched: look at it in the console, or run `plimsoll watch`";
        for index in open {
            let end = ServiceEnd::new(Outcome::Error, error.to_string());
            self.close(journal, index, end);
            for help in error.help().into_iter().chain([blind.to_owned()]) {
                journal.advise(help);
            }
        }
    }

    async fn finish_rollbacks(&mut self, journal: &mut Journal) {
        let (backs, clock) = (std::mem::take(&mut self.backs), self.clock());
        for ended in rollback::to_the_end(self.context, journal, clock, backs).await {
            if let Some(closed) = &mut self.closed[ended.index] {
                closed.end = ended.end;
            }
        }
    }

    /// The end of a service that isn't watched, or not any more.
    fn close(&mut self, journal: &mut Journal, index: usize, end: ServiceEnd) {
        journal.service_ended(index, &end);
        self.closed[index] = Some(Closed {
            name: self.names[index].clone(),
            end,
            old_tasks: 0,
        });
    }
}

/// The rollouts that are watched.
struct Rolling {
    watch: Watch,
    /// By the rollout's number in the watch.
    followed: Vec<Followed>,
}

/// Which service a rollout is of.
#[derive(Clone, Copy)]
struct Followed {
    /// Its place in the request.
    index: usize,
    /// Whether this run changed it.
    changed: bool,
}

impl Rolling {
    /// Which services are still watched.
    fn open(&self) -> Vec<usize> {
        let open = self.watch.open().iter();
        open.map(|&number| self.followed[number].index).collect()
    }

    /// Watches until at least one has ended. `names` are the services', in the order of the request.
    async fn until_one_ends(
        &mut self,
        journal: &mut Journal,
        names: &[String],
    ) -> Result<Vec<RolloutEnd>, AwsError> {
        let followed = &self.followed;
        let mut seen = |said: Said<'_>| {
            let (prefix, lines) = match said {
                Said::Of(number, _, lines) if names.len() > 1 => {
                    (format!("[{}] ", names[followed[number].index]), lines)
                }
                Said::Of(_, _, lines) | Said::OfAll(lines) => (String::new(), lines),
            };
            for Line { level, text } in lines {
                let mark = if *level == Level::Info { "" } else { "! " };
                journal.line(&format!("{mark}{prefix}{text}"));
            }
            // At once: a signal drops this future wherever it stands.
            if let Said::Of(number, state, _) = said {
                journal.looked(followed[number].index, state);
            }
        };
        let ended = self.watch.until_one_ends(&mut seen).await?;
        let states = self.watch.states();
        let named = |(number, ended): (usize, Ended)| RolloutEnd {
            followed: self.followed[number],
            state: states[number].clone(),
            ended,
        };
        Ok(ended.into_iter().map(named).collect())
    }
}

/// A watch that outlives its credentials ends blind: better known before it begins.
fn tell_of_expiry(context: &RunContext, journal: &mut Journal) {
    let limit = context.request.rollout.limit;
    let Some(expiry) = context.aws.credentials_expire() else {
        return;
    };
    let millis = expiry
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
    let left = crate::snapshot::Timestamp(millis).since(context.clock.now());
    if left < limit {
        journal.warning(&format!(
            "the credentials end in {}, before `wait-for-minutes` ({}) is over",
            durations::minutes(left),
            durations::limit(limit)
        ));
    }
}
