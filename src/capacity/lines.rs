//! The forecast as a person reads it: one sentence, the table of instances, what would help.

use std::fmt::Write as _;

use super::decision::plural;
use super::forecast::{Forecast, Verdict};
use super::needs::{Gpus, TaskNeeds};
use super::view::InstanceView;

/// Instances that are shown at once; the others are folded away.
const SHOWN: usize = 10;
const COLUMNS: usize = 7;
/// The widest column: a longer name is shown whole and moves its own row alone. `format!` panics at
/// a width of more than 65,535.
const WIDEST: usize = 60;

/// The printed forecast. Words of AWS stand in it unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    pub shown: Vec<String>,
    /// The rest of the table, for a folded group.
    pub folded: Vec<String>,
}

impl Forecast {
    /// What is printed of it.
    pub fn lines(&self) -> Lines {
        let mut shown = vec![format!("{}: {}", self.verdict.as_str(), self.headline)];
        // Where it can't be known, the headline is the first reason already.
        let told = usize::from(self.verdict == Verdict::Unknown);
        shown.extend(
            self.reasons
                .iter()
                .skip(told)
                .map(|reason| format!("  {reason}")),
        );
        shown.push(format!("  each new task needs {}", self.needs.in_words()));
        let mut table = table(&self.instances);
        let folded = if table.len() > SHOWN + 1 {
            table.split_off(SHOWN + 1)
        } else {
            Vec::new()
        };
        shown.extend(table);
        let mut lines = Lines { shown, folded };
        if self.left_out > 0 {
            lines
                .folded
                .push(format!("  … and {} further instances", self.left_out));
        }
        for remedy in &self.remedies {
            let cost = remedy
                .cost
                .as_ref()
                .map(|cost| format!("; {cost}"))
                .unwrap_or_default();
            lines
                .shown
                .push(format!("  would help: {}{cost}", remedy.text));
        }
        lines
    }
}

impl TaskNeeds {
    /// `6144 CPU units, 16384 MiB, 1 network interface`.
    pub fn in_words(&self) -> String {
        let mut text = format!("{} CPU units, {} MiB", self.cpu, self.memory);
        for (ports, protocol) in [(&self.tcp_ports, "tcp"), (&self.udp_ports, "udp")] {
            for port in ports {
                let _ = write!(text, ", host port {port}/{protocol}");
            }
        }
        if self.enis > 0 {
            text.push_str(", 1 network interface");
        }
        match self.gpus {
            Gpus::Count(0) => {}
            Gpus::Count(count) => {
                let _ = write!(text, ", {count} {}", plural(count, "GPU"));
            }
            Gpus::All => text.push_str(", all GPUs"),
        }
        text
    }
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
        view.why.join("; ")
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
