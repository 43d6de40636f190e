//! Lines for the log of a workflow: commands of ours, and texts that can't be taken for one.
//!
//! The runner reads `::name key=value::data` at the start of a line, blanks aside, and the older
//! `##[name]data` anywhere in it. What comes from outside is made harmless by [`plain`] wherever it
//! is shown, and is fenced besides where it comes in bulk. What is shown has no secret in it:
//! [`Shown`] holds that.

use super::token;
use crate::redact::Shown;
use crate::shown;

/// Ends what [`group`] began.
pub const END_GROUP: &str = "::endgroup::";

/// The live log cuts a line here.
const LINE_CHARS: usize = 1024;

/// The runner cuts an annotation here.
const ANNOTATION_CHARS: usize = 4096;

/// Shuts the runner's ears between its two lines. The word that opens them again can't be guessed
/// by the author of what stands between.
#[derive(Debug)]
pub struct Fence(String);

impl Default for Fence {
    fn default() -> Fence {
        Fence::new()
    }
}

impl Fence {
    pub fn new() -> Fence {
        Fence(token::random())
    }

    /// From this line on no command works, our own included.
    pub fn open(&self) -> String {
        format!("::stop-commands::{}", self.0)
    }

    /// From this line on commands work again.
    pub fn close(&self) -> String {
        format!("::{}::", self.0)
    }
}

/// `text` as one line that holds no command: without control characters and colours, `##[` and a
/// leading `::` taken apart, cut where it is very long.
pub fn plain(text: &Shown) -> String {
    let line = shown::line(text.as_str()).replace("##[", "# #[");
    // Whatever the runner takes for a blank, it isn't one of these.
    let start = line
        .find(|c: char| c.is_ascii_graphic())
        .unwrap_or(line.len());
    let (blank, rest) = line.split_at(start);
    match rest.strip_prefix("::") {
        Some(rest) => cut(&format!("{blank}: :{rest}"), LINE_CHARS),
        None => cut(&line, LINE_CHARS),
    }
}

/// An annotation that fails nothing by itself. GitHub keeps ten of each level a step.
pub fn error(title: Option<&str>, text: &Shown) -> String {
    annotation("error", title, text)
}

/// As [`error`], one level lower.
pub fn warning(title: Option<&str>, text: &Shown) -> String {
    annotation("warning", title, text)
}

/// As [`error`], two levels lower.
pub fn notice(title: Option<&str>, text: &Shown) -> String {
    annotation("notice", title, text)
}

/// A line that is only shown where debugging was asked for.
pub fn debug(text: &Shown) -> String {
    let text = shown::lines(text.as_str());
    format!("::debug::{}", data(&cut(&text, ANNOTATION_CHARS)))
}

/// Opens a part of the log that is folded. Groups don't nest.
pub fn group(title: &Shown) -> String {
    let title = shown::lines(title.as_str());
    format!("::group::{}", data(&cut(&title, LINE_CHARS)))
}

/// Keeps `secret`, and each of its lines, out of the log from here on. The value is sent to the
/// letter. An empty one would be complained about by the runner.
pub fn add_mask(secret: &str) -> String {
    format!("::add-mask::{}", data(secret))
}

fn annotation(level: &str, title: Option<&str>, text: &Shown) -> String {
    let text = data(&cut(&shown::lines(text.as_str()), ANNOTATION_CHARS));
    match title {
        Some(title) => {
            let title = property(&cut(&shown::lines(title), LINE_CHARS));
            format!("::{level} title={title}::{text}")
        }
        None => format!("::{level}::{text}"),
    }
}

/// The escapes of a command's data; `%` first, or it would escape the others' escapes.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The escapes of a command's properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        // One place less, for the sign that something is missing.
        Some(_) => {
            let mut short: String = text.chars().take(chars - 1).collect();
            short.push('…');
            short
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
