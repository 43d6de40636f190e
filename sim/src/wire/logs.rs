//! CloudWatch Logs: what containers with the `awslogs` driver wrote.

use serde_json::{Value, json};

use crate::world::{Refusal, Task, World, list};

/// GetLogEvents shows no more.
const EVENTS_MOST: i64 = 10_000;

/// GetLogEvents of one stream: `prefix/container/task`.
pub(super) fn events(world: &World, body: &Value) -> Result<Value, Refusal> {
    let missing = |what: &str| {
        Refusal::new(
            "ResourceNotFoundException",
            format!("The specified log {what} does not exist."),
        )
    };
    let limit = body["limit"].as_i64().unwrap_or(EVENTS_MOST);
    if !(1..=EVENTS_MOST).contains(&limit) {
        let text =
            format!("1 validation error detected: Value at 'limit' must be at most {EVENTS_MOST}");
        return Err(Refusal::new("InvalidParameterException", text));
    }
    let group = body["logGroupName"].as_str().unwrap_or_default();
    let stream = body["logStreamName"].as_str().unwrap_or_default();
    let logging = |task: &Task| -> Vec<String> { streams(world, task, group) };
    if !world.tasks.iter().any(|task| !logging(task).is_empty()) {
        return Err(missing("group"));
    }
    let written = world
        .tasks
        .iter()
        .find(|task| task.started.is_some() && logging(task).iter().any(|one| one == stream));
    let task = written.ok_or_else(|| missing("stream"))?;
    let lines = &task.behaviour.log;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let shown: Vec<&String> = if body["startFromHead"] == true {
        lines.iter().take(limit).collect()
    } else {
        lines
            .iter()
            .skip(lines.len().saturating_sub(limit))
            .collect()
    };
    let at = task.started.unwrap_or_default();
    let shown: Vec<Value> = shown
        .into_iter()
        .map(|line| json!({"timestamp": at, "message": line, "ingestionTime": at}))
        .collect();
    Ok(json!({"events": shown, "nextForwardToken": "f/0", "nextBackwardToken": "b/0"}))
}

/// The streams of a task in a group, one for each container that logs there.
fn streams(world: &World, task: &Task, group: &str) -> Vec<String> {
    let revisions = world.families.values().flatten();
    let definition = revisions
        .into_iter()
        .find(|one| one.arn == task.task_definition);
    let Some(definition) = definition else {
        return Vec::new();
    };
    let containers = list(&definition.document["containerDefinitions"]).iter();
    containers
        .filter(|one| one["logConfiguration"]["logDriver"] == "awslogs")
        .filter(|one| one["logConfiguration"]["options"]["awslogs-group"] == group)
        .filter_map(|one| {
            let prefix = one["logConfiguration"]["options"]["awslogs-stream-prefix"].as_str()?;
            Some(format!("{prefix}/{}/{}", one["name"].as_str()?, task.id))
        })
        .collect()
}
