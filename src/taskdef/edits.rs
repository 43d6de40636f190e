//! Changes what was asked for in the document, and nothing else.

use serde_json::{Map, Value, json};

use super::document::Definition;
use crate::request::{Edit, Edits, EnvFiles};

/// Why an edit can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the task definition has no container `{0}`")]
    NoContainer(String),
    #[error("`{member}` of container `{container}` is not {expected}")]
    WrongKind {
        container: String,
        member: &'static str,
        expected: &'static str,
    },
    #[error(
        "container `{container}` has `{name}` under `{other}` already, and ECS allows one of the two: add `-{name}` to `{input}`"
    )]
    Twice {
        container: String,
        name: String,
        other: &'static str,
        input: &'static str,
    },
    #[error(
        "container `{0}` has no log driver: give `log-configuration-log-driver` with the options"
    )]
    NoLogDriver(String),
}

/// Puts `image` into `container`, keeping the place of the member.
///
/// # Errors
/// There is no such container.
pub fn set_image(
    definition: &mut Definition,
    container: &str,
    image: &str,
) -> Result<(), EditError> {
    let members = definition
        .container_mut(container)
        .ok_or_else(|| EditError::NoContainer(container.to_owned()))?;
    members.insert("image".to_owned(), image.into());
    Ok(())
}

/// Makes `edits` in each of `containers`; the roles are the definition's own.
///
/// # Errors
/// The first edit that can't be made; the definition is then of no use.
pub fn apply(
    definition: &mut Definition,
    containers: &[String],
    edits: &Edits,
) -> Result<(), EditError> {
    if edits.touch_containers() {
        for name in containers {
            let members = definition
                .container_mut(name)
                .ok_or_else(|| EditError::NoContainer(name.clone()))?;
            ContainerEdit { name, members }.apply(edits)?;
        }
    }
    let Some(members) = definition.members_mut() else {
        return Ok(());
    };
    let roles = [
        ("taskRoleArn", &edits.task_role_arn),
        ("executionRoleArn", &edits.execution_role_arn),
    ];
    for (member, role) in roles {
        if let Some(role) = role {
            members.insert(member.to_owned(), role.as_str().into());
        }
    }
    Ok(())
}

struct ContainerEdit<'a> {
    name: &'a str,
    members: &'a mut Map<String, Value>,
}

impl ContainerEdit<'_> {
    fn apply(&mut self, edits: &Edits) -> Result<(), EditError> {
        self.named_list("environment", "value", &edits.environment)?;
        self.named_list("secrets", "valueFrom", &edits.secrets)?;
        self.each_name_once(edits)?;
        edit_map(
            self.name,
            self.members,
            "dockerLabels",
            &edits.docker_labels,
        )?;
        if let Some(command) = &edits.command {
            self.members.insert("command".to_owned(), json!(command));
        }
        self.log_configuration(edits)?;
        self.env_files(edits.env_files.as_ref())
    }

    /// `environment` and `secrets`: lists of objects with a name and a value.
    fn named_list(
        &mut self,
        member: &'static str,
        value_name: &str,
        edits: &[Edit],
    ) -> Result<(), EditError> {
        let sets = edits.iter().any(|edit| matches!(edit, Edit::Set { .. }));
        let Some(list) = self.list(member, sets)? else {
            return Ok(());
        };
        for edit in edits {
            match edit {
                Edit::Remove { name } => list.retain(|item| !is_named(item, name)),
                Edit::Set { name, value } => {
                    let mut found = false;
                    let same = list.iter_mut().filter(|item| is_named(item, name));
                    for item in same.filter_map(Value::as_object_mut) {
                        item.insert(value_name.to_owned(), value.expose().into());
                        found = true;
                    }
                    if !found {
                        list.push(json!({ "name": name, value_name: value.expose() }));
                    }
                }
            }
        }
        Ok(())
    }

    /// ECS refuses a name that is both a variable and a secret.
    fn each_name_once(&self, edits: &Edits) -> Result<(), EditError> {
        let sides = [
            (&edits.environment, "secrets", "secrets"),
            (&edits.secrets, "environment", "environment-variables"),
        ];
        for (edits, other, input) in sides {
            let there = self.members.get(other).and_then(Value::as_array);
            let is_there = |name: &str| there.is_some_and(|l| l.iter().any(|i| is_named(i, name)));
            for edit in edits {
                if let Edit::Set { name, .. } = edit
                    && is_there(name)
                {
                    let (container, name) = (self.name.to_owned(), name.clone());
                    return Err(EditError::Twice {
                        container,
                        name,
                        other,
                        input,
                    });
                }
            }
        }
        Ok(())
    }

    fn log_configuration(&mut self, edits: &Edits) -> Result<(), EditError> {
        if edits.log_driver.is_none() && edits.log_options.is_empty() {
            return Ok(());
        }
        let name = self.name;
        let wrong = || EditError::WrongKind {
            container: name.to_owned(),
            member: "logConfiguration",
            expected: "an object",
        };
        let log = self
            .members
            .entry("logConfiguration")
            .or_insert(Value::Null);
        if log.is_null() {
            *log = json!({});
        }
        let log = log.as_object_mut().ok_or_else(wrong)?;
        if let Some(driver) = &edits.log_driver {
            log.insert("logDriver".to_owned(), driver.as_str().into());
        }
        if !log.get("logDriver").is_some_and(Value::is_string) {
            return Err(EditError::NoLogDriver(name.to_owned()));
        }
        edit_map(name, log, "options", &edits.log_options)
    }

    fn env_files(&mut self, edit: Option<&EnvFiles>) -> Result<(), EditError> {
        match edit {
            None => {}
            Some(EnvFiles::Replace(arns)) => {
                let files: Vec<Value> = arns
                    .iter()
                    .map(|arn| json!({ "value": arn, "type": "s3" }))
                    .collect();
                self.members
                    .insert("environmentFiles".to_owned(), files.into());
            }
            Some(EnvFiles::Remove(arns)) => {
                if let Some(list) = self.list("environmentFiles", false)? {
                    list.retain(|file| {
                        let value = file.get("value").and_then(Value::as_str);
                        !value.is_some_and(|value| arns.iter().any(|arn| arn == value))
                    });
                }
            }
        }
        Ok(())
    }

    /// The list under `member`; made where there is none and `make` asks for it.
    fn list(
        &mut self,
        member: &'static str,
        make: bool,
    ) -> Result<Option<&mut Vec<Value>>, EditError> {
        let container = self.name.to_owned();
        let Some(value) = held(self.members, member, make, || json!([])) else {
            return Ok(None);
        };
        let wrong = EditError::WrongKind {
            container,
            member,
            expected: "a list",
        };
        value.as_array_mut().map(Some).ok_or(wrong)
    }
}

/// Edits an object of texts: Docker labels, log options.
fn edit_map(
    container: &str,
    members: &mut Map<String, Value>,
    member: &'static str,
    edits: &[Edit],
) -> Result<(), EditError> {
    let sets = edits.iter().any(|edit| matches!(edit, Edit::Set { .. }));
    if edits.is_empty() {
        return Ok(());
    }
    let Some(value) = held(members, member, sets, || json!({})) else {
        return Ok(());
    };
    let container = container.to_owned();
    let wrong = EditError::WrongKind {
        container,
        member,
        expected: "an object",
    };
    let map = value.as_object_mut().ok_or(wrong)?;
    for edit in edits {
        match edit {
            Edit::Set { name, value } => {
                map.insert(name.clone(), value.expose().into());
            }
            // `remove` would move the last member into the gap.
            Edit::Remove { name } => {
                map.shift_remove(name);
            }
        }
    }
    Ok(())
}

/// The value of `member`, which `null` counts as absent for; made where `make` asks for it.
fn held<'a>(
    members: &'a mut Map<String, Value>,
    member: &str,
    make: bool,
    empty: impl Fn() -> Value,
) -> Option<&'a mut Value> {
    let is_there = members.get(member).is_some_and(|value| !value.is_null());
    if !is_there && make {
        members.insert(member.to_owned(), empty());
    }
    members.get_mut(member).filter(|value| !value.is_null())
}

fn is_named(item: &Value, name: &str) -> bool {
    item.get("name").and_then(Value::as_str) == Some(name)
}
