//! How far the step's run has come, in the step's state: the process writes it, and reads it after the
//! job.

use std::path::Path;

use crate::runner::state;

/// In the step's state from the start of the run on.
const UNFINISHED: &str = "unfinished";

/// What stands there after a bug, before the place.
const BUG: &str = "bug ";

/// How far a run has come with saying how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// It has begun.
    Yes,
    /// It has said how it ended.
    No,
    /// It was ended by a bug, at this place, and has said so.
    Bug(String),
}

impl Unfinished {
    pub(super) fn left(env: &[(String, String)]) -> Option<Unfinished> {
        let word = state::kept(env, UNFINISHED)?;
        Some(match word.strip_prefix(BUG) {
            Some(place) => Unfinished::Bug(place.to_owned()),
            None if word == "true" => Unfinished::Yes,
            None => Unfinished::No,
        })
    }
}

/// Notes how far the run has come.
pub(super) fn note(file: &Path, unfinished: &Unfinished) {
    let word = match unfinished {
        Unfinished::Yes => "true".to_owned(),
        Unfinished::No => String::new(),
        Unfinished::Bug(place) => format!("{BUG}{place}"),
    };
    state::keep(file, UNFINISHED, &word);
}
