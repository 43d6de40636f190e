//! What the calculations found, in sentences: the only place that writes them.
//!
//! Values in, text out. Nothing here decides, and no other module takes a sentence apart or
//! compares one. It stands above `capacity` and below all that explains or reports.

mod blocker;
mod forecast;
mod movement;
mod needs;
mod uncertainty;

pub use blocker::{blocker, free, needed, unit};
pub use forecast::{Subject, as_cause, blocked, headline, reasons};
pub use movement::{next_step, underway};
pub use needs::needs;

use crate::capacity::Bounds;

/// What the percentages of a rollout come to.
pub fn bounds(bounds: &Bounds) -> String {
    let Bounds {
        desired,
        minimum_percent,
        maximum_percent,
        lower,
        upper,
    } = bounds;
    format!(
        "at least {lower} healthy ({desired} × {minimum_percent} % rounded up), \
         at most {upper} running or pending ({desired} × {maximum_percent} % rounded down)"
    )
}

/// `1 task`, `2 tasks`.
fn counted(count: impl Into<i64>, word: &str) -> String {
    let count = count.into();
    format!("{count} {}", plural(count, word))
}

/// The word for one or for several.
fn plural(count: impl Into<i64>, word: &str) -> String {
    match count.into() {
        1 => word.to_owned(),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests;
