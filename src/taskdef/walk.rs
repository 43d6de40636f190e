//! One walk over a text before it is taken over, with the path of the member at hand.
//!
//! `serde_json` alone would let the last of two equal members win, would say nothing about what a
//! member has to be, and would follow YAML's anchors for ever. The walk keeps nothing of the text.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};

use super::kinds::{self, Kind, Step};

/// How `serde_json` marks a number inside; a member of this name could not be kept.
pub(super) const NUMBER_MARK: &str = "$serde_json::private::Number";

/// The longest file that is read: ECS itself takes 64 KiB, which leaves room for many comments.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Twice what a file may hold: text alone never weighs more, only YAML's anchors do, which stand
/// for a value again and again.
const MAX_WEIGHT: usize = 2 * MAX_BYTES;

/// Where a reader stopped, and its words.
pub(super) struct Stop {
    pub(super) at: (usize, usize),
    pub(super) text: String,
}

impl Stop {
    pub(super) fn of_json(error: &serde_json::Error) -> Stop {
        Stop {
            at: (error.line(), error.column()),
            text: error.to_string(),
        }
    }
}

/// What the walk carries along. The path is left standing where an error is found.
#[derive(Debug, Default)]
pub(super) struct Walker {
    path: RefCell<Vec<Step>>,
    weight: Cell<usize>,
    /// Members that YAML reads in a way of its own are looked for.
    yaml: bool,
    /// A member that the walk is to stop at, to learn where it stands.
    stop_at: Option<String>,
}

impl Walker {
    pub(super) fn of(yaml: bool) -> Walker {
        Walker {
            yaml,
            ..Walker::default()
        }
    }

    /// A walk that ends where `member` stands, in an error.
    pub(super) fn up_to(member: &str) -> Walker {
        Walker {
            stop_at: Some(member.to_owned()),
            ..Walker::default()
        }
    }

    /// `containerDefinitions[0].image`, without the envelope.
    pub(super) fn shown(&self) -> String {
        let path = self.path.borrow();
        let mut shown = String::new();
        for step in without_envelope(&path) {
            match step {
                Step::Member(name) if shown.is_empty() => shown.push_str(name),
                Step::Member(name) => {
                    shown.push('.');
                    shown.push_str(name);
                }
                Step::Item(index) => shown.push_str(&format!("[{index}]")),
            }
        }
        shown
    }

    /// Counts a value in, and holds its kind against the one that it has to have.
    fn expect<E: de::Error>(&self, found: Kind, bytes: usize) -> Result<(), E> {
        self.weigh(bytes + 1)?;
        if self
            .stop_at
            .as_ref()
            .is_some_and(|stop| *stop == self.shown())
        {
            return Err(E::custom("here"));
        }
        match kinds::wanted(without_envelope(&self.path.borrow())) {
            Some(wanted) if wanted != found => Err(E::custom(kinds::mismatch(wanted, found))),
            _ => Ok(()),
        }
    }

    fn weigh<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        self.weight.set(self.weight.get().saturating_add(bytes));
        if self.weight.get() > MAX_WEIGHT {
            return Err(E::custom(format!(
                "anchors make the document grow beyond {MAX_WEIGHT} bytes"
            )));
        }
        Ok(())
    }

    fn enter(&self, step: Step) {
        self.path.borrow_mut().push(step);
    }

    fn leave(&self) {
        self.path.borrow_mut().pop();
    }
}

/// The path inside the definition, whether or not DescribeTaskDefinition's envelope is around it.
fn without_envelope(path: &[Step]) -> &[Step] {
    match path {
        [Step::Member(first), rest @ ..] if first == "taskDefinition" && !rest.is_empty() => rest,
        _ => path,
    }
}

impl<'de> DeserializeSeed<'de> for &Walker {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Walker {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what JSON has too")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.expect(Kind::Flag, 0)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.expect(Kind::Number, 0)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.expect(Kind::Number, 0)
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<(), E> {
        self.expect(Kind::Number, 0)
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<(), E> {
        self.expect(Kind::Number, 0)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<(), E> {
        if !number.is_finite() {
            return Err(E::custom("JSON has no such number"));
        }
        self.expect(Kind::Number, 0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.expect(Kind::Text, text.len())
    }

    /// `null` says "not given", whatever the member is.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.weigh(1)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(de::Error::custom(
            "a tag (`!…`) stands here, and JSON has none: write the value itself",
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.expect(Kind::List, 0)?;
        let mut index = 0_usize;
        loop {
            self.enter(Step::Item(index));
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
                self.expect(Kind::Number, 0)?;
                return members.next_value::<de::IgnoredAny>().map(|_| ());
            }
            if seen.is_empty() {
                self.expect(Kind::Object, 0)?;
            }
            self.weigh(name.len())?;
            if self.yaml && name == "<<" {
                return Err(de::Error::custom(
                    "merge keys (`<<`) aren't read: write the members themselves",
                ));
            }
            self.enter(Step::Member(name.clone()));
            if !seen.insert(name) {
                return Err(de::Error::custom("the member stands here twice"));
            }
            members.next_value_seed(self)?;
            self.leave();
        }
        if seen.is_empty() {
            self.expect(Kind::Object, 0)
        } else {
            Ok(())
        }
    }
}
