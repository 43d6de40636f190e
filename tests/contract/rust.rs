//! What a Rust file says to people: its comments and its texts, without its code.

/// The comments and string literals of a source, one each; the lines of one comment are joined.
pub(crate) fn said(source: &str) -> Vec<(usize, String)> {
    let mut reader = Reader {
        rest: source,
        line: 1,
        found: Vec::new(),
    };
    while !reader.rest.is_empty() {
        reader.step();
    }
    joined(reader.found)
}

/// What was found, and where it begins.
struct Found {
    line: usize,
    text: String,
    comment: bool,
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Found>,
}

impl Reader<'_> {
    /// Takes one comment, one literal or one character of code.
    fn step(&mut self) {
        if let Some(rest) = self.rest.strip_prefix("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            self.keep(2, length, true);
        } else if let Some(rest) = self.rest.strip_prefix("/*") {
            let length = rest.find("*/").unwrap_or(rest.len());
            self.keep(2, length, true);
        } else if let Some(fence) = raw_string(self.rest) {
            let opening = self.rest.find('"').unwrap_or_default() + 1;
            let closing = format!("\"{fence}");
            let text = &self.rest[opening..];
            let length = text.find(&closing).unwrap_or(text.len());
            self.keep(opening, length, false);
            self.skip(closing.len());
        } else if let Some(rest) = self.rest.strip_prefix('"') {
            self.keep(1, quoted_length(rest), false);
            self.skip(1);
        } else {
            let length = character(self.rest).max(word(self.rest)).max(1);
            self.skip(length);
        }
    }

    fn keep(&mut self, opening: usize, length: usize, comment: bool) {
        let text = self.rest[opening..opening + length].to_owned();
        self.found.push(Found {
            line: self.line,
            text,
            comment,
        });
        self.skip(opening + length);
    }

    /// Goes on by so many bytes, or by the whole character that stands there.
    fn skip(&mut self, bytes: usize) {
        let mut end = bytes.min(self.rest.len());
        while !self.rest.is_char_boundary(end) {
            end += 1;
        }
        self.line += self.rest[..end].matches('\n').count();
        self.rest = &self.rest[end..];
    }
}

/// The `#`s of a raw string that begins here.
fn raw_string(text: &str) -> Option<String> {
    let text = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let fences = text.bytes().take_while(|byte| *byte == b'#').count();
    text[fences..].starts_with('"').then(|| "#".repeat(fences))
}

/// How long a string literal is up to the quote that ends it.
fn quoted_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

/// The length of a character literal that begins here; 0 where none does, as at a lifetime.
fn character(text: &str) -> usize {
    let Some(inner) = text.strip_prefix('\'') else {
        return 0;
    };
    let first = inner.chars().next().map_or(0, char::len_utf8);
    let escaped = inner.starts_with('\\');
    let from = if escaped { 2.min(inner.len()) } else { first };
    match inner[from..].find('\'') {
        Some(end) if escaped || end == 0 => from + end + 2,
        _ => 0,
    }
}

/// The length of the name that begins here, so that the `r` at its end begins no raw string.
fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// A comment goes on where another stands on the next line: a phrase may be broken there.
fn joined(found: Vec<Found>) -> Vec<(usize, String)> {
    let mut texts: Vec<(usize, String)> = Vec::new();
    let mut next = None;
    for one in found {
        let text = one.text.trim_start_matches(['/', '!']).trim();
        match texts.last_mut() {
            Some((_, before)) if one.comment && next == Some(one.line) => {
                before.push(' ');
                before.push_str(text);
            }
            _ => texts.push((one.line, text.to_owned())),
        }
        next = one.comment.then_some(one.line + 1);
    }
    texts
}

#[test]
fn comments_and_texts_are_found_and_code_is_not() {
    let source = "//! One\n//! two.\n\nfn call<'a>(x: &'a str) -> char {\n    // three\n    \
                  call(\"fo\\\"ur\", r#\"fi\"ve\"#, '\"', '\\'', b\"six\")\n}\n";
    let said: Vec<String> = said(source).into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        said,
        ["One two.", "three", "fo\\\"ur", "fi\"ve", "six"],
        "{said:?}"
    );
}
