//! CloudWatch Logs: the end of what one container wrote.

use serde_json::{Value, json};

use super::signed::{Ask, Service};
use super::{Aws, AwsError};
use crate::definition::TaskDefinition;

const LOGS: Service = Service {
    id: "CloudWatch Logs",
    host: "logs",
    api: "Logs_20140328",
};
/// A line longer than this is a dump.
const LINE_MAX_CHARS: usize = 500;

/// Where the `awslogs` driver writes for one container of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// Where the group is; absent where it is the region in use.
    pub region: Option<String>,
    /// The name of the log group.
    pub group: String,
    /// `prefix/container/task`.
    pub stream: String,
}

impl LogStream {
    /// Where the log of a container is, by its task definition. Absent without the `awslogs` driver,
    /// and without a prefix: the stream then has the container's runtime id, which nobody tells.
    pub fn of(document: &Value, container: &str, task: &str) -> Option<LogStream> {
        let log = TaskDefinition::of(document).container(container)?.log()?;
        if log.driver()? != "awslogs" {
            return None;
        }
        let prefix = log.option("awslogs-stream-prefix")?;
        Some(LogStream {
            region: log.option("awslogs-region").map(str::to_owned),
            group: log.option("awslogs-group")?.to_owned(),
            stream: format!("{prefix}/{container}/{task}"),
        })
    }
}

impl Aws {
    /// GetLogEvents: the last lines of a stream, at most `most` of them, oldest first, each cut to a
    /// readable length.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn log_tail(&self, log: &LogStream, most: usize) -> Result<Vec<String>, AwsError> {
        let ask = Ask {
            service: &LOGS,
            action: "logs:GetLogEvents",
            subject: format!("stream `{}` of log group `{}`", log.stream, log.group),
        };
        let body = json!({
            "logGroupName": log.group,
            "logStreamName": log.stream,
            "limit": most,
            "startFromHead": false,
        });
        let answer = match &log.region {
            Some(region) => self.in_region(region).json(&ask, &body).await?,
            None => self.json(&ask, &body).await?,
        };
        Ok(lines(&answer, most))
    }
}

/// One event may hold several lines, and a stack trace does.
fn lines(answer: &Value, most: usize) -> Vec<String> {
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
    let last = all.iter().skip(all.len().saturating_sub(most));
    last.map(|line| line.chars().take(LINE_MAX_CHARS).collect())
        .collect()
}

#[cfg(test)]
mod tests;
