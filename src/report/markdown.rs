//! Text from outside, made harmless for Markdown that GitHub renders.
//!
//! GitHub looks for mentions, references and addresses in what comes out of the rendering, so an
//! entity is no help against them: a blank of no width parts the sign from the name. Nothing here
//! knows what a text is about.

use crate::shown;

/// Parts what GitHub would take for a mention, a reference or a link; copied text still reads well.
const PARTING: char = '\u{200b}';

/// The only address that stays a link: where this project's own remedies lead to.
const TRUSTED: &str = "https://docs.aws.amazon.com/";

/// `text` as one line of words: no table cell, HTML, emphasis, link, mention or reference can begin
/// or end in it. What stands between two backticks becomes code. At most `max` characters are kept.
pub fn prose(text: &str, max: usize) -> String {
    let line = one_line(text, max);
    let mut out = String::with_capacity(line.len() + 16);
    let mut parts = line.trim().split('`').enumerate().peekable();
    while let Some((number, part)) = parts.next() {
        if number % 2 == 0 {
            words(part, &mut out);
        } else if parts.peek().is_some() {
            if part.trim().is_empty() {
                // What stood apart must not meet: `https:` and `//` would be a link.
                out.extend((!out.is_empty()).then_some(PARTING));
                continue;
            }
            // Spans that touch would run into one another.
            if out.ends_with('`') {
                out.push(' ');
            }
            out.push_str(&code(part, max));
        } else {
            // A backtick without its fellow.
            out.push('\'');
            words(part, &mut out);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// `text` as inline code: backticks are replaced, nothing else is special inside.
pub fn code(text: &str, max: usize) -> String {
    let line = one_line(text, max);
    let inner = line
        .trim()
        .replace('`', "'")
        // Inside a table even a code span ends at a bar.
        .replace('|', "¦");
    if inner.is_empty() {
        "–".to_owned()
    } else {
        format!("`{inner}`")
    }
}

/// One line with nothing in it that can't be seen; cut after `max` characters.
fn one_line(text: &str, max: usize) -> String {
    let shown = shown::line(text);
    let mut line: String = shown.chars().take(max).collect();
    if shown.chars().nth(max).is_some() {
        line.push('…');
    }
    line
}

/// Appends `text`, which holds no backtick, escaped.
fn words(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(link) = trusted_link(rest) {
            out.push_str(&format!("<{link}>"));
            rest = rest.get(link.len()..).unwrap_or_default();
            continue;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let next = after.chars().next();
        let before = out.chars().next_back();
        let within = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            // Four blanks at the start would make a block of code.
            c if out.is_empty() && c.is_whitespace() => {}
            '@' | '#' => out.extend([c, PARTING]),
            ':' if after.starts_with("//") => out.extend([c, PARTING]),
            '.' if ends_with_www(out) => out.extend([PARTING, c]),
            '-' if within(next) && ends_with(out, "gh") => out.extend([c, PARTING]),
            '_' if within(before) && within(next) => out.push(c),
            '\\' | '*' | '_' | '[' | ']' | '~' | '$' | '<' | '>' | '&' | '|' => {
                out.extend(['\\', c]);
            }
            // What would begin a list, a line or a heading at the start of a text.
            '-' | '+' | '=' if out.trim().is_empty() => out.extend(['\\', c]),
            '.' | ')' if out.trim_start().chars().all(|c| c.is_ascii_digit()) => {
                out.extend(['\\', c]);
            }
            c => out.push(c),
        }
        rest = after;
    }
}

fn ends_with_www(out: &str) -> bool {
    ends_with(out, "www")
}

fn ends_with(out: &str, word: &str) -> bool {
    let start = out.len().checked_sub(word.len());
    start
        .and_then(|start| out.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// The address of AWS's documentation that `text` begins with.
fn trusted_link(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(TRUSTED)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./#".contains(c);
    let length = rest.find(|c| !plain(c)).unwrap_or(rest.len());
    text.get(..TRUSTED.len() + length)
        .map(|link| link.trim_end_matches('.'))
}
