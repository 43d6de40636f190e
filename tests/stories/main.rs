//! Stories: whole deploys against the stand-in for AWS, in virtual time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story fails by panicking, in its helpers too"
)]

mod answers;
mod before;
mod budget;
mod certainty;
mod counts;
mod documents;
mod documents_checks;
mod documents_edits;
mod documents_model;
mod door;
mod ends;
mod evidence;
mod fargate;
mod faults;
mod forecast;
mod github;
mod groups;
mod late;
mod looking;
mod mutated;
mod native;
mod oidc;
mod one_off;
mod optional;
mod options;
mod outcomes;
mod peers;
mod places;
mod reads;
mod rollbacks;
mod seeded;
mod setting;
mod several;
mod summary;
mod which_image;
mod window;
