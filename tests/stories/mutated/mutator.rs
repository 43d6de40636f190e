//! Falsifies whole answers at the door: members that are missing, null, of another type, out of
//! range or there twice, lists that are empty or repeat themselves, texts that are hostile or long.
//!
//! Everything is drawn from a seed. It knows JSON and XML, and nothing of what an answer is about.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::seeded::Numbers;

/// Marks a member that is to stand twice in one object, which no JSON value can hold.
const TWICE: &str = "\u{1}twice";
/// How often a list repeats itself.
const REPEATED: usize = 40;
/// How a value can be changed.
const WAYS: u64 = 9;
/// The longest text: far more than AWS ever sends.
const LONG: usize = 100_000;

/// Numbers that no count, size or time of AWS's is: the years before 1 and after 9999 among them.
const NUMBERS: [&str; 14] = [
    "-1",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e300",
    "-1e300",
    "-0.5",
    "0.1",
    "-62135596801",
    "253402300800",
    "1e12",
    "-1e12",
];

/// Texts that somebody else might have written.
const TEXTS: [&str; 9] = [
    "",
    " ",
    "\u{0}\u{1b}[31m",
    "x\n::error::forged\r##[group]x",
    "\u{202e}\u{2066}\u{200b}",
    "NaN",
    "-1",
    "arn:aws:ecs:eu-west-1:111122223333:service/web/other",
    "</details><script>`|`",
];

/// What may be falsified.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// The operations, or all where there are none.
    pub(crate) operations: Vec<&'static str>,
    /// In these seconds after the start.
    pub(crate) seconds: std::ops::Range<i64>,
    /// One of so many answers.
    pub(crate) one_in: u64,
    /// Members may only be missing or null: what AWS said is never turned into something else.
    pub(crate) only_missing: bool,
}

/// Falsifies answers, and keeps what it did.
#[derive(Clone, Debug)]
pub(crate) struct Mutator(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    numbers: Numbers,
    reach: Reach,
    done: Vec<String>,
}

impl Mutator {
    pub(crate) fn new(numbers: Numbers, reach: Reach) -> Mutator {
        Mutator(Arc::new(Mutex::new(Inner {
            numbers,
            reach,
            done: Vec::new(),
        })))
    }

    /// The answer to `operation` in this second after the start, as it arrives.
    pub(crate) fn answer(&self, operation: &str, second: i64, body: Bytes) -> Bytes {
        let mut inner = self.0.lock().unwrap();
        let reach = &inner.reach;
        let meant = reach.operations.is_empty() || reach.operations.contains(&operation);
        let (one_in, at) = (reach.one_in, reach.seconds.contains(&second));
        if !meant || !at || !inner.numbers.one_in(one_in) {
            return body;
        }
        let what = format!("{operation} at {second} s");
        inner.falsified(&what, &body)
    }

    /// What was falsified, in the order of the answers.
    pub(crate) fn done(&self) -> Vec<String> {
        self.0.lock().unwrap().done.clone()
    }
}

impl Inner {
    fn falsified(&mut self, what: &str, body: &Bytes) -> Bytes {
        let Ok(mut document) = serde_json::from_slice::<Value>(body) else {
            return self.falsified_xml(what, body);
        };
        for _ in 0..=self.numbers.below(3) {
            let Some((places, all)) = self.places(&document) else {
                break;
            };
            let way = self.numbers.below(WAYS);
            let mut how = String::new();
            for place in &places {
                how = self.change(&mut document, place, way);
            }
            let name = &places[0];
            self.done.push(format!("{what}: {name}{all}: {how}"));
        }
        let twice = format!("\\u0001{}", &TWICE[1..]);
        document.to_string().replace(&twice, "").into()
    }

    /// One place, or all of a name. A name is drawn first: what stands in each of a hundred events
    /// is no more worth than what stands in one task.
    fn places(&mut self, document: &Value) -> Option<(Vec<String>, &'static str)> {
        let mut places = Vec::new();
        walk(document, "", &mut places);
        if self.reach.only_missing {
            // An item that is missing is a lie; a member that is missing is none.
            places.retain(|place| is_member(document, place));
        }
        let kind = |place: &String| {
            let (above, name) = parent(place);
            let item = name.bytes().all(|b| b.is_ascii_digit());
            if item {
                format!("{}/#", parent(above).1)
            } else {
                name
            }
        };
        let kinds: BTreeSet<String> = places.iter().map(kind).collect();
        let kinds: Vec<String> = kinds.into_iter().collect();
        if kinds.is_empty() {
            return None;
        }
        let drawn = self.numbers.of(&kinds);
        places.retain(|place| kind(place) == drawn);
        if self.numbers.one_in(3) {
            // The last ones first, so that the places of the others stay.
            places.reverse();
            return Some((places, " and all of its name"));
        }
        Some((vec![self.numbers.of(&places)], ""))
    }

    /// Changes the value at `place`, and says how.
    fn change(&mut self, document: &mut Value, place: &str, way: u64) -> String {
        let way = if self.reach.only_missing {
            way % 2
        } else {
            way
        };
        let value = document.pointer(place).cloned().unwrap_or_default();
        let (new, how) = match (way, &value) {
            (0, _) => {
                remove(document, place);
                return "missing".to_owned();
            }
            (1, _) => (Value::Null, "null"),
            (2, _) => (self.another_type(&value), "another type"),
            (3, _) => {
                double(document, place, self.another_type(&value));
                return "twice".to_owned();
            }
            (4 | 5, Value::Array(items)) if !items.is_empty() => {
                let all: Vec<Value> = items.iter().cycle().take(REPEATED).cloned().collect();
                (all.into(), "repeated")
            }
            (6, Value::Array(_)) => (json!([]), "empty"),
            (6, Value::Object(_)) => (json!({}), "empty"),
            (_, Value::Number(_)) => {
                let number = self.numbers.of(&NUMBERS);
                (serde_json::from_str(number).unwrap(), "out of range")
            }
            (_, Value::Bool(yes)) => (json!(!yes), "the opposite"),
            (8, Value::String(text)) => (json!(text.repeat(LONG / text.len().max(1))), "long"),
            (_, Value::String(_)) => (json!(self.numbers.of(&TEXTS)), "another text"),
            _ => (self.another_type(&value), "another type"),
        };
        let shown: String = new.to_string().chars().take(60).collect();
        if let Some(there) = document.pointer_mut(place) {
            *there = new;
        }
        format!("{how}: {shown}")
    }

    fn another_type(&mut self, value: &Value) -> Value {
        let all = [
            json!(null),
            json!(true),
            json!(7),
            json!(1.5),
            json!("7"),
            json!([]),
            json!([value]),
            json!({}),
            json!({"value": value}),
        ];
        self.numbers.of(&all)
    }

    /// An element's text is replaced, an element is missing, or stands there twice.
    fn falsified_xml(&mut self, what: &str, body: &Bytes) -> Bytes {
        let text = String::from_utf8_lossy(body).into_owned();
        // `<name>text</name>`: elements that hold no others.
        let leaves: Vec<(usize, usize)> = text
            .match_indices('<')
            .filter(|(at, _)| !text[at + 1..].starts_with(['/', '?', '!']))
            .filter_map(|(at, _)| {
                let start = at + text[at..].find('>')? + 1;
                let end = start + text[start..].find('<')?;
                text[end..].starts_with("</").then_some(())?;
                Some((at, end + text[end..].find('>')? + 1))
            })
            .collect();
        if leaves.is_empty() {
            self.done.push(format!("{what}: cut off"));
            return body.slice(..body.len() / 2);
        }
        let (start, end) = self.numbers.of(&leaves);
        let element = &text[start..end];
        let ways = if self.reach.only_missing { 1 } else { 5 };
        let new = match self.numbers.below(ways) {
            0 => String::new(),
            1 => element.repeat(2),
            2 => {
                let long = "9".repeat(LONG);
                between(element, &long)
            }
            3 => between(element, self.numbers.of(&NUMBERS)),
            _ => between(element, "&#x202e;::error::x &lt;b&gt;"),
        };
        let shown: String = new.chars().take(60).collect();
        self.done.push(format!("{what}: {element} → {shown}"));
        [&text[..start], &new, &text[end..]].concat().into()
    }
}

/// `element` with another text.
fn between(element: &str, text: &str) -> String {
    let start = element.find('>').map_or(0, |at| at + 1);
    let end = element.rfind('<').unwrap_or(element.len());
    format!("{}{text}{}", &element[..start], &element[end..])
}

/// Every place in `value` by its JSON pointer, without the whole.
fn walk(value: &Value, at: &str, places: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let place = format!("{at}/{name}");
        walk(value, &place, places);
        places.push(place);
    }
}

/// The place that holds `place`, and its name there.
fn parent(place: &str) -> (&str, String) {
    let (parent, name) = place.rsplit_once('/').unwrap_or(("", place));
    (parent, name.replace("~1", "/").replace("~0", "~"))
}

fn is_member(document: &Value, place: &str) -> bool {
    document
        .pointer(parent(place).0)
        .is_some_and(Value::is_object)
}

fn remove(document: &mut Value, place: &str) {
    let (parent, name) = parent(place);
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.shift_remove(&name)),
        Some(Value::Array(items)) => {
            if let Some(index) = name.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// The member once more with another value, or the item once more as it is.
fn double(document: &mut Value, place: &str, other: Value) {
    let (parent, name) = parent(place);
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(format!("{name}{TWICE}"), other);
        }
        Some(Value::Array(items)) => {
            let index: Option<usize> = name.parse().ok();
            if let Some(item) = index.and_then(|index| items.get(index)).cloned() {
                items.push(item);
            }
        }
        _ => {}
    }
}
