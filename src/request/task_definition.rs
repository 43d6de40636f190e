//! Where the task definition comes from, and which of its containers are meant.

use super::reader::Reader;

/// Where the task definition comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskDefinitionSource {
    /// The revision that the service runs now.
    Service,
    /// The latest active revision of a family.
    Family(String),
    Revision {
        family: String,
        revision: u32,
    },
    /// A revision's ARN, or a family's (the latest then).
    Arn(String),
    /// Path of a file in the workspace.
    File(String),
}

impl TaskDefinitionSource {
    /// What DescribeTaskDefinition is asked for; absent where it isn't, or where the service tells.
    pub fn described_as(&self) -> Option<String> {
        match self {
            TaskDefinitionSource::Service | TaskDefinitionSource::File(_) => None,
            TaskDefinitionSource::Family(name) => Some(name.clone()),
            TaskDefinitionSource::Revision { family, revision } => {
                Some(format!("{family}:{revision}"))
            }
            TaskDefinitionSource::Arn(arn) => Some(arn.clone()),
        }
    }
}

pub(super) fn source(r: &mut Reader<'_>) -> TaskDefinitionSource {
    let Some(text) = r.text("task-definition") else {
        if !r.is_given("service") && r.is_given("register-only") {
            let why = "without `service` there is no running revision to start from; \
                       give a file, a family, `family:revision` or an ARN";
            r.missing("task-definition", why);
        }
        return TaskDefinitionSource::Service;
    };
    if text.starts_with("arn:") {
        if !text.contains(":ecs:") || !text.contains(":task-definition/") {
            let why = "the ARN isn't a task definition's \
                       (`arn:aws:ecs:<region>:<account>:task-definition/<family>:<revision>`)";
            r.wrong("task-definition", text, why);
        }
        return TaskDefinitionSource::Arn(text.to_owned());
    }
    if is_family(text) {
        return TaskDefinitionSource::Family(text.to_owned());
    }
    match text.split_once(':') {
        Some((family, revision)) if is_family(family) => {
            let number = revision.parse::<u32>().ok().filter(|number| *number > 0);
            if number.is_none() {
                let why = "a revision is a number from 1, as in `web:42`";
                r.wrong("task-definition", text, why);
            }
            TaskDefinitionSource::Revision {
                family: family.to_owned(),
                revision: number.unwrap_or_default(),
            }
        }
        _ => TaskDefinitionSource::File(text.to_owned()),
    }
}

pub(super) fn containers(r: &mut Reader<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for name in r.list("container-name") {
        if names.contains(&name) {
            r.wrong("container-name", &name, "the container is named twice");
        } else {
            names.push(name);
        }
    }
    names
}

/// What ECS allows as a family's name. A path has a `.` or a `/`, which no family has.
fn is_family(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
