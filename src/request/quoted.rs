//! Lists in the form that docker/build-push-action documents for its `build-args`, `labels` and
//! `secrets`: an item a line, or in CSV's quotes where an item has several lines.
//!
//! `"id=first line` … `last line"` is one item, and `""` in it one quote. It is what that action's
//! `Util.getInputList(…, {ignoreComma: true})` makes of a text with csv-parse's `relaxQuotes`: quotes
//! stand around the whole item, and all others are part of it.

/// One item, trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) text: String,
}

/// The line of a quote that nothing closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) usize);

/// Where in a field the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Inside,
    Quoted,
}

/// The items of a text, blank ones left out.
pub(super) fn items(text: &str) -> Result<Vec<Item>, Unclosed> {
    let mut items = Vec::new();
    // What was read of the item, and of its last field: a comma ends a field, and stays.
    let (mut item, mut field) = (String::new(), String::new());
    let (mut place, mut line, mut begin, mut quote) = (Place::Start, 1, 1, 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match (place, c) {
            (Place::Quoted, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            (Place::Quoted, '"') => {
                let closes = matches!(chars.peek(), None | Some(',' | '\n' | '\r'));
                if !closes {
                    // Quotes that don't stand around the whole field are part of it.
                    field = format!("\"{field}\"");
                }
                place = Place::Inside;
            }
            (Place::Quoted, c) => field.push(c),
            (_, '\n') => {
                item.push_str(&std::mem::take(&mut field));
                push(&mut items, begin, &mut item);
                (place, begin) = (Place::Start, line);
            }
            (_, ',') => {
                item.push_str(&std::mem::take(&mut field));
                item.push(',');
                place = Place::Start;
            }
            (Place::Start, '"') => (place, quote) = (Place::Quoted, line),
            (_, c) => {
                field.push(c);
                place = Place::Inside;
            }
        }
    }
    if place == Place::Quoted {
        return Err(Unclosed(quote));
    }
    item.push_str(&field);
    push(&mut items, begin, &mut item);
    Ok(items)
}

fn push(items: &mut Vec<Item>, line: usize, item: &mut String) {
    let text = std::mem::take(item).trim().to_owned();
    if !text.is_empty() {
        items.push(Item { line, text });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Item, Unclosed, items};

    fn texts(text: &str) -> Vec<String> {
        let items = items(text).unwrap().into_iter();
        items.map(|item| item.text).collect()
    }

    /// As that action's README has it, and what its reader makes of slips.
    #[test]
    fn items_as_build_push_action_reads_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(texts(text), expected, "{text}");
        check(
            "token=abc\n\"MYSECRET=aaaa\nbbbb\nccc\"\nFOO=bar\n\"EMPTYLINE=aaaa\n\nbbbb\"\n",
            &[
                "token=abc",
                "MYSECRET=aaaa\nbbbb\nccc",
                "FOO=bar",
                "EMPTYLINE=aaaa\n\nbbbb",
            ],
        );
        check(
            "\"JSON={\"\"key1\"\":\"\"value1\"\",\"\"key2\"\":\"\"value2\"\"}\"",
            &["JSON={\"key1\":\"value1\",\"key2\":\"value2\"}"],
        );
        check("\"k=v w\"", &["k=v w"]);
        check(
            "a=1,2\r\nb=\"x y\"\n\n  \nc=",
            &["a=1,2", "b=\"x y\"", "c="],
        );
        check("\"a=1\",\"b=2\"", &["a=1,b=2"]);
        // The quotes don't stand around the whole.
        check("\"a\"=b", &["\"a\"=b"]);
        check("\"a=b\" ", &["\"a=b\""]);
        check(" \"a=b c\"", &["\"a=b c\""]);
        check("\"\"", &[]);
        assert_eq!(items("a=b\nc=d\n\"e=f\ng=h"), Err(Unclosed(3)));
    }

    #[test]
    fn an_item_stands_where_it_begins() {
        let lines: Vec<usize> = items("a=1\n\n\"b=2\n3\"\nc=4")
            .unwrap()
            .iter()
            .map(|item: &Item| item.line)
            .collect();
        assert_eq!(lines, [1, 3, 5]);
    }

    proptest! {
        /// Whatever a value holds, in quotes it arrives as it was, less what is blank at its end.
        #[test]
        fn what_is_quoted_comes_back(
            given in prop::collection::vec(("[A-Za-z_][A-Za-z0-9_.-]{0,8}", "(?s).{0,40}"), 0..8)
        ) {
            let given: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let quoted: Vec<String> = given
                .iter()
                .map(|item| format!("\"{}\"", item.replace('"', "\"\"")))
                .collect();
            let expected: Vec<&str> = given.iter().map(|item| item.trim()).collect();
            prop_assert_eq!(texts(&quoted.join("\n")), expected);
        }

        /// Lines without a quote at the start of a field are items as they stand.
        #[test]
        fn plain_lines_come_back(
            given in prop::collection::vec("[A-Za-z_][A-Za-z0-9_]{0,8}=[ -!#-~]{0,20}", 0..8)
        ) {
            let expected: Vec<&str> = given.iter().map(|item| item.trim()).collect();
            prop_assert_eq!(texts(&given.join("\n")), expected);
        }

        #[test]
        fn no_text_is_too_odd(text in "(?s)[\",\n\r a=]{0,40}") {
            if let Ok(items) = items(&text) {
                prop_assert!(items.iter().all(|item| !item.text.is_empty()));
            }
        }
    }
}
