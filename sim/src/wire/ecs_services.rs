//! UpdateService, DescribeServices, ListServices.

use serde_json::{Value, json};

use super::paging::{page, with_next};
use super::validate::bounded;
use super::{cluster, last_part, texts};
use crate::world::{
    Breaker, Change, Configuration, Counts, Deployment, HookSpec, Refusal, Scheduling, Service,
    Strategy, World, seconds,
};

/// DescribeServices takes no more services.
const SERVICES_MOST: usize = 10;

pub(super) fn update(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let cluster = cluster(world, body)?;
    let name = last_part(body["service"].as_str().unwrap_or_default());
    let found = world
        .services
        .iter()
        .position(|one| one.cluster == cluster && one.name == name);
    let index =
        found.ok_or_else(|| Refusal::new("ServiceNotFoundException", "Service not found."))?;
    world.change(index, Change(body))?;
    Ok(json!({"service": service_json(world, &world.services[index])}))
}

pub(super) fn describe(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "services", SERVICES_MOST)?;
    let cluster = cluster(world, body)?;
    let tags = texts(body, "include").contains(&"TAGS");
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for asked in texts(body, "services") {
        match world.service(cluster, last_part(asked)) {
            Some(service) => {
                let mut shown = service_json(world, service);
                if tags {
                    shown["tags"] = json!(service.tags);
                }
                services.push(shown);
            }
            None => {
                let arn = world.arn(&format!("service/{cluster}/{}", last_part(asked)));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

pub(super) fn list(world: &World, body: &Value) -> Result<Value, Refusal> {
    let cluster = cluster(world, body)?;
    let strategy = body["schedulingStrategy"].as_str();
    let launch = body["launchType"].as_str();
    let fits = |service: &&Service| {
        service.cluster == cluster
            && strategy.is_none_or(|wanted| wanted == strategy_name(service))
            && launch.is_none_or(|wanted| wanted == service.launch_type)
    };
    let arns: Vec<String> = world
        .services
        .iter()
        .filter(fits)
        .map(|service| service.arn.clone())
        .collect();
    let (arns, next) = page(body, &arns, (10, 100))?;
    Ok(with_next(json!({"serviceArns": arns}), next))
}

fn strategy_name(service: &Service) -> &'static str {
    match service.scheduling {
        Scheduling::Replica => "REPLICA",
        Scheduling::Daemon => "DAEMON",
    }
}

fn service_json(world: &World, service: &Service) -> Value {
    let total = world.service_counts(service);
    let deployments: Vec<Value> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(index, deployment)| {
            deployment_json(
                service,
                deployment,
                (index == 0, world.counts(&deployment.id)),
            )
        })
        .collect();
    let events: Vec<Value> = service
        .events
        .newest_first()
        .map(|event| json!({"id": event.id, "createdAt": seconds(event.at), "message": event.message}))
        .collect();
    let mut shown = json!({
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": world.arn(&format!("cluster/{}", service.cluster)),
        "loadBalancers": load_balancers(world, service),
        "serviceRegistries": [],
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": total.running,
        "pendingCount": total.starting,
        "taskDefinition": service.task_definition,
        "deploymentConfiguration": configuration_json(service),
        "deployments": deployments,
        "roleArn": format!("arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", world.account),
        "events": events,
        "createdAt": seconds(service.created),
        "placementConstraints": service.constraints,
        "placementStrategy": service.strategy,
        "healthCheckGracePeriodSeconds": service.grace_secs,
        "schedulingStrategy": strategy_name(service),
        "deploymentController": {"type": "ECS"},
        "createdBy": format!("arn:aws:iam::{}:role/admin", world.account),
        "enableECSManagedTags": service.managed_tags,
        "propagateTags": service.propagate_tags,
        "enableExecuteCommand": service.execute_command,
        "availabilityZoneRebalancing": if service.az_rebalancing { "ENABLED" } else { "DISABLED" },
        "currentServiceRevisions": revisions(world, service),
    });
    where_it_runs(&mut shown, service);
    let newest = service
        .deployments
        .first()
        .map(|deployment| &deployment.service_deployment);
    if let Some(current) = newest {
        shown["currentServiceDeployment"] = json!(current);
    }
    if let Some(network) = &service.network {
        shown["networkConfiguration"] = network.clone();
    }
    shown
}

/// Launch type or capacity provider strategy, of a service or a deployment.
fn where_it_runs(shown: &mut Value, service: &Service) {
    if service.capacity_providers.is_empty() {
        shown["launchType"] = json!(service.launch_type);
    } else {
        let items = service.capacity_providers.iter();
        let item = |(name, weight, base): &(String, u32, u32)| json!({"capacityProvider": name, "weight": weight, "base": base});
        shown["capacityProviderStrategy"] = items.map(item).collect();
    }
}

fn load_balancers(world: &World, service: &Service) -> Vec<Value> {
    let document = world
        .find_task_definition(&service.task_definition)
        .map(|found| &found.document);
    let container = document.map_or(&Value::Null, |document| {
        &document["containerDefinitions"][0]
    });
    let port = container["portMappings"][0]["containerPort"]
        .as_i64()
        .unwrap_or(80);
    let groups = service.target_groups.iter();
    let entry = |group: &String| json!({"targetGroupArn": group, "containerName": container["name"], "containerPort": port});
    groups.map(entry).collect()
}

fn revisions(world: &World, service: &Service) -> Vec<Value> {
    let of = |deployment: &Deployment| {
        let counts = world.counts(&deployment.id);
        json!({"arn": deployment.revision, "requestedTaskCount": deployment.desired,
               "runningTaskCount": counts.running, "pendingTaskCount": counts.starting})
    };
    service.deployments.iter().map(of).collect()
}

fn deployment_json(
    service: &Service,
    deployment: &Deployment,
    (primary, counts): (bool, Counts),
) -> Value {
    let mut shown = json!({
        "id": deployment.id,
        "status": if primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": deployment.task_definition,
        "desiredCount": if primary { service.desired } else { deployment.desired },
        "pendingCount": counts.starting,
        "runningCount": counts.running,
        "failedTasks": deployment.failed,
        "createdAt": seconds(deployment.created),
        "updatedAt": seconds(deployment.updated),
        "rolloutState": deployment.rollout.text(),
        "rolloutStateReason": deployment.reason,
    });
    where_it_runs(&mut shown, service);
    if let Some(network) = &service.network {
        shown["networkConfiguration"] = network.clone();
    }
    shown
}

pub(super) fn configuration_json(service: &Service) -> Value {
    let configuration = &service.configuration;
    let mut shown = json!({
        "maximumPercent": configuration.maximum_percent,
        "minimumHealthyPercent": configuration.minimum_healthy_percent,
        "strategy": configuration.strategy.text(),
        "bakeTimeInMinutes": configuration.bake_minutes,
    });
    traffic_json(&mut shown, configuration);
    let none = Breaker {
        enable: false,
        rollback: false,
        ..Breaker::default()
    };
    let breaker = configuration.breaker.as_ref().unwrap_or(&none);
    shown["deploymentCircuitBreaker"] = json!({
        "enable": breaker.enable,
        "rollback": breaker.rollback,
        "thresholdConfiguration": {"type": breaker.threshold_type, "value": breaker.threshold_value},
        "resetOnHealthyTask": breaker.reset_on_healthy_task,
    });
    shown
}

/// What only some deployments have: alarms, hooks, steps, criteria.
fn traffic_json(shown: &mut Value, configuration: &Configuration) {
    if let Some(alarms) = &configuration.alarms {
        shown["alarms"] = json!({"alarmNames": alarms.names, "enable": alarms.enable,
                                 "rollback": alarms.rollback});
    }
    if !configuration.hooks.is_empty() {
        shown["lifecycleHooks"] = configuration.hooks.iter().map(hook_json).collect();
    }
    if configuration.strategy == Strategy::Linear {
        let (percent, minutes) = configuration.linear;
        shown["linearConfiguration"] =
            json!({"stepPercent": percent, "stepBakeTimeInMinutes": minutes});
    }
    if configuration.strategy == Strategy::Canary {
        let (percent, minutes) = configuration.canary;
        shown["canaryConfiguration"] =
            json!({"canaryPercent": percent, "canaryBakeTimeInMinutes": minutes});
    }
    if let Some(early) = configuration.early_success {
        let cleanup = if early.deferred {
            "DEFERRED"
        } else {
            "BLOCKING"
        };
        shown["earlySuccessCriteria"] = json!({"enable": true,
            "healthyPercent": early.healthy_percent, "sourceServiceRevisionCleanup": cleanup});
    }
}

fn hook_json(hook: &HookSpec) -> Value {
    let action = if hook.continues {
        "CONTINUE"
    } else {
        "ROLLBACK"
    };
    let mut shown = json!({
        "targetType": if hook.target.is_some() { "AWS_LAMBDA" } else { "PAUSE" },
        "lifecycleStages": hook.stages,
        "timeoutConfiguration": {"timeoutInMinutes": hook.timeout_minutes, "action": action},
    });
    if let Some(arn) = &hook.target {
        shown["hookTargetArn"] = json!(arn);
        shown["roleArn"] = json!(hook.role);
    }
    shown
}
