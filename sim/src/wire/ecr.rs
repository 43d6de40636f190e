//! ECR: the token, repositories, images, manifests and where blobs are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::paging::{page, with_next};
use super::{Operation, texts};
use crate::world::{Image, Refusal, Repository, World, list, seconds};

/// A token lives for twelve hours.
const TOKEN_MS: i64 = 12 * 3_600_000;
/// Image ids in one request.
const IMAGES_MOST: usize = 100;

pub(super) fn handle(world: &World, operation: &Operation) -> Result<Value, Refusal> {
    let body = &operation.body;
    if let Some(id) = body["registryId"]
        .as_str()
        .filter(|id| *id != world.account)
    {
        return Err(not_found("", id));
    }
    match operation.name.as_str() {
        "GetAuthorizationToken" => Ok(token(world)),
        "DescribeRepositories" => repositories(world, body),
        "DescribeImages" => images(world, body),
        "BatchGetImage" => manifests(world, body),
        "DescribePullThroughCacheRules" => cache_rules(world, body),
        "BatchCheckLayerAvailability" => layers(world, body),
        "GetDownloadUrlForLayer" => download(world, operation),
        _ => Err(Refusal::new("UnknownOperationException", "")),
    }
}

fn token(world: &World) -> Value {
    let password = world
        .registry_password
        .as_deref()
        .unwrap_or("stand-in-password");
    let (token, scheme) = (
        STANDARD.encode(format!("AWS:{password}")),
        if world.registry_address.is_some() {
            "http"
        } else {
            "https"
        },
    );
    json!({"authorizationData": [{
        "authorizationToken": token,
        "expiresAt": seconds(world.now() + TOKEN_MS),
        "proxyEndpoint": format!("{scheme}://{}", world.registry_host()),
    }]})
}

fn not_found(name: &str, id: &str) -> Refusal {
    let text =
        format!("The repository with name '{name}' does not exist in the registry with id '{id}'");
    Refusal::new("RepositoryNotFoundException", text)
}

fn repository<'a>(world: &'a World, body: &Value) -> Result<&'a Repository, Refusal> {
    let name = body["repositoryName"].as_str().unwrap_or_default();
    world
        .repository(name)
        .ok_or_else(|| not_found(name, &world.account))
}

fn repositories(world: &World, body: &Value) -> Result<Value, Refusal> {
    let asked = texts(body, "repositoryNames");
    if body["repositoryNames"].is_array() && asked.is_empty() {
        let text = "Invalid parameter at 'repositoryNames' failed to satisfy constraint: 'Member must have length \
                    greater than or equal to 1'";
        return Err(Refusal::parameter(text));
    }
    if let Some(name) = asked.iter().find(|name| world.repository(name).is_none()) {
        return Err(not_found(name, &world.account));
    }
    let found = world
        .repositories
        .iter()
        .filter(|one| asked.is_empty() || asked.contains(&one.name.as_str()));
    let shown: Vec<Value> = found
        .map(|one| {
            json!({
                "repositoryArn": format!("arn:aws:ecr:{}:{}:repository/{}", world.region, world.account, one.name),
                "registryId": world.account,
                "repositoryName": one.name,
                "repositoryUri": world.repository_uri(&one.name),
                "createdAt": seconds(one.created),
                "imageTagMutability": one.mutability,
                "imageScanningConfiguration": {"scanOnPush": false},
                "encryptionConfiguration": {"encryptionType": "AES256"},
            })
        })
        .collect();
    let (shown, next) = page(body, &shown, (100, 1000))?;
    Ok(with_next(json!({"repositories": shown}), next))
}

fn cache_rules(world: &World, body: &Value) -> Result<Value, Refusal> {
    let asked = texts(body, "ecrRepositoryPrefixes");
    let is_there = |prefix: &&str| world.cache_rules.iter().any(|(one, _)| one == prefix);
    if let Some(prefix) = asked.iter().find(|prefix| !is_there(prefix)) {
        let text = format!(
            "The pull through cache rule with repository prefix '{prefix}' does not exist in the registry with id '{}'",
            world.account
        );
        return Err(Refusal::new("PullThroughCacheRuleNotFoundException", text));
    }
    let found = world
        .cache_rules
        .iter()
        .filter(|(prefix, _)| asked.is_empty() || asked.contains(&prefix.as_str()));
    let shown: Vec<Value> = found
        .map(|(prefix, upstream)| {
            json!({
                "ecrRepositoryPrefix": prefix,
                "upstreamRegistryUrl": upstream,
                "registryId": world.account,
            })
        })
        .collect();
    let (shown, next) = page(body, &shown, (100, 1000))?;
    Ok(with_next(json!({"pullThroughCacheRules": shown}), next))
}

/// The image that an `imageIds` item names.
fn named<'a>(repository: &'a Repository, id: &Value) -> Option<&'a Image> {
    let (digest, tag) = (id["imageDigest"].as_str(), id["imageTag"].as_str());
    repository.images.iter().find(|image| {
        (digest.is_some() || tag.is_some())
            && digest.is_none_or(|digest| image.digest == digest)
            && tag.is_none_or(|tag| image.tags.iter().any(|known| known == tag))
    })
}

fn id_text(id: &Value) -> String {
    let text = |name: &str| id[name].as_str().unwrap_or("null").to_owned();
    format!(
        "{{imageDigest:'{}', imageTag:'{}'}}",
        text("imageDigest"),
        text("imageTag")
    )
}

fn images(world: &World, body: &Value) -> Result<Value, Refusal> {
    let repository = repository(world, body)?;
    let asked = list(&body["imageIds"]);
    refuse_ids(body, asked)?;
    if !asked.is_empty() && (body["maxResults"].is_number() || body["nextToken"].is_string()) {
        let text = "Invalid parameter: maxResults and nextToken cannot be used when images are specified with imageIds.";
        return Err(Refusal::parameter(text));
    }
    let mut found: Vec<&Image> = Vec::new();
    for id in asked {
        let image = named(repository, id).ok_or_else(|| {
            let text = format!(
                "The image with imageId {} does not exist within the repository with name '{}' in the registry with id '{}'",
                id_text(id), repository.name, world.account
            );
            Refusal::new("ImageNotFoundException", text)
        })?;
        found.push(image);
    }
    if asked.is_empty() {
        let wanted = body["filter"]["tagStatus"].as_str();
        found.extend(repository.images.iter().filter(|image| match wanted {
            Some("TAGGED") => !image.tags.is_empty(),
            Some("UNTAGGED") => image.tags.is_empty(),
            _ => true,
        }));
    }
    let shown: Vec<Value> = found
        .into_iter()
        .map(|image| image_json(world, repository, image))
        .collect();
    let (shown, next) = page(body, &shown, (100, 1000))?;
    Ok(with_next(json!({"imageDetails": shown}), next))
}

fn refuse_ids(body: &Value, asked: &[Value]) -> Result<(), Refusal> {
    if body["imageIds"].is_array() && (asked.is_empty() || asked.len() > IMAGES_MOST) {
        let text = format!(
            "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length between 1 and {IMAGES_MOST}'"
        );
        return Err(Refusal::parameter(text));
    }
    Ok(())
}

fn image_json(world: &World, repository: &Repository, image: &Image) -> Value {
    let mut shown = json!({
        "registryId": world.account,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": seconds(image.pushed),
        "imageManifestMediaType": image.media_type,
    });
    if !image.tags.is_empty() {
        shown["imageTags"] = json!(image.tags);
    }
    if let Some(kind) = image
        .config
        .as_ref()
        .map(|_| "application/vnd.docker.container.image.v1+json")
    {
        shown["artifactMediaType"] = json!(kind);
    }
    shown
}

fn manifests(world: &World, body: &Value) -> Result<Value, Refusal> {
    let repository = repository(world, body)?;
    let asked = list(&body["imageIds"]);
    refuse_ids(body, asked)?;
    let (mut shown, mut failures) = (Vec::new(), Vec::new());
    for id in asked {
        match named(repository, id) {
            Some(image) => {
                let mut image_id = json!({"imageDigest": image.digest});
                if let Some(tag) = id["imageTag"].as_str() {
                    image_id["imageTag"] = json!(tag);
                }
                shown.push(json!({
                    "registryId": world.account,
                    "repositoryName": repository.name,
                    "imageId": image_id,
                    "imageManifest": String::from_utf8_lossy(&image.manifest),
                    "imageManifestMediaType": image.media_type,
                }));
            }
            None => failures.push(json!({"imageId": id, "failureCode": "ImageNotFound",
                                         "failureReason": "Requested image not found"})),
        }
    }
    Ok(json!({"images": shown, "failures": failures}))
}

/// Whether any manifest of the repository names the blob.
fn holds(repository: &Repository, digest: &str) -> bool {
    let quoted = format!("\"{digest}\"");
    repository
        .images
        .iter()
        .any(|image| String::from_utf8_lossy(&image.manifest).contains(&quoted))
}

fn layers(world: &World, body: &Value) -> Result<Value, Refusal> {
    let repository = repository(world, body)?;
    let asked = texts(body, "layerDigests");
    if asked.is_empty() || asked.len() > IMAGES_MOST {
        return Err(Refusal::parameter(
            "Invalid parameter at 'layerDigests' failed to satisfy constraint: \
                                       'Member must have length between 1 and 100'",
        ));
    }
    let shown: Vec<Value> = asked
        .into_iter()
        .map(|digest| {
            let there = if holds(repository, digest) {
                "AVAILABLE"
            } else {
                "UNAVAILABLE"
            };
            json!({"layerDigest": digest, "layerAvailability": there})
        })
        .collect();
    Ok(json!({"layers": shown, "failures": []}))
}

fn download(world: &World, operation: &Operation) -> Result<Value, Refusal> {
    let repository = repository(world, &operation.body)?;
    let digest = operation.body["layerDigest"].as_str().unwrap_or_default();
    if !holds(repository, digest) {
        let text = format!(
            "The layer with digest '{digest}' does not exist in the repository with name '{}' in the registry with id '{}'",
            repository.name, world.account
        );
        return Err(Refusal::new("LayersNotFoundException", text));
    }
    let url = format!(
        "http://{}/_layers/{}/{digest}",
        operation.host, repository.name
    );
    Ok(json!({"downloadUrl": url, "layerDigest": digest}))
}
