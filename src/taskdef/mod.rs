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

pub use containers::{Container, ContainerError, resolve};
pub use diff::{Change, changes};
pub use document::{Definition, RESPONSE_ONLY};
pub use edits::{EditError, apply, set_image};
pub use normal::same_definition;
pub use parse::{BadDocument, MAX_BYTES};
pub use sound::unsound;
pub use suits::{Unsuited, unsuited};
