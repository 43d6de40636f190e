//! Reads a file's text strictly, so that a message can name line, column and member.
//!
//! The text is walked once before it is taken over. Nothing here opens a file.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::DeserializeSeed;
use serde_json::Value;

use super::document::{Definition, unwrapped};
use super::walk::{MAX_BYTES, NUMBER_MARK, Stop, Walker};
use super::yaml;
use crate::definition::CONTAINERS;

/// The most characters of a path that a message shows: no path that is meant is as long.
const SHOWN_CHARS: usize = 200;

/// Why a document isn't a task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDocument {
    /// Path of the file, or what else the document comes from.
    pub file: String,
    /// Line and column, counted from 1; absent where no text was read.
    pub at: Option<(usize, usize)>,
    /// `containerDefinitions[0].image`; empty for the document as a whole.
    pub member: String,
    /// One sentence without a full stop.
    pub why: String,
}

impl fmt::Display for BadDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.file)?;
        if let Some((line, column)) = self.at {
            write!(f, ", line {line}, column {column}")?;
        }
        match self.member.char_indices().nth(SHOWN_CHARS) {
            Some((end, _)) => write!(f, ", `{}…`", self.member.get(..end).unwrap_or_default())?,
            None if self.member.is_empty() => {}
            None => write!(f, ", `{}`", self.member)?,
        }
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for BadDocument {}

impl Definition {
    /// Reads the text of `file`: RegisterTaskDefinition's shape, or what DescribeTaskDefinition
    /// printed, with or without its `taskDefinition` envelope and the tags next to it.
    ///
    /// # Errors
    /// What is wrong, with line, column and member.
    pub fn parse(file: &str, text: &[u8]) -> Result<Definition, BadDocument> {
        definition(file, text)
    }

    /// Takes over a document that `source` gave, in any of the shapes that a file may have.
    ///
    /// # Errors
    /// What is wrong, with the member, without line and column.
    pub fn from_value(source: &str, document: Value) -> Result<Definition, BadDocument> {
        check_shape(source, unwrapped(document)).map(Definition::unchecked)
    }
}

fn definition(file: &str, text: &[u8]) -> Result<Definition, BadDocument> {
    let bad = |line: usize, column: usize, why: &str| BadDocument {
        file: file.to_owned(),
        at: Some((line, column)),
        member: String::new(),
        why: why.to_owned(),
    };
    if text.len() > MAX_BYTES {
        let why = format!("the file is longer than the {MAX_BYTES} bytes that are read");
        return Err(bad(1, 1, &why));
    }
    if text.starts_with(b"\xef\xbb\xbf") {
        return Err(bad(
            1,
            1,
            "the file starts with a byte order mark; save it as plain UTF-8",
        ));
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        bad(line, column, "the file isn't UTF-8")
    })?;
    if text.trim().is_empty() {
        return Err(bad(1, 1, "the file is empty"));
    }
    if text.contains(NUMBER_MARK) {
        return Err(bad(
            1,
            1,
            "no member may be named like a mark of the JSON library",
        ));
    }
    let text = Text::of(file, text);
    let document = text.read()?;
    check_shape(file, unwrapped(document))
        .map(Definition::unchecked)
        .map_err(|problem| BadDocument {
            at: Some(text.place_of(&problem.member)),
            ..problem
        })
}

/// What has to be there for the document to be a task definition at all.
fn check_shape(source: &str, document: Value) -> Result<Value, BadDocument> {
    let bad = |member: &str, why: &str| {
        let (file, member) = (source.to_owned(), member.to_owned());
        Err(BadDocument {
            file,
            at: None,
            member,
            why: why.to_owned(),
        })
    };
    if !document.is_object() {
        return bad("", "a task definition is an object");
    }
    let Some(containers) = document.get(CONTAINERS).and_then(Value::as_array) else {
        return bad(CONTAINERS, "the task definition has no list of containers");
    };
    if containers.is_empty() {
        return bad(CONTAINERS, "the list of containers is empty");
    }
    let mut names = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        let member = format!("{CONTAINERS}[{index}].name");
        match container.get("name").and_then(Value::as_str) {
            None | Some("") => return bad(&member, "the container has no name"),
            Some(name) if !names.insert(name) => {
                return bad(&member, "another container has the same name");
            }
            Some(_) => {}
        }
    }
    match document.get("family").and_then(Value::as_str) {
        None | Some("") => bad("family", "the task definition names no family"),
        Some(_) => Ok(document),
    }
}

/// A file's text and the language that its name says.
#[derive(Clone, Copy)]
struct Text<'a> {
    file: &'a str,
    text: &'a str,
    yaml: bool,
}

impl<'a> Text<'a> {
    fn of(file: &'a str, text: &'a str) -> Text<'a> {
        let lower = file.to_lowercase();
        let yaml = [".yaml", ".yml"].iter().any(|end| lower.ends_with(end));
        Text { file, text, yaml }
    }

    /// Walks the text, and takes it over then.
    fn read(self) -> Result<Value, BadDocument> {
        let walker = Walker::of(self.yaml);
        let read = if self.yaml { yaml::read } else { json };
        self.walk(&walker)
            .and_then(|()| read(self.text))
            .map_err(|stop| located(self.file, walker.shown(), &stop))
    }

    fn walk(self, walker: &Walker) -> Result<(), Stop> {
        if self.yaml {
            return yaml::walk(self.text, walker);
        }
        let mut reader = serde_json::Deserializer::from_str(self.text);
        walker
            .deserialize(&mut reader)
            .and_then(|()| reader.end())
            .map_err(|error| Stop::of_json(&error))
    }

    /// Where `member` stands, or the innermost of those that it would stand in.
    fn place_of(self, member: &str) -> (usize, usize) {
        let mut member = member;
        loop {
            if let Err(stop) = self.walk(&Walker::up_to(member)) {
                return stop.at;
            }
            let Some(end) = member.rfind(['.', '[']) else {
                return (1, 1);
            };
            member = member.get(..end).unwrap_or_default();
        }
    }
}

fn json(text: &str) -> Result<Value, Stop> {
    serde_json::from_str(text).map_err(|error| Stop::of_json(&error))
}

fn located(file: &str, member: String, stop: &Stop) -> BadDocument {
    let (line, column) = stop.at;
    // The readers tell some of it in their own words, too.
    let text = stop
        .text
        .replace(&format!(" at line {line} column {column}"), "");
    let why = text
        .strip_prefix(&format!("{member}: "))
        .unwrap_or(&text)
        .to_owned();
    BadDocument {
        file: file.to_owned(),
        // A reader that stops at the end of a line counts it as column 0.
        at: Some((line.max(1), column.max(1))),
        member,
        why,
    }
}
