//! What a run finds around it: the environment, read once, and where it writes at its end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::console::Style;

/// Variables that the run reads besides those of a prefix in [`PREFIXES`].
const READ: &[&str] = &[
    "DOCKER_HOST",
    "GITHUB_ACTIONS",
    "GITHUB_ACTOR",
    "GITHUB_API_URL",
    "GITHUB_EVENT_NAME",
    "GITHUB_EVENT_PATH",
    "GITHUB_OUTPUT",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKFLOW",
    "GITHUB_WORKSPACE",
    "HOME",
    "RUNNER_TEMP",
    "RUNNER_WORKSPACE",
];

/// How the names of the other variables begin that the run, or the SDK under it, reads.
const PREFIXES: &[&str] = &["INPUT_", "AWS_", "ACTIONS_ID_TOKEN_", "SSL_CERT_"];

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Names and values that are text.
    pub pairs: Vec<(String, String)>,
    /// Names of variables that the run would read, if they were text. To leave them out would be to
    /// do something else than what was asked for.
    pub unreadable: Vec<String>,
}

impl Environment {
    /// Sorts what the system hands over.
    pub fn of(all: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
        let mut environment = Environment::default();
        for (name, value) in all {
            let shown = name.to_string_lossy().into_owned();
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => environment.pairs.push((name, value)),
                _ if is_read(&shown) => environment.unreadable.push(shown),
                _ => {}
            }
        }
        environment.unreadable.sort();
        environment
    }
}

fn is_read(name: &str) -> bool {
    READ.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.to_ascii_uppercase().ends_with("_PROXY")
}

/// What a run finds around it.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// For the runner's log or for a terminal.
    pub style: Style,
    /// The variables of the process.
    pub environment: Environment,
    /// `--report PATH` of the command.
    pub report_path: Option<PathBuf>,
}

impl Surroundings {
    /// The environment's pairs.
    pub fn env(&self) -> &[(String, String)] {
        &self.environment.pairs
    }

    /// A variable that isn't empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env()
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The path by which a later step finds a file of the runner's temporary folder: in a container
    /// action that folder is mounted elsewhere, and only `RUNNER_WORKSPACE` still tells the host's
    /// own path (`<work>/<repository>`, next to `<work>/_temp`).
    pub(super) fn on_the_host(&self, path: &Path) -> String {
        let inside = path.strip_prefix("/github/runner_temp").ok();
        let work = self
            .var("RUNNER_WORKSPACE")
            .and_then(|workspace| Path::new(workspace).parent());
        match (inside, work) {
            (Some(inside), Some(work)) => work.join("_temp").join(inside).display().to_string(),
            _ => path.display().to_string(),
        }
    }

    /// When the credentials in the environment end, where that is in the environment too, as by
    /// `aws configure export-credentials --format env`. All others of the SDK's default chain
    /// are renewed by where they come from.
    pub(super) fn keys_end(&self) -> Option<SystemTime> {
        self.var("AWS_ACCESS_KEY_ID")?;
        let end = self.var("AWS_CREDENTIAL_EXPIRATION")?;
        humantime::parse_rfc3339(&end.replace("+00:00", "Z")).ok()
    }

    /// Where the JSON report goes.
    pub(super) fn report_path(&self) -> Option<PathBuf> {
        self.report_path.clone().or_else(|| match self.style {
            Style::Action => self
                .var("RUNNER_TEMP")
                .map(|temp| PathBuf::from(temp).join("plimsoll-report.json")),
            Style::Plain => None,
        })
    }
}

#[cfg(test)]
mod tests;
