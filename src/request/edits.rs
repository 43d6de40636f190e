//! What to change in the task definition besides the image.

use super::reader::Reader;
use crate::secret::Secret;

/// The edits, each for every container that is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// `environment-variables`.
    pub environment: Vec<Edit>,
    /// Values are ARNs of Secrets Manager or Parameter Store.
    pub secrets: Vec<Edit>,
    /// `docker-labels`.
    pub docker_labels: Vec<Edit>,
    /// `command`, word by word.
    pub command: Option<Vec<String>>,
    /// `log-configuration-log-driver`.
    pub log_driver: Option<String>,
    /// `log-configuration-options`.
    pub log_options: Vec<Edit>,
    /// `env-files`.
    pub env_files: Option<EnvFiles>,
    /// `task-role-arn`.
    pub task_role_arn: Option<String>,
    /// `execution-role-arn`.
    pub execution_role_arn: Option<String>,
}

impl Edits {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Edits::default()
    }

    /// Whether containers are touched, and not the roles alone.
    pub fn touch_containers(&self) -> bool {
        let roles = Edits {
            task_role_arn: self.task_role_arn.clone(),
            execution_role_arn: self.execution_role_arn.clone(),
            ..Edits::default()
        };
        *self != roles
    }
}

/// One line of a list of named values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Set { name: String, value: Secret },
    Remove { name: String },
}

impl Edit {
    pub fn name(&self) -> &str {
        match self {
            Edit::Set { name, .. } | Edit::Remove { name } => name,
        }
    }
}

/// Environment files have no names to merge by: a list takes the place of the one there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvFiles {
    Replace(Vec<String>),
    Remove(Vec<String>),
}

pub(super) fn edits(r: &mut Reader<'_>) -> Edits {
    let environment = named(r, "environment-variables");
    let secrets = named(r, "secrets");
    for edit in &secrets {
        let twin = environment.iter().find(|other| other.name() == edit.name());
        if let (Edit::Set { name, .. }, Some(Edit::Set { .. })) = (edit, twin) {
            // ECS refuses a name that is both.
            let why = format!("`{name}` stands in `environment-variables` too; choose one");
            let line = line_of(r, "secrets", name);
            r.hidden("secrets", line, why);
        }
    }
    Edits {
        environment,
        secrets,
        docker_labels: named(r, "docker-labels"),
        command: command(r, "command"),
        log_driver: r.text("log-configuration-log-driver").map(str::to_owned),
        log_options: named(r, "log-configuration-options"),
        env_files: env_files(r),
        task_role_arn: role(r, "task-role-arn"),
        execution_role_arn: role(r, "execution-role-arn"),
    }
}

/// `NAME=value` sets (the value may hold `=`), `-NAME` removes; a name stands once.
fn named(r: &mut Reader<'_>, input: &str) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for (number, line) in r.lines(input) {
        let edit = match (line.split_once('='), line.strip_prefix('-')) {
            (Some(_), Some(_)) => {
                r.hidden(input, number, "`-NAME` removes an entry and takes no value");
                continue;
            }
            (None, Some(name)) if !name.is_empty() => Edit::Remove {
                name: name.to_owned(),
            },
            (Some((name, value)), None) if !name.trim().is_empty() => Edit::Set {
                name: name.trim_end().to_owned(),
                value: Secret::new(value),
            },
            _ => {
                r.hidden(
                    input,
                    number,
                    "`NAME=value`, or `-NAME` to remove one, is needed",
                );
                continue;
            }
        };
        if edits.iter().any(|other| other.name() == edit.name()) {
            r.hidden(input, number, format!("`{}` is given twice", edit.name()));
        }
        edits.push(edit);
    }
    edits
}

fn line_of(r: &mut Reader<'_>, input: &str, name: &str) -> usize {
    let lines = r.lines(input);
    let found = lines
        .iter()
        .find(|(_, line)| line.split('=').next().map(str::trim) == Some(name));
    found.map_or(1, |(number, _)| *number)
}

/// A JSON list of strings, or a line with a shell's quotes.
pub(super) fn command(r: &mut Reader<'_>, input: &str) -> Option<Vec<String>> {
    let text = r.text(input)?;
    let words = if text.starts_with('[') {
        let list: Option<Vec<String>> = serde_json::from_str(text).ok();
        if list.is_none() {
            let why = "it starts with `[` and isn't a JSON list of strings, \
                       such as `[\"serve\", \"--port\", \"80\"]`";
            r.wrong(input, text, why);
        }
        list
    } else {
        let words = shlex::split(text);
        if words.is_none() {
            r.wrong(input, text, "a quote isn't closed");
        }
        words
    };
    words.filter(|words| !words.is_empty())
}

fn env_files(r: &mut Reader<'_>) -> Option<EnvFiles> {
    let lines = r.lines("env-files");
    let (removed, kept): (Vec<&str>, Vec<&str>) = lines
        .iter()
        .map(|(_, line)| *line)
        .partition(|line| line.starts_with('-'));
    let removed: Vec<String> = removed
        .iter()
        .map(|line| line.trim_start_matches('-').to_owned())
        .collect();
    for arn in kept
        .iter()
        .copied()
        .chain(removed.iter().map(String::as_str))
    {
        if !arn.starts_with("arn:") || !arn.contains(":s3:::") {
            r.wrong(
                "env-files",
                arn,
                "an S3 object's ARN is needed (`arn:aws:s3:::bucket/app.env`)",
            );
        }
    }
    match (kept.is_empty(), removed.is_empty()) {
        (true, true) => None,
        (true, false) => Some(EnvFiles::Remove(removed)),
        (false, true) => Some(EnvFiles::Replace(
            kept.into_iter().map(str::to_owned).collect(),
        )),
        (false, false) => {
            let why = "give either the whole list, or only `-arn` lines";
            r.wrong("env-files", &format!("-{}", removed.join(" -")), why);
            None
        }
    }
}

fn role(r: &mut Reader<'_>, input: &str) -> Option<String> {
    let arn = r.text(input)?;
    if !is_role_arn(arn) {
        r.wrong(
            input,
            arn,
            "a role's ARN is needed (`arn:aws:iam::<account>:role/<name>`)",
        );
    }
    Some(arn.to_owned())
}

/// `arn:aws:iam::<account>:role/<path and name>`, in any partition.
pub(crate) fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource] => {
            partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|b| b.is_ascii_digit())
                && resource
                    .strip_prefix("role/")
                    .is_some_and(|name| !name.is_empty())
        }
        _ => false,
    }
}
