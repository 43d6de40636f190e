//! RunTask, ListTasks, DescribeTasks, StopTask.

use serde_json::{Value, json};

use super::paging::{page, with_next};
use super::validate::bounded;
use super::{cluster, last_part, texts};
use crate::world::{Refusal, RunTask, Status, Task, World, seconds};

/// DescribeTasks takes no more tasks; ListTasks gives no more on a page.
const TASKS_MOST: usize = 100;

pub(super) fn list(world: &World, body: &Value) -> Result<Value, Refusal> {
    let cluster = cluster(world, body)?;
    let text = |name: &str| body[name].as_str();
    let others = [
        "serviceName",
        "family",
        "containerInstance",
        "launchType",
        "desiredStatus",
    ];
    if text("startedBy").is_some() && others[..4].iter().any(|name| text(name).is_some()) {
        let message = "startedBy cannot be combined with other filters.";
        return Err(Refusal::parameter(message));
    }
    if let Some(service) = text("serviceName")
        && world.service(cluster, last_part(service)).is_none()
    {
        return Err(Refusal::new(
            "ServiceNotFoundException",
            "Service not found.",
        ));
    }
    let wanted = text("desiredStatus").unwrap_or("RUNNING");
    let fits = |task: &&Task| {
        let revision = last_part(&task.task_definition);
        let family = revision.split(':').next().unwrap_or(revision);
        task.cluster == cluster
            && wanted == desired_status(task)
            && text("serviceName").is_none_or(|name| last_part(name) == task.service)
            && text("startedBy").is_none_or(|by| by == task.started_by)
            && text("family").is_none_or(|name| name == family)
            && text("launchType").is_none_or(|kind| kind == task.launch_type)
            && text("containerInstance")
                .is_none_or(|id| Some(last_part(id)) == task.instance.as_deref())
    };
    let arns: Vec<String> = world
        .tasks
        .iter()
        .filter(fits)
        .map(|task| arn(world, task))
        .collect();
    let (arns, next) = page(body, &arns, (TASKS_MOST, TASKS_MOST))?;
    Ok(with_next(json!({"taskArns": arns}), next))
}

pub(super) fn describe(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "tasks", TASKS_MOST)?;
    let cluster = cluster(world, body)?;
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for asked in texts(body, "tasks") {
        let id = last_part(asked);
        match world
            .tasks
            .iter()
            .find(|task| task.cluster == cluster && task.id == id)
        {
            Some(task) => tasks.push(task_json(world, task)),
            None => {
                let arn = world.arn(&format!("task/{cluster}/{id}"));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

pub(super) fn run(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let cluster = cluster(world, body)?;
    let began = world.run_task(RunTask { cluster, body })?;
    let of_it = |task: &&Task| began.tasks.contains(&task.id);
    let tasks: Vec<Value> = world
        .tasks
        .iter()
        .filter(of_it)
        .map(|task| task_json(world, task))
        .collect();
    let failure = |(instance, reason): &(Option<String>, String)| {
        let mut shown = json!({"reason": reason});
        if let Some(instance) = instance {
            shown["arn"] = json!(instance_arn(world, cluster, instance));
        }
        shown
    };
    let failures: Vec<Value> = began.failures.iter().map(failure).collect();
    Ok(json!({"tasks": tasks, "failures": failures}))
}

pub(super) fn stop(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let cluster = cluster(world, body)?;
    let id = last_part(body["task"].as_str().unwrap_or_default());
    let missing = || Refusal::parameter("The referenced task was not found.");
    if !world
        .tasks
        .iter()
        .any(|task| task.cluster == cluster && task.id == id)
    {
        return Err(missing());
    }
    world.stop_task(
        id,
        body["reason"].as_str().unwrap_or("Task stopped by user"),
    );
    let task = world
        .tasks
        .iter()
        .find(|task| task.id == id)
        .ok_or_else(missing)?;
    Ok(json!({"task": task_json(world, task)}))
}

fn arn(world: &World, task: &Task) -> String {
    world.arn(&format!("task/{}/{}", task.cluster, task.id))
}

fn desired_status(task: &Task) -> &'static str {
    if task.stopping.is_some() || task.status > Status::Running {
        "STOPPED"
    } else {
        "RUNNING"
    }
}

fn health(task: &Task) -> &'static str {
    match task.healthy.filter(|_| task.needs.health_check) {
        Some(true) => "HEALTHY",
        Some(false) => "UNHEALTHY",
        None => "UNKNOWN",
    }
}

fn task_json(world: &World, task: &Task) -> Value {
    let mut shown = json!({
        "taskArn": arn(world, task),
        "clusterArn": world.arn(&format!("cluster/{}", task.cluster)),
        "taskDefinitionArn": task.task_definition,
        "group": task.group,
        "startedBy": task.started_by,
        "lastStatus": task.status.text(),
        "desiredStatus": desired_status(task),
        "healthStatus": health(task),
        "cpu": task.needs.cpu.to_string(),
        "memory": task.needs.memory.to_string(),
        "createdAt": seconds(task.created),
        "attributes": [],
        "attachments": attachments(task),
        "containers": containers(world, task),
        "tags": [],
        "version": 2,
    });
    if let Some(provider) = &task.provider {
        shown["capacityProviderName"] = json!(provider);
    }
    shown["launchType"] = json!(task.launch_type);
    if task.launch_type == "FARGATE" {
        shown["platformVersion"] = json!("1.4.0");
        shown["platformFamily"] = json!("Linux");
    }
    if let Some(instance) = &task.instance {
        shown["containerInstanceArn"] = json!(instance_arn(world, &task.cluster, instance));
        shown["connectivity"] = json!("CONNECTED");
    }
    if let Some(zone) = &task.az {
        shown["availabilityZone"] = json!(zone);
    }
    let times = [
        ("startedAt", task.started),
        ("stoppingAt", task.stopping),
        ("stoppedAt", task.stopped),
    ];
    for (name, at) in times {
        if let Some(at) = at {
            shown[name] = seconds(at);
        }
    }
    if let Some(code) = task.stop_code {
        shown["stopCode"] = json!(code);
    }
    if !task.stopped_reason.is_empty() {
        shown["stoppedReason"] = json!(task.stopped_reason);
    }
    shown
}

pub(super) fn instance_arn(world: &World, cluster: &str, id: &str) -> String {
    world.arn(&format!("container-instance/{cluster}/{id}"))
}

fn attachments(task: &Task) -> Vec<Value> {
    let Some(interface) = &task.interface else {
        return Vec::new();
    };
    if task.status == Status::Provisioning {
        return Vec::new();
    }
    let status = match task.status {
        Status::Stopped => "DELETED",
        Status::Deprovisioning => "DETACHING",
        Status::Provisioning | Status::Pending => "ATTACHING",
        _ => "ATTACHED",
    };
    vec![
        json!({"id": task.id, "type": "ElasticNetworkInterface", "status": status,
                "details": [{"name": "subnetId", "value": interface.subnet},
                            {"name": "privateIPv4Address", "value": task.address()}]}),
    ]
}

/// The address of a task with a network interface of its own.
fn interfaces(task: &Task) -> Vec<Value> {
    let shown = json!({"attachmentId": task.id, "privateIpv4Address": task.address()});
    if task.interface.is_some() {
        vec![shown]
    } else {
        Vec::new()
    }
}

/// The ports of the host that lead to a container while it runs.
fn bindings(world: &World, task: &Task, index: usize) -> Vec<Value> {
    if task.needs.awsvpc || task.started.is_none() || task.status == Status::Stopped {
        return Vec::new();
    }
    let mut revisions = world.families.values().flatten();
    let definition = revisions.find(|one| one.arn == task.task_definition);
    let mappings = definition
        .map(|one| crate::world::list(&one.document["containerDefinitions"][index]["portMappings"]))
        .unwrap_or_default();
    let one = |mapping: &Value| {
        let host = mapping["hostPort"].as_u64().filter(|port| *port > 0);
        json!({
            "bindIP": "0.0.0.0",
            "containerPort": mapping["containerPort"],
            "hostPort": host.unwrap_or_else(|| u64::from(task.host_port())),
            "protocol": mapping["protocol"].as_str().unwrap_or("tcp"),
        })
    };
    mappings.iter().map(one).collect()
}

fn containers(world: &World, task: &Task) -> Vec<Value> {
    let placed = task.instance.is_some() || task.launch_type == "FARGATE";
    if !placed {
        return Vec::new();
    }
    let last = match task.status {
        Status::Running | Status::Deactivating | Status::Stopping => "RUNNING",
        Status::Deprovisioning | Status::Stopped => "STOPPED",
        Status::Provisioning | Status::Pending | Status::Activating => "PENDING",
    };
    let essential = task
        .needs
        .essential
        .iter()
        .position(|essential| *essential)
        .unwrap_or(0);
    let one = |(index, (name, image)): (usize, &(String, String))| {
        let mut shown = json!({
            "containerArn": world.arn(&format!("container/{}/{}/{index}", task.cluster, task.id)),
            "taskArn": arn(world, task),
            "name": name,
            "image": image,
            "lastStatus": last,
            "networkBindings": bindings(world, task, index),
            "networkInterfaces": interfaces(task),
            "healthStatus": health(task),
        });
        if let Some(digest) = task.digests.get(index).filter(|digest| !digest.is_empty()) {
            shown["imageDigest"] = json!(digest);
        }
        if let Some(code) = task.exit_code.filter(|_| task.started.is_some()) {
            shown["exitCode"] = json!(if index == essential { code } else { 143 });
        }
        if index == essential && !task.container_reason.is_empty() {
            shown["reason"] = json!(task.container_reason);
        }
        shown
    };
    task.needs.images.iter().enumerate().map(one).collect()
}
