//! What the watch does without an optional read, in words.
//!
//! Reads of the cluster aren't here: the forecast and the proof name those themselves, where they
//! would have made a difference.

use super::evidence::{HEALTH, LOGS, PROTECTION};
use super::reader::{DEPLOYMENTS, LIST_DEPLOYMENTS, TASKS};

/// What is done without this action; nothing for one that isn't the watch's own.
pub(super) fn without(action: &str) -> Option<&'static str> {
    Some(match action {
        LIST_DEPLOYMENTS | DEPLOYMENTS => {
            "the rollout is judged without it, and the log says less about what it waits for"
        }
        HEALTH => "time decides whether tasks behind the load balancer count as healthy",
        PROTECTION => "whether task protection holds old tasks isn't known",
        LOGS => "the cause is told without the container's log",
        action if TASKS.contains(&action) => {
            "the service's counters have to do, and the log says less about what the rollout waits for"
        }
        _ => return None,
    })
}
