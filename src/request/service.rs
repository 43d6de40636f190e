//! Which services, in which clusters.

use super::reader::Reader;
use crate::snapshot::last_part;

/// One service in its cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceRef {
    /// Name or ARN.
    pub cluster: String,
    /// Name, without its cluster.
    pub service: String,
    /// Where the ARN that it was named by says it is.
    pub place: Option<Place>,
}

/// Region and account of an ARN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Such as `eu-west-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl ServiceRef {
    /// `web/api, web/worker, 3 more`: at most `most` of them by name.
    pub fn names(services: &[ServiceRef], most: usize) -> String {
        let shown = services.iter().take(most);
        let mut names: Vec<String> = shown
            .map(|one| format!("{}/{}", last_part(&one.cluster), one.service))
            .collect();
        let more = services.len().saturating_sub(most);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        names.join(", ")
    }

    fn is_same(&self, other: &ServiceRef) -> bool {
        (&self.cluster, &self.service) == (&other.cluster, &other.service)
    }
}

/// The longest name of a cluster or service that ECS allows.
const MAX_NAME: usize = 255;

pub(super) fn cluster(r: &mut Reader<'_>) -> String {
    let cluster = r.text("cluster").unwrap_or_default();
    let name = match arn_resource(cluster) {
        Some(resource) => resource.strip_prefix("cluster/").unwrap_or_default(),
        None => cluster,
    };
    if !is_name(name) {
        r.wrong(
            "cluster",
            cluster,
            "a cluster's name (letters, digits, `-`, `_`) or ARN is needed",
        );
    }
    cluster.to_owned()
}

pub(super) fn services(r: &mut Reader<'_>, cluster: &str) -> Vec<ServiceRef> {
    let mut services: Vec<ServiceRef> = Vec::new();
    for item in r.list("service") {
        match parse(&item, cluster) {
            Some(service) if services.iter().any(|other| other.is_same(&service)) => {
                r.wrong("service", &item, "the service is named twice");
            }
            Some(service) => services.push(service),
            None => r.wrong(
                "service",
                &item,
                "a name, `cluster/service` or a service's ARN is needed",
            ),
        }
    }
    let register_only = r
        .text("register-only")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"));
    if !r.is_given("service") && !register_only {
        r.missing(
            "service",
            "name at least one, or set `register-only: true` to stop after the registration",
        );
    }
    services
}

fn parse(item: &str, cluster: &str) -> Option<ServiceRef> {
    let path = match arn_resource(item) {
        Some(resource) => resource.strip_prefix("service/")?,
        None if item.starts_with("arn:") => return None,
        None => item,
    };
    // Old ARNs (`service/name`) don't tell the cluster.
    let (cluster, service) = match path.split_once('/') {
        // One cluster has one name here, whether it was given by ARN or not.
        Some((own, service)) if own == last_part(cluster) => (cluster, service),
        Some((own, service)) if is_name(own) => (own, service),
        Some(_) => return None,
        None => (cluster, path),
    };
    is_name(service).then(|| ServiceRef {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
        place: place(item),
    })
}

/// What an ECS ARN says of region and account.
fn place(item: &str) -> Option<Place> {
    arn_resource(item)?;
    let mut parts = item.split(':').skip(3).map(str::to_owned);
    Some(Place {
        region: parts.next()?,
        account: parts.next()?,
    })
}

/// The last part of an ECS ARN (`service/cluster/name`); absent for anything else.
fn arn_resource(text: &str) -> Option<&str> {
    let mut parts = text.splitn(6, ':');
    let (arn, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    (arn == "arn" && service == "ecs")
        .then(|| parts.nth(2))
        .flatten()
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAME
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
