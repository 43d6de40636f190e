//! What the worlds came to, counted.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll::capacity::Forecast;
use plimsoll::wording;

use crate::run::{Glance, Ran};

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) worlds: usize,
    pub(crate) remedies: usize,
    verdicts: BTreeMap<&'static str, usize>,
    /// Why a verdict was unknown: whether it completed, the first reason without its numbers.
    unknown: BTreeMap<(bool, String), usize>,
    /// What was said of worlds that were dead.
    dead: BTreeMap<&'static str, usize>,
    dead_unsaid: BTreeMap<String, usize>,
}

impl Tally {
    pub(crate) fn count(&mut self, forecasts: &[Forecast], ran: &Ran, glances: &[Glance]) {
        self.worlds += 1;
        for (forecast, done) in forecasts.iter().zip(&ran.completed) {
            *self.verdicts.entry(forecast.verdict.as_str()).or_default() += 1;
            if forecast.verdict.is_unknown() {
                let reasons = wording::reasons(forecast);
                let reason = reasons.first().map_or("no reason", String::as_str);
                *self
                    .unknown
                    .entry((*done, without_numbers(reason)))
                    .or_default() += 1;
            }
        }
        for glance in glances.iter().filter(|glance| glance.dead) {
            *self.dead.entry(glance.word).or_default() += 1;
            if glance.word != "stuck" {
                let why = glance.why.first().map_or("no reason", String::as_str);
                *self
                    .dead_unsaid
                    .entry(format!("{}: {}", glance.word, without_numbers(why)))
                    .or_default() += 1;
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Tally) {
        self.worlds += other.worlds;
        self.remedies += other.remedies;
        for (word, count) in &other.verdicts {
            *self.verdicts.entry(word).or_default() += count;
        }
        for (why, count) in &other.unknown {
            *self.unknown.entry(why.clone()).or_default() += count;
        }
        for (word, count) in &other.dead {
            *self.dead.entry(word).or_default() += count;
        }
        for (why, count) in &other.dead_unsaid {
            *self.dead_unsaid.entry(why.clone()).or_default() += count;
        }
    }

    pub(crate) fn of(&self, word: &str) -> usize {
        self.verdicts.get(word).copied().unwrap_or(0)
    }
}

fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            digit if digit.is_ascii_digit() => {
                if !out.ends_with('#') {
                    out.push('#');
                }
            }
            other => out.push(other),
        }
    }
    out
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: usize = self.verdicts.values().sum::<usize>().max(1);
        write!(out, "{} worlds, {} forecasts:", self.worlds, all)?;
        for (word, count) in &self.verdicts {
            write!(
                out,
                " {word} {count} ({}.{} %)",
                count * 100 / all,
                count * 1000 / all % 10
            )?;
        }
        writeln!(out, "; {} remedies applied; disagreements 0", self.remedies)?;
        for ((done, why), count) in &self.unknown {
            let end = if *done { "completed" } else { "didn't" };
            writeln!(out, "  unknown {count:>6} {end}: {why}")?;
        }
        let dead: Vec<String> = self
            .dead
            .iter()
            .map(|(word, count)| format!("{word} {count}"))
            .collect();
        writeln!(out, "  of dead rollouts: {}", dead.join(", "))?;
        for (why, count) in &self.dead_unsaid {
            writeln!(out, "  dead, not called stuck {count:>6}: {why}")?;
        }
        Ok(())
    }
}
