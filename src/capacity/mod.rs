//! Whether there is room: what a task needs, what the instances have, and whether a rollout can
//! reach its end within its percentages.
//!
//! Pure: plain data in, plain data out. It never looks anything up and never calls a rollout
//! `blocked` unless no order of starts and stops could finish it.

mod addresses;
mod arithmetic;
mod claim;
mod daemon;
mod decision;
mod fargate;
mod forecast;
mod greedy;
mod ground;
mod growth;
mod interfaces;
mod limits;
mod movement;
mod needs;
mod one_more;
mod order;
mod percentages;
mod pools;
mod remedies;
mod rolling;
mod room;
mod rules;
mod seats;
mod together;
mod uncertainty;
mod view;
mod why;

#[cfg(test)]
pub(crate) use forecast::tests::world as test_world;

pub use addresses::Addresses;
pub use arithmetic::Bounds;
pub use decision::{Basis, FargateSize, Fit, HowItFits, Obstacle, QuotaUsers, Tightest, Verdict};
pub use fargate::{is_size as is_fargate_size, next_size as next_fargate_size};
pub use forecast::{Forecast, forecast};
pub use ground::{Cluster, Deploy, FargateLimits, Source, TypeSize, Unread};
pub use growth::{FixedCapacity, MayGrow};
pub use interfaces::interfaces_in_doubt;
pub use limits::{EniLimit, EniLimits};
pub use movement::{Movement, NextStep, Underway, movements};
pub use needs::{Gpus, RequiredAttribute, TaskNeeds, Unreadable, cpu_units, memory_mib};
pub use one_more::{OneMore, room_for_one_more};
pub use room::{Room, Span, Tri, rooms};
pub use together::forecast_together;
pub use uncertainty::Uncertainty;
pub use view::{Free, InstanceView};
pub use why::{Blocker, Lack, Port, why_not};
