//! What one process of the action leaves for the one after the job: written to the file that
//! `GITHUB_STATE` names, handed on by the runner as `STATE_<name>`.
//!
//! Nothing secret goes there. What can't be kept costs a line at debug level and nothing else.

use std::path::Path;

use super::files;

/// Keeps `value`; of a name that is kept twice the later value counts.
pub fn keep(file: &Path, name: &str, value: &str) {
    if let Err(error) = files::append(file, &files::assigned(name, value)) {
        tracing::debug!(%error, "the step's state can't be kept");
    }
}

/// What was kept, as the environment of the later process has it.
pub fn kept<'e>(env: &'e [(String, String)], name: &str) -> Option<&'e str> {
    let is_it = |variable: &str| variable.strip_prefix("STATE_") == Some(name);
    let found = env.iter().find(|(variable, _)| is_it(variable));
    found.map(|(_, value)| value.as_str())
}
