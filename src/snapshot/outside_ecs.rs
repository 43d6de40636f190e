//! What other services of AWS say about a service's tasks: Elastic Load Balancing and CloudWatch Logs.
//! Plain data.

/// One target of a target group, as DescribeTargetHealth tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetHealth {
    /// ARN of the target group.
    pub group: String,
    /// Id of the task behind the target, where it is known.
    pub task: Option<String>,
    /// An IP address or an instance id.
    pub target: String,
    /// The port on which the target takes traffic.
    pub port: u16,
    /// `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`, …
    pub state: String,
    /// `Target.Timeout`, `Target.ResponseCodeMismatch`, …; empty for a healthy target.
    pub reason: String,
    /// `Description`: AWS's own text; empty for a healthy target.
    pub description: String,
}

/// The end of what one container wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogTail {
    /// Id of the task.
    pub task: String,
    /// The name of the container.
    pub container: String,
    /// Name of the log group.
    pub group: String,
    /// Name of the log stream.
    pub stream: String,
    /// Oldest first.
    pub lines: Vec<String>,
}
