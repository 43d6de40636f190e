//! Carrying out the plan: each write once, and a lost answer looked up before it is repeated.

use std::time::Duration;

use serde_json::Value;

use crate::aws::{AwsError, AwsErrorKind, Described};
use crate::failure::Failure;
use crate::plan::Update;
use crate::report::Outcome;
use crate::run::Run;
use crate::snapshot::{Deployment, Service};
use crate::taskdef;

/// Tries of one write, within half a minute: AWS throttles RegisterTaskDefinition at one a second.
pub(super) const WRITE_TRIES: u32 = 8;
/// Looks for the effect of a write whose answer was lost, within 8 s; reads lag behind writes.
pub(super) const LOOKS_AFTER_LOSS: u32 = 4;

pub(super) fn delay(attempt: u32) -> Duration {
    Duration::from_millis(500 << attempt.min(4))
}

/// Registers `body` as a new revision. `latest` is the family's newest one before: only a later one
/// can be ours.
pub(super) async fn register(run: &Run, body: &Value, latest: i64) -> Result<Described, Failure> {
    let family = body
        .get("family")
        .and_then(Value::as_str)
        .unwrap_or_default();
    for attempt in 0..WRITE_TRIES {
        let error = match run.aws.register_task_definition(body).await {
            Ok(registered) => return Ok(registered),
            Err(error) => error,
        };
        match error.kind {
            AwsErrorKind::Throttled => {}
            AwsErrorKind::Unanswered => {
                if let Some(registered) = registered_after_all(run, family, latest, body).await {
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
    run: &Run,
    family: &str,
    before: i64,
    body: &Value,
) -> Option<Described> {
    for attempt in 0..LOOKS_AFTER_LOSS {
        tokio::time::sleep(delay(attempt)).await;
        let Ok(newest) = run.aws.task_definition(family).await else {
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
        failure = failure.help("ECS refuses the task definition as it is written: mend the member that the message names");
    }
    if error.text.contains("iam:PassRole") {
        failure = failure.help("allow `iam:PassRole` on the task role and the execution role, with `iam:PassedToService` `ecs-tasks.amazonaws.com`");
    }
    failure
}

/// Updates one service; `before` is how it was. Gives back the deployment that this started.
pub(super) async fn update(
    run: &Run,
    update: &Update,
    before: &Service,
) -> Result<(Service, Deployment), NotUpdated> {
    // Once an answer was lost, no later refusal tells that nothing was changed.
    let mut lost = false;
    for attempt in 0..WRITE_TRIES {
        let error = match run.aws.update_service(update).await {
            Ok(service) => {
                let Some(deployment) = service.primary().cloned() else {
                    let failure = Failure::error(format!(
                        "ECS updated service `{}` but names no deployment for it",
                        update.service
                    ));
                    return Err(NotUpdated {
                        failure,
                        unanswered: true,
                    });
                };
                return Ok((service, deployment));
            }
            Err(error) => error,
        };
        match error.kind {
            AwsErrorKind::Throttled => {}
            AwsErrorKind::Unanswered => {
                lost = true;
                if let Some(found) = updated_after_all(run, update, before).await {
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
        update.service
    ));
    Err(NotUpdated {
        failure,
        unanswered: true,
    })
}

async fn updated_after_all(
    run: &Run,
    update: &Update,
    before: &Service,
) -> Option<(Service, Deployment)> {
    let old = before.primary().map(|deployment| deployment.id.as_str());
    for attempt in 0..LOOKS_AFTER_LOSS {
        tokio::time::sleep(delay(attempt)).await;
        let Ok(now) = run.aws.services(&update.cluster, &[&update.service]).await else {
            continue;
        };
        let Some(service) = now.found.into_iter().next() else {
            continue;
        };
        let Some(primary) = service.primary().cloned() else {
            continue;
        };
        let is_ours = Some(primary.id.as_str()) != old
            && update
                .task_definition
                .as_ref()
                .is_none_or(|wanted| *wanted == primary.task_definition);
        if is_ours {
            return Some((service, primary));
        }
    }
    None
}

/// An UpdateService that was refused, or of which it isn't known.
#[derive(Debug)]
pub(super) struct NotUpdated {
    pub(super) failure: Failure,
    /// It may have been carried out all the same.
    pub(super) unanswered: bool,
}

impl NotUpdated {
    fn because(error: AwsError, lost: bool) -> NotUpdated {
        NotUpdated {
            failure: Failure {
                outcome: Outcome::Error,
                ..Failure::from(error)
            },
            unanswered: lost,
        }
    }
}
