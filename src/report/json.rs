//! The report for programs: one object, `schemaVersion` 1. Members are added, never renamed.

use serde_json::{Map, Value, json};

use super::{OneOffReport, Outcome, Report, ServiceReport, ShownReport};
use crate::capacity::ForecastVerdict;
use crate::cause::{Cause, Remedy};
use crate::rollout::Sample;
use crate::shown;
use crate::snapshot::{Task, Timestamp};

/// The whole report as JSON.
pub fn render(report: &ShownReport) -> Value {
    let image = report.image.as_ref().map(|image| {
        json!({
            "reference": image.reference,
            "digest": image.digest,
            "platform": image.platform,
            "built": image.built,
            "pushed": image.pushed,
        })
    });
    let definition = report.definition.as_ref().map(|definition| {
        let changes: Vec<Value> = definition
            .changes
            .iter()
            .map(|change| json!({"path": change.path, "before": change.before, "after": change.after}))
            .collect();
        json!({
            "arn": Some(&definition.arn).filter(|arn| !arn.is_empty()),
            "family": definition.family,
            "revision": Some(definition.revision).filter(|revision| *revision > 0),
            "registered": definition.registered,
            "changes": changes,
        })
    });
    shown_in(json!({
        "schemaVersion": 1,
        "outcome": report.outcome.map(Outcome::as_str),
        "reason": report.reason,
        "serviceChanged": report.service_changed,
        "startedAt": rfc3339(report.started),
        "finishedAt": rfc3339(report.finished),
        "image": image,
        "taskDefinition": definition,
        "oneOffTask": report.one_off.as_ref().map(one_off),
        "services": report.services.iter().map(service).collect::<Vec<_>>(),
    }))
}

/// The value with nothing in its texts that can't be seen; a reason is one line.
fn shown_in(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(shown::lines(&text)),
        Value::Array(items) => items.into_iter().map(shown_in).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let value = match value {
                    Value::String(text) if name == "reason" => Value::String(shown::line(&text)),
                    other => shown_in(other),
                };
                (name, value)
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        other => other,
    }
}

/// The one-off task's member.
fn one_off(one_off: &OneOffReport) -> Value {
    let task = one_off.task.as_ref();
    json!({
        "cluster": one_off.cluster,
        "taskDefinition": Some(&one_off.task_definition).filter(|arn| !arn.is_empty()),
        "container": one_off.container,
        "command": one_off.command,
        "outcome": one_off.outcome.map(Outcome::as_str),
        "reason": one_off.reason,
        "task": task.map(Task::id),
        "exitCode": one_off.exit_code(),
        "stopCode": task.and_then(|task| task.stop_code.as_deref()),
        "stoppedReason": task.map(|task| task.stopped_reason.as_str()),
        "startedAt": task.and_then(|task| task.started).map(rfc3339),
        "stoppedAt": task.and_then(|task| task.stopped).map(rfc3339),
        "causes": one_off.causes.iter().map(cause).collect::<Vec<_>>(),
        "log": one_off.log,
    })
}

fn service(service: &ServiceReport) -> Value {
    json!({
        "cluster": service.cluster,
        "service": service.service,
        "outcome": service.outcome.map(Outcome::as_str),
        "reason": service.reason,
        "deploymentId": service.deployment_id,
        "forecast": service.forecast.as_ref().map(super::forecast::to_json),
        "causes": service.causes.iter().map(cause).collect::<Vec<_>>(),
        "stoppedTasks": service.stopped.iter().map(stopped).collect::<Vec<_>>(),
        "timeline": service.timeline.iter().map(sample).collect::<Vec<_>>(),
    })
}

pub(super) fn cause(cause: &Cause) -> Value {
    json!({
        "kind": cause.kind.as_str(),
        "message": cause.message,
        "evidence": cause.evidence,
        "remedies": cause.remedies.iter().map(remedy).collect::<Vec<_>>(),
    })
}

fn remedy(remedy: &Remedy) -> Value {
    json!({"text": remedy.text, "change": remedy.change, "cost": remedy.cost, "checked": remedy.checked})
}

fn stopped(task: &Task) -> Value {
    let containers: Vec<Value> = task
        .containers
        .iter()
        .map(|container| {
            json!({"name": container.name, "exitCode": container.exit_code, "reason": container.reason})
        })
        .collect();
    json!({
        "task": task.id(),
        "stoppedAt": task.stopped.map(rfc3339),
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
        "containers": containers,
    })
}

fn sample(sample: &Sample) -> Value {
    let mut value = Map::new();
    value.insert("at".to_owned(), json!(rfc3339(sample.at)));
    value.insert("desired".to_owned(), json!(sample.desired));
    value.insert("running".to_owned(), json!(sample.running));
    value.insert("pending".to_owned(), json!(sample.pending));
    value.insert("failed".to_owned(), json!(sample.failed));
    value.insert("oldRunning".to_owned(), json!(sample.old_running));
    value.insert("event".to_owned(), json!(sample.event));
    Value::Object(value)
}

/// The word that stands for all services' forecasts: the worst.
pub fn worst_forecast(report: &Report) -> Option<&'static str> {
    let badness = |verdict: &&ForecastVerdict| match verdict {
        ForecastVerdict::Fits(_) => 0,
        ForecastVerdict::Unknown(_) => 1,
        ForecastVerdict::Blocked(_) => 2,
    };
    let forecasts = report
        .services
        .iter()
        .filter_map(|service| service.forecast.as_ref());
    let verdicts = forecasts.map(|forecast| &forecast.verdict);
    verdicts.max_by_key(badness).map(ForecastVerdict::as_str)
}

/// A moment as a date; one that is none is the nearest.
pub(super) fn rfc3339(at: Timestamp) -> String {
    let millis = u64::try_from(at.as_date().0).unwrap_or(0);
    humantime::format_rfc3339_seconds(
        std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis),
    )
    .to_string()
}
