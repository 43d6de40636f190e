//! Why the load balancer calls a target unhealthy, in an event's text or in DescribeTargetHealth's
//! words.

/// The text in `due to (reason …)`.
pub fn in_event(text: &str) -> Option<&str> {
    let (_, reason) = text.split_once("due to ")?;
    let reason = reason.trim_end_matches(['.', ' ']);
    let reason = reason
        .strip_prefix("(reason ")
        .map_or(reason, |inner| inner.trim_end_matches(')'));
    (!reason.is_empty()).then_some(reason)
}

/// What is wrong with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetTrouble {
    /// It answers with another code than the target group takes.
    Code,
    /// It doesn't answer in time.
    TimedOut,
    /// The target group isn't there.
    NoGroup,
    Other,
}

impl TargetTrouble {
    pub fn of(reason: &str) -> TargetTrouble {
        let low = reason.to_ascii_lowercase();
        if low.contains("codes") || low.contains("codemismatch") {
            TargetTrouble::Code
        } else if low.contains("timed out") || low.contains("timeout") {
            TargetTrouble::TimedOut
        } else if low.contains("not found") {
            TargetTrouble::NoGroup
        } else {
            TargetTrouble::Other
        }
    }
}
