//! The binary itself, as the runner and as a person start it, against the stand-in's socket door.
//!
//! The stand-in's time runs fast, so that whole rollouts take seconds. The tests of builds need the
//! Docker engine and the registry of `eval "$(script/engine)"`, and fail without them.

#[cfg(test)]
mod act;
#[cfg(test)]
mod action;
#[cfg(test)]
mod bell;
#[cfg(test)]
#[path = "../contract/examples/blocks.rs"]
mod blocks;
#[cfg(test)]
mod bugs;
#[cfg(test)]
mod building;
#[cfg(test)]
#[path = "../clients/tools.rs"]
mod clients;
#[cfg(test)]
mod container;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod door;
#[cfg(test)]
#[expect(dead_code, reason = "the engine's own tests use the rest")]
#[path = "../engine/world.rs"]
mod engine;
#[cfg(test)]
mod exits;
#[cfg(test)]
mod github;
#[cfg(test)]
mod log;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod oidc;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod running;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod unread;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod workflow;
