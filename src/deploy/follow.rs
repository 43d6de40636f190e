//! Starting the rollouts and following them to their end, and what each end means for the run.

use std::collections::VecDeque;
use std::time::Duration;

use super::start::{Next, Planned, Started};
use super::{rollback, start};
use crate::aws::AwsError;
use crate::cause::CauseKind;
use crate::durations;
use crate::report::{Outcome, ServiceReport};
use crate::request::{OnFailure, OnStuck, OnSuperseded, Request};
use crate::rollout::{
    Level, Line, Patience, Sample, State, TIMELINE_MAX, Verdict, Waiting, in_one_line,
};
use crate::run::Run;
use crate::snapshot::last_part;
use crate::watch::{Ended, Said, Watch};

/// Starts what is `next`, at most `max-parallel` at a time, and watches until every service has its
/// outcome; then sums them up in the report.
pub(crate) async fn to_the_end(run: &mut Run, request: &Request, next: Vec<Next<'_>>) {
    tell_of_expiry(run, request.rollout.limit);
    let mut queue = VecDeque::from(next);
    let mut rolling: Option<Rolling> = None;
    let mut backs = Vec::new();
    loop {
        start_more(run, request, (&mut queue, &mut rolling)).await;
        let Some(rolling) = rolling.as_mut().filter(|rolling| rolling.is_open()) else {
            break;
        };
        match rolling.until_one_ends(run).await {
            Ok(ended) => {
                for (index, state, ended) in ended {
                    conclude(run, index, &state, ended);
                    backs.extend(rollback::where_asked(run, request, index, &state).await);
                }
            }
            Err(error) => {
                for index in rolling.open() {
                    lose_sight(run, index, &error);
                }
                leave_alone(run, &mut queue, "ECS can't be looked at any more");
                break;
            }
        }
    }
    rollback::to_the_end(run, backs).await;
    sum_up(run, request);
}

/// Starts as many of the queue as may roll at once; none any more after a failure that is to stop
/// the others.
async fn start_more(
    run: &mut Run,
    request: &Request,
    (queue, rolling): (&mut VecDeque<Next<'_>>, &mut Option<Rolling>),
) {
    let most = request.rollout.max_parallel.unwrap_or(u32::MAX) as usize;
    while rolling.as_ref().map_or(0, Rolling::count) < most {
        let bad = request
            .rollout
            .stop_on_failure
            .then(|| first_bad(run, request));
        if let Some(name) = bad.flatten() {
            let why = format!("`stop-on-failure`, and `{name}` didn't end well");
            leave_alone(run, queue, &why);
        }
        let started = match queue.pop_front() {
            Some(Next::Started(started)) => Some(started),
            Some(Next::Update(planned)) => start::update(run, request, &planned).await,
            None => return,
        };
        if let Some(started) = started {
            // Not before the first update: it sets the clock.
            let rolling = rolling.get_or_insert_with(|| Rolling::new(run, request));
            rolling.add(run, request, started);
        }
    }
}

/// The first service with an outcome that isn't good, nor fine by the request.
fn first_bad(run: &Run, request: &Request) -> Option<String> {
    let is_fine = |outcome: Outcome| {
        outcome == Outcome::Superseded && request.rollout.on_superseded == OnSuperseded::Ignore
    };
    let bad = |outcome: Outcome| !outcome.is_good() && !is_fine(outcome);
    let index = (0..run.report.services.len())
        .find(|&index| run.report.services[index].outcome.is_some_and(bad))?;
    Some(run.report.name_of(index))
}

/// What is still in the queue isn't touched, and that is said.
fn leave_alone(run: &mut Run, queue: &mut VecDeque<Next<'_>>, why: &str) {
    for next in queue.drain(..) {
        let (Next::Started(Started { index, .. }) | Next::Update(Planned { index, .. })) = next;
        let reason = format!("not updated: {why}");
        let name = run.report.name_of(index);
        run.console.line(&format!("service `{name}`: {reason}"));
        start::set(run, index, Outcome::Planned, &reason);
    }
}

/// The rollouts that are watched.
struct Rolling {
    watch: Watch,
    /// Which of the report's services a rollout's number stands for.
    indexes: Vec<usize>,
}

impl Rolling {
    fn new(run: &Run, request: &Request) -> Rolling {
        Rolling {
            watch: Watch::new(&run.aws, run.clock, request.rollout.poll),
            indexes: Vec::new(),
        }
    }

    fn add(&mut self, run: &Run, request: &Request, started: Started) {
        let patience = Patience {
            stuck_after: request.rollout.stuck_after,
            limit: request.rollout.limit,
            deadline: run.clock.now().plus(request.rollout.limit),
            wait_when_stuck: request.rollout.on_stuck == OnStuck::Wait,
        };
        let doubted = is_doubted(run, started.index);
        let state = State::new(started.target, patience, started.document);
        self.watch
            .add(if doubted { state.doubted() } else { state });
        self.indexes.push(started.index);
    }

    fn count(&self) -> usize {
        self.watch.open().len()
    }

    fn is_open(&self) -> bool {
        self.count() > 0
    }

    /// Which of the report's services are still watched.
    fn open(&self) -> Vec<usize> {
        let open = self.watch.open().iter();
        open.map(|&number| self.indexes[number]).collect()
    }

    /// Watches until at least one has ended; which of the report's services, and how.
    async fn until_one_ends(
        &mut self,
        run: &mut Run,
    ) -> Result<Vec<(usize, State, Ended)>, AwsError> {
        let several = run.report.services.len() > 1;
        let names: Vec<String> = self
            .indexes
            .iter()
            .map(|&index| run.report.name_of(index))
            .collect();
        let (console, services, record) = (&mut run.console, &mut run.report.services, &run.record);
        let indexes = &self.indexes;
        let mut seen = |said: Said<'_>| {
            let (prefix, lines) = match said {
                Said::Of(number, _, lines) if several => (format!("[{}] ", names[number]), lines),
                Said::Of(_, _, lines) | Said::OfAll(lines) => (String::new(), lines),
            };
            for Line { level, text } in lines {
                let mark = if *level == Level::Info { "" } else { "! " };
                console.line(&format!("{mark}{prefix}{text}"));
            }
            // At once: a signal drops this future wherever it stands.
            if let Said::Of(number, state, _) = said {
                let index = indexes[number];
                note(&mut services[index], state);
                record.keep_look(index, &services[index]);
            }
        };
        let ended = self.watch.until_one_ends(&mut seen).await;
        let states = self.watch.states();
        let named =
            |(number, ended): (usize, Ended)| (self.indexes[number], states[number].clone(), ended);
        Ok(ended?.into_iter().map(named).collect())
    }
}

/// What was seen so far, for the report.
fn note(report: &mut ServiceReport, state: &State) {
    if report.timeline.last() != state.timeline.last() {
        report.timeline.clone_from(&state.timeline);
    }
    report.stopped.clone_from(&state.stopped);
}

/// Whether nobody knows if the rollout fits. One that was forecast to be blocked, and was let go on,
/// gets its time: whoever did so may know of room to come.
fn is_doubted(run: &Run, index: usize) -> bool {
    let forecast = run.report.services[index].forecast.as_ref();
    forecast.is_none_or(|forecast| forecast.verdict.is_unknown())
}

/// ECS can't be looked at any more: what becomes of the service is not known.
fn lose_sight(run: &mut Run, index: usize, error: &AwsError) {
    start::set(run, index, Outcome::Error, &error.to_string());
    let blind = "the deployment goes on in ECS without being watched: look at it in the console, or run `plimsoll watch`";
    for help in error.help().into_iter().chain([blind.to_owned()]) {
        if !run.report.help.contains(&help) {
            run.report.help.push(help);
        }
    }
}

/// A watch that outlives its credentials ends blind: better known before it begins.
fn tell_of_expiry(run: &mut Run, limit: Duration) {
    let Some(expiry) = run.aws.credentials_expire() else {
        return;
    };
    let millis = expiry
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
    let left = crate::snapshot::Timestamp(millis).since(run.clock.now());
    if left < limit {
        run.console.warning(&format!(
            "the credentials end in {}, before `wait-for-minutes` ({}) is over",
            durations::minutes(left),
            durations::limit(limit)
        ));
    }
}

fn conclude(run: &mut Run, index: usize, state: &State, ended: Ended) {
    let revision = last_part(&state.target.task_definition).to_owned();
    let now = run.clock.now();
    let report = &mut run.report.services[index];
    let said_cause = said_cause(&ended);
    let (outcome, reason) = match ended.verdict {
        Verdict::Succeeded
            if !report.changed && state.target.counted.is_some_and(|counted| counted.whole) =>
        {
            (Outcome::Unchanged, start::AS_IT_IS.to_owned())
        }
        Verdict::Succeeded if state.wants_nothing() => (
            Outcome::Succeeded,
            format!("{revision} is deployed: the deployment is complete, and no task is wanted"),
        ),
        Verdict::Succeeded => (
            Outcome::Succeeded,
            format!("{revision} serves: the deployment is complete"),
        ),
        Verdict::Stuck { proven } => {
            let why = ended.causes.first().map_or_else(
                || "nothing moved, and no cause was found".to_owned(),
                in_one_line,
            );
            let certain = if proven {
                "can't go on"
            } else {
                "has not moved"
            };
            (
                Outcome::Stuck,
                format!("the rollout of {revision} {certain}: {why}"),
            )
        }
        Verdict::Failed { reason } => (
            Outcome::Failed,
            format!("the rollout of {revision} failed: {reason}"),
        ),
        Verdict::RolledBack { to, reason } => {
            // ECS says that tasks failed or that an alarm went off; why, a cause may know.
            let why = said_cause.and_then(|place| ended.causes.get(place));
            let why = why.map(|cause| format!("; {revision}: {}", in_one_line(cause)));
            let reason = match &why {
                Some(why) => format!("{}{why}", reason.trim_end_matches('.')),
                None => reason,
            };
            let to = last_part(&to);
            (Outcome::RolledBack, format!("ECS put {to} back: {reason}"))
        }
        Verdict::Superseded {
            by,
            task_definition,
        } => (
            Outcome::Superseded,
            format!(
                "deployment {by} ({}) took the place of this one",
                last_part(&task_definition)
            ),
        ),
        Verdict::TimedOut { waiting } => (
            Outcome::TimedOut,
            format!(
                "{revision} was still rolling out after {}, waiting for {}",
                durations::limit(state.patience.limit),
                words(&waiting)
            ),
        ),
    };
    report.outcome = Some(outcome);
    report.reason = reason;
    report.causes = ended.causes;
    report.said_cause = said_cause;
    // How it stood at the end, also where nothing changed for a while.
    if let Some(last) = report.timeline.last().filter(|last| last.at < now) {
        let end = Sample {
            at: now,
            event: None,
            ..last.clone()
        };
        if report.timeline.len() >= TIMELINE_MAX {
            report.timeline.pop();
        }
        report.timeline.push(end);
    }
    run.keep();
}

/// The cause that the reason names.
fn said_cause(ended: &Ended) -> Option<usize> {
    match ended.verdict {
        Verdict::Stuck { .. } => Some(0),
        // ECS's own reason may say the same as a cause.
        Verdict::RolledBack { .. } => {
            let mut causes = ended.causes.iter();
            causes.position(|cause| !cause.kind.restates_rollback())
        }
        _ => None,
    }
}

/// Old tasks of the stuck services that ran at the last look.
fn old_tasks(run: &Run) -> u32 {
    let stuck = run
        .report
        .services
        .iter()
        .filter(|service| service.outcome == Some(Outcome::Stuck));
    stuck
        .filter_map(|service| service.timeline.last())
        .map(|sample| sample.old_running)
        .sum()
}

fn words(waiting: &[Waiting]) -> String {
    let words: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    if words.is_empty() {
        "ECS".to_owned()
    } else {
        words.join("; ")
    }
}

/// The worst service's outcome is the run's.
fn sum_up(run: &mut Run, request: &Request) {
    let worst = run
        .report
        .services
        .iter()
        .enumerate()
        .max_by_key(|(_, service)| service.outcome);
    let Some((index, worst)) = worst else { return };
    run.report.outcome = worst.outcome;
    run.report.reason = if run.report.services.len() > 1 {
        let count = |fits: &dyn Fn(Outcome) -> bool| {
            let services = run.report.services.iter();
            services.filter(|one| one.outcome.is_some_and(fits)).count()
        };
        let good = count(&|outcome| outcome.is_good() && outcome != Outcome::Planned);
        let left = match count(&|outcome| outcome == Outcome::Planned) {
            0 => String::new(),
            left => format!(", {left} not updated"),
        };
        format!(
            "{good} of {} services are well{left}; `{}`: {}",
            run.report.services.len(),
            run.report.name_of(index),
            worst.reason
        )
    } else {
        worst.reason.clone()
    };
    run.report.superseded_is_fine = request.rollout.on_superseded == OnSuperseded::Ignore;
    if request.rollout.on_failure == OnFailure::None && run.report.outcome == Some(Outcome::Stuck) {
        // Where the percentages let ECS stop the old tasks first, none may be left.
        let serving = if old_tasks(run) > 0 {
            "the old tasks serve as before, and "
        } else {
            ""
        };
        let cause = run.report.services[index].causes.first();
        run.report.help.push(match cause.map(|cause| cause.kind) {
            Some(CauseKind::TaskProtection) => {
                "ECS goes on by itself once the protection has ended".to_owned()
            }
            Some(CauseKind::DeploymentConfiguration) => format!(
                "ECS goes on trying: {serving}the new revision starts as soon as the percentages allow it"
            ),
            _ => format!(
                "ECS goes on trying: {serving}the new revision starts as soon as there is room"
            ),
        });
    }
}
