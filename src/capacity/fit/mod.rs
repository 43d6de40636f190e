//! How many tasks fit where: one service held against the instances of its cluster, and what its
//! siblings in the same run may take. It proves nothing about a rollout.

pub(in crate::capacity) mod blockers;
pub(in crate::capacity) mod cluster_index;
pub(in crate::capacity) mod eni_uncertainty;
pub(in crate::capacity) mod held;
pub(in crate::capacity) mod nearest;
pub(in crate::capacity) mod placement_rules;
pub(in crate::capacity) mod scaling;
pub(in crate::capacity) mod service_placement;
pub(in crate::capacity) mod sibling;
pub(in crate::capacity) mod sibling_index;
pub(in crate::capacity) mod sibling_slots;
pub(in crate::capacity) mod single_task;
pub(in crate::capacity) mod slots;
