//! One story for each kind of cause, named after it: the first cause in full, of others the kind.
//! `|` is evidence, `>` what to do.

mod capacity;
mod placement;
mod run;
mod start;
