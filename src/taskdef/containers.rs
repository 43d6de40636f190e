//! The containers of a definition, and which of them are meant.

use serde_json::{Map, Value};

use super::document::Definition;
use crate::definition::{ContainerDefinition, containers_mut};

impl Definition {
    /// The containers in the document's order.
    pub fn containers(&self) -> Vec<ContainerDefinition<'_>> {
        self.view().containers().collect()
    }

    pub fn container(&self, name: &str) -> Option<ContainerDefinition<'_>> {
        self.view().container(name)
    }

    pub(super) fn container_mut(&mut self, name: &str) -> Option<&mut Map<String, Value>> {
        let is_meant = |container: &&mut Map<String, Value>| {
            container.get("name").and_then(Value::as_str) == Some(name)
        };
        containers_mut(self.document_mut()).find(is_meant)
    }
}

/// Why it isn't clear which containers are meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    #[error("the task definition has no container `{name}`; it has {there}")]
    Unknown { name: String, there: String },
    #[error(
        "the task definition has {count} containers, and none alone runs an image from `{repository}`: name one in `container-name`; there are {there}"
    )]
    NotByImage {
        count: usize,
        repository: String,
        there: String,
    },
    #[error(
        "the task definition has {count} containers: name one in `container-name`; there are {there}"
    )]
    Unclear { count: usize, there: String },
}

/// The containers that `wanted` (`container-name`) means: those named; else the only one; else the
/// one whose present image is in `repository` (its name, or its URI without tag).
///
/// # Errors
/// A name that isn't there, or no single container that fits. All of them list those there are.
pub fn resolve(
    definition: &Definition,
    wanted: &[String],
    repository: Option<&str>,
) -> Result<Vec<String>, ContainerError> {
    let containers = definition.containers();
    let there = || {
        let names: Vec<String> = containers
            .iter()
            .map(|c| format!("`{}`", c.name()))
            .collect();
        names.join(", ")
    };
    if let Some(name) = wanted
        .iter()
        .find(|name| definition.container(name).is_none())
    {
        return Err(ContainerError::Unknown {
            name: name.clone(),
            there: there(),
        });
    }
    if !wanted.is_empty() {
        return Ok(wanted.to_vec());
    }
    if let [only] = containers.as_slice() {
        return Ok(vec![only.name().to_owned()]);
    }
    let count = containers.len();
    let Some(repository) = repository else {
        return Err(ContainerError::Unclear {
            count,
            there: there(),
        });
    };
    let is_from =
        |c: &&ContainerDefinition<'_>| c.image().is_some_and(|image| is_in(image, repository));
    let fitting: Vec<&ContainerDefinition<'_>> = containers.iter().filter(is_from).collect();
    match fitting.as_slice() {
        [one] => Ok(vec![one.name().to_owned()]),
        _ => {
            let repository = repository.to_owned();
            Err(ContainerError::NotByImage {
                count,
                repository,
                there: there(),
            })
        }
    }
}

/// Whether `image` (`host/team/app:tag@digest`) is in `repository` (`team/app` or `host/team/app`).
fn is_in(image: &str, repository: &str) -> bool {
    let image = image.split('@').next().unwrap_or(image);
    // A `:` before the last `/` is the host's port.
    let path_start = image.rfind('/').map_or(0, |slash| slash + 1);
    let tag = image.get(path_start..).and_then(|last| last.find(':'));
    let name = tag
        .and_then(|at| image.get(..path_start + at))
        .unwrap_or(image);
    let without_host = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => name,
    };
    name == repository || without_host == repository
}
