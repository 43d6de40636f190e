//! What every remedy is made with.

use serde_json::Value;

use crate::cause::Remedy;

/// A remedy that was checked.
pub(in crate::capacity) fn checked(text: String, change: Value, cost: Option<String>) -> Remedy {
    Remedy {
        text,
        change,
        cost,
        checked: true,
    }
}

/// `1 more instance`.
pub(in crate::capacity) fn more(count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} more instance{plural}")
}
