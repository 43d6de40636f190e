//! The secrets that a run knows, and the one way for a text to be shown without them.
//!
//! A text that AWS, an engine, a registry or GitHub wrote may repeat a secret: a signature error
//! quotes the request, a registry the login. So whatever is written (log, summary, report, comment,
//! outputs, deployment status) takes a [`Shown`], and only [`Redactor::shown`] makes one. It decides
//! nothing else about a text.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::secret::Secret;

/// What stands where a secret stood, as the runner writes it.
pub const HIDDEN: &str = "***";

/// Shorter values are left alone: `true` or `web` as a "secret" would blacken half of a log, and
/// three bytes are no secret.
const BYTES_MIN: usize = 6;

/// So much of a secret's beginning is hidden where the rest was cut off with a sign for it.
const START_MIN: usize = 6;

/// So much at the very end of a text, where it may have been cut without a sign: fewer letters are
/// more often the end of an ordinary word.
const END_MIN: usize = 12;

/// What others put where they cut a text.
const CUT: [&str; 2] = ["…", "..."];

/// The secrets of a run; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Each secret in each form that it may turn up in, the longest first.
    forms: Vec<Secret>,
    /// What the runner doesn't know of yet.
    unmasked: Vec<Secret>,
}

impl Redactor {
    /// From now on `secret` and each of its lines are hidden: as they are, in capitals or in lower
    /// case, in base64 and with the escapes of a URL. The runner is to hide it too.
    pub fn learn(&self, secret: &str) {
        let mut known = self.lock();
        known.learn(secret);
        known.unmasked.push(Secret::new(secret));
    }

    /// As [`Redactor::learn`], for what the runner hides by itself, or can't be made to hide.
    pub fn learn_quietly(&self, secret: &str) {
        self.lock().learn(secret);
    }

    /// The secrets that the runner wasn't made to mask yet.
    pub(crate) fn unmasked(&self) -> Vec<Secret> {
        std::mem::take(&mut self.lock().unmasked)
    }

    /// `text` without the secrets, those included of which only the beginning is left before a cut.
    pub fn shown(&self, text: &str) -> Shown {
        let known = self.lock();
        let mut clean = text.to_owned();
        for form in &known.forms {
            hide(&mut clean, form.expose());
        }
        for form in &known.forms {
            hide_starts(&mut clean, form.expose());
        }
        Shown(clean)
    }

    /// The same for each string of a JSON value; the names of members are ours.
    pub fn shown_json(&self, mut value: serde_json::Value) -> ShownJson {
        self.in_json(&mut value);
        ShownJson(value)
    }

    fn in_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.shown(text).0,
            serde_json::Value::Array(items) => items.iter_mut().for_each(|one| self.in_json(one)),
            serde_json::Value::Object(members) => {
                members.values_mut().for_each(|one| self.in_json(one));
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn learn(&mut self, secret: &str) {
        let lines = secret.lines().filter(|line| *line != secret);
        let forms = std::iter::once(secret).chain(lines).flat_map(forms);
        for form in forms {
            let known = self.forms.iter().any(|one| one.expose() == form);
            if form.len() >= BYTES_MIN && !known {
                self.forms.push(Secret::new(form));
            }
        }
        // A secret inside of a longer one would leave the rest of it.
        self.forms
            .sort_by_key(|form| std::cmp::Reverse(form.expose().len()));
    }
}

/// `secret` as others may write it.
fn forms(secret: &str) -> Vec<String> {
    let secret = secret.trim();
    if secret.len() < BYTES_MIN {
        return Vec::new();
    }
    let mut all = vec![secret.to_owned(), escaped(secret)];
    for before in 0..3 {
        all.extend([&STANDARD, &URL_SAFE].map(|way| encoded(way, secret, before)));
    }
    all
}

/// The characters of base64 that `secret` alone decides, where `before` bytes of something else
/// stand in front of it (counted modulo 3): the first and the last share their bits with what
/// stands around them.
fn encoded(way: &impl base64::Engine, secret: &str, before: usize) -> String {
    let bytes = [&vec![0; before], secret.as_bytes()].concat();
    let text = way.encode(&bytes);
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    text.get(first..last).unwrap_or_default().to_owned()
}

/// `secret` with the escapes of a URL's query.
fn escaped(secret: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    secret
        .bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// Hides `secret` wherever it stands in `text`, in letters of either case: BuildKit quotes in
/// capitals.
fn hide(text: &mut String, secret: &str) {
    let mut from = 0;
    while let Some(at) = find(text, secret, from) {
        text.replace_range(at..at + secret.len(), HIDDEN);
        from = at + HIDDEN.len();
    }
}

/// Where `secret` next stands in `text`, without regard to the case of ASCII letters.
fn find(text: &str, secret: &str, from: usize) -> Option<usize> {
    let (text, secret) = (text.as_bytes(), secret.as_bytes());
    let last = text.len().checked_sub(secret.len())?;
    (from..=last).find(|&at| text[at..at + secret.len()].eq_ignore_ascii_case(secret))
}

/// Hides the beginnings of `secret` that stand at the end of `text` or in front of a cut.
fn hide_starts(text: &mut String, secret: &str) {
    let cuts = CUT.iter().flat_map(|cut| text.match_indices(cut));
    let mut ends: Vec<(usize, usize)> = cuts.map(|(at, _)| (at, START_MIN)).collect();
    ends.push((text.len(), END_MIN));
    ends.sort_unstable();
    // From the back, so that the places in front stay where they are.
    for (end, least) in ends.into_iter().rev() {
        let most = (secret.len() - 1).min(end);
        let start = (least..=most).rev().find(|&length| {
            let (there, start) = (
                &text.as_bytes()[end - length..end],
                &secret.as_bytes()[..length],
            );
            secret.is_char_boundary(length) && there.eq_ignore_ascii_case(start)
        });
        if let Some(length) = start {
            text.replace_range(end - length..end, HIDDEN);
        }
    }
}

/// A text that may be written for others to read.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// What this program says of itself, with nothing from outside in it.
    pub fn ours(text: &'static str) -> Shown {
        Shown(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

/// A JSON value that may be written for others to read.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownJson(serde_json::Value);

impl ShownJson {
    pub fn as_value(&self) -> &serde_json::Value {
        &self.0
    }
}

#[cfg(test)]
mod tests;
