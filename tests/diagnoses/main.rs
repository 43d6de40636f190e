//! Diagnoses as a user of the library sees them: a case in, ranked causes out.

mod bounds;
mod catalogue;
mod ranking;
mod stories;
mod world;
