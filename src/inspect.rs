//! `plimsoll explain` and `plimsoll watch`: a service as it is, and a rollout that somebody else
//! started. Nothing is changed.

use std::time::Duration;

use crate::cause::Cause;
use crate::deploy::{self, Next, Started};
use crate::durations;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::rollout::{Level, Line, Patience, RolloutVerdict, State, Step, Target};
use crate::run::{Ending, Journal, RunContext, ServiceEnd};
use crate::snapshot::{Service, last_part};
use crate::watch::Watch;

/// Looks that `explain` takes: a proof wants more than one read.
const LOOKS: usize = 3;
/// And no more than this with those that lacked a part.
const LOOKS_MAX: usize = 9;
/// Without a proof, a rollout that stands still this long after its start is called stuck.
const STILL: Duration = Duration::from_secs(120);
/// A few looks never reach this limit.
const FAR: Duration = Duration::from_secs(3600);

/// How it stands with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Its deployment is complete, and its tasks run.
    Steady,
    Moving,
    Failing,
    Stuck,
}

impl Standing {
    /// The word before the reason.
    fn as_str(self) -> &'static str {
        match self {
            Standing::Steady => "steady",
            Standing::Moving => "moving",
            Standing::Failing => "failing",
            Standing::Stuck => "stuck",
        }
    }
}

/// Follows the current deployment of each service to its end.
///
/// # Errors
/// A service or its revision can't be read, or it has no deployment.
pub async fn watch(context: &RunContext, journal: &mut Journal) -> Result<Ending, Failure> {
    let services = deploy::read_services(context, journal).await?;
    let mut queue = Vec::new();
    for (index, service) in services.iter().enumerate() {
        let mut target = target(context, service)?;
        // A reader who waits for a rollout wants its tasks healthy.
        if let Some(counted) = &mut target.counted {
            counted.whole = false;
        }
        let revision = context.aws.task_definition(&target.task_definition).await?;
        journal.line(&format!(
            "service `{}`: watching deployment {} of {}",
            service.name,
            target.deployment,
            last_part(&target.task_definition)
        ));
        journal.deployment_is(index, &target.deployment, &target.task_definition);
        queue.push(Next::Started(Started {
            index,
            target,
            document: revision.document,
            changed: false,
            doubted: true,
        }));
    }
    let ended = deploy::follow_rollouts(context, journal, queue).await;
    Ok(ended.ending)
}

/// How a service stands.
struct Stand {
    outcome: Outcome,
    standing: Standing,
    reason: String,
    causes: Vec<Cause>,
}

/// Says of each service whether its rollout is steady, moving, failing or stuck, and why; of a
/// steady one also whether a rollout of the same would fit.
///
/// # Errors
/// A service or its revision can't be read, or it has no deployment.
pub async fn explain(context: &RunContext, journal: &mut Journal) -> Result<Ending, Failure> {
    let services = deploy::read_services(context, journal).await?;
    let mut worst: Option<Ending> = None;
    for (index, service) in services.iter().enumerate() {
        let stand = as_it_stands(context, journal, index, service).await?;
        if stand.standing == Standing::Steady {
            deploy::forecast_same(context, journal, index, service).await?;
        }
        let Stand {
            outcome,
            standing,
            reason,
            causes,
        } = stand;
        let title = standing.as_str();
        if services.len() > 1 {
            journal.line(&format!("`{}`: {title}: {reason}", service.name));
        }
        let end = ServiceEnd {
            causes,
            said_cause: (outcome == Outcome::Stuck).then_some(0),
            ..ServiceEnd::new(outcome, format!("{title}: {reason}"))
        };
        journal.service_ended(index, &end);
        if worst.as_ref().is_none_or(|worst| worst.outcome < outcome) {
            worst = Some(Ending {
                title: Some(title),
                ..Ending::new(outcome, reason)
            });
        }
    }
    Ok(worst.unwrap_or_else(|| Ending::new(Outcome::Error, "no service is named")))
}

/// A few looks at one service, and what they show. A deployment stays complete whatever becomes of its
/// tasks, so that these are looked at too.
async fn as_it_stands(
    context: &RunContext,
    journal: &mut Journal,
    index: usize,
    service: &Service,
) -> Result<Stand, Failure> {
    let target = target(context, service)?;
    let definition = context.aws.task_definition(&target.task_definition).await?;
    let patience = Patience {
        stuck_after: STILL,
        limit: FAR,
        deadline: context.clock.now().plus(FAR),
        wait_when_stuck: false,
    };
    let state = State::new(target, patience, definition.document).doubted();
    let mut watch = Watch::new(&context.aws, context.clock, context.request.rollout.poll);
    watch.add(state);
    let looks = look_closely(context, journal, &mut watch).await?;
    let state = &watch.states()[0];
    journal.deployment_is(index, &state.target.deployment, &service.task_definition);
    journal.stopped_tasks(index, &state.stopped);
    Ok(stand(context, service, state, looks))
}

fn target(context: &RunContext, service: &Service) -> Result<Target, Failure> {
    let Some(primary) = service.primary() else {
        return Err(Failure::invalid(format!(
            "service `{}` has no current deployment",
            service.name
        )));
    };
    Ok(Target::of(service, primary, context.clock.now()))
}

fn steady(service: &Service) -> String {
    let revision = last_part(&service.task_definition);
    let (running, desired) = (service.running, service.desired);
    format!("{revision} runs {running} of {desired} tasks, and its deployment is complete")
}

/// What a few looks at one service came to.
struct Looks {
    /// What the last one meant.
    last: Step,
    /// Whether anything moved in one of them.
    moved: bool,
}

/// A few looks, so that one stale read decides nothing.
async fn look_closely(
    context: &RunContext,
    journal: &mut Journal,
    watch: &mut Watch,
) -> Result<Looks, Failure> {
    let (mut last, mut moved, mut whole) = (Step::default(), false, 0);
    for count in 0..LOOKS_MAX {
        if count > 0 {
            tokio::time::sleep(context.request.rollout.poll).await;
        }
        let (of_all, steps) = watch.look().await?;
        tell(journal, &of_all);
        for (_, step) in steps {
            tell(journal, &step.say);
            moved |= step.moved;
            whole += usize::from(!step.held);
            last = step;
        }
        if last.verdict.is_some() || whole == LOOKS {
            break;
        }
    }
    Ok(Looks { last, moved })
}

fn tell(journal: &mut Journal, lines: &[Line]) {
    for Line { level, text } in lines {
        let mark = if *level == Level::Info { "" } else { "! " };
        journal.line(&format!("{mark}{text}"));
    }
}

/// What the looks say of the service.
fn stand(context: &RunContext, service: &Service, state: &State, looks: Looks) -> Stand {
    let Looks { last, moved } = looks;
    let revision = last_part(&state.target.task_definition);
    let age = context.clock.now().since(state.target.created);
    let words: Vec<String> = last.waiting.iter().map(ToString::to_string).collect();
    let first = last
        .causes
        .first()
        .map(|cause| cause.message.clone())
        .unwrap_or_default();
    let (outcome, standing, reason) = match last.verdict {
        Some(RolloutVerdict::Stuck { .. }) => (Outcome::Stuck, Standing::Stuck, first),
        Some(RolloutVerdict::Failed { reason }) => (Outcome::Failed, Standing::Failing, reason),
        Some(RolloutVerdict::RolledBack { reason, .. }) => (
            Outcome::Failed,
            Standing::Failing,
            format!("ECS rolled back: {reason}"),
        ),
        Some(RolloutVerdict::Succeeded) => (Outcome::Unchanged, Standing::Steady, steady(service)),
        _ if state.target.counted.is_some() => {
            let (outcome, title, still) = if moved {
                (Outcome::Unchanged, Standing::Moving, "")
            } else {
                (Outcome::Stuck, Standing::Stuck, ", and nothing moves")
            };
            let (running, desired) = (service.running, service.desired);
            let why = format!(
                "{revision} is deployed, {running} of {desired} tasks run{still}; waiting for {}",
                words.join("; ")
            );
            (outcome, title, why)
        }
        _ if !moved && age >= STILL => (
            Outcome::Stuck,
            Standing::Stuck,
            format!(
                "{revision} is rolling out for {} and nothing moves; waiting for {}",
                durations::minutes(age),
                words.join("; ")
            ),
        ),
        _ => (
            Outcome::Unchanged,
            Standing::Moving,
            format!(
                "{revision} is rolling out, waiting for {}",
                words.join("; ")
            ),
        ),
    };
    Stand {
        outcome,
        standing,
        reason,
        causes: last.causes,
    }
}
