use super::{Fence, add_mask};
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
    assert_eq!(one.close(), format!("::{}::", one.0));
}
