//! What there is to say about a push. A plain value.

use std::time::Duration;

use crate::image::Digest;

/// Something to tell about a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushEvent {
    Started {
        reference: String,
    },
    /// Said every half minute.
    Progress {
        /// Bytes, as the engine counts them.
        sent: u64,
        total: u64,
        /// Layers that the registry holds, and all that are known so far.
        done: usize,
        layers: usize,
    },
    /// The registry did not take a layer, and the engine tries again. Why, it says only at the end.
    Retrying {
        layer: String,
        /// Until the next try.
        seconds: u64,
    },
    /// Said once, when there were more new tries than are shown.
    RetriesCut {
        after: usize,
    },
    /// The push failed, and is repeated.
    Again {
        reference: String,
        cause: String,
        /// Until it is.
        pause: Duration,
    },
    Done {
        reference: String,
        digest: Digest,
        /// Layers that were uploaded, and those that the registry had.
        uploaded: usize,
        present: usize,
    },
}
