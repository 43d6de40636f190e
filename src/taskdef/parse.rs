//! Reads a file's text strictly, so that a message can name line, column and member.
//!
//! The text is walked once before it is taken over: `serde_json` alone would let the last of two
//! equal members win, and would say nothing about what a member has to be.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::document::{Definition, unwrapped};

/// The longest file that is read: ECS itself takes 64 KiB, and nothing near this is meant.
const MAX_BYTES: usize = 10 * 1024 * 1024;

/// How `serde_json` marks a number inside; a member of this name could not be kept.
const NUMBER_MARK: &str = "$serde_json::private::Number";

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
        if !self.member.is_empty() {
            write!(f, ", `{}`", self.member)?;
        }
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for BadDocument {}

pub(super) fn definition(file: &str, text: &[u8]) -> Result<Definition, BadDocument> {
    let bad = |line: usize, column: usize, why: &str| BadDocument {
        file: file.to_owned(),
        at: Some((line, column)),
        member: String::new(),
        why: why.to_owned(),
    };
    if text.len() > MAX_BYTES {
        let why = format!(
            "the file has {} bytes; at most {MAX_BYTES} are read",
            text.len()
        );
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
    let is_yaml = [".yaml", ".yml"]
        .iter()
        .any(|ending| file.to_lowercase().ends_with(ending));
    let document = if is_yaml {
        read_yaml(file, text)?
    } else {
        read_json(file, text)?
    };
    check_shape(file, unwrapped(document))
        .map(Definition::unchecked)
        .map_err(|problem| BadDocument {
            at: Some((1, 1)),
            ..problem
        })
}

/// What has to be there for the document to be a task definition at all.
pub(super) fn check_shape(source: &str, document: Value) -> Result<Value, BadDocument> {
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
    let Some(containers) = document
        .get("containerDefinitions")
        .and_then(Value::as_array)
    else {
        return bad(
            "containerDefinitions",
            "the task definition has no list of containers",
        );
    };
    if containers.is_empty() {
        return bad("containerDefinitions", "the list of containers is empty");
    }
    let mut names = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        let member = format!("containerDefinitions[{index}].name");
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

/// Walks the text for duplicate members and members of the wrong kind, and takes it over then.
fn read_json(file: &str, text: &str) -> Result<Value, BadDocument> {
    let path = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_str(text);
    let walked = Walk { path: &path }
        .deserialize(&mut reader)
        .and_then(|()| reader.end());
    walked
        .and_then(|()| serde_json::from_str(text))
        .map_err(|error| {
            located(
                file,
                &path.borrow(),
                &Place {
                    at: (error.line(), error.column()),
                    text: error.to_string(),
                },
            )
        })
}

/// The same for YAML. Whole numbers stay as they were written in decimals; a key or a tag that JSON
/// doesn't have is an error.
fn read_yaml(file: &str, text: &str) -> Result<Value, BadDocument> {
    let path = RefCell::new(Vec::new());
    let walked = Walk { path: &path }.deserialize(yaml_serde::Deserializer::from_str(text));
    walked
        .and_then(|()| yaml_serde::from_str(text))
        .map_err(|error| {
            let at = error
                .location()
                .map_or((1, 1), |place| (place.line(), place.column()));
            located(
                file,
                &path.borrow(),
                &Place {
                    at,
                    text: error.to_string(),
                },
            )
        })
}

/// Where a reader stopped, and its words.
struct Place {
    at: (usize, usize),
    text: String,
}

fn located(file: &str, path: &[String], place: &Place) -> BadDocument {
    let (line, column) = place.at;
    let member = path.concat().trim_start_matches('.').to_owned();
    // The readers tell some of it in their own words, too.
    let text = place
        .text
        .replace(&format!(" at line {line} column {column}"), "");
    let why = text
        .strip_prefix(&format!("{member}: "))
        .unwrap_or(&text)
        .to_owned();
    BadDocument {
        file: file.to_owned(),
        at: Some(place.at),
        member,
        why,
    }
}

/// What a member has to be, where it is one that is read or edited here.
#[rustfmt::skip]
const KINDS: &[(&str, &str)] = &[
    ("", "an object"),
    (".taskDefinition", "an object"),
    (".family", "a string"),
    (".tags", "an array"),
    (".containerDefinitions", "an array"),
    (".containerDefinitions[]", "an object"),
    (".containerDefinitions[].name", "a string"),
    (".containerDefinitions[].image", "a string"),
    (".containerDefinitions[].command", "an array"),
    (".containerDefinitions[].environment", "an array"),
    (".containerDefinitions[].environment[]", "an object"),
    (".containerDefinitions[].environment[].name", "a string"),
    (".containerDefinitions[].environment[].value", "a string"),
    (".containerDefinitions[].environmentFiles", "an array"),
    (".containerDefinitions[].environmentFiles[]", "an object"),
    (".containerDefinitions[].secrets", "an array"),
    (".containerDefinitions[].secrets[]", "an object"),
    (".containerDefinitions[].secrets[].name", "a string"),
    (".containerDefinitions[].secrets[].valueFrom", "a string"),
    (".containerDefinitions[].dockerLabels", "an object"),
    (".containerDefinitions[].logConfiguration", "an object"),
    (".containerDefinitions[].logConfiguration.options", "an object"),
];

/// One value under the walk. The path is left standing where an error is found.
#[derive(Clone, Copy)]
struct Walk<'p> {
    /// Steps such as `.image` and `[0]`.
    path: &'p RefCell<Vec<String>>,
}

impl Walk<'_> {
    /// Holds the kind of the value at hand against the one that it has to have.
    fn expect<E: de::Error>(self, found: &str) -> Result<(), E> {
        let path: String = self
            .path
            .borrow()
            .iter()
            .map(|step| {
                if step.starts_with('[') {
                    "[]"
                } else {
                    step.as_str()
                }
            })
            .collect();
        let inner = path
            .strip_prefix(".taskDefinition")
            .filter(|inner| !inner.is_empty());
        let path = inner.unwrap_or(&path);
        match KINDS.iter().find(|(of, _)| *of == path) {
            Some((_, kind)) if *kind != found => {
                Err(E::custom(format!("{kind} is needed, this is {found}")))
            }
            _ => Ok(()),
        }
    }

    fn enter(self, step: String) {
        self.path.borrow_mut().push(step);
    }

    fn leave(self) {
        self.path.borrow_mut().pop();
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what JSON has too")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.expect("a boolean")
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.expect("a number")
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.expect("a number")
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<(), E> {
        self.expect("a number")
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<(), E> {
        self.expect("a number")
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.expect("a number")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.expect("a string")
    }

    /// `null` says "not given", whatever the member is.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.expect("an array")?;
        let mut index = 0_usize;
        loop {
            self.enter(format!("[{index}]"));
            let more = items.next_element_seed(self)?;
            self.leave();
            if more.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == NUMBER_MARK {
                self.expect("a number")?;
                return members.next_value::<de::IgnoredAny>().map(|_| ());
            }
            if seen.is_empty() {
                self.expect("an object")?;
            }
            self.enter(format!(".{name}"));
            if !seen.insert(name) {
                return Err(de::Error::custom("the member stands here twice"));
            }
            members.next_value_seed(self)?;
            self.leave();
        }
        if seen.is_empty() {
            self.expect("an object")
        } else {
            Ok(())
        }
    }
}
