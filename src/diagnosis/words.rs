//! The small words of a cause: literals, counts, ages, remedies.
//!
//! Texts from outside are made short here. Escaping for the place where they are shown is not
//! this module's business.

use serde_json::Value;

use crate::cause::Remedy;
/// A time that has passed, in the two units that matter.
pub(crate) use crate::durations::length as age;

/// Longest literal in a sentence, in characters: an ARN or an image reference with a digest fits.
const MAX_LITERAL: usize = 300;

/// Longest line of evidence, in characters. ECS keeps 1,024 of a container's reason.
pub(crate) const MAX_LINE: usize = 1_400;

/// A value as a literal in a sentence.
pub(crate) fn code(value: &str) -> String {
    let value = crate::shown::line(value).replace('`', " ");
    format!("`{}`", short(&value, MAX_LITERAL))
}

/// Several values as literals, at most five of them.
pub(crate) fn codes<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 5;
    let all: Vec<String> = values.into_iter().map(code).collect();
    let rest = all.len().saturating_sub(MOST);
    let shown = all.into_iter().take(MOST).collect::<Vec<_>>().join(", ");
    if rest == 0 {
        shown
    } else {
        format!("{shown} and {rest} more")
    }
}

/// At most `most` characters, the cut marked.
pub(crate) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text.to_owned(),
    }
}

/// `1 task`, `3 tasks`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A remedy that a person carries out.
pub(crate) fn advise(text: impl Into<String>) -> Remedy {
    Remedy {
        text: text.into(),
        change: Value::Null,
        cost: None,
        checked: false,
    }
}

/// A remedy that is one change of a setting.
pub(crate) fn change(text: impl Into<String>, change: Value) -> Remedy {
    Remedy {
        change,
        ..advise(text)
    }
}

/// A value as an argument of a command that somebody may copy into a shell.
pub(crate) fn argument(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@=+,%".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}
