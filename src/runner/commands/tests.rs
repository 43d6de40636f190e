use proptest::prelude::*;

use super::Fence;
use crate::redact::{Redactor, Shown};

fn shown(text: &str) -> Shown {
    Redactor::default().shown(text)
}

fn plain(text: &str) -> String {
    super::plain(&shown(text))
}

fn error(title: Option<&str>, text: &str) -> String {
    super::error(title, &shown(text))
}

fn warning(title: Option<&str>, text: &str) -> String {
    super::warning(title, &shown(text))
}

fn debug(text: &str) -> String {
    super::debug(&shown(text))
}

fn group(title: &str) -> String {
    super::group(&shown(title))
}

use super::add_mask;
use crate::shown;

/// What the runner makes of one line: name, properties, data.
type Command = (String, Vec<(String, String)>, String);

/// Every command that the runner finds in `text`, as its own parser does it: lines end at CR too,
/// `::` counts after any blanks, `##[` anywhere.
fn heard(text: &str) -> Vec<Command> {
    text.split(['\n', '\r'])
        .filter_map(|line| version_2(line).or_else(|| version_1(line)))
        .collect()
}

fn version_2(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    let pairs = properties
        .trim()
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.to_owned(), unescaped(&unescaped_property(value))));
    Some((name.to_owned(), pairs.collect(), unescaped(data)))
}

fn version_1(line: &str) -> Option<Command> {
    let (info, data) = line.split_once("##[")?.1.split_once(']')?;
    Some((info.to_owned(), Vec::new(), data.to_owned()))
}

fn unescaped(text: &str) -> String {
    text.replace("%0D", "\r")
        .replace("%0A", "\n")
        .replace("%25", "%")
}

fn unescaped_property(text: &str) -> String {
    text.replace("%3A", ":").replace("%2C", ",")
}

#[test]
fn texts_from_outside_read_well_and_do_nothing() {
    let table = [
        ("service api is steady", "service api is steady"),
        ("::error::you were had", ": :error::you were had"),
        (
            " \u{a0}\t::set-output name=x::y",
            " \u{a0} : :set-output name=x::y",
        ),
        ("#5 ##[error]no ###[group]x", "#5 # #[error]no ## #[group]x"),
        ("\u{1b}[31m:\u{1b}[0m:error::x", ": :error::x"),
        ("#\u{0}#[error]", "# #[error]"),
        ("\u{1b}]0;title\u{7}done\u{1b}[K", "done"),
        ("one\r\n::warning::two", "one  ::warning::two"),
        ("a\u{202e}b\u{200b}c\u{feff}", "abc"),
        ("a::b std::fmt::Display", "a::b std::fmt::Display"),
        (":", ":"),
    ];
    for (text, expected) in table {
        assert_eq!(plain(text), expected, "{text:?}");
    }
    let long = plain(&"ä".repeat(5000));
    assert_eq!(
        (long.chars().count(), long.chars().last()),
        (1024, Some('…'))
    );
}

#[test]
fn commands_carry_their_texts_escaped() {
    insta::assert_snapshot!(error(Some("a, b: 100 %"), "one\ntwo: 3 %"), @"::error title=a%2C b%3A 100 %25::one%0Atwo: 3 %25");
    insta::assert_snapshot!(add_mask("p%\nq"), @"::add-mask::p%25%0Aq");
    assert_eq!(
        warning(None, &"x".repeat(9000)).len(),
        "::warning::…".len() + 4095
    );
    let (one, other) = (Fence::new(), Fence::new());
    assert_ne!(one.open(), other.open());
    assert_eq!(heard(&one.close())[0].0, one.0);
}

/// Texts full of what commands are made of.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("::"),
        Just(":"),
        Just("##["),
        Just("#"),
        Just("["),
        Just("]"),
        Just("\n"),
        Just("\r"),
        Just("\u{1b}"),
        Just("\u{1b}[0m"),
        Just("\u{1b}]"),
        Just("\u{7}"),
        Just("%"),
        Just("%0A"),
        Just("%3A"),
        Just("\u{85}"),
        Just("\u{a0}"),
        Just("\u{2028}"),
        Just("\u{feff}"),
        Just(" "),
        Just("error"),
        Just("add-mask"),
        Just(","),
        Just("="),
        Just("\0"),
        Just("\u{200b}"),
    ];
    let piece = prop_oneof![4 => piece.prop_map(str::to_owned), 1 => ".{0,3}"];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_forges_a_command(text in nasty()) {
        prop_assert_eq!(heard(&plain(&text)), Vec::new());
        prop_assert!(!plain(&text).contains(['\n', '\r']));
    }

    #[test]
    fn a_command_stays_one_command(text in nasty(), title in nasty()) {
        let expected = (shown::lines(&title), shown::lines(&text));
        let commands = heard(&error(Some(&title), &text));
        prop_assert_eq!(commands.len(), 1);
        let (name, properties, data) = &commands[0];
        prop_assert_eq!(name, "error");
        prop_assert!(properties.len() == 1 && properties[0].0 == "title");
        // `%25` next to an escape reads back differently by plain replacing; the texts are compared
        // where there is none.
        if !text.contains('%') && !title.contains('%') {
            // The runner trims the properties as a whole.
            prop_assert_eq!(properties[0].1.trim(), expected.0.trim());
            prop_assert_eq!(data, &expected.1);
        }
        for line in [debug(&text), group(&text), add_mask(&text), warning(None, &text)] {
            prop_assert_eq!(heard(&line).len(), 1, "{}", line);
        }
    }
}
