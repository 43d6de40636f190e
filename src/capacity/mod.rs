//! Whether there is room: what a task needs, what the instances have, and whether a rollout can
//! reach its end within its percentages.
//!
//! Pure: plain data in, plain data out. It never looks anything up, writes no sentence, and never
//! calls a rollout `blocked` unless no order of starts and stops could finish it.
//!
//! From below: `facts` is what was read, `fit` says how many tasks find a place, `prove` whether
//! the rollout can end, `remedy` what would help. On top, `forecast` is about one service,
//! `several_services` about all of one run, `movement` about a rollout that is under way. A file
//! imports only from its own floor and from lower ones.

mod facts;
mod fit;
mod forecast;
mod instance_table;
mod movement;
mod prove;
mod remedy;
mod several_services;
#[cfg(test)]
pub(crate) mod test_world;

pub use facts::deployment_bounds::{Bounds, Percentages};
pub use facts::eni_limits::{EniLimit, EniLimits};
pub use facts::fargate_sizes::{is_size as is_fargate_size, next_size as next_fargate_size};
pub use facts::input::{Addresses, Cluster, Deploy, FargateLimits, Source, TypeSize, Unread};
pub use facts::known::{Known, Range};
pub use facts::needs::{Gpus, RequiredAttribute, TaskNeeds, Unreadable, cpu_units, memory_mib};
pub use facts::room::{Room, rooms};
pub use fit::blockers::{Blocker, Lack, Port, why_not};
pub use fit::eni_uncertainty::interfaces_in_doubt;
pub use fit::scaling::{FixedCapacity, MayGrow};
pub use fit::single_task::{SingleTask, room_for_single_task};
pub use forecast::{Forecast, forecast};
pub use instance_table::{Free, InstanceView};
pub use movement::{Movement, NextStep, Underway, movements};
pub use prove::decision::{
    Basis, FargateSize, Fit, ForecastVerdict, HowItFits, Obstacle, QuotaUsers, Tightest,
};
pub use prove::uncertainty::Uncertainty;
pub use several_services::forecast_together;
