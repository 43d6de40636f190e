//! Why a role could not be assumed. A plain value, which errors of any call may carry.

/// Why the role could not be assumed, in words for the person who reads the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct NotAssumed {
    /// What failed, with the role and the reason.
    pub text: String,
    /// What to do about it, one item a line.
    pub help: Vec<String>,
    /// Whether it may be otherwise in a while.
    pub passing: bool,
}
