//! GitHub's runner: the commands that it reads in the log, and the files that it reads at the end.
//!
//! `commands` only formats; `files` writes; `masks` holds what is to be masked next; `proxy` finds what
//! of its proxies must be; `state` is what the process after the job is left. Nothing here decides what
//! is said.

pub mod commands;
pub mod files;
pub mod masks;
pub mod proxy;
pub mod state;
pub(crate) mod token;
