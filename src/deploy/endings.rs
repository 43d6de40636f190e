//! What the end of each rollout means for its service, and all of them for the run. Pure.

use super::update_services::AS_IT_IS;
use crate::cause::{Cause, CauseKind};
use crate::durations;
use crate::report::Outcome;
use crate::request::{OnFailure, OnSuperseded, RolloutOptions};
use crate::rollout::{RolloutVerdict, State, Waiting, in_one_line};
use crate::run::{Ending, ServiceEnd};
use crate::snapshot::last_part;
use crate::watch::Ended;

/// A service that has its end.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    /// What it is called where there are several.
    pub(super) name: String,
    pub(super) end: ServiceEnd,
    /// Old tasks that ran at the last look.
    pub(super) old_tasks: u32,
}

/// What a verdict means for the service. `changed` says whether this run changed it.
pub(super) fn end_of(state: &State, ended: Ended, changed: bool) -> ServiceEnd {
    let revision = last_part(&state.target.task_definition);
    let counted = state.target.counted;
    let said_cause = said_cause(&ended);
    let (outcome, reason) = match &ended.verdict {
        RolloutVerdict::Succeeded if !changed && counted.is_some_and(|counted| counted.whole) => {
            (Outcome::Unchanged, AS_IT_IS.to_owned())
        }
        RolloutVerdict::Succeeded if state.wants_nothing() => (
            Outcome::Succeeded,
            format!("{revision} is deployed: the deployment is complete, and no task is wanted"),
        ),
        RolloutVerdict::Succeeded => (
            Outcome::Succeeded,
            format!("{revision} serves: the deployment is complete"),
        ),
        RolloutVerdict::Stuck { proven } => (Outcome::Stuck, stuck(revision, *proven, &ended)),
        RolloutVerdict::Failed { reason } => (
            Outcome::Failed,
            format!("the rollout of {revision} failed: {reason}"),
        ),
        RolloutVerdict::RolledBack { to, reason } => {
            let to = last_part(to);
            let why = rolled_back(
                revision,
                reason,
                said_cause.and_then(|at| ended.causes.get(at)),
            );
            (Outcome::RolledBack, format!("ECS put {to} back: {why}"))
        }
        RolloutVerdict::Superseded {
            by,
            task_definition,
        } => (
            Outcome::Superseded,
            format!(
                "deployment {by} ({}) took the place of this one",
                last_part(task_definition)
            ),
        ),
        RolloutVerdict::TimedOut { waiting } => (
            Outcome::TimedOut,
            format!(
                "{revision} was still rolling out after {}, waiting for {}",
                durations::limit(state.patience.limit),
                words(waiting)
            ),
        ),
    };
    ServiceEnd {
        outcome,
        reason,
        causes: ended.causes,
        said_cause,
    }
}

/// The place of the cause that the reason names.
fn said_cause(ended: &Ended) -> Option<usize> {
    match ended.verdict {
        RolloutVerdict::Stuck { .. } => Some(0),
        // ECS's own reason may say the same as a cause.
        RolloutVerdict::RolledBack { .. } => {
            let mut causes = ended.causes.iter();
            causes.position(|cause| !cause.kind.restates_rollback())
        }
        _ => None,
    }
}

fn stuck(revision: &str, proven: bool, ended: &Ended) -> String {
    let why = ended.causes.first().map_or_else(
        || "nothing moved, and no cause was found".to_owned(),
        in_one_line,
    );
    let certain = if proven {
        "can't go on"
    } else {
        "has not moved"
    };
    format!("the rollout of {revision} {certain}: {why}")
}

/// ECS says that tasks failed or that an alarm went off; why, a cause may know.
fn rolled_back(revision: &str, reason: &str, why: Option<&Cause>) -> String {
    match why {
        Some(cause) => format!(
            "{}; {revision}: {}",
            reason.trim_end_matches('.'),
            in_one_line(cause)
        ),
        None => reason.to_owned(),
    }
}

fn words(waiting: &[Waiting]) -> String {
    let words: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    if words.is_empty() {
        "ECS".to_owned()
    } else {
        words.join("; ")
    }
}

/// What all services come to: the worst one's outcome is the run's. `all` are in the order of the
/// request.
pub(super) fn of_run(options: &RolloutOptions, all: &[Closed]) -> Ending {
    let Some(worst) = all.iter().max_by_key(|closed| closed.end.outcome) else {
        return Ending::new(Outcome::Error, "no service is named");
    };
    let (outcome, reason) = (worst.end.outcome, &worst.end.reason);
    let reason = match all.len() {
        0 | 1 => reason.clone(),
        _ => among_several(worst, all),
    };
    let ending = Ending {
        superseded_is_fine: options.on_superseded == OnSuperseded::Ignore,
        ..Ending::new(outcome, reason)
    };
    if options.on_failure == OnFailure::None && outcome == Outcome::Stuck {
        let help = vec![goes_on_trying(worst, all)];
        return Ending { help, ..ending };
    }
    ending
}

fn among_several(worst: &Closed, all: &[Closed]) -> String {
    let count = |fits: &dyn Fn(Outcome) -> bool| {
        let outcomes = all.iter().map(|closed| closed.end.outcome);
        outcomes.filter(|&outcome| fits(outcome)).count()
    };
    let good = count(&|outcome| outcome.is_good() && outcome != Outcome::Planned);
    let left = match count(&|outcome| outcome == Outcome::Planned) {
        0 => String::new(),
        left => format!(", {left} not updated"),
    };
    format!(
        "{good} of {} services are well{left}; `{}`: {}",
        all.len(),
        worst.name,
        worst.end.reason
    )
}

/// What becomes of a rollout that is stuck and is left to ECS.
fn goes_on_trying(worst: &Closed, all: &[Closed]) -> String {
    let stuck = all
        .iter()
        .filter(|closed| closed.end.outcome == Outcome::Stuck);
    let old_tasks: u32 = stuck.map(|closed| closed.old_tasks).sum();
    // Where the percentages let ECS stop the old tasks first, none may be left.
    let serving = if old_tasks > 0 {
        "the old tasks that still run go on serving, and "
    } else {
        ""
    };
    match worst.end.causes.first().map(|cause| cause.kind) {
        Some(CauseKind::TaskProtection) => {
            "ECS goes on by itself once the protection has ended".to_owned()
        }
        Some(CauseKind::DeploymentConfiguration) => format!(
            "ECS goes on trying: {serving}the new revision starts as soon as the percentages allow it"
        ),
        _ => {
            format!("ECS goes on trying: {serving}the new revision starts as soon as there is room")
        }
    }
}
