//! Reads texts as booleans, words, durations and lists, and gathers what is wrong with them.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::inputs::{self, INPUTS, Kind, Unit};
use super::options::Choice;
use super::problem::{Given, Problem};
use super::quoted::{self, Item, Unclosed};
use super::raw::RawInputs;

/// The most items of one list: far more than any request needs, few enough to check at once.
const MAX_ITEMS: usize = 1000;

/// The longest text of one input: Linux passes no longer variable.
const MAX_BYTES: usize = 128 * 1024;

/// Shortest and longest time of each duration, in seconds.
const BOUNDS: &[(&str, RangeInclusive<u64>, &str)] = &[
    // A job on one's own runner may last five days, but credentials don't.
    (
        "wait-for-minutes",
        1..=24 * 3600,
        "from `1s` to `24h`; a bare number counts minutes",
    ),
    // What STS allows; a role's own maximum is an hour unless it was raised.
    (
        "role-duration-seconds",
        900..=12 * 3600,
        "from `15m` to `12h`; a bare number counts seconds",
    ),
    // Below a second the API's budget is gone; above 15 s the watch is late with everything.
    (
        "poll-interval",
        1..=15,
        "from `1s` to `15s`; a bare number counts seconds",
    ),
    // A job on a hosted runner ends after six hours.
    (
        "build-timeout",
        10..=24 * 3600,
        "from `10s` to `24h`; a bare number counts seconds",
    ),
    // ECS itself needs some seconds between two attempts to place a task.
    (
        "stuck-after",
        10..=24 * 3600,
        "from `10s` to `24h`; a bare number counts seconds",
    ),
    // A task needs some seconds to start; one that runs for days is no step of a deploy.
    (
        "run-task-timeout",
        10..=24 * 3600,
        "from `10s` to `24h`; a bare number counts minutes",
    ),
];

/// The inputs under check, and the problems found so far.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    raw: &'a RawInputs,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(raw: &'a RawInputs) -> Reader<'a> {
        let mut reader = Reader {
            raw,
            problems: Vec::new(),
        };
        for input in INPUTS {
            if raw
                .given(input.name)
                .is_some_and(|value| value.len() > MAX_BYTES)
            {
                reader.hidden(input.name, 1, "the text is longer than 128 KiB");
            }
        }
        reader
    }

    /// `value`, if no problem was found; else the problems in the order of the table.
    pub(super) fn finish<T>(mut self, value: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        self.problems
            .sort_by_key(|problem| INPUTS.iter().position(|input| problem.input == input.name));
        Err(self.problems)
    }

    /// `name` isn't given though it is needed.
    pub(super) fn missing(&mut self, name: &str, why: impl Into<String>) {
        self.push(name, Given::Nothing, why.into());
    }

    /// `value`, or one item of it, is not allowed. Where values of the input may be secret it isn't
    /// shown.
    pub(super) fn wrong(&mut self, name: &str, value: &str, why: impl Into<String>) {
        let secret = inputs::find(name).is_some_and(|input| input.secret);
        let given = if secret {
            Given::HiddenLine(1)
        } else {
            Given::Value(value.to_owned())
        };
        self.push(name, given, why.into());
    }

    /// A line of the input is not allowed, and isn't shown.
    pub(super) fn hidden(&mut self, name: &str, line: usize, why: impl Into<String>) {
        self.push(name, Given::HiddenLine(line), why.into());
    }

    fn push(&mut self, name: &str, given: Given, why: String) {
        self.problems.push(Problem {
            input: name.to_owned(),
            given,
            why,
        });
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.raw.get(name)
    }

    /// Whether the user gave the input, default or not.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.raw.given(name).is_some()
    }

    /// A boolean that isn't sent unless given.
    pub(super) fn optional_flag(&mut self, name: &str) -> Option<bool> {
        let value = self.text(name)?;
        // The spellings of YAML 1.2's core schema, as the Actions toolkit reads them.
        match value {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => {
                self.wrong(name, value, "allowed are `true` and `false`");
                None
            }
        }
    }

    /// A boolean with a default.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.optional_flag(name).unwrap_or(false)
    }

    /// One word out of a few.
    pub(super) fn choice<T: Choice>(&mut self, name: &str) -> Option<T> {
        let value = self.text(name)?;
        let found = T::ALL.iter().find(|(_, word)| *word == value);
        if found.is_none() {
            let words: Vec<String> = T::ALL.iter().map(|(_, word)| format!("`{word}`")).collect();
            self.wrong(name, value, format!("allowed are {}", words.join(", ")));
        }
        found.map(|(choice, _)| *choice)
    }

    /// A whole number from 0.
    pub(super) fn count(&mut self, name: &str) -> Option<u32> {
        let value = self.text(name)?;
        // The API takes a signed 32-bit number.
        let number = value
            .parse::<i32>()
            .ok()
            .and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.wrong(name, value, "a whole number from 0 is needed");
        }
        number
    }

    /// A whole number from 1.
    pub(super) fn count_from_one(&mut self, name: &str) -> Option<u32> {
        let number = self.count(name)?;
        if number == 0 {
            self.wrong(name, "0", "a whole number from 1 is needed");
            return None;
        }
        Some(number)
    }

    /// A length of time within the input's bounds; zero where a problem was noted.
    pub(super) fn duration(&mut self, name: &str) -> Duration {
        let Some(value) = self.text(name) else {
            return Duration::ZERO;
        };
        let unit = match inputs::find(name).map(|input| input.kind) {
            Some(Kind::Duration(unit)) => unit,
            _ => Unit::Seconds,
        };
        let Some((_, bounds, allowed)) = BOUNDS.iter().find(|(of, ..)| *of == name) else {
            return Duration::ZERO;
        };
        let duration =
            parse_duration(value, unit).filter(|found| bounds.contains(&found.as_secs()));
        match duration {
            Some(duration) => duration,
            None => {
                let why = format!("a time such as `90s`, `2m` or `1h` is needed, {allowed}");
                self.wrong(name, value, why);
                Duration::ZERO
            }
        }
    }

    /// Items separated by line ends or commas, trimmed, empty ones left out.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let items: Vec<String> = text
            .split(['\n', ','])
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect();
        self.bounded(name, items.len());
        items
    }

    /// Lines with their numbers from 1, trimmed, empty ones left out.
    pub(super) fn lines(&mut self, name: &str) -> Vec<(usize, &'a str)> {
        let lines: Vec<(usize, &str)> = self
            .text(name)
            .unwrap_or_default()
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty())
            .collect();
        self.bounded(name, lines.len());
        lines
    }

    /// Items as docker/build-push-action has them: one a line, or in quotes over several.
    pub(super) fn quoted(&mut self, name: &str) -> Vec<Item> {
        match quoted::items(self.text(name).unwrap_or_default()) {
            Ok(items) => {
                self.bounded(name, items.len());
                items
            }
            Err(Unclosed(line)) => {
                let why = "a quote is opened here and not closed; a quote inside of quotes is written `\"\"`";
                self.hidden(name, line, why);
                Vec::new()
            }
        }
    }

    fn bounded(&mut self, name: &str, items: usize) {
        if items > MAX_ITEMS {
            let why = format!("{items} items are more than the {MAX_ITEMS} that are allowed");
            self.hidden(name, MAX_ITEMS + 1, why);
        }
    }
}

/// `90s`, `2m`, `1h`, `1h30m`, or a bare number of units.
fn parse_duration(text: &str, unit: Unit) -> Option<Duration> {
    if let Ok(number) = text.parse::<u64>() {
        let seconds = match unit {
            Unit::Seconds => Some(number),
            Unit::Minutes => number.checked_mul(60),
        };
        return seconds.map(Duration::from_secs);
    }
    // humantime also knows months and years (`1M`, `1y`): a slip here would wait for ever.
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"hms".contains(&b));
    let parts = text
        .split(|c: char| c.is_ascii_digit())
        .all(|unit| unit.len() <= 1);
    humantime::parse_duration(text)
        .ok()
        .filter(|_| plain && parts)
}
