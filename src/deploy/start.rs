//! Starting the rollouts: registering what the plan says, updating the services.

use super::execute::{Effect, NotUpdated};
use super::leave::look_after;
use super::{definition, execute};
use crate::failure::Failure;
use crate::plan::{DefinitionPlan, Plan, Update};
use crate::report::{DefinitionReport, Outcome, PendingWrite};
use crate::request::Request;
use crate::rollout::Target;
use crate::run::Run;
use crate::snapshot::{Deployment, RolloutState, Service, Timestamp};

/// Registers what the plan says; gives back one ARN and document per definition.
pub(super) async fn definitions(
    run: &mut Run,
    plan: &Plan,
) -> Result<Vec<definition::Ready>, Failure> {
    let mut ready = Vec::with_capacity(plan.definitions.len());
    for (index, definition) in plan.definitions.iter().enumerate() {
        let described = match definition {
            DefinitionPlan::Existing { arn, .. } => {
                run.aws.task_definition(arn).await.map_err(Failure::from)
            }
            DefinitionPlan::Register { body, latest, .. } => {
                execute::register(run, body, *latest).await
            }
        };
        let described = described.map_err(|failure| {
            left_over(&ready, &[])
                .into_iter()
                .fold(failure, Failure::help)
        })?;
        let registered = matches!(definition, DefinitionPlan::Register { .. });
        if registered {
            run.console.line(&format!(
                "registered {}:{}",
                described.family, described.revision
            ));
        }
        if index == 0 {
            let changes = run
                .report
                .definition
                .take()
                .map(|definition| definition.changes)
                .unwrap_or_default();
            run.report.definition = Some(DefinitionReport {
                arn: described.arn.clone(),
                family: described.family.clone(),
                revision: described.revision,
                registered,
                changes,
            });
        }
        ready.push(definition::Ready {
            arn: described.arn,
            document: described.document,
            registered,
        });
        run.keep();
    }
    Ok(ready)
}

/// What is said of revisions that this run registered and that no service got.
pub(super) fn left_over(ready: &[definition::Ready], used: &[&str]) -> Vec<String> {
    let unused = ready
        .iter()
        .filter(|ready| ready.registered && !used.contains(&ready.arn.as_str()));
    unused
        .map(|ready| {
            format!(
                "revision `{}` is registered and unused: the next run may use it, or deregister it",
                ready.arn
            )
        })
        .collect()
}

/// What is said of a service that needs no update.
pub(super) const AS_IT_IS: &str =
    "the service runs just this already, and its deployment is complete";

/// What is to be watched after the update of one service.
#[derive(Debug)]
pub(crate) struct Started {
    /// Which of the report's services it is.
    pub(crate) index: usize,
    pub(crate) target: Target,
    /// The revision's document.
    pub(crate) document: serde_json::Value,
}

/// What is still to be followed: a deployment that runs, or one that an update is to start.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    Started(Started),
    Update(Planned<'a>),
}

/// An update that is still to be sent.
#[derive(Debug)]
pub(crate) struct Planned<'a> {
    /// Which of the report's services it is.
    pub(super) index: usize,
    service: &'a Service,
    ready: &'a definition::Ready,
    update: &'a Update,
}

/// The plan's updates, in the order of the request.
pub(super) fn queue<'a>(
    services: &'a [Service],
    plan: &'a Plan,
    ready: &'a [definition::Ready],
) -> Vec<Next<'a>> {
    services
        .iter()
        .zip(&plan.updates)
        .enumerate()
        .map(|(index, (service, (which, update)))| {
            Next::Update(Planned {
                index,
                service,
                ready: &ready[*which],
                update,
            })
        })
        .collect()
}

/// Updates one service; gives back what is to be watched. One that needs no watch, or that is
/// refused, has its outcome.
pub(super) async fn update(
    run: &mut Run,
    request: &Request,
    planned: &Planned<'_>,
) -> Option<Started> {
    let Planned {
        index,
        service,
        ready,
        update,
    } = *planned;
    let update = Update {
        task_definition: Some(ready.arn.clone()),
        ..update.clone()
    };
    let deployment = match as_it_is(service, &update) {
        Some(deployment) if is_whole(service, deployment) => {
            if !request.rollout.wait {
                set(run, index, Outcome::Unchanged, AS_IT_IS);
                return None;
            }
            deployment.clone()
        }
        Some(deployment) => {
            let what = if deployment.rollout == Some(RolloutState::Completed) {
                let (running, desired) = (service.running, service.desired);
                format!(
                    "just this is deployed already, and {running} of {desired} tasks run: they are followed"
                )
            } else {
                "a rollout of just this is under way already, and is followed".to_owned()
            };
            run.console
                .line(&format!("service `{}`: {what}", service.name));
            deployment.clone()
        }
        None => match updated(run, index, service, &update).await {
            Ok(deployment) => deployment,
            Err(NotUpdated { failure, effect }) => {
                for item in failure.help {
                    if !run.report.help.contains(&item) {
                        run.report.help.push(item);
                    }
                }
                if effect == Effect::Taken && !request.rollout.wait {
                    let why = format!("{}; no wait was asked for", failure.reason);
                    set(run, index, Outcome::Started, &why);
                } else {
                    set(run, index, failure.outcome, &failure.reason);
                }
                return None;
            }
        },
    };
    let report = &mut run.report.services[index];
    report.deployment_id = deployment.id.clone();
    report.task_definition = ready.arn.clone();
    run.keep();
    if !request.rollout.wait {
        let why = "the deployment is started; no wait was asked for";
        set(run, index, Outcome::Started, why);
        return None;
    }
    Some(Started {
        index,
        target: Target::of(service, &deployment, run.clock.now()),
        document: ready.document.clone(),
    })
}

/// Says which revisions of this run no service got.
pub(super) fn tell_left_over(run: &mut Run, ready: &[definition::Ready]) {
    let used = run.report.services.iter();
    let used: Vec<&str> = used
        .map(|service| service.task_definition.as_str())
        .collect();
    let help = left_over(ready, &used);
    run.report.help.extend(help);
}

/// Sends one UpdateService; the report knows of it from before it is sent.
async fn updated(
    run: &mut Run,
    index: usize,
    service: &Service,
    update: &Update,
) -> Result<Deployment, NotUpdated> {
    let pending = PendingWrite {
        index,
        wanted: update.task_definition.clone().unwrap_or_default(),
        before: service.primary().map(|primary| primary.id.clone()),
        desired: service.desired,
    };
    run.report.pending_write = Some(pending.clone());
    run.keep();
    let done = execute::update(run, update, service).await;
    run.report.pending_write = None;
    let (_, deployment) = match done {
        Ok(done) => done,
        Err(not) => {
            match not.effect {
                Effect::Unknown => look_after(run, &pending).await,
                Effect::Taken => {
                    is_changed(run, index);
                    run.report.services[index].task_definition = pending.wanted;
                }
                Effect::None => {}
            }
            run.keep();
            return Err(not);
        }
    };
    // The first one sets the clock; the watch goes by it from then on.
    if !run.report.service_changed {
        align(run, service, &deployment);
    }
    is_changed(run, index);
    run.report.services[index]
        .deployment_id
        .clone_from(&deployment.id);
    run.keep();
    let is_new = service
        .deployments
        .iter()
        .all(|old| old.id != deployment.id);
    run.console.line(&if is_new {
        format!(
            "service `{}`: deployment {} started",
            service.name, deployment.id
        )
    } else {
        format!(
            "service `{}`: updated, which needs no new deployment",
            service.name
        )
    });
    Ok(deployment)
}

fn is_changed(run: &mut Run, index: usize) {
    run.report.service_changed = true;
    run.report.services[index].changed = true;
}

/// Sets the run's clock to AWS's by the deployment that AWS has just created: the age of tasks and
/// events is reckoned against it.
fn align(run: &mut Run, before: &Service, deployment: &Deployment) {
    let is_new = before.deployments.iter().all(|old| old.id != deployment.id);
    if is_new && deployment.created != Timestamp::default() {
        let now = run.clock.now();
        run.clock = run.clock.set_to(deployment.created);
        run.report.started.0 += run.clock.now().0 - now.0;
    }
}

/// Whether a deployment is complete and all its tasks run.
fn is_whole(service: &Service, deployment: &Deployment) -> bool {
    let complete = deployment.rollout == Some(RolloutState::Completed);
    complete && service.running >= service.desired
}

/// The deployment of a service that runs, or rolls out, just what `update` asks for.
pub(super) fn as_it_is<'a>(service: &'a Service, update: &Update) -> Option<&'a Deployment> {
    let primary = service.primary()?;
    let same = update.task_definition.as_ref() == Some(&primary.task_definition)
        && !update.force_new_deployment
        && update
            .desired_count
            .is_none_or(|count| u32::try_from(count) == Ok(service.desired))
        && update.propagate_tags.is_none()
        && update.enable_ecs_managed_tags.is_none();
    same.then_some(primary)
}

pub(super) fn set(run: &mut Run, index: usize, outcome: Outcome, reason: &str) {
    let service = &mut run.report.services[index];
    service.outcome = Some(outcome);
    reason.clone_into(&mut service.reason);
    run.keep();
}
