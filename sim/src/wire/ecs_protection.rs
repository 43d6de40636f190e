//! UpdateTaskProtection, GetTaskProtection.

use serde_json::{Value, json};

use super::validate::bounded;
use super::{cluster, last_part, texts};
use crate::world::{Refusal, Status, Task, World, seconds};

/// UpdateTaskProtection takes no more tasks.
const UPDATED_MOST: usize = 10;
/// GetTaskProtection takes no more tasks.
const READ_MOST: usize = 100;
/// `expiresInMinutes`: up to 48 hours.
const MINUTES: std::ops::RangeInclusive<i64> = 1..=2880;

pub(super) fn update(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "tasks", UPDATED_MOST)?;
    let minutes = body["expiresInMinutes"].as_i64();
    if minutes.is_some_and(|minutes| !MINUTES.contains(&minutes)) {
        let text = "expiresInMinutes must be between 1 and 2880.";
        return Err(Refusal::parameter(text));
    }
    let cluster = cluster(world, body)?.to_owned();
    let enabled = body["protectionEnabled"] == true;
    for asked in texts(body, "tasks") {
        let id = last_part(asked);
        if matches!(find(world, &cluster, id), Ok(task) if task.status <= Status::Running) {
            world.protect(id, enabled, minutes);
        }
    }
    shown(world, &cluster, body)
}

pub(super) fn get(world: &World, body: &Value) -> Result<Value, Refusal> {
    bounded(body, "tasks", READ_MOST)?;
    let cluster = cluster(world, body)?;
    shown(world, cluster, body)
}

/// The task, or why it has no protection to speak of.
fn find<'a>(world: &'a World, cluster: &str, id: &str) -> Result<&'a Task, Value> {
    let arn = world.arn(&format!("task/{cluster}/{id}"));
    let found = (world.tasks.iter()).find(|task| task.cluster == cluster && task.id == id);
    let Some(task) = found else {
        return Err(json!({"arn": arn, "reason": "MISSING"}));
    };
    if task.service.is_empty() || task.status == Status::Stopped {
        return Err(json!({"arn": arn, "reason": "TASK_NOT_VALID"}));
    }
    Ok(task)
}

fn shown(world: &World, cluster: &str, body: &Value) -> Result<Value, Refusal> {
    let (mut protected, mut failures) = (Vec::new(), Vec::new());
    for asked in texts(body, "tasks") {
        match find(world, cluster, last_part(asked)) {
            Ok(task) => {
                let arn = world.arn(&format!("task/{cluster}/{}", task.id));
                let until = task.protection(world.now());
                let mut one = json!({"taskArn": arn, "protectionEnabled": until.is_some()});
                if let Some(until) = until {
                    one["expirationDate"] = seconds(until);
                }
                protected.push(one);
            }
            Err(failure) => failures.push(failure),
        }
    }
    Ok(json!({"protectedTasks": protected, "failures": failures}))
}
