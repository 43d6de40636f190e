//! Plimsoll deploys an image to Amazon ECS and says the truth about how it ended.
//!
//! The modules in reading order.

// What the user wants, and the story that carries it out.
pub mod deploy;
pub mod inspect;
pub mod plan;
pub mod request;
pub mod run;
// Deciding: pure.
pub mod aws_text;
pub mod capacity;
pub mod cause;
pub mod definition;
pub mod diagnosis;
pub mod image;
pub mod rollout;
pub mod shown;
pub mod snapshot;
pub mod survey;
pub mod taskdef;
// Saying it.
pub mod durations;
pub mod failure;
pub mod redact;
pub mod report;
pub mod secret;
pub mod wording;
// The edge.
pub mod app;
pub mod aws;
pub mod clock;
pub mod commands;
pub mod console;
pub mod demo;
pub mod docker;
pub mod environment;
pub mod github;
pub mod logging;
pub mod runner;
pub mod watch;
