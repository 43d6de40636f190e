//! ECR's repositories and the images in them, in memory.

use bytes::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::World;

/// One repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub name: String,
    /// `MUTABLE` or `IMMUTABLE`.
    pub mutability: String,
    pub created: i64,
    pub images: Vec<Image>,
}

/// One manifest (or index) and the tags on it.
#[derive(Clone, Debug)]
pub struct Image {
    pub digest: String,
    pub media_type: String,
    pub manifest: Bytes,
    pub tags: Vec<String>,
    pub pushed: i64,
    /// The configuration blob's digest and body; an index has none.
    pub config: Option<(String, Bytes)>,
    /// `amd64`, `arm64`, …
    pub architecture: Option<String>,
    pub size: i64,
}

/// `application/vnd.docker.distribution.manifest.v2+json`.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// `sha256:…` of some bytes.
pub fn digest(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

impl World {
    /// Creates an empty repository; its URI comes back. Nothing happens if it is there already.
    pub fn add_repository(&mut self, name: &str) -> String {
        if self.repository(name).is_none() {
            self.repositories.push(Repository {
                name: name.to_owned(),
                mutability: "MUTABLE".to_owned(),
                created: self.now,
                images: Vec::new(),
            });
        }
        self.repository_uri(name)
    }

    /// Pushes a small image for `linux/<architecture>`; its digest comes back.
    pub fn add_image(&mut self, repository: &str, tag: &str, architecture: &str) -> String {
        self.add_repository(repository);
        let config =
            json!({"architecture": architecture, "os": "linux", "config": {"Labels": {"tag": tag}},
                            "rootfs": {"type": "layers", "diff_ids": []}})
            .to_string();
        let config_digest = digest(config.as_bytes());
        let layer = digest(format!("layer of {repository}:{tag}").as_bytes());
        let manifest = json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                       "size": config.len(), "digest": config_digest},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        "size": 1_048_576, "digest": layer}]})
        .to_string();
        let image = Image {
            digest: digest(manifest.as_bytes()),
            media_type: DOCKER_MANIFEST.to_owned(),
            manifest: Bytes::from(manifest),
            tags: vec![tag.to_owned()],
            pushed: self.now,
            config: Some((config_digest, Bytes::from(config))),
            architecture: Some(architecture.to_owned()),
            size: 1_048_576,
        };
        let found = image.digest.clone();
        self.put_image(repository, image);
        found
    }

    /// Adds an image as a push does: its tags move to it.
    ///
    /// An immutable repository isn't minded here: that is for the one who pushes to find out.
    pub fn put_image(&mut self, repository: &str, image: Image) {
        let Some(repository) = self
            .repositories
            .iter_mut()
            .find(|one| one.name == repository)
        else {
            return;
        };
        for other in repository
            .images
            .iter_mut()
            .filter(|other| other.digest != image.digest)
        {
            other.tags.retain(|tag| !image.tags.contains(tag));
        }
        match repository
            .images
            .iter_mut()
            .find(|other| other.digest == image.digest)
        {
            Some(known) => {
                let more = image
                    .tags
                    .into_iter()
                    .filter(|tag| !known.tags.contains(tag));
                let more: Vec<String> = more.collect();
                known.tags.extend(more);
            }
            None => repository.images.push(image),
        }
    }

    /// The repository's tags can't be moved.
    pub fn set_immutable(&mut self, name: &str) {
        if let Some(found) = self.repositories.iter_mut().find(|one| one.name == name) {
            found.mutability = "IMMUTABLE".to_owned();
        }
    }

    /// Whatever is pulled from below `prefix` (`ROOT`: all) comes from the registry `upstream`. The
    /// repositories that a pull creates aren't seen here.
    pub fn add_cache_rule(&mut self, prefix: &str, upstream: &str) {
        self.cache_rules
            .push((prefix.to_owned(), upstream.to_owned()));
    }

    pub(crate) fn repository_names(&self) -> Vec<String> {
        self.repositories
            .iter()
            .map(|repository| repository.name.clone())
            .collect()
    }

    pub(crate) fn has_image(&self, repository: &str, digest: &str) -> bool {
        self.repository(repository)
            .is_some_and(|found| found.images.iter().any(|image| image.digest == digest))
    }

    pub(crate) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories
            .iter()
            .find(|repository| repository.name == name)
    }

    /// `<account>.dkr.ecr.<region>.amazonaws.com/<name>`, or on the real registry's address.
    pub fn repository_uri(&self, name: &str) -> String {
        format!("{}/{name}", self.registry_host())
    }

    pub(crate) fn registry_host(&self) -> String {
        match &self.registry_address {
            Some(address) => address.clone(),
            None => format!("{}.dkr.ecr.{}.amazonaws.com", self.account, self.region),
        }
    }

    /// Repository and `:tag` or `@digest` of a reference into this account's registry.
    fn reference<'a>(&self, image: &'a str) -> Option<(&'a str, &'a str)> {
        let host = self.registry_host();
        let rest = image.strip_prefix(host.as_str())?.strip_prefix('/')?;
        Some(match (rest.split_once('@'), rest.rsplit_once(':')) {
            (Some((name, digest)), _) => (name.split(':').next().unwrap_or(name), digest),
            (None, Some((name, tag))) => (name, tag),
            (None, None) => (rest, "latest"),
        })
    }

    fn image(&self, reference: &str) -> Option<&Image> {
        let (name, what) = self.reference(reference)?;
        let images = &self.repository(name)?.images;
        images
            .iter()
            .find(|image| image.digest == what || image.tags.iter().any(|tag| tag == what))
    }

    /// Whether the reference is into this account's registry, there is no such image, and no rule
    /// fetches it.
    pub(crate) fn is_missing(&self, reference: &str) -> bool {
        self.reference(reference)
            .is_some_and(|(name, _)| self.image(reference).is_none() && !self.is_cached(name))
    }

    fn is_cached(&self, name: &str) -> bool {
        let mut prefixes = self.cache_rules.iter().map(|(prefix, _)| prefix);
        prefixes.any(|prefix| prefix == "ROOT" || name.starts_with(&format!("{prefix}/")))
    }

    pub(crate) fn digest_of(&self, reference: &str) -> Option<String> {
        let written = reference
            .split_once('@')
            .map(|(_, digest)| digest.to_owned());
        written.or_else(|| Some(self.image(reference)?.digest.clone()))
    }

    pub(crate) fn architecture_of(&self, reference: &str) -> Option<String> {
        self.image(reference)?.architecture.clone()
    }

    /// A configuration blob of the repository by its digest.
    pub(crate) fn blob(&self, repository: &str, wanted: &str) -> Option<Bytes> {
        let images = &self.repository(repository)?.images;
        images
            .iter()
            .filter_map(|image| image.config.as_ref())
            .find(|one| one.0 == wanted)
            .map(|one| one.1.clone())
    }
}
