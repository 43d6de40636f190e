//! Diagnoses as a user of the library sees them: a evidence in, ranked causes out.

mod catalogue;
mod ranking;
mod stories;
mod world;
