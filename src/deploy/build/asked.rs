//! The build that a request asks for, in the engine's terms, with what the environment adds.
//!
//! Nothing is asked of the engine here. What is left out or empty is said, so that no build succeeds
//! with less than its author wrote.

use crate::deploy::files::BuildPaths;
use crate::docker::{BuildRequest, BuildSecret, Credentials, RegistryLogin};
use crate::environment::Variables;
use crate::failure::Failure;
use crate::image::{ImageRef, Platform};
use crate::request::{BuildSpec, Network};
use crate::run::Journal;

/// The shortest line of a secret that is masked: a mask on a `}` or a `1` would shred the log, and
/// nothing that short is a secret.
const MASKED_FROM: usize = 4;

/// What a build is for, and what it takes.
pub(super) struct Asked<'a> {
    pub(super) environment: &'a Variables,
    pub(super) spec: &'a BuildSpec,
    pub(super) platform: &'a Platform,
    /// The repository that is pushed to.
    pub(super) address: &'a ImageRef,
    /// Of its registry.
    pub(super) credentials: &'a Credentials,
    pub(super) paths: BuildPaths,
}

/// What to build, under the first tag.
///
/// # Errors
/// The tag, or a reference of `cache-from`, is none.
pub(super) fn build_request(
    journal: &mut Journal,
    asked: Asked<'_>,
) -> Result<BuildRequest, Failure> {
    let (spec, address) = (asked.spec, asked.address);
    let tag = spec.tags.first().map(String::as_str).unwrap_or_default();
    let name = address
        .with_tag(tag)
        .map_err(|error| Failure::invalid(format!("`{tag}` is no tag: {error}")))?;
    let mut cache_from = Vec::new();
    for reference in &spec.cache_from {
        let parsed = reference.parse().map_err(|error| {
            Failure::invalid(format!(
                "`{reference}` in `cache-from` is no image reference: {error}"
            ))
        })?;
        cache_from.push(parsed);
    }
    let registry = address.registry().to_owned();
    Ok(BuildRequest {
        dockerfile: asked.paths.dockerfile,
        platform: asked.platform.clone(),
        target: spec.target.clone(),
        build_args: build_args(journal, asked.environment, spec),
        labels: spec.labels.clone(),
        cache_from,
        inline_cache: spec.inline_cache,
        no_cache: spec.no_cache,
        pull: spec.pull,
        network: (spec.network != Network::Default).then(|| spec.network.as_str().to_owned()),
        add_hosts: spec
            .add_hosts
            .iter()
            .map(|(host, address)| format!("{host}:{address}"))
            .collect(),
        secrets: build_secrets(journal, spec),
        logins: vec![RegistryLogin {
            registry,
            credentials: asked.credentials.clone(),
        }],
        ..BuildRequest::new(asked.paths.context, name)
    })
}

/// Those with a value. One that the environment doesn't have isn't sent: then the Dockerfile's own
/// default counts, as with `docker build`.
fn build_args(
    journal: &mut Journal,
    environment: &Variables,
    spec: &BuildSpec,
) -> Vec<(String, String)> {
    let mut args = Vec::new();
    for (name, given) in &spec.build_args {
        let value = match given {
            Some(value) => Some(value.expose().to_owned()),
            None => environment.set(name).map(str::to_owned),
        };
        let Some(value) = value else {
            journal.warning(&format!(
                "`build-args`: `{name}` has no value, and there is no variable `{name}` in the environment: the Dockerfile's own default counts"
            ));
            continue;
        };
        if value.is_empty() {
            journal.line(&format!("build-args: the value of `{name}` is empty"));
        }
        args.push((name.clone(), value));
    }
    args
}

/// Those with a value, masked. An empty one, as of a GitHub secret that isn't set, is as good as
/// none: left out, a step that requires it fails and names it.
fn build_secrets(journal: &mut Journal, spec: &BuildSpec) -> Vec<BuildSecret> {
    let mut secrets = Vec::new();
    for (id, value) in &spec.build_secrets {
        if value.expose().is_empty() {
            journal.warning(&format!(
                "`build-secrets`: the value of `{id}` is empty (a GitHub secret that isn't set?): the build gets no such secret"
            ));
            continue;
        }
        for line in value.expose().lines().map(str::trim) {
            if line.len() >= MASKED_FROM {
                journal.log().mask(line);
            }
        }
        secrets.push(BuildSecret {
            id: id.clone(),
            value: value.clone(),
        });
    }
    secrets
}
