//! Makes text from builds and registries fit to be shown: one line, bounded, no control characters.

/// The longest line that is shown, in characters; the runner's live console cuts at 1024, the
/// stored log has no limit of its own.
pub(super) const MAX_LINE: usize = 2000;

/// What stands where a line was cut.
const CUT: &str = " … (cut)";

/// One line as it would stand on a terminal in the end: what a bare carriage return overwrites is
/// gone, and so are escape sequences, control characters and those that reorder text.
pub(super) fn clean_line(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let last = text
        .rsplit('\r')
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    let mut line = String::with_capacity(last.len().min(MAX_LINE));
    let mut chars = last.chars();
    let mut count = 0;
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' => line.push('\t'),
            c if c.is_control() || reorders(c) => continue,
            c => line.push(c),
        }
        count += 1;
        if count == MAX_LINE {
            line.push_str(if chars.as_str().is_empty() { "" } else { CUT });
            break;
        }
    }
    line
}

/// A text of several lines as one.
pub(super) fn one_line(text: &str) -> String {
    let joined: Vec<String> = text
        .lines()
        .map(|line| clean_line(line.trim().as_bytes()))
        .filter(|line| !line.is_empty())
        .collect();
    clean_line(joined.join(" ").as_bytes())
}

/// Skips what follows an escape character: `[…letter` (colours, cursor), `]…BEL` (titles, links),
/// or one character.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => {
            chars.find(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Some(']') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' {
                    return;
                }
                if c == '\u{1b}' {
                    chars.next();
                    return;
                }
            }
        }
        _ => {}
    }
}

/// Line and paragraph separators, and the marks that let a text read otherwise than it is.
fn reorders(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE, clean_line, one_line};
    #[test]
    fn shows_one_bounded_line_without_controls() {
        let check = |raw: &[u8], expected: &str| assert_eq!(clean_line(raw), expected, "{raw:?}");
        check(b"plain \xc3\xa4\ttext", "plain ä\ttext");
        check(
            b"\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x1b\\",
            "red link",
        );
        check(b" 10%\r 50%\r100%", "100%");
        check(b"done\r", "done");
        check(b"a\x00b\x08c\x7f", "abc");
        check("a\u{202e}b\u{2028}c".as_bytes(), "abc");
        check(b"\xff\xfe", "\u{fffd}\u{fffd}");
        assert_eq!(clean_line(&vec![b'x'; MAX_LINE]).chars().count(), MAX_LINE);
        let cut = clean_line(&vec![b'x'; MAX_LINE + 1]);
        assert!(cut.ends_with("x … (cut)") && cut.chars().count() < MAX_LINE + 10);
        assert_eq!(one_line("a\n\n  b\r\nc"), "a b c");
    }
}
