//! Plimsoll deploys an image to Amazon ECS and says the truth about how it ended.
//!
//! The modules in reading order.

pub mod secret;
pub mod cause;
pub mod request;
pub mod snapshot;
pub mod taskdef;
pub mod plan;
pub mod capacity;
pub mod rollout;
pub mod report;
pub mod aws;
pub mod clock;
