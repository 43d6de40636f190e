//! The story of a deploy, told once:
//!
//! request → services → task definition → image → plan (with its forecast) → execute → watch → report
//!
//! Everything that can be known is checked before anything is changed, and the report is filled as
//! the story goes on, so that a run which is cut off can still say what state things are in.

mod build;
mod definition;
mod execute;
mod find;
mod follow;
mod forecast;
mod image;
mod platform;
mod rollback;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::image::Platform;
use crate::plan::{DefinitionPlan, Plan, Update};
use crate::report::{DefinitionReport, Outcome, ServiceReport};
use crate::request::Request;
use crate::rollout::Target;
use crate::run::Run;
use crate::snapshot::{Deployment, RolloutState, Service};
use image::Images;

pub(crate) use follow::to_the_end as follow_to_the_end;
pub(crate) use forecast::forecast_same;

/// Deploys what `request` asks for.
///
/// # Errors
/// Why the story could not be told to its end; the report has what had come of it by then.
pub async fn deploy(run: &mut Run, request: &Request) -> Result<(), Failure> {
    let services = services(run, request).await?;
    let bases = definition::bases(run, request, &services).await?;
    let wanted = wanted_platform(request, &bases)?;
    let found = image::find(run, request, &wanted).await?;
    let mut plan = definition::plan(request, &services, &bases, &found)?;
    show(run, &plan);
    let outlook = forecast::outlook(run, request, &services, (&bases, &plan)).await;
    if request.dry_run {
        return forecast::planned(run, request, &found, &wanted, &outlook);
    }
    outlook.refuse(run)?;
    if let Images::ToBuild(job) = &found {
        let reference = job.build(run, &wanted).await?;
        plan = definition::plan(request, &services, &bases, &Images::One(reference))?;
        note(run, &plan);
    }
    let registered = execute_definitions(run, &plan).await?;
    if request.register_only {
        run.report.outcome = Some(Outcome::Planned);
        let arn = run
            .report
            .definition
            .as_ref()
            .map(|definition| definition.arn.clone())
            .unwrap_or_default();
        run.report.reason = format!(
            "registered {}, and no service was updated",
            crate::snapshot::last_part(&arn)
        );
        return Ok(());
    }
    let targets = execute_updates(run, request, &services, &plan, &registered).await;
    follow::to_the_end(run, request, targets).await
}

/// The services of the request, once it is known that this is the account that is meant. They stand
/// in the report from here on.
pub(crate) async fn services(run: &mut Run, request: &Request) -> Result<Vec<Service>, Failure> {
    run.report.region = run.aws.region().unwrap_or_default().to_owned();
    if run.report.region.is_empty() {
        return Err(Failure::invalid("no AWS region is given")
            .help("set the input `aws-region`, or `AWS_REGION`"));
    }
    check_account(run, request).await?;
    let services = find::services(run, request).await?;
    run.report.services = services.iter().map(reported).collect();
    Ok(services)
}

/// `allowed-account-ids`: a deploy to the wrong account is refused before anything is read.
async fn check_account(run: &mut Run, request: &Request) -> Result<(), Failure> {
    if request.allowed_accounts.is_empty() {
        return Ok(());
    }
    let identity = run.aws.identity().await?;
    if request.allowed_accounts.contains(&identity.account) {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "the credentials belong to account {}, which `allowed-account-ids` doesn't list",
        identity.account
    ))
    .help(format!(
        "they are those of `{}`: use the role of the account that is meant",
        identity.arn
    )))
}

fn reported(service: &Service) -> ServiceReport {
    ServiceReport {
        cluster: service.cluster.clone(),
        service: service.name.clone(),
        ..ServiceReport::default()
    }
}

/// The platform that the image must have: the one that is asked for, else the definition's own,
/// else `linux/amd64`.
fn wanted_platform(request: &Request, bases: &[definition::Base]) -> Result<Platform, Failure> {
    let given = request.platform.as_deref();
    let own = bases.iter().find_map(definition::Base::runs_on);
    match given.or(own) {
        None => Ok(Platform::linux_amd64()),
        Some(text) => text
            .parse()
            .map_err(|_| Failure::invalid(format!("`{text}` is no platform"))),
    }
}

fn show(run: &mut Run, plan: &Plan) {
    for definition in &plan.definitions {
        match definition {
            DefinitionPlan::Existing { arn } => run.console.line(&format!(
                "task definition: {} as it is",
                crate::snapshot::last_part(arn)
            )),
            DefinitionPlan::Register {
                family, changes, ..
            } => {
                run.console.line(&format!(
                    "task definition: a new revision of `{family}`, {} change{}",
                    changes.len(),
                    if changes.len() == 1 { "" } else { "s" }
                ));
                for change in changes {
                    let words =
                        |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
                    run.console.line(&format!(
                        "  {}: {} → {}",
                        change.path,
                        words(&change.before),
                        words(&change.after)
                    ));
                }
            }
        }
    }
    note(run, plan);
}

/// What the first definition changes, for the report.
fn note(run: &mut Run, plan: &Plan) {
    if let Some(DefinitionPlan::Register {
        family, changes, ..
    }) = plan.definitions.first()
    {
        run.report.definition = Some(DefinitionReport {
            family: family.clone(),
            changes: changes.clone(),
            ..DefinitionReport::default()
        });
    }
}

/// Registers what the plan says; gives back one ARN and document per definition.
async fn execute_definitions(
    run: &mut Run,
    plan: &Plan,
) -> Result<Vec<definition::Ready>, Failure> {
    let mut ready = Vec::with_capacity(plan.definitions.len());
    for (index, definition) in plan.definitions.iter().enumerate() {
        let described = match definition {
            DefinitionPlan::Existing { arn } => {
                run.aws.task_definition(arn).await.map_err(Failure::from)
            }
            DefinitionPlan::Register { body, .. } => execute::register(run, body).await,
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
    }
    Ok(ready)
}

/// What is said of revisions that this run registered and that no service got.
fn left_over(ready: &[definition::Ready], used: &[&str]) -> Vec<String> {
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

/// What is to be watched after the update of one service.
#[derive(Debug)]
pub(crate) struct Started {
    /// Which of the report's services it is.
    pub(crate) index: usize,
    pub(crate) target: Target,
    /// The revision's document.
    pub(crate) document: serde_json::Value,
}

/// Updates all services. One that is refused has its outcome, and the others are updated and
/// followed all the same: what was started must not go unwatched.
async fn execute_updates(
    run: &mut Run,
    request: &Request,
    services: &[Service],
    plan: &Plan,
    ready: &[definition::Ready],
) -> Vec<Started> {
    let mut started = Vec::new();
    let mut help = Vec::new();
    for (index, (service, (which, update))) in services.iter().zip(&plan.updates).enumerate() {
        let ready = &ready[*which];
        let update = Update {
            task_definition: Some(ready.arn.clone()),
            ..update.clone()
        };
        let deployment = match as_it_is(service, &update) {
            Some(deployment) if deployment.rollout == Some(RolloutState::Completed) => {
                set(
                    run,
                    index,
                    Outcome::Unchanged,
                    "the service runs just this already, and its deployment is complete",
                );
                continue;
            }
            Some(deployment) => {
                run.console.line(&format!(
                    "service `{}`: a rollout of just this is under way already, and is followed",
                    service.name
                ));
                deployment.clone()
            }
            None => match updated(run, index, service, &update).await {
                Ok(deployment) => deployment,
                Err(failure) => {
                    help.extend(
                        failure
                            .help
                            .into_iter()
                            .filter(|item| !help.contains(item))
                            .collect::<Vec<_>>(),
                    );
                    set(run, index, failure.outcome, &failure.reason);
                    continue;
                }
            },
        };
        let report = &mut run.report.services[index];
        report.deployment_id = deployment.id.clone();
        report.task_definition = ready.arn.clone();
        if request.rollout.wait {
            let target = target(service, &deployment, ready, run.clock);
            started.push(Started {
                index,
                target,
                document: ready.document.clone(),
            });
        } else {
            set(
                run,
                index,
                Outcome::Started,
                "the deployment is started; no wait was asked for",
            );
        }
    }
    let used: Vec<&str> = run
        .report
        .services
        .iter()
        .map(|service| service.task_definition.as_str())
        .collect();
    help.extend(left_over(ready, &used));
    run.report.help.extend(help);
    started
}

/// Sends one UpdateService; the report knows of it from before it is sent.
async fn updated(
    run: &mut Run,
    index: usize,
    service: &Service,
    update: &Update,
) -> Result<Deployment, Failure> {
    run.report.pending_write = Some(index);
    let done = execute::update(run, update, service).await;
    run.report.pending_write = None;
    let (_, deployment) = match done {
        Ok(done) => done,
        Err(lost) if lost.unanswered => {
            look_after(run, index).await;
            return Err(lost.failure);
        }
        Err(refused) => return Err(refused.failure),
    };
    run.report.service_changed = true;
    run.report.services[index].changed = true;
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

/// The deployment of a service that runs, or rolls out, just what `update` asks for.
fn as_it_is<'a>(service: &'a Service, update: &Update) -> Option<&'a Deployment> {
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

fn target(
    service: &Service,
    deployment: &Deployment,
    ready: &definition::Ready,
    clock: Clock,
) -> Target {
    let previous = service
        .deployments
        .iter()
        .find(|old| old.id != deployment.id && old.rollout == Some(RolloutState::Completed));
    Target {
        cluster: service.cluster.clone(),
        service: service.name.clone(),
        deployment: deployment.id.clone(),
        task_definition: ready.arn.clone(),
        created: deployment.created,
        tell_since: deployment.created,
        since: clock.now(),
        previous: previous.map(|old| old.task_definition.clone()),
    }
}

fn set(run: &mut Run, index: usize, outcome: Outcome, reason: &str) {
    let service = &mut run.report.services[index];
    service.outcome = Some(outcome);
    reason.clone_into(&mut service.reason);
}

/// After a signal: says how things stand, and rolls back where that is asked for.
pub async fn take_leave(run: &mut Run, roll_back: bool) {
    if let Some(index) = run.report.pending_write.take() {
        look_after(run, index).await;
    }
    let changed: Vec<ServiceReport> = run
        .report
        .services
        .iter()
        .filter(|service| service.changed)
        .cloned()
        .collect();
    if changed.is_empty() {
        run.report
            .reason
            .push_str(", before any service was changed");
    }
    for service in changed {
        if roll_back {
            rollback::on_the_way_out(run, &service).await;
        } else {
            let revision = crate::snapshot::last_part(&service.task_definition);
            run.report.reason.push_str(&format!(
                "; deployment {} of {revision} goes on in ECS",
                service.deployment_id
            ));
        }
    }
}

/// Whether an UpdateService that was cut off was carried out.
async fn look_after(run: &mut Run, index: usize) {
    let (cluster, name) = (
        run.report.services[index].cluster.clone(),
        run.report.services[index].service.clone(),
    );
    let wanted = run
        .report
        .definition
        .as_ref()
        .map(|definition| definition.arn.clone())
        .unwrap_or_default();
    // Until it is known, the safe thing to say is that it was changed.
    let others = run
        .report
        .services
        .iter()
        .enumerate()
        .any(|(other, service)| other != index && service.changed);
    run.report.service_changed = true;
    run.report.services[index].changed = true;
    let Ok(now) = run.aws.services(&cluster, &[&name]).await else {
        return;
    };
    let Some(primary) = now.found.first().and_then(|service| service.primary()) else {
        return;
    };
    let changed = primary.task_definition == wanted;
    run.report.service_changed = changed || others;
    let report = &mut run.report.services[index];
    report.changed = changed;
    if changed {
        report.deployment_id.clone_from(&primary.id);
        report.task_definition.clone_from(&primary.task_definition);
    }
}
