//! ListServiceDeployments, DescribeServiceDeployments, DescribeServiceRevisions,
//! StopServiceDeployment.

use serde_json::{Value, json};

use super::ecs_hooks;
use super::ecs_services::configuration_json;
use super::paging::{page, with_next};
use super::validate::bounded;
use super::{cluster, last_part, texts};
use crate::world::{Refusal, Service, ServiceDeployment, ServiceRevision, World, seconds};

/// DescribeServiceDeployments and DescribeServiceRevisions take no more.
const DESCRIBED_MOST: usize = 20;

pub(super) fn list(world: &World, body: &Value) -> Result<Value, Refusal> {
    let cluster = cluster(world, body)?;
    let name = last_part(body["service"].as_str().unwrap_or_default());
    let service = world.service(cluster, name);
    let service =
        service.ok_or_else(|| Refusal::new("ServiceNotFoundException", "Service not found."))?;
    let wanted = texts(body, "status");
    let edge = |name: &str| {
        body["createdAt"][name]
            .as_f64()
            .map(|seconds| seconds * 1000.0)
    };
    let (after, before) = (edge("after"), edge("before"));
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this century are exact in a double"
    )]
    let fits = |record: &&ServiceDeployment| {
        let created = record.created as f64;
        (wanted.is_empty() || wanted.contains(&record.status))
            && after.is_none_or(|after| created >= after)
            && before.is_none_or(|before| created <= before)
    };
    let found = service.service_deployments.iter().rev().filter(fits);
    let briefs: Vec<Value> = found.map(|record| brief(world, service, record)).collect();
    let (briefs, next) = page(body, &briefs, (20, 100))?;
    Ok(with_next(json!({"serviceDeployments": briefs}), next))
}

fn brief(world: &World, service: &Service, record: &ServiceDeployment) -> Value {
    let mut shown = json!({
        "serviceDeploymentArn": record.arn,
        "serviceArn": service.arn,
        "clusterArn": world.arn(&format!("cluster/{}", service.cluster)),
        "createdAt": seconds(record.created),
        "targetServiceRevisionArn": record.target_revision,
        "status": record.status,
    });
    if !record.reason.is_empty() {
        shown["statusReason"] = json!(record.reason);
    }
    for (name, at) in [
        ("startedAt", record.started),
        ("finishedAt", record.finished),
    ] {
        if let Some(at) = at {
            shown[name] = seconds(at);
        }
    }
    shown
}

pub(super) fn describe(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "serviceDeploymentArns", DESCRIBED_MOST)?;
    let (mut shown, mut failures) = (Vec::new(), Vec::new());
    for arn in texts(body, "serviceDeploymentArns") {
        let all = world.services.iter().flat_map(|service| {
            service
                .service_deployments
                .iter()
                .map(move |one| (service, one))
        });
        match all.into_iter().find(|(_, record)| record.arn == arn) {
            Some((service, record)) => shown.push(full(world, service, record)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": shown, "failures": failures}))
}

fn full(world: &World, service: &Service, record: &ServiceDeployment) -> Value {
    let mut shown = brief(world, service, record);
    if let Value::Object(members) = &mut shown {
        members.remove("targetServiceRevisionArn");
    }
    shown["updatedAt"] = seconds(record.updated);
    if let Some(stopped) = record.stopped {
        shown["stoppedAt"] = seconds(stopped);
    }
    let source = record.source_revisions.iter();
    shown["sourceServiceRevisions"] = source
        .map(|arn| revision_counts(world, service, arn))
        .collect();
    shown["targetServiceRevision"] = revision_counts(world, service, &record.target_revision);
    shown["deploymentConfiguration"] = configuration_json(service);
    let (status, failures, threshold) = record.breaker;
    shown["deploymentCircuitBreaker"] =
        json!({"status": status, "failureCount": failures, "threshold": threshold});
    ecs_hooks::show(&mut shown, service, record);
    if let Some((reason, started, revision)) = &record.rollback {
        shown["rollback"] = json!({"reason": reason, "startedAt": seconds(*started), "serviceRevisionArn": revision});
    }
    shown
}

fn revision_counts(world: &World, service: &Service, arn: &str) -> Value {
    let mut shown =
        json!({"arn": arn, "requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0});
    if let Some(deployment) = service
        .deployments
        .iter()
        .find(|deployment| deployment.revision == arn)
    {
        let counts = world.counts(&deployment.id);
        shown["requestedTaskCount"] = json!(deployment.desired);
        shown["runningTaskCount"] = json!(counts.running);
        shown["pendingTaskCount"] = json!(counts.starting);
    }
    shown
}

pub(super) fn describe_revisions(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "serviceRevisionArns", DESCRIBED_MOST)?;
    let (mut shown, mut failures) = (Vec::new(), Vec::new());
    for arn in texts(body, "serviceRevisionArns") {
        let all = world
            .services
            .iter()
            .flat_map(|service| service.revisions.iter().map(move |one| (service, one)));
        match all.into_iter().find(|(_, revision)| revision.arn == arn) {
            Some((service, revision)) => shown.push(revision_json(world, service, revision)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": shown, "failures": failures}))
}

fn revision_json(world: &World, service: &Service, revision: &ServiceRevision) -> Value {
    let needs = world
        .needs_of(&revision.task_definition)
        .unwrap_or_default();
    let images = needs.images.iter().map(|(name, image)| {
        let mut shown = json!({"containerName": name, "image": image});
        if let Some(digest) = world.digest_of(image) {
            shown["imageDigest"] = json!(digest);
        }
        shown
    });
    json!({
        "serviceRevisionArn": revision.arn,
        "serviceArn": service.arn,
        "clusterArn": world.arn(&format!("cluster/{}", service.cluster)),
        "taskDefinition": revision.task_definition,
        "launchType": service.launch_type,
        "containerImages": images.collect::<Vec<_>>(),
        "guardDutyEnabled": false,
        "createdAt": seconds(revision.created),
    })
}

pub(super) fn stop(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let arn = body["serviceDeploymentArn"].as_str().unwrap_or_default();
    if body["stopType"]
        .as_str()
        .is_some_and(|kind| kind != "ROLLBACK")
    {
        return Err(Refusal::parameter(
            "Invalid stopType. The valid values are ROLLBACK.",
        ));
    }
    world.stop_service_deployment(arn)?;
    Ok(json!({"serviceDeploymentArn": arn}))
}
