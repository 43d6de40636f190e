//! Lines for the log of a workflow: commands of ours, and texts that can't be taken for one.
//!
//! The runner reads `::name key=value::data` at the start of a line, blanks aside, and the older
//! `##[name]data` anywhere in it. What comes from outside is made harmless by [`plain`] wherever it
//! is shown, and is fenced besides where it comes in bulk. What is shown has no secret in it:
//! [`Shown`] holds that.

use super::token;
use crate::redact::Shown;

/// Ends what [`group`] began.
pub const END_GROUP: &str = "::endgroup::";

/// The live log cuts a line here.
const LINE_CHARS: usize = 1024;

/// The runner cuts an annotation here.
const ANNOTATION_CHARS: usize = 4096;

/// Shuts the runner's ears between its two lines. The word that opens them again can't be guessed
/// by whoever wrote what stands between.
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
    let line = cleaned(text.as_str())
        .replace(['\n', '\r'], " ")
        .replace("##[", "# #[");
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
    let text = cleaned(text.as_str());
    format!("::debug::{}", data(&cut(&text, ANNOTATION_CHARS)))
}

/// Opens a part of the log that is folded. Groups don't nest.
pub fn group(title: &Shown) -> String {
    let title = cleaned(title.as_str());
    format!("::group::{}", data(&cut(&title, LINE_CHARS)))
}

/// Keeps `secret`, and each of its lines, out of the log from here on. The value is sent to the
/// letter. An empty one would be complained about by the runner.
pub fn add_mask(secret: &str) -> String {
    format!("::add-mask::{}", data(secret))
}

fn annotation(level: &str, title: Option<&str>, text: &Shown) -> String {
    let text = data(&cut(&cleaned(text.as_str()), ANNOTATION_CHARS));
    match title {
        Some(title) => {
            let title = property(&cut(&cleaned(title), LINE_CHARS));
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

/// `text` without colours and without characters that are not to be seen; tabs become blanks, line
/// ends stay.
fn cleaned(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' | '\u{2028}' | '\u{2029}' => clean.push(' '),
            '\n' | '\r' => clean.push(c),
            c if c.is_control() || turns_text(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Skips the rest of a terminal's escape sequence, of which the ESC was read.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.peek() {
        // CSI: parameters up to a letter or another final byte.
        Some('[') => {
            chars.next();
            while chars
                .next_if(|c| ('\u{20}'..='\u{3f}').contains(c))
                .is_some()
            {}
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        // OSC: a title or a link, up to BEL or ESC; never over the end of the line.
        Some(']') => {
            while chars
                .next_if(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\n' | '\r'))
                .is_some()
            {}
        }
        Some(c) if c.is_ascii_graphic() => {
            chars.next();
        }
        _ => {}
    }
}

/// Marks that turn the direction of writing, or that can't be seen, and so can make a line read as
/// what it isn't.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
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
