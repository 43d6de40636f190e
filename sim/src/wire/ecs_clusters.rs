//! ListContainerInstances, DescribeContainerInstances, DescribeClusters, DescribeCapacityProviders.

use serde_json::{Value, json};

use super::ecs_tasks::instance_arn;
use super::paging::{page, with_next};
use super::validate::bounded;
use super::{cluster, last_part, texts};
use crate::query;
use crate::world::{Instance, Provider, Refusal, Status, World, seconds};

/// DescribeContainerInstances, DescribeClusters and DescribeCapacityProviders take no more.
const DESCRIBED_MOST: usize = 100;

pub(super) fn list_instances(world: &World, body: &Value) -> Result<Value, Refusal> {
    let cluster = cluster(world, body)?;
    let filter = body["filter"].as_str();
    if let Some(expression) = filter
        && let Err(why) = query::parse(expression)
    {
        return Err(Refusal::parameter(format!(
            "Invalid filter expression: {why}"
        )));
    }
    let status = body["status"].as_str();
    let fits = |instance: &&Instance| {
        instance.cluster == cluster
            && status.map_or(instance.status != "INACTIVE", |wanted| {
                wanted == instance.status
            })
            && filter.is_none_or(|expression| world.matches(instance, expression))
    };
    let found = world.instances.iter().filter(fits);
    let arns: Vec<String> = found
        .map(|instance| instance_arn(world, cluster, &instance.id))
        .collect();
    let (arns, next) = page(body, &arns, (DESCRIBED_MOST, DESCRIBED_MOST))?;
    Ok(with_next(json!({"containerInstanceArns": arns}), next))
}

pub(super) fn describe_instances(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "containerInstances", DESCRIBED_MOST)?;
    let cluster = cluster(world, body)?;
    let (mut instances, mut failures) = (Vec::new(), Vec::new());
    for asked in texts(body, "containerInstances") {
        let id = last_part(asked);
        match world
            .instance(id)
            .filter(|instance| instance.cluster == cluster)
        {
            Some(instance) => instances.push(instance_json(world, instance)),
            None => {
                failures
                    .push(json!({"arn": instance_arn(world, cluster, id), "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"containerInstances": instances, "failures": failures}))
}

fn whole(name: &str, value: i64) -> Value {
    json!({"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value})
}

fn set(name: &str, values: &[String]) -> Value {
    json!({"name": name, "type": "STRINGSET", "doubleValue": 0.0, "longValue": 0, "integerValue": 0,
           "stringSetValue": values})
}

fn ports<'a>(ports: impl IntoIterator<Item = &'a u16>) -> Vec<String> {
    ports.into_iter().map(ToString::to_string).collect()
}

fn instance_json(world: &World, instance: &Instance) -> Value {
    let taken = world.taken(&instance.id);
    let gpus = |count: u32| {
        (0..count)
            .map(|gpu| format!("GPU-{gpu:08x}"))
            .collect::<Vec<_>>()
    };
    let mut registered = vec![
        whole("CPU", instance.cpu),
        whole("MEMORY", instance.memory),
        set("PORTS", &ports(&instance.reserved_tcp)),
        set("PORTS_UDP", &[]),
    ];
    let used: std::collections::BTreeSet<u16> =
        instance.reserved_tcp.union(&taken.tcp).copied().collect();
    let mut remaining = vec![
        whole("CPU", instance.cpu - taken.cpu),
        whole("MEMORY", instance.memory - taken.memory),
        set("PORTS", &ports(&used)),
        set("PORTS_UDP", &ports(&taken.udp)),
    ];
    if instance.gpus > 0 {
        registered.push(set("GPU", &gpus(instance.gpus)));
        remaining.push(set("GPU", &gpus(instance.gpus.saturating_sub(taken.gpus))));
    }
    let attribute = |(name, value): (&String, &Option<String>)| match value {
        Some(value) => json!({"name": name, "value": value}),
        None => json!({"name": name}),
    };
    let tasks = || {
        world
            .tasks
            .iter()
            .filter(|task| task.instance.as_ref() == Some(&instance.id))
    };
    let mut shown = json!({
        "containerInstanceArn": instance_arn(world, &instance.cluster, &instance.id),
        "ec2InstanceId": instance.ec2_id,
        "version": 3,
        "versionInfo": {"agentVersion": "1.96.0", "agentHash": "0a1b2c3d", "dockerVersion": "DockerVersion: 25.0.8"},
        "registeredResources": registered,
        "remainingResources": remaining,
        "status": instance.status,
        "agentConnected": instance.agent_connected,
        "runningTasksCount": tasks().filter(|task| task.status == Status::Running).count(),
        "pendingTasksCount": tasks().filter(|task| task.status.starting()).count(),
        "attributes": instance.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "registeredAt": seconds(instance.registered_at),
        "attachments": [],
        "tags": [],
    });
    if let Some(provider) = &instance.capacity_provider {
        shown["capacityProviderName"] = json!(provider);
    }
    shown
}

pub(super) fn describe(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "clusters", DESCRIBED_MOST)?;
    let asked = texts(body, "clusters");
    let asked = if asked.is_empty() {
        vec!["default"]
    } else {
        asked
    };
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in asked.into_iter().map(last_part) {
        if world.clusters.iter().any(|known| known == name) {
            clusters.push(cluster_json(world, name));
        } else {
            failures
                .push(json!({"arn": world.arn(&format!("cluster/{name}")), "reason": "MISSING"}));
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

fn cluster_json(world: &World, name: &str) -> Value {
    let tasks = || world.tasks.iter().filter(|task| task.cluster == name);
    let providers = world
        .providers
        .iter()
        .filter(|provider| provider.spec.cluster == name);
    json!({
        "clusterArn": world.arn(&format!("cluster/{name}")),
        "clusterName": name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": world.instances.iter().filter(|one| one.cluster == name).count(),
        "runningTasksCount": tasks().filter(|task| task.status == Status::Running).count(),
        "pendingTasksCount": tasks().filter(|task| task.status.starting()).count(),
        "activeServicesCount": world.services.iter().filter(|one| one.cluster == name && one.status == "ACTIVE").count(),
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": providers.map(|provider| provider.spec.name.clone()).collect::<Vec<_>>(),
        "defaultCapacityProviderStrategy": [],
    })
}

pub(super) fn describe_providers(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "capacityProviders", DESCRIBED_MOST)?;
    let asked: Vec<&str> = texts(body, "capacityProviders")
        .into_iter()
        .map(last_part)
        .collect();
    let known = |name: &str| {
        world
            .providers
            .iter()
            .any(|provider| provider.spec.name == name)
    };
    let fargate = |name: &&&str| name.starts_with("FARGATE") && !known(name);
    let mut shown: Vec<Value> = world
        .providers
        .iter()
        .filter(|provider| asked.is_empty() || asked.contains(&provider.spec.name.as_str()))
        .map(|provider| provider_json(world, provider))
        .collect();
    shown.extend(
        asked
            .iter()
            .filter(fargate)
            .map(|name| built_in(world, name)),
    );
    let missing = asked
        .iter()
        .filter(|name| !known(name) && !name.starts_with("FARGATE"));
    let failures: Vec<Value> = missing
        .map(|name| json!({"arn": world.arn(&format!("capacity-provider/{name}")), "reason": "MISSING"}))
        .collect();
    let (shown, next) = page(body, &shown, (10, 10))?;
    Ok(with_next(
        json!({"capacityProviders": shown, "failures": failures}),
        next,
    ))
}

fn built_in(world: &World, name: &str) -> Value {
    json!({"capacityProviderArn": world.arn(&format!("capacity-provider/{name}")), "name": name,
           "status": "ACTIVE", "type": name, "tags": []})
}

fn provider_json(world: &World, provider: &Provider) -> Value {
    let name = &provider.spec.name;
    let mut shown = built_in(world, name);
    shown["type"] = json!(provider.kind);
    if provider.kind == "EC2_AUTOSCALING" {
        let group = format!(
            "arn:aws:autoscaling:{}:{}:autoScalingGroup:00000000-0000-0000-0000-000000000000:autoScalingGroupName/{name}",
            world.region, world.account
        );
        let status = if provider.spec.managed_scaling {
            "ENABLED"
        } else {
            "DISABLED"
        };
        shown["autoScalingGroupProvider"] = json!({
            "autoScalingGroupArn": group,
            "managedScaling": {"status": status, "targetCapacity": 100, "minimumScalingStepSize": 1,
                               "maximumScalingStepSize": 10000, "instanceWarmupPeriod": 300},
            "managedTerminationProtection": "DISABLED",
            "managedDraining": "ENABLED",
        });
        shown["cluster"] = json!(world.arn(&format!("cluster/{}", provider.spec.cluster)));
    }
    shown
}
