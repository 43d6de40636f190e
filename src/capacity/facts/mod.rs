//! What a forecast works with: what was read of the cluster and the service, as plain values, and
//! the arithmetic and the tables that need nothing else. The lowest floor.

pub(in crate::capacity) mod deployment_bounds;
pub(in crate::capacity) mod eni_limits;
pub(in crate::capacity) mod fargate_sizes;
pub(in crate::capacity) mod input;
pub(in crate::capacity) mod known;
pub(in crate::capacity) mod needs;
pub(in crate::capacity) mod room;
