//! Whether there is room: what a task needs, what the instances have, and whether a rollout can
//! reach its end within its percentages.
//!
//! Pure: plain data in, plain data out. It never looks anything up and never calls a rollout
//! `blocked` unless no order of starts and stops could finish it.

pub mod limits;
pub mod needs;
pub mod one_more;
pub mod room;
pub mod why;

pub use limits::EniLimits;
pub use needs::{Gpus, RequiredAttribute, TaskNeeds};
pub use one_more::{OneMore, room_for_one_more};
pub use room::{Room, Span, Tri};
pub use why::{Blocker, why_not};
