//! What a new revision changes, by the names of things and not by their places.

use std::fmt;

use serde_json::Value;

use super::document::Definition;
use super::normal::{NAMED, name_of, normal};
use crate::definition::CONTAINERS;
use crate::shown;

/// Stands for a value that isn't shown.
const HIDDEN: &str = "***";

/// The most characters of a value that a line shows: a command fits, a script doesn't.
const SHOWN_CHARS: usize = 200;

/// Log options that hold no credential. The others may: a log router takes any name, such as `apikey`
/// or `licenseKey`.
const PLAIN_LOG_OPTIONS: &[&str] = &[
    "Name",
    "region",
    "stream",
    "delivery_stream",
    "log_group_name",
    "log_stream_prefix",
    "auto_create_group",
    "mode",
    "max-buffer-size",
    "max-size",
    "max-file",
    "tag",
    "labels",
    "env",
    "compress",
    "splunk-url",
    "splunk-index",
    "splunk-source",
    "splunk-sourcetype",
    "splunk-format",
];

/// The most changes that are named one by one: more is another definition altogether.
const MAX_CHANGES: usize = 500;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `containerDefinitions[app].environment[URL]`, `cpu`.
    pub path: String,
    /// What stands there now; absent where nothing does, `***` where it may be secret.
    pub before: Option<String>,
    /// What will stand there, in the same way.
    pub after: Option<String>,
}

impl fmt::Display for Change {
    /// One line: `containerDefinitions[app].image: a:1 → a:2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change {
            path,
            before,
            after,
        } = self;
        match (before.as_deref(), after.as_deref()) {
            (Some(HIDDEN), Some(HIDDEN)) => write!(f, "{path}: changed (not shown)"),
            (None, Some(HIDDEN)) => write!(f, "{path}: added (not shown)"),
            (Some(_), None) => write!(f, "{path}: removed"),
            (None, Some(after)) => write!(f, "{path}: added {}", short(after)),
            (Some(before), Some(after)) => {
                write!(f, "{path}: {} → {}", short(before), short(after))
            }
            (None, None) => f.write_str(path),
        }
    }
}

/// What `after` changes against `before`, in the order of `before`, then what is new; named items in
/// the order of their names. What ECS fills in by itself is no change. Values of environment variables are shown where `show_values` asks for
/// it, those of secrets never.
pub fn changes(before: &Definition, after: &Definition, show_values: bool) -> Vec<Change> {
    let mut walk = Walk {
        show_values,
        changes: Vec::new(),
    };
    let (before, after) = (normal(before.as_value()), normal(after.as_value()));
    walk.compare(&Place::default(), Some(&before), Some(&after));
    walk.changes
}

/// Where the walk is, and what may be shown there.
#[derive(Clone, Debug, Default)]
struct Place {
    path: String,
    /// The member whose items or values are at hand.
    member: String,
    in_environment: bool,
    in_secrets: bool,
    in_log_options: bool,
}

impl Place {
    fn member(&self, name: &str) -> Place {
        let dot = if self.path.is_empty() { "" } else { "." };
        Place {
            path: format!("{}{dot}{}", self.path, shown::line(name)),
            member: name.to_owned(),
            in_environment: self.in_environment || name == "environment",
            in_secrets: self.in_secrets
                || name == "secrets"
                || name == "secretOptions"
                // Of log options, `splunk-token` is a credential.
                || name.ends_with("-token"),
            in_log_options: self.in_log_options
                || (self.member == "logConfiguration" && name == "options"),
        }
    }

    /// Whether a value here is shown only where `show_values` asks for it.
    fn may_be_secret(&self) -> bool {
        let name = self.member.as_str();
        let is_plain = || {
            name == "options" || name.starts_with("awslogs-") || PLAIN_LOG_OPTIONS.contains(&name)
        };
        self.in_environment || (self.in_log_options && !is_plain())
    }

    fn item(&self, name: &str) -> Place {
        Place {
            path: format!("{}[{}]", self.path, shown::line(name)),
            ..self.clone()
        }
    }

    /// A named value as a whole: `environment[URL]` and not `environment[URL].value`.
    fn is_entry(&self) -> bool {
        (self.in_environment || self.in_secrets) && self.path.ends_with(']')
    }
}

struct Walk {
    show_values: bool,
    changes: Vec<Change>,
}

impl Walk {
    fn compare(&mut self, place: &Place, before: Option<&Value>, after: Option<&Value>) {
        if before == after || self.changes.len() >= MAX_CHANGES {
            return;
        }
        let empty = Value::Object(serde_json::Map::new());
        let objects = (before.unwrap_or(&empty), after.unwrap_or(&empty));
        if let (Value::Object(old), Value::Object(new)) = objects
            && !place.is_entry()
            // A container that is new or gone is one change.
            && before.is_some() == after.is_some()
        {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                self.compare(&place.member(name), old.get(name), new.get(name));
            }
            return;
        }
        let none = Vec::new();
        let items =
            |value: Option<&'_ Value>| value.map_or(Some(none.clone()), |v| v.as_array().cloned());
        if NAMED.contains(&place.member.as_str())
            && !place.path.ends_with(']')
            && let (Some(old), Some(new)) = (items(before), items(after))
            && let (Some(old), Some(new)) = (by_name(&old), by_name(&new))
        {
            self.compare_named(place, &old, &new);
            return;
        }
        self.note(place, before, after);
    }

    fn compare_named(&mut self, place: &Place, old: &[(String, &Value)], new: &[(String, &Value)]) {
        let find = |list: &[(String, &Value)], name: &str| {
            list.iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| (*value).clone())
        };
        for (name, value) in old {
            self.compare(&place.item(name), Some(value), find(new, name).as_ref());
        }
        for (name, value) in new.iter().filter(|(name, _)| find(old, name).is_none()) {
            self.compare(&place.item(name), None, Some(value));
        }
    }

    fn note(&mut self, place: &Place, before: Option<&Value>, after: Option<&Value>) {
        let shown = |value: &Value| text(place, &self.redacted(place, value));
        self.changes.push(Change {
            path: place.path.clone(),
            before: before.map(shown),
            after: after.map(shown),
        });
    }

    /// The value without what isn't to be seen, however deep it lies.
    fn redacted(&self, place: &Place, value: &Value) -> Value {
        if place.in_secrets || (place.may_be_secret() && !self.show_values) {
            return HIDDEN.into();
        }
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.redacted(&place.member(name), value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.redacted(place, item))
                .collect(),
            other => other.clone(),
        }
    }
}

/// The value as a person would write it: texts bare, the rest as JSON. A container as a whole is named
/// by its image, since its JSON would hold values that aren't to be shown.
fn text(place: &Place, value: &Value) -> String {
    let value = if place.is_entry() {
        value.get("value").unwrap_or(value)
    } else {
        value
    };
    if place.member == CONTAINERS {
        return value
            .get("image")
            .and_then(Value::as_str)
            .unwrap_or("a container")
            .to_owned();
    }
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The items by their names; absent where one has none, or two have the same.
fn by_name(items: &[Value]) -> Option<Vec<(String, &Value)>> {
    let mut named: Vec<(String, &Value)> = Vec::new();
    for item in items {
        let name = name_of(item)?;
        if named.iter().any(|(other, _)| other == name) {
            return None;
        }
        named.push((name.to_owned(), item));
    }
    Some(named)
}

fn short(value: &str) -> String {
    if value.is_empty() {
        return "\"\"".to_owned();
    }
    let value = shown::line(value);
    match value.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", value.get(..at).unwrap_or_default()),
        None => value,
    }
}
