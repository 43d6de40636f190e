//! Pushes a built image under its tags, and reads back the digest that the registry now holds.
//!
//! A registry that has trouble for a moment doesn't end a push: the whole is repeated, a few
//! times, and what the registry holds already isn't sent twice. A refusal is final.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, MissedTickBehavior};

use super::build::Built;
use super::credentials::Credentials;
use super::engine::{Engine, engine_error};
use super::error::DockerError;
use super::text::one_line;
use super::wire::{Connection, Messages, WireError};
use crate::image::{Digest, ImageRef};

mod event;
mod failure;
#[cfg(test)]
mod tests;
mod upload;

pub use event::PushEvent;
pub use failure::PushFailureKind;
use upload::{Said, Upload};

/// The engine tells of an upload several times a second, and of a retry each second. One that says
/// nothing for this long is not coming back.
const SILENCE: Duration = Duration::from_secs(600);

/// A push with all its repeats. Forty gigabytes, of which nobody deploys more, at 4 MB a second.
const PUSH_WITHIN: Duration = Duration::from_secs(3 * 3600);

/// How often a push says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(30);

/// Before each repeat of a push that met a registry's trouble. The engine has tried each layer five
/// times by itself then; the manifest it tries once.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(30),
];

/// What to push where.
#[derive(Clone, Debug)]
pub struct PushRequest {
    /// The image that the engine holds.
    pub built: Built,
    /// The repository; its own tag and digest don't count.
    pub repository: ImageRef,
    /// At least one. The first is the one that others are found by.
    pub tags: Vec<String>,
    /// For the registry; none where it asks for no login.
    pub credentials: Option<Credentials>,
}

/// An image that the registry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The manifest's digest, the same for all tags.
    pub digest: Digest,
    /// `repository:tag`, in the order asked for.
    pub references: Vec<ImageRef>,
}

/// Where pushes tell what goes on.
pub type SayPush<'a> = &'a mut (dyn FnMut(PushEvent) + Send);

impl Engine {
    /// Tags and pushes; all tags must end up with one digest. The first goes last: when it is
    /// there, the others are there too.
    ///
    /// # Errors
    /// `Push` with what the registry said; also a digest that the engine doesn't name, or that isn't one for all tags.
    pub async fn push(
        &self,
        request: &PushRequest,
        say: SayPush<'_>,
    ) -> Result<Pushed, DockerError> {
        let pushing = tokio::time::timeout(PUSH_WITHIN, self.push_all(request, say));
        pushing
            .await
            .unwrap_or_else(|_| Err(DockerError::PushTooLong(PUSH_WITHIN)))
    }

    async fn push_all(
        &self,
        request: &PushRequest,
        say: SayPush<'_>,
    ) -> Result<Pushed, DockerError> {
        let mut digest: Option<Digest> = None;
        let mut references = Vec::new();
        for tag in request.tags.iter().rev() {
            let reference =
                request
                    .repository
                    .with_tag(tag)
                    .map_err(|error| DockerError::Push {
                        reference: format!("{}:{tag}", request.repository.repository()),
                        kind: PushFailureKind::Other,
                        message: error.to_string(),
                        repeats: 0,
                    })?;
            let pushed = self.push_one(request, &reference, say).await?;
            match &digest {
                Some(first) if *first != pushed => {
                    return Err(DockerError::DigestsDiffer {
                        first: first.clone(),
                        second: pushed,
                    });
                }
                _ => digest = Some(pushed),
            }
            references.push(reference);
        }
        references.reverse();
        let digest = digest.ok_or(DockerError::NoTags)?;
        Ok(Pushed { digest, references })
    }

    async fn push_one(
        &self,
        request: &PushRequest,
        reference: &ImageRef,
        say: SayPush<'_>,
    ) -> Result<Digest, DockerError> {
        let tag = [
            ("repo", reference.repository().to_string()),
            ("tag", reference.tag().unwrap_or_default().to_owned()),
        ];
        let path = serde_urlencoded::to_string(tag)
            .map(|query| format!("/images/{}/tag?{query}", request.built.id))
            .map_err(|source| engine_error("tag the image", source))?;
        let doing = format!("tag the image as `{reference}`");
        self.soon(&doing, async |connection| connection.tell(&path).await)
            .await?;
        say(PushEvent::Started {
            reference: reference.to_string(),
        });
        let attempt = async |say: SayPush<'_>| self.push_once(request, reference, say).await;
        repeated(reference, say, attempt).await
    }

    async fn push_once(
        &self,
        request: &PushRequest,
        reference: &ImageRef,
        say: SayPush<'_>,
    ) -> Result<Digest, PushError> {
        let starting = tokio::time::timeout(SILENCE, self.start_push(request, reference));
        let started = starting.await.map_err(|_| stalled(reference))?;
        let messages = started.map_err(|source| PushError::of(reference, source))?;
        let mut upload = Upload::default();
        match follow(reference, messages.stream(), &mut upload, say).await {
            Ok(()) => {}
            // A digest was named: what follows is an error of reading the stream's end.
            Err(PushError::Other(_)) if upload.digest.is_some() => {}
            Err(error) => return Err(error),
        }
        let digest = self.confirm(reference, upload.digest.clone()).await?;
        say(PushEvent::Done {
            reference: reference.to_string(),
            digest: digest.clone(),
            uploaded: upload.uploaded(),
            present: upload.present(),
        });
        Ok(digest)
    }

    async fn start_push(
        &self,
        request: &PushRequest,
        reference: &ImageRef,
    ) -> Result<Messages<Said>, WireError> {
        let query = serde_urlencoded::to_string([("tag", reference.tag().unwrap_or_default())]);
        let path = format!(
            "/images/{}/push?{}",
            reference.repository(),
            query.unwrap_or_default()
        );
        let login = login(request.credentials.as_ref(), reference.registry());
        let connection = Connection::open(&self.address).await?;
        connection
            .follow(&path, &[("X-Registry-Auth", &login)])
            .await
    }

    /// The engine's own record of what it pushed must hold the digest that it gave. Where it gave
    /// none, the record alone counts if it is unambiguous.
    async fn confirm(
        &self,
        reference: &ImageRef,
        told: Option<Digest>,
    ) -> Result<Digest, DockerError> {
        let image = self.inspect(&reference.to_string()).await?;
        let mut recorded: Vec<Digest> = image
            .repo_digests
            .unwrap_or_default()
            .iter()
            .filter_map(|entry| entry.parse::<ImageRef>().ok())
            .filter(|entry| entry.repository() == reference.repository())
            .filter_map(|entry| entry.digest().cloned())
            .collect();
        let confirmed = match told {
            Some(told) => recorded.contains(&told).then_some(told),
            None if recorded.len() == 1 => recorded.pop(),
            None => None,
        };
        confirmed.ok_or_else(|| DockerError::NoDigest {
            reference: reference.to_string(),
        })
    }
}

/// Why one attempt failed.
#[derive(Debug)]
enum PushError {
    /// By the registry's words, which are untrusted.
    Refused(PushFailureKind, String),
    Other(DockerError),
}

/// Follows one push to the end of the engine's messages.
async fn follow(
    reference: &ImageRef,
    messages: impl Stream<Item = Result<Said, WireError>>,
    upload: &mut Upload,
    say: SayPush<'_>,
) -> Result<(), PushError> {
    let mut messages = std::pin::pin!(messages);
    let first = Instant::now() + PROGRESS_EVERY;
    let mut ticks = tokio::time::interval_at(first, PROGRESS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        tokio::select! {
            message = messages.next() => match message {
                None => return Ok(()),
                Some(Err(source)) => return Err(PushError::of(reference, source)),
                Some(Ok(said)) => {
                    last = Instant::now();
                    if let Some(message) = said.failure() {
                        return Err(PushError::refused(message));
                    }
                    upload.take(&said, say);
                }
            },
            _ = ticks.tick() => {
                if last.elapsed() >= SILENCE {
                    return Err(stalled(reference).into());
                }
                say(upload.progress());
            }
        }
    }
}

/// Makes an attempt, and another one after a pause where the last one ended in what passes.
async fn repeated<T>(
    reference: &ImageRef,
    say: SayPush<'_>,
    mut attempt: impl AsyncFnMut(SayPush<'_>) -> Result<T, PushError>,
) -> Result<T, DockerError> {
    let mut repeats = 0;
    loop {
        let (kind, cause) = match attempt(&mut *say).await {
            Ok(done) => return Ok(done),
            Err(PushError::Other(error)) => return Err(error),
            Err(PushError::Refused(kind, cause)) => (kind, cause),
        };
        let Some(pause) = PAUSES.get(repeats).filter(|_| repeats < kind.repeats()) else {
            return Err(DockerError::Push {
                reference: reference.to_string(),
                kind,
                message: cause,
                repeats,
            });
        };
        repeats += 1;
        say(PushEvent::Again {
            reference: reference.to_string(),
            cause,
            pause: *pause,
        });
        tokio::time::sleep(*pause).await;
    }
}

impl PushError {
    fn refused(message: &str) -> Self {
        Self::Refused(PushFailureKind::of(message), one_line(message))
    }

    fn of(reference: &ImageRef, source: WireError) -> Self {
        match source {
            WireError::Refused { message, .. } => Self::refused(&message),
            other => Self::Other(engine_error(&format!("push `{reference}`"), other)),
        }
    }
}

impl From<DockerError> for PushError {
    fn from(error: DockerError) -> Self {
        Self::Other(error)
    }
}

/// The header that the engine logs in to the registry with. It wants one in any case.
fn login(credentials: Option<&Credentials>, registry: &str) -> String {
    let login = credentials.map_or_else(
        || serde_json::json!({}),
        |credentials| {
            serde_json::json!({
                "username": credentials.username,
                "password": credentials.password.expose(),
                "serveraddress": registry,
            })
        },
    );
    URL_SAFE.encode(login.to_string())
}

fn stalled(reference: &ImageRef) -> DockerError {
    DockerError::PushStalled {
        reference: reference.to_string(),
        seconds: SILENCE.as_secs(),
    }
}
