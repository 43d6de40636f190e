//! The Docker engine: build with BuildKit, push, inspect.
//!
//! An edge: it talks to the engine over its socket and reads the build context from disk. It
//! prints nothing and decides nothing about the deploy; progress leaves as values.

mod address;
pub mod build;
pub mod build_failure;
pub mod context;
mod credentials;
pub mod engine;
mod error;
#[cfg(test)]
mod played;
pub mod progress;
pub mod push;
mod session;
mod tar_stream;
mod text;
mod tls;
mod wire;
mod words;

pub use build::{BuildRequest, BuildSecret, Built};
pub use build_failure::{BuildFailure, BuildFailureKind};
pub use context::{ContextError, ContextSize};
pub use credentials::{Credentials, RegistryLogin};
pub use engine::Engine;
pub use error::DockerError;
pub use progress::BuildEvent;
pub use push::{PushEvent, PushFailureKind, PushRequest, Pushed};
