//! The inputs as text, from the runner's environment or from the command line.
//!
//! Nothing is judged here but names: what the text means is `check`'s business.

use std::collections::BTreeMap;

use super::inputs::{self, INPUTS, Input};

/// What the runner puts before an input's name.
const PREFIX: &str = "INPUT_";

/// Inputs that the runner accepts for every container action, and uses itself.
const RUNNERS_OWN: &[&str] = &["ENTRYPOINT", "ARGS"];

/// How many letters a name may be off and still be taken for a slip of the pen.
const NEAR: usize = 3;

/// The inputs that were given, by name, as text.
#[derive(Clone, Default)]
pub struct RawInputs {
    given: BTreeMap<&'static str, String>,
    /// One line for each input that isn't one; worth a warning, no more.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for RawInputs {
    /// Names only: any value may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

impl RawInputs {
    /// Reads the variables `INPUT_<NAME>`: the name in upper case, hyphens kept, spaces as `_`.
    /// Values are trimmed, and an empty one counts as not given.
    pub fn from_env(env: impl IntoIterator<Item = (String, String)>) -> RawInputs {
        let mut raw = RawInputs::default();
        for (variable, value) in env {
            let Some(name) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            let known = INPUTS.iter().find(|input| variable_of(input) == variable);
            match known {
                Some(input) => raw.set(input, &value),
                None if RUNNERS_OWN.contains(&name) || value.trim().is_empty() => {}
                None => raw.warnings.push(unknown(name)),
            }
        }
        raw.warnings.sort();
        raw
    }

    /// Reads the flags of a command that was built with [`super::cli::args`].
    pub fn from_matches(matches: &clap::ArgMatches) -> RawInputs {
        let mut raw = RawInputs::default();
        for input in INPUTS {
            // A command that doesn't have the flag counts as not given.
            let values = matches.try_get_many::<String>(input.name).ok().flatten();
            if let Some(values) = values {
                let items: Vec<&str> = values.map(String::as_str).collect();
                raw.set(input, &items.join("\n"));
            }
        }
        raw
    }

    /// The same with one input set, as `plan` sets `dry-run`. A name that isn't one is ignored.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> RawInputs {
        if let Some(input) = inputs::find(name) {
            self.set(input, value);
        }
        self
    }

    fn set(&mut self, input: &'static Input, value: &str) {
        let value = value.trim();
        // The runner passes the defaults of `action.yml` as if they were given; the command doesn't.
        // Both ways are to mean the same.
        if value.is_empty() || value == input.default {
            self.given.remove(input.name);
        } else {
            self.given.insert(input.name, value.to_owned());
        }
    }

    /// The text that was given, where it is another than the default.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// The text that was given, else the default, where there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(inputs::find(name).is_some(), "`{name}` is not in the table");
        self.given(name)
            .or_else(|| inputs::find(name).map(|input| input.default))
            .filter(|value| !value.is_empty())
    }
}

/// The variable that the runner passes an input in.
pub fn variable_of(input: &Input) -> String {
    format!("{PREFIX}{}", input.name.replace(' ', "_").to_uppercase())
}

fn unknown(name: &str) -> String {
    let name = super::problem::shown(&name.to_lowercase());
    match nearest(&name) {
        Some(near) => format!("there is no input `{name}`; did you mean `{near}`?"),
        None => format!("there is no input `{name}`; it is ignored"),
    }
}

/// The input whose name is the fewest letters away, if that is few.
fn nearest(name: &str) -> Option<&'static str> {
    INPUTS
        .iter()
        .map(|input| (distance(name, input.name), input.name))
        .filter(|(distance, _)| *distance <= NEAR)
        .min()
        .map(|(_, near)| near)
}

/// Levenshtein's distance, in bytes: names are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, y) in previous.iter_mut().skip(1).zip(b.bytes()) {
            let above = *slot;
            left = (diagonal + usize::from(x != y))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            *slot = left;
        }
        if let Some(first) = previous.first_mut() {
            *first = i + 1;
        }
    }
    previous.last().copied().unwrap_or(a.len())
}
