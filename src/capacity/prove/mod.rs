//! Whether a rollout can end: a proof for each way in which ECS replaces tasks. What a proof comes
//! to are values with numbers; `wording` makes sentences of them.

pub(in crate::capacity) mod daemon;
pub(in crate::capacity) mod deadlock;
pub(in crate::capacity) mod decide;
pub(in crate::capacity) mod decision;
pub(in crate::capacity) mod doubts;
pub(in crate::capacity) mod fargate;
pub(in crate::capacity) mod rolling;
pub(in crate::capacity) mod second_set;
pub(in crate::capacity) mod shared_pool;
pub(in crate::capacity) mod simulate_ecs_order;
pub(in crate::capacity) mod stop_order;
pub(in crate::capacity) mod subnet_addresses;
pub(in crate::capacity) mod uncertainty;
