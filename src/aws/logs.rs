//! CloudWatch Logs: the end of what one container wrote.

use serde_json::{Value, json};

use super::signed::{Ask, Service};
use super::{Aws, AwsError};

const LOGS: Service = Service {
    id: "CloudWatch Logs",
    host: "logs",
    api: "Logs_20140328",
};
/// A crash tells itself in its last lines; more bury it.
const LINES_MAX: usize = 20;
/// A line longer than this is a dump.
const LINE_MAX_CHARS: usize = 500;

/// Where the `awslogs` driver writes for one container of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// Where the group is; absent where it is the region in use.
    pub region: Option<String>,
    pub group: String,
    /// `prefix/container/task`.
    pub stream: String,
}

impl Aws {
    /// GetLogEvents: the last lines of a stream, oldest first, each cut to a readable length.
    pub async fn log_tail(&self, log: &LogStream) -> Result<Vec<String>, AwsError> {
        let ask = Ask {
            service: &LOGS,
            action: "logs:GetLogEvents",
            subject: format!("stream `{}` of log group `{}`", log.stream, log.group),
        };
        let body = json!({
            "logGroupName": log.group,
            "logStreamName": log.stream,
            "limit": LINES_MAX,
            "startFromHead": false,
        });
        let answer = match &log.region {
            Some(region) => self.in_region(region).json(&ask, &body).await?,
            None => self.json(&ask, &body).await?,
        };
        Ok(lines(&answer))
    }
}

/// One event may hold several lines, and a stack trace does.
fn lines(answer: &Value) -> Vec<String> {
    let events = answer
        .get("events")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let texts = events
        .iter()
        .filter_map(|event| event.get("message")?.as_str());
    let all: Vec<&str> = texts
        .flat_map(str::lines)
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = all.iter().skip(all.len().saturating_sub(LINES_MAX));
    last.map(|line| line.chars().take(LINE_MAX_CHARS).collect())
        .collect()
}

#[cfg(test)]
mod tests;
