//! How often the calls are tried, and how long they may take. Numbers with their reasons, no more.

use std::time::Duration;

/// How often a call is tried, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tries {
    pub(super) attempts: u32,
    /// One try; a read of 100 tasks answers within a second or two.
    pub(super) attempt: Duration,
    /// All tries of one call together.
    pub(super) call: Duration,
}

/// Throttling and 5xx are common and short. With the pauses between them, half a minute or so: many
/// deploys at once share the account's limits.
pub(super) const READS: Tries = Tries {
    attempts: 8,
    attempt: Duration::from_secs(20),
    call: Duration::from_secs(90),
};

/// Where the same is read again soon anyhow.
pub(super) const LOOKS: Tries = Tries {
    attempts: 5,
    ..READS
};

/// What isn't needed. The pauses between the tries add up to 7 s at most, so that the error is AWS's
/// and not that the time is over.
pub(super) const OPTIONAL: Tries = Tries {
    attempts: 4,
    attempt: Duration::from_secs(10),
    call: Duration::from_secs(10),
};

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
