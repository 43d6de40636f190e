//! Members that a task definition must have, deeper than its containers' names and images.
//!
//! As the service model marks them as required. ECS's own words for them aren't known: they are
//! made after those for a container's name.

use serde_json::{Map, Value};

use super::taskdef::Refusal;

/// Where in the document (`*` is each item of a list), and what must be there.
#[rustfmt::skip]
const REQUIRED: &[(&str, &[&str])] = &[
    ("containerDefinitions/*/repositoryCredentials", &["credentialsParameter"]),
    ("containerDefinitions/*/restartPolicy", &["enabled"]),
    ("containerDefinitions/*/environmentFiles/*", &["value", "type"]),
    ("containerDefinitions/*/linuxParameters/devices/*", &["hostPath"]),
    ("containerDefinitions/*/linuxParameters/tmpfs/*", &["containerPath", "size"]),
    ("containerDefinitions/*/secrets/*", &["name", "valueFrom"]),
    ("containerDefinitions/*/dependsOn/*", &["containerName", "condition"]),
    ("containerDefinitions/*/extraHosts/*", &["hostname", "ipAddress"]),
    ("containerDefinitions/*/ulimits/*", &["name", "softLimit", "hardLimit"]),
    ("containerDefinitions/*/logConfiguration", &["logDriver"]),
    ("containerDefinitions/*/logConfiguration/secretOptions/*", &["name", "valueFrom"]),
    ("containerDefinitions/*/healthCheck", &["command"]),
    ("containerDefinitions/*/resourceRequirements/*", &["type"]),
    ("containerDefinitions/*/resourceRequirements/*/sharingStrategy/nvidiaMps", &["memory"]),
    ("containerDefinitions/*/firelensConfiguration", &["type"]),
    ("volumes/*/efsVolumeConfiguration", &["fileSystemId"]),
    ("volumes/*/s3filesVolumeConfiguration", &["fileSystemArn"]),
    ("volumes/*/fsxWindowsFileServerVolumeConfiguration", &["fileSystemId", "rootDirectory", "authorizationConfig"]),
    ("volumes/*/fsxWindowsFileServerVolumeConfiguration/authorizationConfig", &["credentialsParameter", "domain"]),
    ("proxyConfiguration", &["containerName"]),
    ("inferenceAccelerators/*", &["deviceName", "deviceType"]),
    ("ephemeralStorage", &["sizeInGiB"]),
    ("trustedExecutionConfiguration", &["isolationMode"]),
];

/// Refuses a document that lacks one of them.
pub(super) fn refuse(document: &Map<String, Value>) -> Result<(), Refusal> {
    for (path, names) in REQUIRED {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let Some(start) = document.get(first) else {
            continue;
        };
        for found in at(start, rest) {
            if let Some(name) = names.iter().find(|name| found[**name].is_null()) {
                let text = format!("{}.{name} should not be null or empty.", member(path));
                return Err(Refusal::client(text));
            }
        }
    }
    Ok(())
}

/// The structures at the end of a path.
fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match first {
        "" => vec![value]
            .into_iter()
            .filter(|one| one.is_object())
            .collect(),
        "*" => {
            let items = value.as_array().into_iter().flatten();
            items.flat_map(|item| at(item, rest)).collect()
        }
        name => value
            .get(name)
            .map_or_else(Vec::new, |inner| at(inner, rest)),
    }
}

/// The last name of a path.
fn member(path: &str) -> &str {
    path.rsplit('/').find(|part| *part != "*").unwrap_or(path)
}
