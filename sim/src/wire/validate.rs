//! Requests against their operation's members: unknown ones, wrong types, missing ones.

use serde_json::Value;

use crate::world::Refusal;

/// The shape of a member.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    /// One of these; open enums are [`Kind::Text`].
    OneOf(&'static [&'static str]),
    Whole,
    /// A time: seconds since the epoch.
    Number,
    Flag,
    /// Strings.
    Texts,
    /// Strings, each one of these.
    TextsOf(&'static [&'static str]),
    Map(&'static [Member]),
    List(&'static [Member]),
    /// Anything; looked at elsewhere.
    Any,
}

/// One member of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// A member that may be left out.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        required: false,
    }
}

/// A member that must be there.
pub(crate) const fn must(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        required: true,
    }
}

/// Refuses a body that doesn't have the members' shape. Null counts as absent.
pub(crate) fn check(body: &Value, members: &[Member]) -> Result<(), Refusal> {
    let Value::Object(given) = body else {
        return Err(Refusal::new(
            "SerializationException",
            "Start of structure or map found where not expected",
        ));
    };
    // A document that is looked at elsewhere.
    if members.iter().any(|member| member.name == "*") {
        return Ok(());
    }
    for (name, value) in given {
        let Some(member) = members.iter().find(|member| member.name == name) else {
            let known: Vec<&str> = members.iter().map(|member| member.name).collect();
            let text = format!(
                "Unknown parameter in input: \"{name}\", must be one of: {}",
                known.join(", ")
            );
            return Err(Refusal::parameter(text));
        };
        if !value.is_null() {
            check_value(name, value, member.kind)?;
        }
    }
    match members
        .iter()
        .find(|member| member.required && given.get(member.name).is_none_or(Value::is_null))
    {
        Some(member) => Err(Refusal::parameter(format!(
            "{} cannot be null.",
            capital(member.name)
        ))),
        None => Ok(()),
    }
}

fn check_value(name: &str, value: &Value, kind: Kind) -> Result<(), Refusal> {
    let wrong = |target: &str| {
        let found = match value {
            Value::String(_) => "STRING_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::Bool(true) => "TRUE_VALUE",
            Value::Bool(false) => "FALSE_VALUE",
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(Refusal::new(
                    "SerializationException",
                    "Unexpected field type",
                ));
            }
        };
        Err(Refusal::new(
            "SerializationException",
            format!("{found} can not be converted to {target}"),
        ))
    };
    match kind {
        Kind::Any => Ok(()),
        Kind::Text if value.is_string() => Ok(()),
        Kind::Text => wrong("a String"),
        Kind::OneOf(allowed) => match value.as_str() {
            Some(text) if allowed.contains(&text) => Ok(()),
            Some(_) => {
                let list = allowed.join(", ");
                Err(Refusal::parameter(format!("{name} must be one of: {list}")))
            }
            None => wrong("a String"),
        },
        Kind::Whole if value.as_i64().is_some() => Ok(()),
        Kind::Whole => wrong("an Integer"),
        Kind::Number if value.is_number() => Ok(()),
        Kind::Number => wrong("a Timestamp"),
        Kind::Flag if value.is_boolean() => Ok(()),
        Kind::Flag => wrong("a Boolean"),
        Kind::Texts => match value.as_array() {
            Some(items) if items.iter().all(Value::is_string) => Ok(()),
            Some(_) => wrong("a String"),
            None => wrong("a List"),
        },
        Kind::TextsOf(allowed) => {
            check_value(name, value, Kind::Texts)?;
            let given = crate::world::list(value).iter().filter_map(Value::as_str);
            match given.into_iter().find(|text| !allowed.contains(text)) {
                Some(text) => {
                    let list = allowed.join(", ");
                    Err(Refusal::parameter(format!(
                        "Invalid {name}: {text}. It must be one of: {list}"
                    )))
                }
                None => Ok(()),
            }
        }
        Kind::Map(members) => check(value, members),
        Kind::List(members) => match value.as_array() {
            Some(items) => items.iter().try_for_each(|item| check(item, members)),
            None => wrong("a List"),
        },
    }
}

/// Refuses a list that is empty or longer than AWS allows: `Tasks cannot be empty.`
pub(crate) fn bounded(body: &Value, name: &str, most: usize) -> Result<(), Refusal> {
    match body[name].as_array() {
        Some(items) if items.is_empty() => Err(Refusal::parameter(format!(
            "{} cannot be empty.",
            capital(name)
        ))),
        Some(items) if items.len() > most => Err(Refusal::parameter(format!(
            "{} cannot have more than {most} elements",
            capital(name)
        ))),
        _ => Ok(()),
    }
}

/// `containerInstances` to `Container instances`, as ECS's messages have it.
fn capital(name: &str) -> String {
    let mut out = String::new();
    for (index, c) in name.chars().enumerate() {
        if index == 0 {
            out.extend(c.to_uppercase());
        } else if c.is_ascii_uppercase() {
            out.push(' ');
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}
