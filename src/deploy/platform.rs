//! Which platform an image in ECR is for: its list says it, else its configuration.

use serde_json::Value;

use crate::aws::{Aws, AwsError, EcrImage, Repository};
use crate::image::Platform;

/// What an image is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    One(Platform),
    /// A list of images; never empty.
    Several(Vec<Platform>),
    /// The manifest doesn't say it, or is of a kind that isn't known.
    NotTold,
}

/// Reads the manifest, and for a single image its configuration.
pub(super) async fn of(
    aws: &Aws,
    repository: &Repository,
    image: &EcrImage,
) -> Result<Found, AwsError> {
    let Ok(manifest) = serde_json::from_str::<Value>(&image.manifest) else {
        return Ok(Found::NotTold);
    };
    if let Some(list) = manifest.get("manifests").and_then(Value::as_array) {
        let platforms: Vec<Platform> = list
            .iter()
            .filter_map(|entry| platform(entry.get("platform")?))
            .collect();
        return Ok(if platforms.is_empty() {
            Found::NotTold
        } else {
            Found::Several(platforms)
        });
    }
    let Some(digest) = manifest.pointer("/config/digest").and_then(Value::as_str) else {
        return Ok(Found::NotTold);
    };
    let url = aws.blob_url(repository, digest).await?;
    let configuration: Option<Value> = serde_json::from_slice(&aws.blob(&url).await?).ok();
    Ok(configuration
        .as_ref()
        .and_then(platform)
        .map_or(Found::NotTold, Found::One))
}

/// From `os`, `architecture` and `variant`. Attestations are listed as `unknown/unknown`.
fn platform(value: &Value) -> Option<Platform> {
    let text = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty() && *text != "unknown")
    };
    Some(Platform::of(
        text("os")?,
        text("architecture")?,
        text("variant"),
    ))
}
