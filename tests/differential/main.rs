//! The forecast held against the stand-in's own scheduler: worlds are forecast, then run.
//!
//! The two share no code. `fits` must complete, `blocked` never may, a rollout that is called
//! stuck never ends, and each remedy does what it promises. `PLIMSOLL_WORLDS` sets how many random
//! worlds are run, `PLIMSOLL_SEED` where they begin; a failure names the seed of its world.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and says what it ran"
)]

mod dice;
mod door;
mod named;
mod network;
mod plan;
mod random;
mod remedy;
mod run;
mod seen;
mod small;
mod tally;
mod worlds;
