//! Names and rules of images: references, digests, platforms, and what a build context holds.
//!
//! Pure: nothing here reads a file or talks to an engine or a registry.

pub mod dockerignore;
pub mod platform;
pub mod reference;

pub use dockerignore::Dockerignore;
pub use platform::Platform;
pub use reference::{Digest, EcrHost, ImageRef, ReferenceError, check_tag};
