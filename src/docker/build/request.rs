//! What to build. Plain values.

use std::path::PathBuf;

use crate::docker::RegistryLogin;
use crate::image::{ImageRef, Platform};
use crate::secret::Secret;

/// A value that `RUN --mount=type=secret,id=…` sees, and that is in no layer.
#[derive(Clone, Debug)]
pub struct BuildSecret {
    /// The `id` in `RUN --mount`.
    pub id: String,
    /// What the step reads.
    pub value: Secret,
}

/// What to build; the words are those of `docker build`.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The folder that is sent to the engine.
    pub context: PathBuf,
    /// `<context>/Dockerfile` unless given; may lie outside the context.
    pub dockerfile: Option<PathBuf>,
    /// The name that the engine keeps the image under.
    pub name: ImageRef,
    /// `--platform`: one alone.
    pub platform: Platform,
    /// `--target`: the stage to build; the last one unless given.
    pub target: Option<String>,
    /// `--build-arg`: name and value.
    pub build_args: Vec<(String, String)>,
    /// `--label`: name and value.
    pub labels: Vec<(String, String)>,
    /// Images whose embedded cache may be used.
    pub cache_from: Vec<ImageRef>,
    /// Embed the cache in the image, for later builds' `cache_from`.
    pub inline_cache: bool,
    /// `--no-cache`: run every step.
    pub no_cache: bool,
    /// Ask the registry for newer base images.
    pub pull: bool,
    /// `--network` of the steps that run commands.
    pub network: Option<String>,
    /// `host:address`.
    pub add_hosts: Vec<String>,
    /// For base images and caches; each registry sees its own only, and those of ECR in one region
    /// are as one.
    pub logins: Vec<RegistryLogin>,
    /// `--secret`, each with an id of its own.
    pub secrets: Vec<BuildSecret>,
}

impl BuildRequest {
    /// A plain build of a directory for `linux/amd64`.
    pub fn new(context: impl Into<PathBuf>, name: ImageRef) -> Self {
        Self {
            context: context.into(),
            dockerfile: None,
            name,
            platform: Platform::linux_amd64(),
            target: None,
            build_args: Vec::new(),
            labels: Vec::new(),
            cache_from: Vec::new(),
            inline_cache: false,
            no_cache: false,
            pull: false,
            network: None,
            add_hosts: Vec::new(),
            logins: Vec::new(),
            secrets: Vec::new(),
        }
    }
}
