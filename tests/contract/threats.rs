//! The threat model says what holds each promise: the tests that it names are there.

use std::collections::BTreeSet;

use crate::files;

const NAME: &str = "docs/threat-model.md";

/// What stands in backticks in the tables of promises, as far as it is written like a test's name.
fn named(text: &str) -> Vec<&str> {
    let (_, rest) = text.split_once("\n## What is held, and by what\n").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let is_name = |word: &&str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        word.bytes().all(plain) && word.matches('_').count() > 1
    };
    section
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(is_name)
        .collect()
}

fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in ["src", "sim/src", "tests"]
        .into_iter()
        .flat_map(files::sources)
    {
        for rest in files::read(&file).split("fn ").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            found.extend(end.map(|end| rest[..end].to_owned()));
        }
    }
    found
}

#[test]
fn what_the_threat_model_says_is_held_is_tested() {
    let text = files::read(NAME);
    let named = named(&text);
    assert!(named.len() > 30, "the names were not found: {named:?}");
    let functions = functions();
    let gone: Vec<&&str> = named
        .iter()
        .filter(|name| !functions.contains(**name))
        .collect();
    assert!(
        gone.is_empty(),
        "{NAME} names tests that aren't there: {gone:?}"
    );
}
