//! Reads YAML as the JSON that it stands for.
//!
//! Numbers stay as they were written, as far as JSON can write them so: a reader of YAML alone would
//! make `1.10` of a version `1.1`, and lose the last digits of a long one.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::walk::{Stop, Walker};

pub(super) fn walk(text: &str, walker: &Walker) -> Result<(), Stop> {
    walker
        .deserialize(yaml_serde::Deserializer::from_str(text))
        .map_err(|error| stop(&error))
}

/// A key or a tag that JSON doesn't have is an error.
pub(super) fn read(text: &str) -> Result<Value, Stop> {
    let mut value: Value = yaml_serde::from_str(text).map_err(|error| stop(&error))?;
    AsWritten(&mut value)
        .deserialize(yaml_serde::Deserializer::from_str(text))
        .map_err(|error| stop(&error))?;
    Ok(value)
}

fn stop(error: &yaml_serde::Error) -> Stop {
    let at = error
        .location()
        .map_or((1, 1), |place| (place.line(), place.column()));
    Stop {
        at,
        text: error.to_string(),
    }
}

/// A value that was read, whose numbers are to get the digits of the text.
struct AsWritten<'v>(&'v mut Value);

impl<'de> DeserializeSeed<'de> for AsWritten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.0 {
            Value::Number(number) => deserializer.deserialize_str(Digits(number)),
            Value::Array(items) => deserializer.deserialize_seq(Items(items)),
            Value::Object(members) => deserializer.deserialize_map(Members(members)),
            _ => IgnoredAny::deserialize(deserializer).map(|_| ()),
        }
    }
}

struct Digits<'v>(&'v mut Number);

impl Visitor<'_> for Digits<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        // `0x1F` and `.5` are no numbers of JSON's, and stay as they were understood.
        if let Ok(number) = serde_json::from_str(text) {
            *self.0 = number;
        }
        Ok(())
    }
}

struct Items<'v>(&'v mut Vec<Value>);

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for value in self.0 {
            items.next_element_seed(AsWritten(value))?;
        }
        Ok(())
    }
}

struct Members<'v>(&'v mut Map<String, Value>);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            match self.0.get_mut(&name) {
                Some(value) => members.next_value_seed(AsWritten(value))?,
                None => members.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(())
    }
}
