//! The forecast in a report: as a person reads it in the log, and as a program reads it.

mod json;
mod text;

pub(super) use json::forecast as to_json;
pub use text::{Lines, lines};
