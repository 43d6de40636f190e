//! Task definitions as JSON documents: read, edited, compared, and made fit to be registered.
//!
//! Nothing is copied field by field: what isn't ours to change is kept to the letter, so that a
//! member that AWS adds tomorrow survives today. Pure: files and AWS are read elsewhere.

mod containers;
mod diff;
mod document;
mod edits;
mod kinds;
mod normal;
mod parse;
mod sound;
mod suits;
mod walk;
mod yaml;

#[cfg(test)]
mod tests;

pub use containers::{ContainerError, resolve};
pub use diff::{Change, changes};
pub use document::Definition;
pub use edits::{EditError, apply, set_image};
pub use normal::same_definition;
pub use parse::BadDocument;
pub use sound::unsound;
pub use suits::{Unsuited, unsuited};
pub use walk::MAX_BYTES;
