//! Text from outside, made harmless for Markdown that GitHub renders.

/// `text` as plain words: no table cell, code span, HTML, link or mention can begin or end in it.
/// Line breaks become spaces; at most `max` characters are kept.
pub fn escape(text: &str, max: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (count, character) in text.chars().enumerate() {
        if count == max {
            escaped.push('…');
            break;
        }
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A mention or an issue reference needs its sign as a character, not as an entity.
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            '|' => escaped.push_str("&#124;"),
            '`' => escaped.push_str("&#96;"),
            '*' | '_' | '[' | ']' | '~' | '\\' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // A bare address becomes a link by itself.
            ':' if escaped.ends_with("http") || escaped.ends_with("https") => {
                escaped.push_str("&#58;");
            }
            _ if character.is_control() || is_invisible(character) => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// `text` as inline code: backticks are replaced, nothing else is special inside.
pub fn code(text: &str, max: usize) -> String {
    let mut inner: String = text
        .chars()
        .take(max)
        .map(|character| match character {
            '`' => '\'',
            // Inside a table even a code span ends at a bar.
            '|' => '¦',
            _ if character.is_control() || is_invisible(character) => ' ',
            _ => character,
        })
        .collect();
    if text.chars().nth(max).is_some() {
        inner.push('…');
    }
    if inner.trim().is_empty() {
        "–".to_owned()
    } else {
        format!("`{}`", inner.trim())
    }
}

/// Characters that turn text around or hide it.
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
