//! Words that a reader whose third language is English has to look up, or reads in another sense.
//! CONTRIBUTING.md says which to take in their place.

use crate::{files, links, rust};

/// Each in all its forms. A phrase is found across the end of a line, too.
const LEAVE: &[&str] = &[
    "reckon",
    "reckons",
    "reckoned",
    "reckoning",
    "for want of",
    "is no matter",
    "told",
    "heed",
    "heeds",
    "heeded",
    "mend",
    "mends",
    "mended",
    "anew",
    "whoever",
    "beside",
    "the own ones",
    "half as old again",
    "just this",
];

/// This file has to name the words.
const HERE: &str = "tests/contract/words.rs";

/// The words to leave that are in a text. Part of a longer word or name is another word, and so is
/// the value that a message takes in (`{name}`).
fn found(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !"_{".contains(c));
    let alone = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            ends(text[..at].chars().next_back()) && ends(text[at + word.len()..].chars().next())
        })
    };
    LEAVE.iter().copied().filter(|word| alone(word)).collect()
}

/// The lines of a document that its author wrote. What the tool printed is held where the tool says
/// it, and a document's code is code.
fn written(markdown: &str) -> Vec<(usize, &str)> {
    let mut until = None;
    let mut lines = Vec::new();
    for (index, line) in markdown.lines().enumerate() {
        match until {
            Some(end) if line == end => until = None,
            Some(_) => {}
            None if line.starts_with("<!-- picture") => until = Some("<!-- /picture -->"),
            None if line == "```json" || line == "```rust" => until = Some("```"),
            None => lines.push((index + 1, line)),
        }
    }
    lines
}

/// The words to leave in a text, without what stands in backticks: names are another matter.
fn places(file: &str, line: usize, text: &str) -> Vec<String> {
    let prose: Vec<&str> = text.split('`').step_by(2).collect();
    let say = |word| format!("{file}:{line}: `{word}`");
    found(&prose.join(" ")).into_iter().map(say).collect()
}

#[test]
fn documents_are_in_plain_words() {
    let mut documents = links::documents();
    documents.push("action.yml".to_owned());
    assert!(documents.len() > 12, "the documents were not found");
    let mut wrong = Vec::new();
    for file in &documents {
        for (line, text) in written(&files::read(file)) {
            wrong.extend(places(file, line, text));
        }
    }
    assert!(wrong.is_empty(), "words to leave:\n{}", wrong.join("\n"));
}

#[test]
fn comments_and_messages_are_in_plain_words() {
    let mut wrong = Vec::new();
    let files: Vec<String> = ["src", "sim/src", "tests"]
        .into_iter()
        .flat_map(files::sources)
        .collect();
    assert!(files.len() > 100, "the sources were not found");
    for file in files {
        for (line, text) in rust::said(&files::read(&file)) {
            if file != HERE {
                wrong.extend(places(&file, line, &text));
            }
        }
    }
    assert!(wrong.is_empty(), "words to leave:\n{}", wrong.join("\n"));
}

/// The check sees what it is there for.
#[test]
fn a_word_is_found_by_itself_and_not_in_a_name() {
    assert_eq!(found("It was told, anew."), ["told", "anew"]);
    assert_eq!(
        found("a_secret_is_told_nowhere besides {told}"),
        Vec::<&str>::new()
    );
    let text = "one\n<!-- picture: a -->\n```text\ntold\n```\nanew\n<!-- /picture -->\ntwo\n";
    assert_eq!(written(text), [(1, "one"), (8, "two")]);
}
