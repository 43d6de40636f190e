//! `plimsoll explain` and `plimsoll watch`: a service as it is, and a rollout that somebody else
//! started. Nothing is changed.

use std::time::Duration;

use crate::deploy::{self, Next, Started};
use crate::durations;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::request::Request;
use crate::rollout::{Level, Line, Patience, State, Step, Target, Verdict};
use crate::run::Run;
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
pub async fn watch(run: &mut Run, request: &Request) -> Result<(), Failure> {
    let services = deploy::services(run, request).await?;
    let mut started = Vec::new();
    for (index, service) in services.iter().enumerate() {
        let mut target = target(run, service)?;
        // Whoever waits for a rollout wants its tasks healthy.
        if let Some(counted) = &mut target.counted {
            counted.whole = false;
        }
        let document = run
            .aws
            .task_definition(&target.task_definition)
            .await?
            .document;
        run.console.line(&format!(
            "service `{}`: watching deployment {} of {}",
            service.name,
            target.deployment,
            last_part(&target.task_definition)
        ));
        run.report.services[index]
            .deployment_id
            .clone_from(&target.deployment);
        run.report.services[index]
            .task_definition
            .clone_from(&target.task_definition);
        started.push(Next::Started(Started {
            index,
            target,
            document,
        }));
    }
    deploy::follow_to_the_end(run, request, started).await;
    Ok(())
}

/// Says of each service whether its rollout is steady, moving, failing or stuck, and why; of a
/// steady one also whether a rollout of the same would fit.
pub async fn explain(run: &mut Run, request: &Request) -> Result<(), Failure> {
    let services = deploy::services(run, request).await?;
    let mut worst: Option<(Outcome, &'static str, String)> = None;
    for (index, service) in services.iter().enumerate() {
        let (outcome, standing, reason) = as_it_stands(run, request, (index, service)).await?;
        let title = standing.as_str();
        if standing == Standing::Steady {
            deploy::forecast_same(run, index, service).await?;
        }
        if services.len() > 1 {
            run.console
                .line(&format!("`{}`: {title}: {reason}", service.name));
        }
        let report = &mut run.report.services[index];
        report.outcome = Some(outcome);
        report.task_definition.clone_from(&service.task_definition);
        report.reason = format!("{title}: {reason}");
        if worst
            .as_ref()
            .is_none_or(|(before, _, _)| *before < outcome)
        {
            worst = Some((outcome, title, reason));
        }
    }
    if let Some((outcome, title, reason)) = worst {
        run.report.outcome = Some(outcome);
        run.report.title = Some(title);
        run.report.reason = reason;
    }
    Ok(())
}

/// A few looks at one service, and what they show. A deployment stays complete whatever becomes of its
/// tasks, so that these are looked at too.
async fn as_it_stands(
    run: &mut Run,
    request: &Request,
    (index, service): (usize, &Service),
) -> Result<(Outcome, Standing, String), Failure> {
    let target = target(run, service)?;
    let definition = run.aws.task_definition(&target.task_definition).await?;
    let patience = Patience {
        stuck_after: STILL,
        limit: FAR,
        deadline: run.clock.now().plus(FAR),
        wait_when_stuck: false,
    };
    let state = State::new(target, patience, definition.document).doubted();
    let mut watch = Watch::new(&run.aws, run.clock, request.rollout.poll);
    watch.add(state);
    let (last, moved) = look_closely(run, request, &mut watch).await?;
    Ok(conclude(
        run,
        (index, service),
        &watch.states()[0],
        (last, moved),
    ))
}

fn target(run: &Run, service: &Service) -> Result<Target, Failure> {
    let Some(primary) = service.primary() else {
        return Err(Failure::invalid(format!(
            "service `{}` has no current deployment",
            service.name
        )));
    };
    Ok(Target::of(service, primary, run.clock.now()))
}

fn steady(service: &Service) -> String {
    let revision = last_part(&service.task_definition);
    let (running, desired) = (service.running, service.desired);
    format!("{revision} runs {running} of {desired} tasks, and its deployment is complete")
}

/// A few looks, so that one stale read decides nothing; the last step, and whether anything moved in
/// one of them.
async fn look_closely(
    run: &mut Run,
    request: &Request,
    watch: &mut Watch,
) -> Result<(Step, bool), Failure> {
    let (mut last, mut moved, mut whole) = (Step::default(), false, 0);
    for count in 0..LOOKS_MAX {
        if count > 0 {
            tokio::time::sleep(request.rollout.poll).await;
        }
        let (of_all, steps) = watch.look().await?;
        tell(run, &of_all);
        for (_, step) in steps {
            tell(run, &step.say);
            moved |= step.moved;
            whole += usize::from(!step.held);
            last = step;
        }
        if last.verdict.is_some() || whole == LOOKS {
            break;
        }
    }
    Ok((last, moved))
}

fn tell(run: &mut Run, lines: &[Line]) {
    for Line { level, text } in lines {
        let mark = if *level == Level::Info { "" } else { "! " };
        run.console.line(&format!("{mark}{text}"));
    }
}

fn conclude(
    run: &mut Run,
    (index, service): (usize, &Service),
    state: &State,
    (last, moved): (Step, bool),
) -> (Outcome, Standing, String) {
    let revision = last_part(&state.target.task_definition);
    let age = run.clock.now().since(state.target.created);
    let words: Vec<String> = last.waiting.iter().map(ToString::to_string).collect();
    let first = last
        .causes
        .first()
        .map(|cause| cause.message.clone())
        .unwrap_or_default();
    let said = match last.verdict {
        Some(Verdict::Stuck { .. }) => (Outcome::Stuck, Standing::Stuck, first),
        Some(Verdict::Failed { reason }) => (Outcome::Failed, Standing::Failing, reason),
        Some(Verdict::RolledBack { reason, .. }) => (
            Outcome::Failed,
            Standing::Failing,
            format!("ECS rolled back: {reason}"),
        ),
        Some(Verdict::Succeeded) => (Outcome::Unchanged, Standing::Steady, steady(service)),
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
    let report = &mut run.report.services[index];
    report.deployment_id.clone_from(&state.target.deployment);
    report.causes = last.causes;
    report.said_cause = (said.0 == Outcome::Stuck).then_some(0);
    report.stopped.clone_from(&state.stopped);
    said
}
