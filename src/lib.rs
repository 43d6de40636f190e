//! Plimsoll deploys an image to Amazon ECS and says the truth about how it ended.
//!
//! The modules in reading order.

pub mod capacity;
pub mod cause;
pub mod snapshot;
