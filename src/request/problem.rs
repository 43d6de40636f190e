//! What is wrong with a request, in one line each.

use std::fmt;

use crate::shown::line;

/// How much of a wrong value a message repeats, in characters: enough to recognise it by.
const SHOWN_CHARS: usize = 120;

/// One thing that is wrong with the request. A request has as many as there are to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the input.
    pub input: String,
    /// What was given, as far as it may be shown.
    pub given: Given,
    /// What is allowed, or why not; one sentence without a full stop.
    pub why: String,
}

/// What stood in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Nothing,
    /// The value, or the item of a list.
    Value(String),
    /// A value that isn't shown: the line it stands in, counted from 1.
    HiddenLine(usize),
}

impl fmt::Display for Problem {
    /// One line, e.g. ``on-stuck` is `abort`: allowed are `fail`, `rollback`, `wait``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { input, given, why } = self;
        // A reason may repeat what stood in the input.
        let why = line(why);
        match given {
            Given::Nothing => write!(f, "`{input}` isn't given: {why}"),
            Given::Value(value) => write!(f, "`{input}` is `{}`: {why}", shown(value)),
            Given::HiddenLine(line) => write!(f, "`{input}`, line {line}: {why}"),
        }
    }
}

/// `value` on one line, without control characters, cut where it is long.
pub(crate) fn shown(value: &str) -> String {
    let value = line(value);
    let mut text: String = value.chars().take(SHOWN_CHARS).collect();
    if value.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}
