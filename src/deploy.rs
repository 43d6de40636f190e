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
mod sign_in;
mod start;

use serde_json::Value;

use crate::failure::Failure;
use crate::plan::{DefinitionPlan, Plan};
use crate::report::{DefinitionReport, Outcome, ServiceReport};
use crate::request::Request;
use crate::run::Run;
use crate::snapshot::Service;
use image::Images;

pub(crate) use follow::to_the_end as follow_to_the_end;
pub(crate) use forecast::forecast_same;
pub use leave::take_leave;
pub(crate) use start::{Next, Started};

/// Deploys what `request` asks for.
///
/// # Errors
/// Why the story could not be told to its end; the report has what had come of it by then.
pub async fn deploy(run: &mut Run, request: &Request) -> Result<(), Failure> {
    let services = services(run, request).await?;
    let bases = definition::bases(run, request, &services).await?;
    let wanted = platform::wanted(request, &services, &bases)?;
    let found = image::find(run, request, &wanted).await?;
    let mut plan = definition::plan(request, &services, &bases, &found)?;
    show(run, &plan);
    one_off::prepare(run, request, &plan).await?;
    let outlook = forecast::outlook(run, request, &services, (&bases, &plan, &found)).await?;
    if request.dry_run {
        return forecast::planned(run, request, &found, &outlook);
    }
    outlook.refuse(run)?;
    if let Images::ToBuild(job) = &found {
        let built = job.build(run).await?;
        plan = definition::plan(request, &services, &bases, &Images::One(built))?;
        note(run, &plan);
    }
    let registered = start::definitions(run, &plan).await?;
    if request.register_only {
        run.report.outcome = Some(Outcome::Planned);
        let definition = run.report.definition.clone().unwrap_or_default();
        let revision = crate::snapshot::last_part(&definition.arn);
        run.report.reason = if definition.registered {
            format!("registered {revision}, and no service was updated")
        } else {
            format!(
                "{revision} says just this already: nothing was registered, and no service was updated"
            )
        };
        return Ok(());
    }
    one_off::before_the_rollout(run, request, &services, (&plan, &registered)).await?;
    let queue = start::queue(&services, &plan, &registered);
    follow::to_the_end(run, request, queue).await;
    start::tell_left_over(run, &registered);
    Ok(())
}

/// The services of the request, once it is known that this is the account that is meant. They stand
/// in the report from here on.
pub(crate) async fn services(run: &mut Run, request: &Request) -> Result<Vec<Service>, Failure> {
    run.report.region = run.aws.region().unwrap_or_default().to_owned();
    if run.report.region.is_empty() {
        return Err(Failure::invalid("no AWS region is given")
            .help("set the input `aws-region`, or `AWS_REGION`"));
    }
    sign_in::sign_in(run).await?;
    check_account(run, request).await?;
    let services = find::services(run, request).await?;
    run.report.services = services.iter().map(reported).collect();
    run.keep();
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

fn show(run: &mut Run, plan: &Plan) {
    for definition in &plan.definitions {
        let (what, changes) = match definition {
            DefinitionPlan::Existing { arn, changes, .. } => (
                format!("{} as it is", crate::snapshot::last_part(arn)),
                changes,
            ),
            DefinitionPlan::Register {
                family, changes, ..
            } => (format!("a new revision of `{family}`"), changes),
        };
        let count = match (changes.len(), definition) {
            (0, DefinitionPlan::Existing { .. }) => String::new(),
            (1, _) => ", 1 change".to_owned(),
            (count, _) => format!(", {count} changes"),
        };
        run.console.line(&format!("task definition: {what}{count}"));
        for change in changes {
            run.console.line(&format!("  {change}"));
        }
    }
    note(run, plan);
}

/// What the first definition changes, for the report.
fn note(run: &mut Run, plan: &Plan) {
    run.report.definition = plan.definitions.first().map(|definition| match definition {
        DefinitionPlan::Existing {
            arn,
            document,
            changes,
        } => DefinitionReport {
            arn: arn.clone(),
            family: text(document, "family"),
            revision: document
                .get("revision")
                .and_then(Value::as_i64)
                .unwrap_or_default(),
            changes: changes.clone(),
            ..DefinitionReport::default()
        },
        DefinitionPlan::Register {
            family, changes, ..
        } => DefinitionReport {
            family: family.clone(),
            changes: changes.clone(),
            ..DefinitionReport::default()
        },
    });
}

fn text(document: &Value, name: &str) -> String {
    let text = document.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
