//! Building and pushing the image of this run, with the engine's progress in the log.

use std::error::Error;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::files;
use super::pinned::{BuildJob, EcrPlace, Pinned};
use super::platform::wrong_platform;
use crate::aws::{Aws, Missed};
use crate::docker::{
    BuildRequest, Built, Credentials, DockerError, Engine, PushFailureKind, PushRequest,
};
use crate::failure::Failure;
use crate::image::{Digest, ImageRef};
use crate::report::{ImageReport, Outcome};
use crate::request::BuildSpec;
use crate::run::{Journal, RunContext};

mod asked;
mod lines;

use asked::Asked;
use lines::{Last, build_line, push_line};

/// Lines of a failed step that are repeated.
const LAST_LINES: usize = 10;

/// For reading back what was pushed, which is pinned all the same.
const READ_BACK: Duration = Duration::from_secs(10);

/// Builds, pushes all tags, and reads the digest back from ECR; gives back the image, pinned.
///
/// # Errors
/// Where that could not be done, with the engine's or ECR's reason.
pub(super) async fn build_and_push(
    context: &RunContext,
    journal: &mut Journal,
    job: &BuildJob<'_>,
) -> Result<Pinned, Failure> {
    let (repository, wanted) = (&job.place.repository, &job.platform);
    let address: ImageRef = repository.uri.parse().map_err(|error| {
        Failure::error(format!(
            "ECR answers `{}` as the repository's address, which is none: {error}",
            repository.uri
        ))
    })?;
    let engine = Engine::connect(&context.environment)
        .await
        .map_err(|error| failure("connect to the Docker engine", &error))?;
    if let Some(address) = engine.in_the_clear() {
        journal.warning(&format!(
            "the build context and the registry's login go to the Docker engine at `{address}` unencrypted: set `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`"
        ));
    }
    let credentials = log_in(journal, &job.place.aws).await?;
    let spec = job.spec;
    let paths = files::for_build(&context.workspace, &spec.context, spec.file.as_deref()).await;
    let asked = Asked {
        environment: &context.environment,
        spec,
        platform: wanted,
        address: &address,
        credentials: &credentials,
        paths: paths.map_err(Failure::invalid)?,
    };
    let request = asked::build_request(journal, asked)?;
    let built = build(journal, &engine, spec, &request).await?;
    if !built.platform.satisfies(wanted) {
        return Err(wrong_platform(
            &request.name.to_string(),
            &built.platform,
            wanted,
        ));
    }
    let platform = built.platform.to_string();
    let push = PushRequest {
        built,
        repository: address.clone(),
        tags: spec.tags.clone(),
        credentials: Some(credentials),
    };
    journal.log().group(&format!("Push to {address}"));
    let fence = journal.log().fence();
    let pushed = push_all(journal, &engine, push, &job.place).await;
    journal.log().end_fence(fence);
    journal.log().end_group();
    let digest = pushed?;
    read_back(journal, &job.place, job.tag(), digest.as_str()).await?;
    let reference = address.pinned(&digest).to_string();
    journal.line(&format!("pushed {reference}"));
    let image = ImageReport {
        reference,
        digest: digest.to_string(),
        tag: job.tag().to_owned(),
        platform,
        built: true,
        pushed: true,
    };
    Ok(Pinned {
        image,
        platforms: vec![wanted.clone()],
    })
}

/// A login for the registry, masked as ECR sent it and as it goes over the wire.
async fn log_in(journal: &mut Journal, aws: &Aws) -> Result<Credentials, Failure> {
    let login = aws.registry_login().await?;
    journal.log().mask(login.password.expose());
    journal
        .log()
        .mask(&STANDARD.encode(format!("{}:{}", login.username, login.password.expose())));
    Ok(Credentials {
        username: login.username,
        password: login.password,
    })
}

/// Builds within the time that the request gives it.
async fn build(
    journal: &mut Journal,
    engine: &Engine,
    spec: &BuildSpec,
    request: &BuildRequest,
) -> Result<Built, Failure> {
    journal.log().group(&format!(
        "Build {} for {} from {}",
        request.name, request.platform, spec.context
    ));
    let fence = journal.log().fence();
    let mut last = Last::default();
    let console = journal.log();
    let mut say = |event| {
        last.take(&event);
        if let Some(line) = build_line(event) {
            console.line(&line);
        }
    };
    // Dropped at the end of its time, it closes its connection, and the engine stops the build.
    let built = tokio::time::timeout(spec.timeout, engine.build(request, &mut say)).await;
    journal.log().end_fence(fence);
    journal.log().end_group();
    let Ok(built) = built else {
        return Err(Failure::error(format!(
            "could not build the image within the {} of `build-timeout`: {}",
            humantime::format_duration(spec.timeout),
            last.words()
        ))
        .help("raise `build-timeout` if the build needs the time; a step that hangs waits for input or for the network"));
    };
    if let Err(DockerError::Build(broken)) = &built {
        repeat_last_lines(journal, &broken.log);
    }
    built.map_err(|error| failure("build the image", &error))
}

/// Pushes under all tags. A tag that can't be overwritten and that an attempt of this push has
/// written, its answer lost on the way, is what was wanted.
async fn push_all(
    journal: &mut Journal,
    engine: &Engine,
    mut push: PushRequest,
    place: &EcrPlace,
) -> Result<Digest, Failure> {
    loop {
        let console = journal.log();
        let pushed = engine
            .push(&push, &mut |event| console.line(&push_line(event)))
            .await;
        let error = match pushed {
            Ok(pushed) => return Ok(pushed.digest),
            Err(error) => error,
        };
        let Some(tag) = perhaps_ours(&error) else {
            return Err(failure("push the image", &error));
        };
        let Some(digest) = ours(place, &tag, &push.built).await? else {
            return Err(failure("push the image", &error));
        };
        journal.line(&format!(
            "{digest}: the registry holds it under `{tag}`, from the attempt that it did not answer"
        ));
        // They are pushed from the last to the first.
        let left = push.tags.iter().position(|other| *other == tag);
        push.tags.truncate(left.unwrap_or_default());
        if push.tags.is_empty() {
            return Ok(digest);
        }
    }
}

/// The tag that was refused after an attempt that was not answered. An engine with containerd's image
/// store leaves out the registry's words, and so what kind of refusal it is.
fn perhaps_ours(error: &DockerError) -> Option<String> {
    match error {
        DockerError::Push {
            reference,
            kind: PushFailureKind::TagImmutable | PushFailureKind::Other,
            repeats: 1..,
            ..
        } => {
            let reference: ImageRef = reference.parse().ok()?;
            reference.tag().map(str::to_owned)
        }
        _ => None,
    }
}

/// The digest of what the registry holds under a tag, where it is the image that was built: its id is
/// the configuration's digest, or the manifest's own, by how the engine stores images.
async fn ours(place: &EcrPlace, tag: &str, built: &Built) -> Result<Option<Digest>, Failure> {
    let Some(held) = place.aws.image(&place.repository, tag).await? else {
        return Ok(None);
    };
    let manifest: serde_json::Value = serde_json::from_str(&held.manifest).unwrap_or_default();
    let config = manifest.pointer("/config/digest");
    let is_ours = held.digest == built.id || config.is_some_and(|digest| *digest == built.id);
    Ok(held.digest.parse().ok().filter(|_| is_ours))
}

/// What the failed step wrote last, once more outside the group: a viewer folds groups away.
fn repeat_last_lines(journal: &mut Journal, log: &[String]) {
    if log.is_empty() {
        return;
    }
    journal.line("the failed step's last lines:");
    let fence = journal.log().fence();
    for line in log.iter().skip(log.len().saturating_sub(LAST_LINES)) {
        journal.line(&format!("  | {line}"));
    }
    journal.log().end_fence(fence);
}

/// The registry must hold under the tag what the engine says that it pushed.
async fn read_back(
    journal: &mut Journal,
    place: &EcrPlace,
    tag: &str,
    digest: &str,
) -> Result<(), Failure> {
    let reads = place.aws.optional_within(READ_BACK);
    let read = reads.aws.image(&place.repository, tag);
    let held = match reads.ask(&["ecr:BatchGetImage"], read).await {
        Ok(held) => held,
        Err(missed) if missed.error.is_about_subject() => return Err(missed.error.into()),
        // A role that may only push deploys by the digest that the engine named.
        Err(Missed { error, .. }) => {
            if reads.is_news(&error) {
                let short = error.in_short();
                journal.line(&format!(
                    "{short}: the digest is the one that the engine says"
                ));
            }
            return Ok(());
        }
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
    let is_the_users = match error {
        DockerError::Build(broken) => broken.is_the_users(),
        DockerError::Context(_)
        | DockerError::BuildRefused { .. }
        | DockerError::Platform { .. }
        | DockerError::BadHost { .. }
        | DockerError::Certificates { .. } => true,
        _ => false,
    };
    let outcome = if is_the_users {
        Outcome::Invalid
    } else {
        Outcome::Error
    };
    Failure {
        outcome,
        reason,
        help: error.help().into_iter().collect(),
    }
}
