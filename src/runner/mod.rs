//! GitHub's runner: the commands that it reads in the log, and the files that it reads at the end.
//!
//! `commands` only formats; `files` writes; `proxy` and `secrets` find
//! what must not be seen; `state` is what the process after the job is left. Nothing here decides what
//! is said.

pub mod commands;
pub mod files;
pub mod proxy;
pub mod secrets;
pub mod state;
pub(crate) mod token;
