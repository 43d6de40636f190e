//! Answers that hold a member twice where one is expected: they say two things at once, and a
//! reader that takes the last one may be deceived. Such an answer counts as none.
//!
//! It knows no operation: lists apart, no member of AWS's APIs may come twice.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use aws_sdk_ecs::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::xml::Element;

/// A member's name is shown this far; AWS's are shorter.
const NAME_CHARS: usize = 80;

/// An answer that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer holds `{0}` twice, and so says two things at once")]
pub(super) struct Twice(String);

impl Twice {
    fn of(name: &str) -> Twice {
        Twice(name.chars().take(NAME_CHARS).collect())
    }
}

/// The document, where it is JSON with each member once.
pub(crate) fn json(bytes: &[u8]) -> Option<Value> {
    json_twice(bytes)
        .is_none()
        .then(|| serde_json::from_slice(bytes).ok())
        .flatten()
}

/// The member that stands twice, where one does. What isn't JSON has none.
fn json_twice(bytes: &[u8]) -> Option<Twice> {
    let error = serde_json::from_slice::<Once>(bytes).err()?.to_string();
    let (_, rest) = error.split_once(MARK)?;
    Some(Twice::of(rest.split(MARK).next().unwrap_or_default()))
}

/// Tells the error that is meant from those of the syntax.
const MARK: &str = "\u{1f}";

/// Any JSON of which nothing is kept.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Once, D::Error> {
        deserializer.deserialize_any(Once)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut names: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(Name(name)) = map.next_key()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("{MARK}{name}{MARK}")));
            }
            names.insert(name);
            map.next_value::<Once>()?;
        }
        Ok(Once)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Once, A::Error> {
        while items.next_element::<Once>()?.is_some() {}
        Ok(Once)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_str<E>(self, _: &str) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once)
    }
}

/// A member's name, borrowed where it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name<'a>, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Name)
    }
}

/// Looks at each answer that a client of the SDK has read.
#[derive(Debug)]
pub(super) struct EachOnce;

impl Intercept for EachOnce {
    fn name(&self) -> &'static str {
        "EachOnce"
    }

    /// The body is in memory only after the SDK has read it, which is before this hook.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let body = answer.body().bytes().unwrap_or_default();
        let kind = answer.headers().get("content-type").unwrap_or_default();
        let twice = match kind {
            _ if kind.contains("json") => json_twice(body),
            _ if kind.contains("xml") => Element::read(body).and_then(|root| twice(&root)),
            _ => None,
        };
        twice.map_or(Ok(()), |twice| Err(twice.into()))
    }
}

/// Names that the items of a list have, in AWS's two old protocols, and its errors.
const ITEMS: [&str; 3] = ["member", "item", "Error"];

/// The element that stands twice in another one, where one does.
pub(super) fn twice(root: &Element) -> Option<Twice> {
    let mut names = HashSet::new();
    root.children().iter().find_map(|child| {
        let name = child.name.as_str();
        if !ITEMS.contains(&name) && !names.insert(name) {
            return Some(Twice::of(name));
        }
        twice(child)
    })
}

#[cfg(test)]
mod tests {
    use super::{Twice, json, json_twice, twice};
    use crate::aws::xml::Element;

    #[test]
    fn a_member_that_stands_twice_is_named() {
        for (text, name) in [
            (r#"{"a": 1, "a": 1}"#, "a"),
            (r#"{"x": [{"b": {}, "c": 2, "b": {}}]}"#, "b"),
            (r#"{"a": 1, "\u0061": 2}"#, "a"),
        ] {
            assert_eq!(
                json_twice(text.as_bytes()),
                Some(Twice(name.to_owned())),
                "{text}"
            );
            assert_eq!(json(text.as_bytes()), None, "{text}");
        }
        for text in [
            r#"{"a": {"b": 1}, "b": [1.5e3, -2, null, true, "x", 99999999999999999999]}"#,
            r#"[{"a": 1}, {"a": 1}]"#,
            "no JSON",
        ] {
            assert_eq!(json_twice(text.as_bytes()), None, "{text}");
        }
        assert!(json(br#"{"a": 99999999999999999999}"#).is_some());
    }

    #[test]
    fn an_element_that_stands_twice_is_named_and_items_of_a_list_are_not() {
        let check = |text: &str| twice(&Element::read(text.as_bytes()).unwrap());
        let account = "<R><S><Account>1</Account><Account>2</Account></S></R>";
        assert_eq!(check(account), Some(Twice("Account".to_owned())));
        let lists = "<R><L><member><Name>a</Name></member><member><Name>b</Name></member></L><M><item/><item/></M></R>";
        assert_eq!(check(lists), None);
    }
}
