//! GitHub's runner: the commands that it reads in the log, and the files that it reads at the end.
//!
//! `commands` only formats; `files` writes. Nothing here decides what is said.

pub mod commands;
pub mod files;
pub(crate) mod token;
