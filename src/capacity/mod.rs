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
mod json;
mod limits;
mod lines;
mod movement;
mod needs;
mod one_more;
mod order;
mod percentages;
mod pools;
mod reasons;
mod remedies;
mod rolling;
mod room;
mod rules;
mod seats;
mod together;
mod view;
mod why;

pub use addresses::Addresses;
pub use arithmetic::Bounds;
pub use fargate::{is_size as is_fargate_size, next_size as next_fargate_size};
pub use forecast::{Forecast, Verdict, forecast};
pub use greedy::Tightest;
pub use ground::{Cluster, Deploy, FargateLimits, Source, TypeSize, Unread};
pub use interfaces::interfaces_in_doubt;
pub use limits::{EniLimit, EniLimits};
pub use lines::Lines;
pub use movement::{Movement, movements};
pub use needs::{Gpus, RequiredAttribute, TaskNeeds, cpu_units, memory_mib};
pub use one_more::{OneMore, room_for_one_more};
pub use room::{Room, Span, Tri, rooms};
pub use together::forecast_together;
pub use view::{Free, InstanceView};
pub use why::{Blocker, why_not};
