//! Writes, each sent once: a lost answer is looked up before the write is repeated.
//!
//! What is written, and what becomes of it afterwards, is not decided here.

use std::time::Duration;

use serde_json::Value;

use crate::aws::{AwsError, AwsErrorKind, Described};
use crate::failure::Failure;
use crate::plan::Update;
use crate::report::Outcome;
use crate::run::{Journal, RunContext};
use crate::snapshot::{Deployment, Service, last_part};
use crate::taskdef;

/// Tries of one write, within half a minute: AWS throttles RegisterTaskDefinition at one a second.
pub(super) const WRITE_TRIES: u32 = 8;
/// Looks for the effect of a write whose answer was lost, within 8 s; reads lag behind writes.
pub(super) const LOOKS_AFTER_LOSS: u32 = 4;

/// How long to wait before the next try or look.
pub(super) fn delay(attempt: u32) -> Duration {
    Duration::from_millis(500 << attempt.min(4))
}

/// Registers `body` as a new revision. `latest` is the family's newest one before: only a later one
/// can be ours.
///
/// # Errors
/// ECS refuses it, or could not be asked.
pub(super) async fn register(
    context: &RunContext,
    body: &Value,
    latest: i64,
) -> Result<Described, Failure> {
    let family = body
        .get("family")
        .and_then(Value::as_str)
        .unwrap_or_default();
    for attempt in 0..WRITE_TRIES {
        let error = match context.aws.register_task_definition(body).await {
            Ok(registered) => return Ok(registered),
            Err(error) => error,
        };
        match error.kind {
            AwsErrorKind::Throttled => {}
            AwsErrorKind::Unanswered => {
                if let Some(registered) = registered_after_all(context, family, latest, body).await
                {
                    return Ok(registered);
                }
            }
            _ => return Err(refused_registration(&error)),
        }
        if attempt + 1 == WRITE_TRIES {
            return Err(error.into());
        }
        tokio::time::sleep(delay(attempt)).await;
    }
    Err(Failure::error(format!(
        "`ecs:RegisterTaskDefinition` on family `{family}` was not answered"
    )))
}

async fn registered_after_all(
    context: &RunContext,
    family: &str,
    before: i64,
    body: &Value,
) -> Option<Described> {
    for attempt in 0..LOOKS_AFTER_LOSS {
        tokio::time::sleep(delay(attempt)).await;
        let Ok(newest) = context.aws.task_definition(family).await else {
            continue;
        };
        if newest.revision > before && taskdef::same_definition(&newest.document, body) {
            return Some(newest);
        }
    }
    None
}

fn refused_registration(error: &AwsError) -> Failure {
    let mut failure = Failure::from(error.clone());
    if error.kind == AwsErrorKind::Refused {
        failure.outcome = Outcome::Invalid;
        failure = failure.help("ECS refuses the task definition as it is written: correct the member that the message names");
    }
    if error.text.contains("iam:PassRole") {
        failure = failure.help("allow `iam:PassRole` on the task role and the execution role, with `iam:PassedToService` `ecs-tasks.amazonaws.com`");
    }
    failure
}

/// An UpdateService that is to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct UpdateCall<'a> {
    pub(super) update: &'a Update,
    /// The service as it was before.
    pub(super) before: &'a Service,
}

/// Updates one service; the deployment that this started.
///
/// # Errors
/// There is no deployment to follow, and what is known of the service instead.
pub(super) async fn update(
    context: &RunContext,
    journal: &mut Journal,
    change: UpdateCall<'_>,
) -> Result<Deployment, NotUpdated> {
    // Once an answer was lost, no later refusal tells that nothing was changed.
    let mut lost = false;
    for attempt in 0..WRITE_TRIES {
        let error = match context.aws.update_service(change.update).await {
            Ok(service) => return answered(context, journal, change, &service).await,
            Err(error) => error,
        };
        match error.kind {
            AwsErrorKind::Throttled => {}
            AwsErrorKind::Unanswered => {
                lost = true;
                if let Some(found) = updated_after_all(context, change).await {
                    return Ok(found);
                }
            }
            _ => return Err(NotUpdated::because(error, lost)),
        }
        if attempt + 1 == WRITE_TRIES {
            return Err(NotUpdated::because(error, lost));
        }
        tokio::time::sleep(delay(attempt)).await;
    }
    let failure = Failure::error(format!(
        "`ecs:UpdateService` on service `{}` was not answered",
        change.update.service
    ));
    Err(NotUpdated {
        failure,
        effect: Effect::Unknown,
    })
}

/// UpdateService's answer held against what was sent: a deployment of another revision is none of
/// ours, whatever becomes of it. Answers may lag, so it is looked for before it is called missing.
async fn answered(
    context: &RunContext,
    journal: &mut Journal,
    change: UpdateCall<'_>,
    after: &Service,
) -> Result<Deployment, NotUpdated> {
    let update = change.update;
    let named = match after.primary() {
        Some(primary) if asks_for(update, primary) => return Ok(primary.clone()),
        Some(other) => format!(
            "{} of {} as its current deployment",
            other.id,
            last_part(&other.task_definition)
        ),
        None => "no deployment".to_owned(),
    };
    let revision = last_part(update.task_definition.as_deref().unwrap_or_default());
    journal.line(&format!(
        "service `{}`: updated; ECS names no deployment of {revision} yet",
        update.service
    ));
    if let Some(found) = updated_after_all(context, change).await {
        return Ok(found);
    }
    let failure = Failure::error(format!(
        "ECS took the update of service `{}` to {revision}, and names {named}",
        update.service
    ));
    Err(NotUpdated {
        failure: failure.help("look at the service's deployments before the next run: which revision it is to run can't be seen in ECS's answers"),
        effect: Effect::Taken,
    })
}

fn asks_for(update: &Update, deployment: &Deployment) -> bool {
    let wanted = update.task_definition.as_ref();
    wanted.is_none_or(|wanted| *wanted == deployment.task_definition)
}

async fn updated_after_all(context: &RunContext, change: UpdateCall<'_>) -> Option<Deployment> {
    let update = change.update;
    let old = change.before.primary();
    let old = old.map(|deployment| deployment.id.as_str());
    for attempt in 0..LOOKS_AFTER_LOSS {
        tokio::time::sleep(delay(attempt)).await;
        let name = update.service.as_str();
        let Ok(now) = context.aws.services(&update.cluster, &[name]).await else {
            continue;
        };
        let Some(service) = now.found.into_iter().next() else {
            continue;
        };
        let Some(primary) = service.primary().cloned() else {
            continue;
        };
        if Some(primary.id.as_str()) != old && asks_for(update, &primary) {
            return Some(primary);
        }
    }
    None
}

/// What an UpdateService has done that did not start the deployment that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It was refused.
    None,
    /// It was not answered, and may have been carried out all the same.
    Unknown,
    /// ECS took it, and names another deployment.
    Taken,
}

/// An UpdateService after which there is nothing to follow.
#[derive(Debug)]
pub(super) struct NotUpdated {
    pub(super) failure: Failure,
    pub(super) effect: Effect,
}

impl NotUpdated {
    fn because(error: AwsError, lost: bool) -> NotUpdated {
        NotUpdated {
            failure: Failure {
                outcome: Outcome::Error,
                ..Failure::from(error)
            },
            effect: if lost { Effect::Unknown } else { Effect::None },
        }
    }
}
