//! A member's value as far as it can be read, and the sizes of a task.

use serde_json::Value;

/// CPU units of one vCPU.
const UNITS_PER_VCPU: f64 = 1024.0;
/// MiB of what a task definition calls `GB`.
const MIB_PER_GB: f64 = 1024.0;
/// More than any instance has: beyond it a number is a mistake, and sums must not overflow.
const LARGEST: i64 = 1 << 40;

/// A member's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Setting<'a, T> {
    /// Absent, `null` or an empty text.
    No,
    Is(T),
    /// Something else than it should be, as it stands.
    Unreadable(&'a Value),
}

impl<'a, T> Setting<'a, T> {
    pub(super) fn of(
        value: Option<&'a Value>,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Setting<'a, T> {
        let is_given = |value: &&Value| !value.is_null() && value.as_str() != Some("");
        match value.filter(is_given) {
            None => Setting::No,
            Some(value) => read(value).map_or(Setting::Unreadable(value), Setting::Is),
        }
    }

    /// The value that could be read.
    pub fn known(self) -> Option<T> {
        match self {
            Setting::Is(value) => Some(value),
            Setting::No | Setting::Unreadable(_) => None,
        }
    }
}

/// `"1024"`, `1024`, `"1 vCPU"` or `".5 vcpu"` in CPU units.
pub fn cpu_units(value: &Value) -> Option<i64> {
    size(value, &[("vcpu", UNITS_PER_VCPU)])
}

/// `"2048"`, `2048`, `"2GB"` or `"0.5 gb"` in MiB.
pub fn memory_mib(value: &Value) -> Option<i64> {
    size(value, &[("gb", MIB_PER_GB), ("mb", 1.0)])
}

fn bounded(number: i64) -> Option<i64> {
    (0..=LARGEST).contains(&number).then_some(number)
}

/// A whole number that can be a size.
pub(super) fn whole_size(value: &Value) -> Option<i64> {
    whole(value).and_then(bounded)
}

fn size(value: &Value, units: &[(&str, f64)]) -> Option<i64> {
    if let Some(number) = whole(value) {
        return bounded(number);
    }
    let given = value.as_str()?.trim().to_ascii_lowercase();
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((given.strip_suffix(unit)?.trim(), *factor)))?;
    let plain = !number.is_empty()
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = number.parse::<f64>().ok().filter(|_| plain)? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float saturates, and the bound follows"
    )]
    bounded(number.round() as i64)
}

/// A whole number, written as one or as a string.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A whole number as it is written.
pub(super) fn number(value: &Value) -> Option<String> {
    value.as_i64().map(|number| number.to_string())
}
