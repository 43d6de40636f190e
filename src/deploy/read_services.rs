//! The services of a request, as they are before anything is changed, once it is known that this is
//! the account that is meant.

use std::collections::BTreeMap;

use super::sign_in;
use crate::aws::{AwsError, AwsErrorKind};
use crate::failure::Failure;
use crate::report::Outcome;
use crate::request::{Place, ServiceRef};
use crate::run::{Journal, RunContext};
use crate::snapshot::Service;

/// The services of the request, in its order. They stand in the report from here on.
///
/// # Errors
/// No region is given, the credentials are none or another account's, or a service isn't there, isn't
/// ACTIVE, or is deployed by CodeDeploy or from outside.
pub(crate) async fn read_services(
    context: &RunContext,
    journal: &mut Journal,
) -> Result<Vec<Service>, Failure> {
    let region = context.aws.region().unwrap_or_default();
    journal.region_is(region);
    if region.is_empty() {
        return Err(Failure::invalid("no AWS region is given")
            .help("set the input `aws-region`, or `AWS_REGION`"));
    }
    sign_in::sign_in(context, journal).await?;
    check_account(context).await?;
    let services = read(context).await?;
    journal.services_found(&services);
    Ok(services)
}

/// `allowed-account-ids`: a deploy to the wrong account is refused before anything is read.
async fn check_account(context: &RunContext) -> Result<(), Failure> {
    let allowed = &context.request.allowed_accounts;
    if allowed.is_empty() {
        return Ok(());
    }
    let identity = context.aws.identity().await?;
    if allowed.contains(&identity.account) {
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

/// Reads all services of the request, in its order, and refuses what can't be deployed to.
async fn read(context: &RunContext) -> Result<Vec<Service>, Failure> {
    let request = &context.request;
    let mut by_cluster: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for wanted in &request.services {
        by_cluster
            .entry(&wanted.cluster)
            .or_default()
            .push(&wanted.service);
    }
    let mut found = Vec::new();
    for (cluster, names) in by_cluster {
        let answer = context.aws.services(cluster, &names).await;
        found.extend(answer.map_err(|error| unreadable(context, error))?.found);
    }
    request
        .services
        .iter()
        .map(|wanted| pick(context, &found, wanted))
        .collect()
}

/// A cluster that isn't there is mostly a slip in its name, or the wrong region.
fn unreadable(context: &RunContext, error: AwsError) -> Failure {
    let is_missing = error.kind == AwsErrorKind::NotFound;
    let failure = Failure::from(error);
    if !is_missing {
        return failure;
    }
    let region = context.aws.region().unwrap_or("unknown");
    Failure {
        outcome: Outcome::Invalid,
        ..failure.help(format!(
            "check `cluster` and `aws-region` (now {region}); names are case-sensitive"
        ))
    }
}

/// The clients talk to one region: a service of the same name there would be another one.
fn is_here(context: &RunContext, name: &str, place: &Place) -> Result<(), Failure> {
    let region = context.aws.region().unwrap_or_default();
    if place.region == region {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "the ARN of service `{name}` is of region {}, and this run is in {region}",
        place.region
    ))
    .help(format!(
        "set `aws-region: {}`, or correct `service`",
        place.region
    )))
}

fn pick(context: &RunContext, found: &[Service], wanted: &ServiceRef) -> Result<Service, Failure> {
    let ServiceRef {
        cluster,
        service: name,
        place,
    } = wanted;
    if let Some(place) = place {
        is_here(context, name, place)?;
    }
    let service = found
        .iter()
        .find(|service| &service.cluster == cluster && &service.name == name);
    let region = context.aws.region().unwrap_or("unknown");
    let Some(service) = service else {
        return Err(Failure::invalid(format!(
            "there is no service `{name}` in cluster `{cluster}` (region {region})"
        ))
        .help("check `service`, `cluster` and `aws-region`; names are case-sensitive"));
    };
    if let Some(place) = place
        && service.arn.split(':').nth(4) != Some(&place.account)
    {
        let account = service.arn.split(':').nth(4).unwrap_or_default();
        return Err(Failure::invalid(format!(
            "the ARN of service `{name}` is of account {}, and the credentials are of account {account}",
            place.account
        ))
        .help("use the role of the account that is meant, or correct `service`"));
    }
    if service.status != "ACTIVE" {
        return Err(Failure::invalid(format!(
            "service `{name}` of cluster `{cluster}` is {}, not ACTIVE",
            service.status
        ))
        .help("ECS deploys to active services only: create it again, or name another one"));
    }
    match service.controller.as_str() {
        "ECS" => Ok(service.clone()),
        "CODE_DEPLOY" => Err(Failure::invalid(format!(
            "service `{name}` of cluster `{cluster}` is deployed by CodeDeploy, so ECS refuses a new task definition for it"
        ))
        .help("start a CodeDeploy deployment with `register-only: true` and the output `task-definition-arn`, or move the service to the deployment controller `ECS`, which has blue/green of its own")),
        other => Err(Failure::invalid(format!(
            "service `{name}` of cluster `{cluster}` has the deployment controller `{other}`, whose task sets are steered from outside"
        ))
        .help("use `register-only: true` and hand the output `task-definition-arn` to what steers the task sets")),
    }
}
