//! Stories: whole deploys against the stand-in for AWS, in virtual time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story fails by panicking, in its helpers too"
)]

mod door;
mod certainty;
mod ends;
mod forecast;
mod looking;
mod setting;
