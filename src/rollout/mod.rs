//! The rollout: what one look at a service means for the deployment that this run started.
//!
//! The watch is a fold. `step` takes the state, one look and the time, and gives back what to say
//! and, once it is certain, a verdict. Every look is judged whole, so an event that was lost or a
//! read that was stale changes nothing in the end. The verdict is about *our* deployment id, never
//! about "the service is stable".
//!
//! It is pure: no clock, no network, no printing. `watch` is the loop that looks and feeds `step`.

mod change_fingerprint;
mod cluster_look;
mod completion;
mod counted;
mod crash_loop;
mod deployment_status;
mod explain;
mod failures;
mod line;
mod lines;
mod look;
mod memory;
mod mobility;
mod moment;
mod news;
mod standstill;
mod state;
mod step;
mod target;
#[cfg(test)]
mod tests;
mod trial;
mod verdict;
mod waiting;

pub use cluster_look::{Agents, ClusterLook, Contender};
pub use deployment_status::{OwnStatus, SeenBefore, own_status};
pub use explain::in_one_line;
pub use failures::{failed_tasks, why_stopped};
pub use line::{Level, Line};
pub use look::Look;
pub use state::{Patience, STOPPED_MAX, Sample, State, TIMELINE_MAX};
pub use step::{causes, step};
pub use target::{Counted, Target};
pub use verdict::{RolloutVerdict, Step};
pub use waiting::{AtTimeout, Waiting};
