//! Building and pushing the image of this run, with the engine's progress in the log.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::files::{self, BuildPaths};
use super::image::wrong_platform;
use crate::aws::{Aws, Repository};
use crate::docker::{
    BuildEvent, BuildRequest, BuildSecret, Credentials, DockerError, Engine, PushEvent,
    PushRequest, RegistryLogin,
};
use crate::failure::Failure;
use crate::image::{ImageRef, Platform};
use crate::report::{ImageReport, Outcome};
use crate::request::{BuildSpec, Network};
use crate::run::Run;

/// Lines of a failed step that are repeated.
const LAST_LINES: usize = 10;

/// Builds for `wanted`, pushes all tags to `repository`, and reads the digest back from ECR.
pub(super) async fn build_and_push(
    run: &mut Run,
    (aws, repository): (&Aws, &Repository),
    spec: &BuildSpec,
    wanted: &Platform,
) -> Result<ImageReport, Failure> {
    let address: ImageRef = repository.uri.parse().map_err(|error| {
        Failure::error(format!(
            "ECR answers `{}` as the repository's address, which is none: {error}",
            repository.uri
        ))
    })?;
    let paths = files::for_build(&run.workspace, &spec.context, spec.file.as_deref()).await;
    let paths = paths.map_err(Failure::invalid)?;
    let engine = Engine::connect(run.docker_host.as_deref())
        .await
        .map_err(|error| failure("connect to the Docker engine", &error))?;
    let login = aws.registry_login().await?;
    run.console.mask(login.password.expose());
    // As ECR sent it, and as it goes over the wire.
    run.console
        .mask(&STANDARD.encode(format!("{}:{}", login.username, login.password.expose())));
    let credentials = Credentials {
        username: login.username,
        password: login.password,
    };
    let request = build_request(spec, paths, &address, (wanted, &credentials))?;
    run.console.group(&format!(
        "Build {} for {wanted} from {}",
        request.name, spec.context
    ));
    let fence = run.console.fence();
    let built = {
        let console = &mut run.console;
        engine
            .build(&request, &mut |event| {
                if let Some(line) = build_line(event) {
                    console.line(&line);
                }
            })
            .await
    };
    run.console.end_fence(fence);
    run.console.end_group();
    if let Err(DockerError::Build(broken)) = &built {
        repeat_last_lines(run, &broken.log);
    }
    let built = built.map_err(|error| failure("build the image", &error))?;
    if !built.platform.satisfies(wanted) {
        return Err(wrong_platform(
            &request.name.to_string(),
            &built.platform,
            wanted,
        ));
    }
    let push = PushRequest {
        built: built.clone(),
        repository: address.clone(),
        tags: spec.tags.clone(),
        credentials: Some(credentials),
    };
    run.console.group(&format!("Push to {address}"));
    let fence = run.console.fence();
    let pushed = {
        let console = &mut run.console;
        engine
            .push(&push, &mut |event| {
                if let Some(line) = push_line(event) {
                    console.line(&line);
                }
            })
            .await
    };
    run.console.end_fence(fence);
    run.console.end_group();
    let pushed = pushed.map_err(|error| failure("push the image", &error))?;
    let tag = spec.tags.first().cloned().unwrap_or_default();
    read_back(aws, repository, (&tag, pushed.digest.as_str())).await?;
    let reference = address.pinned(&pushed.digest).to_string();
    run.console.line(&format!("pushed {reference}"));
    Ok(ImageReport {
        reference,
        digest: pushed.digest.to_string(),
        tag,
        platform: built.platform.to_string(),
        built: true,
        pushed: true,
    })
}

/// What the failed step wrote last, once more outside the group: a viewer folds groups away.
fn repeat_last_lines(run: &mut Run, log: &[String]) {
    if log.is_empty() {
        return;
    }
    run.console.line("the failed step's last lines:");
    let fence = run.console.fence();
    for line in log.iter().skip(log.len().saturating_sub(LAST_LINES)) {
        run.console.line(&format!("  | {line}"));
    }
    run.console.end_fence(fence);
}

/// The registry must hold under the tag what the engine says that it pushed.
async fn read_back(
    aws: &Aws,
    repository: &Repository,
    (tag, digest): (&str, &str),
) -> Result<(), Failure> {
    let held = match aws.image(repository, tag).await {
        Ok(held) => held,
        // A role that may only push deploys by the digest that the engine told.
        Err(error) if error.is_denied() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match held {
        Some(image) if image.digest == digest => Ok(()),
        Some(image) => Err(Failure::error(format!(
            "the engine pushed `{tag}` as {digest}, and ECR holds {} under it: another push took the tag",
            image.digest
        ))
        .help("let one workflow push a tag at a time")),
        None => Err(Failure::error(format!("the engine pushed `{tag}`, and ECR doesn't hold it"))),
    }
}

fn build_request(
    spec: &BuildSpec,
    paths: BuildPaths,
    address: &ImageRef,
    (wanted, credentials): (&Platform, &Credentials),
) -> Result<BuildRequest, Failure> {
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
        dockerfile: paths.dockerfile,
        platform: wanted.clone(),
        target: spec.target.clone(),
        build_args: spec
            .build_args
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
            .collect(),
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
        secrets: spec
            .build_secrets
            .iter()
            .map(|(id, value)| BuildSecret {
                id: id.clone(),
                value: value.clone(),
            })
            .collect(),
        logins: vec![RegistryLogin {
            registry,
            credentials: credentials.clone(),
        }],
        ..BuildRequest::new(paths.context, name)
    })
}

fn build_line(event: BuildEvent) -> Option<String> {
    Some(match event {
        BuildEvent::ContextSent { files, bytes } => {
            format!("context: {}, {}", counted(files, "file"), size(bytes))
        }
        BuildEvent::Started { step, name } => format!("#{step} {name}"),
        BuildEvent::Cached { step, name } => format!("#{step} {name} (cached)"),
        BuildEvent::Done { step, seconds, .. } if seconds >= 0.5 => {
            format!("#{step} done in {seconds:.1} s")
        }
        BuildEvent::Done { .. } => return None,
        BuildEvent::Failed { step, error, .. } => format!("#{step} failed: {error}"),
        BuildEvent::Log { step, line } => format!("#{step} | {line}"),
        BuildEvent::Warning { message } => format!("warning: {message}"),
        BuildEvent::LogCut { after } => {
            format!("the build said more than {after} lines; the rest is left out")
        }
    })
}

fn push_line(event: PushEvent) -> Option<String> {
    Some(match event {
        PushEvent::Started { reference } => format!("pushing {reference}"),
        PushEvent::Retrying { status } => status,
        PushEvent::LayerPushed { .. } => return None,
        PushEvent::Done {
            uploaded,
            present,
            digest,
            ..
        } => {
            format!(
                "{digest}: {} uploaded, {present} there already",
                counted(uploaded, "layer")
            )
        }
    })
}

fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// An engine's error with its chain, printed once. A Dockerfile that doesn't build and a context
/// that isn't there are the user's; all else is an engine or a registry that could not be used.
fn failure(doing: &str, error: &DockerError) -> Failure {
    let mut reason = format!("could not {doing}: {error}");
    let mut source = error.source();
    for _ in 0..8 {
        let Some(inner) = source else { break };
        let text = inner.to_string();
        if !reason.contains(&text) {
            reason.push_str(&format!(": {text}"));
        }
        source = inner.source();
    }
    let outcome = match error {
        DockerError::Build(_)
        | DockerError::Context(_)
        | DockerError::Platform { .. }
        | DockerError::BadHost { .. } => Outcome::Invalid,
        _ => Outcome::Error,
    };
    Failure {
        outcome,
        reason,
        help: error.help().into_iter().collect(),
    }
}
