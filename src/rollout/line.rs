//! What the watch says, as data: a line and how loud it is.

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

/// One line to print. `text` may hold AWS's words: the console escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How loud it is.
    pub level: Level,
    /// Without a line break at its end.
    pub text: String,
}

impl Line {
    pub(super) fn info(text: impl Into<String>) -> Line {
        Line {
            level: Level::Info,
            text: text.into(),
        }
    }

    /// A warning.
    pub fn warning(text: impl Into<String>) -> Line {
        Line {
            level: Level::Warning,
            text: text.into(),
        }
    }
}
