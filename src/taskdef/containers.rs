//! The containers of a definition, and which of them are meant.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::document::Definition;

/// One container, for reading.
#[derive(Clone, Copy, Debug)]
pub struct Container<'a>(&'a Map<String, Value>);

impl<'a> Container<'a> {
    /// A checked definition's containers have one each.
    pub fn name(&self) -> &'a str {
        self.text("name").unwrap_or_default()
    }

    pub fn image(&self) -> Option<&'a str> {
        self.text("image")
    }

    /// ECS takes a container as essential where it doesn't say.
    pub fn is_essential(&self) -> bool {
        self.0
            .get("essential")
            .and_then(Value::as_bool)
            .unwrap_or(true)
    }

    /// Ports that the container listens on, single ones as given; ranges aren't among them.
    pub fn ports(&self) -> Vec<u16> {
        let mappings = self.0.get("portMappings").and_then(Value::as_array);
        let ports = mappings
            .into_iter()
            .flatten()
            .filter_map(|mapping| u16::try_from(mapping.get("containerPort")?.as_u64()?).ok());
        ports.collect()
    }

    /// The ranges of ports that the container listens on (`containerPortRange`, `8000-8010`).
    pub fn port_ranges(&self) -> Vec<RangeInclusive<u16>> {
        let mappings = self.0.get("portMappings").and_then(Value::as_array);
        let range = |mapping: &Value| {
            let text = mapping.get("containerPortRange")?.as_str()?;
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
        };
        mappings.into_iter().flatten().filter_map(range).collect()
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }
}

impl Definition {
    /// The containers in the document's order.
    pub fn containers(&self) -> Vec<Container<'_>> {
        let list = self
            .as_value()
            .get("containerDefinitions")
            .and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(Container)
            .collect()
    }

    pub fn container(&self, name: &str) -> Option<Container<'_>> {
        self.containers()
            .into_iter()
            .find(|container| container.name() == name)
    }

    pub(super) fn container_mut(&mut self, name: &str) -> Option<&mut Map<String, Value>> {
        let list = self
            .members_mut()?
            .get_mut("containerDefinitions")?
            .as_array_mut()?;
        let is_meant = |container: &&mut Map<String, Value>| {
            container.get("name").and_then(Value::as_str) == Some(name)
        };
        list.iter_mut()
            .filter_map(Value::as_object_mut)
            .find(is_meant)
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
    let is_from = |c: &&Container<'_>| c.image().is_some_and(|image| is_in(image, repository));
    let fitting: Vec<&Container<'_>> = containers.iter().filter(is_from).collect();
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
