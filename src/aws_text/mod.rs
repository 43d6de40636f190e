//! What AWS says, read: each of its texts in one place, and what it means as a value.
//!
//! The wordings are AWS's own (developer guide, "Amazon ECS service event messages" and "Stopped task
//! error messages"), and change over the years. A text that nothing here knows has no meaning, which is
//! never an error. No other module looks into AWS's texts; what to make of their meaning isn't decided
//! here.

pub mod deployment_reason;
pub mod event;
pub mod names;
pub mod reason;
mod says;
pub mod stop_reason;
pub mod target_reason;

pub use says::Says;
