//! The forecast as a person reads it in the log: one sentence, the table of instances, what would
//! help.

use std::fmt::Write as _;

use crate::capacity::{Forecast, InstanceView};
use crate::wording;

/// Instances that are shown at once; the others are folded away.
const SHOWN: usize = 10;
const COLUMNS: usize = 7;
/// The widest column: a longer name is shown whole and moves its own row alone. `format!` panics at
/// a width of more than 65,535.
const WIDEST: usize = 60;

/// The printed forecast. Words of AWS stand in it unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// What everybody sees, one line each.
    pub shown: Vec<String>,
    /// The rest of the table, for a folded group.
    pub folded: Vec<String>,
}

/// What is printed of a forecast.
pub fn lines(forecast: &Forecast) -> Lines {
    let (verdict, headline) = (&forecast.verdict, wording::headline(forecast));
    // The sentence of a rollout that fits holds the word already.
    let mut shown = vec![match verdict.is_fit() {
        true => headline,
        false => format!("{}: {headline}", verdict.as_str()),
    }];
    // Where it can't be known, the headline is the first reason already.
    let said = usize::from(verdict.is_unknown());
    let reasons = wording::reasons(forecast).into_iter().skip(said);
    shown.extend(reasons.map(|reason| format!("  {reason}")));
    shown.push(format!(
        "  each new task needs {}",
        wording::needs(&forecast.needs)
    ));
    let mut table = table(&forecast.instances);
    let mut folded = if table.len() > SHOWN + 1 {
        table.split_off(SHOWN + 1)
    } else {
        Vec::new()
    };
    shown.extend(table);
    if forecast.left_out > 0 {
        folded.push(format!("  … and {} further instances", forecast.left_out));
    }
    for remedy in &forecast.remedies {
        let cost = remedy.cost.as_ref().map(|cost| format!("; cost: {cost}"));
        let cost = cost.unwrap_or_default();
        shown.push(format!("  would help: {}{cost}", remedy.text));
    }
    Lines { shown, folded }
}

/// The table with its head; no line where there is no instance.
fn table(instances: &[InstanceView]) -> Vec<String> {
    if instances.is_empty() {
        return Vec::new();
    }
    let head = [
        "instance", "type", "CPU free", "MiB free", "ENI free", "GPU free", "",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(instances.iter().map(row));
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .map_or(0, |wide| wide.min(WIDEST))
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let line = |row: &[String; COLUMNS]| {
        let mut line = String::from("  ");
        for (column, cell) in row.iter().enumerate() {
            let wide = widths[column];
            // Names stand on the left, numbers on the right.
            let _ = match column {
                0 | 1 => write!(line, "{cell:<wide$}  "),
                6 => write!(line, "{cell}"),
                _ => write!(line, "{cell:>wide$}  "),
            };
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn row(view: &InstanceView) -> [String; COLUMNS] {
    let number =
        |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let name = view
        .ec2_instance_id
        .clone()
        .unwrap_or_else(|| view.id.clone());
    let why = if view.fits {
        "takes one more".to_owned()
    } else {
        let why: Vec<String> = view.why.iter().map(wording::blocker).collect();
        why.join("; ")
    };
    [
        name,
        view.instance_type.clone().unwrap_or_default(),
        number(view.free.cpu),
        number(view.free.memory),
        number(view.free.enis),
        number(view.free.gpus),
        why,
    ]
}

#[cfg(test)]
mod tests;
