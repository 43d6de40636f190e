//! Plimsoll deploys an image to Amazon ECS and says the truth about how it ended.
//!
//! The modules in reading order.

// What the user wants, and the story that carries it out.
pub mod request;
pub mod run;
pub mod deploy;
pub mod inspect;
pub mod plan;
// Deciding: pure.
pub mod snapshot;
pub mod cause;
pub mod image;
pub mod taskdef;
pub mod capacity;
pub mod survey;
pub mod diagnosis;
pub mod rollout;
// Saying it.
pub mod report;
pub mod failure;
pub mod secret;
// The edge.
pub mod app;
pub mod aws;
pub mod clock;
pub mod commands;
pub mod console;
pub mod demo;
pub mod docker;
pub mod logging;
pub mod runner;
