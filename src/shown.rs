//! What of a text from outside may be shown: in the log, in outputs, in reports, in summaries and in
//! comments. A text must not read as what it isn't, nor move a cursor, nor hide anything.
//!
//! It knows nothing of commands or Markdown, which have their own rules on top.

/// `text` without escape sequences, control characters and characters that can't be seen. Line ends
/// stay, a tab is a blank.
pub fn lines(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' | '\u{2028}' | '\u{2029}' => clean.push(' '),
            '\n' | '\r' => clean.push(c),
            c if c.is_control() || is_hidden(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// The same as one line.
pub fn line(text: &str) -> String {
    lines(text).replace(['\n', '\r'], " ")
}

/// A character that turns the direction of writing, or that can't be seen and so can hide a text or
/// part it: Unicode's default ignorable code points, and the marks of interlinear annotations. What
/// only joins the parts of an emoji goes too.
///
/// <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
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

#[cfg(test)]
mod tests {
    use super::{is_hidden, line, lines};

    #[test]
    fn what_can_not_be_seen_is_not_shown() {
        for (text, expected) in [
            ("service api is steady", "service api is steady"),
            ("a\u{202e}b\u{200b}c\u{feff}", "abc"),
            ("a\u{61c}b\u{ad}c\u{e0001}\u{e0041}d", "abcd"),
            ("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}done", "red done"),
            ("one\ttwo\r\nthree\u{2028}four", "one two  three four"),
            ("\0\u{7f}\u{85}x", "x"),
            ("größer 日本語 🚢 עברית", "größer 日本語 🚢 עברית"),
            ("👨\u{200d}👩", "👨👩"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
        assert_eq!(lines("a\nb\r\nc"), "a\nb\r\nc");
    }

    #[test]
    fn no_letter_is_hidden() {
        let hidden = (0..=0x10_ffff)
            .filter_map(char::from_u32)
            .filter(|c| is_hidden(*c));
        let letters: Vec<char> = hidden.filter(|c| c.is_alphanumeric()).collect();
        // Hangul's fillers are letters without a form.
        assert_eq!(letters, ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}']);
    }
}
