//! Writes what is asked of the stand-in, and what it answers, for AWS's own model to be held against.
//!
//! Every door of the tests calls [`note`]. It does nothing unless `PLIMSOLL_EXCHANGES` names a
//! folder. Nothing is judged here: that is for `check.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use plimsoll_sim::Answer;
use serde_json::{Value, json};

/// Files that one process of tests may write. All stories together write some 2,000: ten times as
/// many mean that the shapes no longer tell like from unlike.
const FILES_MAX: usize = 20_000;
static FILES: AtomicUsize = AtomicUsize::new(0);

/// A text with more letters than AWS's longest enum words is no word.
const WORD_MAX_CHARS: usize = 50;

/// Writes one exchange, if none of its shape was written before. `by` is who asks: `plimsoll`, or
/// `test` where a test asks by itself, perhaps wrongly on purpose.
pub(crate) fn note(by: &str, request: &Request<Bytes>, answer: &Answer) {
    let Some(folder) = std::env::var_os("PLIMSOLL_EXCHANGES") else {
        return;
    };
    // What is asked by GET is no operation: the runner's token, GitHub, the bytes of a layer.
    if request.method() != Method::POST || request.uri().path() != "/" {
        return;
    }
    let (status, headers, body) = match answer {
        // A server that isn't AWS writes pages: a story wanted one.
        Answer::Response(answer) | Answer::Late(_, answer) if is_page(answer.headers()) => return,
        Answer::Response(answer) | Answer::Late(_, answer) => (
            answer.status().as_u16(),
            some_headers(answer.headers()),
            text(answer.body()),
        ),
        Answer::Dropped => (0, BTreeMap::new(), String::new()),
    };
    let asked = text(request.body());
    let exchange = json!({
        "by": by,
        "request": {"headers": some_headers(request.headers()), "body": asked},
        "answer": {"status": status, "headers": headers, "body": body},
    });
    let shape = (
        by,
        some_headers(request.headers()),
        (shape_of(&asked), status, headers, shape_of(&body)),
    );
    let mut hasher = DefaultHasher::new();
    shape.hash(&mut hasher);
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let known = json!(plimsoll_sim::operations());
    write_once(&folder.join("operations.json"), &known);
    let name = format!("exchange-{:016x}.json", hasher.finish());
    if write_once(&folder.join(name), &exchange) {
        let written = FILES.fetch_add(1, Ordering::Relaxed);
        assert!(written < FILES_MAX, "{FILES_MAX} exchanges were recorded");
    }
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// Whether the file is new. Tests run side by side, in several processes.
fn write_once(path: &Path, content: &Value) -> bool {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(content.to_string().as_bytes()).unwrap();
            true
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// The headers that the protocols give a meaning; credentials aren't among them.
fn some_headers(headers: &HeaderMap) -> BTreeMap<&'static str, String> {
    ["content-type", "x-amz-target"]
        .into_iter()
        .filter_map(|name| Some((name, headers.get(name)?.to_str().ok()?.to_owned())))
        .collect()
}

/// Members, types and words of a body: what is alike in two bodies that say the same of different
/// things.
fn shape_of(body: &str) -> String {
    match serde_json::from_str(body) {
        Ok(json) => shape_of_json(&json),
        Err(_) if body.starts_with('<') => shape_of_xml(body),
        Err(_) => shape_of_form(body),
    }
}

fn shape_of_json(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeSet<String> = members
                .iter()
                .map(|(name, value)| format!("{name}:{}", shape_of_json(value)))
                .collect();
            format!("{members:?}")
        }
        Value::Array(items) => {
            let items: BTreeSet<String> = items.iter().map(shape_of_json).collect();
            format!("{items:?}")
        }
        Value::String(text) => word(text).to_owned(),
        Value::Number(number) if number.is_f64() => "fraction".to_owned(),
        Value::Number(_) => "whole".to_owned(),
        Value::Bool(_) => "flag".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

/// An element after the other; items of a list that are alike count once.
fn shape_of_xml(body: &str) -> String {
    let parts = body.split_inclusive("</member>");
    let parts = parts.flat_map(|part| part.split_inclusive("</item>"));
    let shapes: BTreeSet<String> = parts
        .map(|part| {
            part.split(['<', '>'])
                .map(word)
                .collect::<Vec<_>>()
                .join("<")
        })
        .collect();
    format!("{shapes:?}")
}

/// The names of the fields, without the numbers of list items.
fn shape_of_form(body: &str) -> String {
    let fields = body.split('&').map(|field| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let number = |part: &str| part.parse::<u32>().is_ok();
        let parts: Vec<&str> = name.split('.').filter(|part| !number(part)).collect();
        format!("{}={}", parts.join("."), word(value))
    });
    format!("{:?}", fields.collect::<BTreeSet<String>>())
}

/// A text that may be one of an enum's words, else `text`.
fn word(text: &str) -> &str {
    let is_letter = |c: char| c.is_ascii_alphabetic() || "_-./:".contains(c);
    let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_word = text.chars().all(is_letter) || text.chars().all(is_capital);
    if is_word && text.len() <= WORD_MAX_CHARS {
        text
    } else {
        "text"
    }
}
