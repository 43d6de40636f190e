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
mod leave;
mod one_off;
mod platform;
mod rollback;
mod start;

use crate::failure::Failure;
use crate::image::Platform;
use crate::plan::{DefinitionPlan, Plan};
use crate::report::{DefinitionReport, Outcome, ServiceReport};
use crate::request::Request;
use crate::run::Run;
use crate::snapshot::Service;
use image::Images;

pub(crate) use follow::to_the_end as follow_to_the_end;
pub(crate) use forecast::forecast_same;
pub use leave::take_leave;
pub(crate) use start::Started;

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
    one_off::prepare(run, request, &plan).await?;
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
    let registered = start::definitions(run, &plan).await?;
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
    one_off::before_the_rollout(run, request, &services, (&plan, &registered)).await?;
    let targets = start::updates(run, request, &services, &plan, &registered).await;
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
