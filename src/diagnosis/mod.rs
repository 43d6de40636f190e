//! Why a rollout fails or doesn't move: AWS's texts and states in, ranked causes out.
//!
//! Pure: it sees a [`Case`], a value that was put together before, and gives causes with their
//! evidence and with what to do. No cause is stated more surely than its evidence.

pub mod definition;
pub mod event;
pub mod reason;
pub mod stop;
