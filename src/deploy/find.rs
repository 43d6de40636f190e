//! The services of a request, as they are before anything is changed.

use std::collections::BTreeMap;

use crate::aws::{AwsError, AwsErrorKind};
use crate::failure::Failure;
use crate::report::Outcome;
use crate::request::{Place, Request, ServiceRef};
use crate::run::Run;
use crate::snapshot::Service;

/// Reads all services of the request, in its order, and refuses what can't be deployed to.
///
/// # Errors
/// A service that isn't there, isn't ACTIVE, or is deployed by CodeDeploy or from outside.
pub(super) async fn services(run: &Run, request: &Request) -> Result<Vec<Service>, Failure> {
    let mut by_cluster: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for wanted in &request.services {
        by_cluster
            .entry(&wanted.cluster)
            .or_default()
            .push(&wanted.service);
    }
    let mut found = Vec::new();
    for (cluster, names) in by_cluster {
        let answer = run.aws.services(cluster, &names).await;
        found.extend(answer.map_err(|error| unreadable(run, error))?.found);
    }
    request
        .services
        .iter()
        .map(|wanted| pick(run, &found, wanted))
        .collect()
}

/// A cluster that isn't there is mostly a slip in its name, or the wrong region.
fn unreadable(run: &Run, error: AwsError) -> Failure {
    let is_missing = error.kind == AwsErrorKind::NotFound;
    let failure = Failure::from(error);
    if !is_missing {
        return failure;
    }
    let region = run.aws.region().unwrap_or("unknown");
    Failure {
        outcome: Outcome::Invalid,
        ..failure.help(format!(
            "check `cluster` and `aws-region` (now {region}); names are case-sensitive"
        ))
    }
}

/// The clients talk to one region: a service of the same name there would be another one.
fn is_here(run: &Run, name: &str, place: &Place) -> Result<(), Failure> {
    let region = run.aws.region().unwrap_or_default();
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

fn pick(run: &Run, found: &[Service], wanted: &ServiceRef) -> Result<Service, Failure> {
    let ServiceRef {
        cluster,
        service: name,
        place,
    } = wanted;
    if let Some(place) = place {
        is_here(run, name, place)?;
    }
    let service = found
        .iter()
        .find(|service| &service.cluster == cluster && &service.name == name);
    let region = run.aws.region().unwrap_or("unknown");
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
