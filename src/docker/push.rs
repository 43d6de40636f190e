//! Pushes a built image under its tags, and reads back the digest that the registry now holds.

use std::time::Duration;

use bollard::models::PushImageInfo;
use bollard::query_parameters::{PushImageOptionsBuilder, TagImageOptionsBuilder};
use futures_util::StreamExt;

use super::build::{Built, Credentials};
use super::engine::{Engine, engine_error};
use super::error::DockerError;
use super::text::{clean_line, one_line};
use crate::image::{Digest, ImageRef};

mod failure;
#[cfg(test)]
mod tests;

pub use failure::PushFailureKind;

/// The engine tells of an upload several times a second, and of a retry each second. One that says
/// nothing for this long is not coming back.
const SILENCE: Duration = Duration::from_secs(600);

/// What to push where.
#[derive(Clone, Debug)]
pub struct PushRequest {
    pub built: Built,
    /// The repository; its own tag and digest don't count.
    pub repository: ImageRef,
    /// At least one. The first is the one that others are found by.
    pub tags: Vec<String>,
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

/// Something to tell about a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushEvent {
    Started {
        reference: String,
    },
    /// The registry had trouble, and the engine tries a layer again.
    Retrying {
        status: String,
    },
    LayerPushed {
        layers: usize,
    },
    Done {
        reference: String,
        digest: Digest,
        /// Layers that were uploaded, and those that the registry had.
        uploaded: usize,
        present: usize,
    },
}

/// Where pushes tell what goes on.
pub type SayPush<'a> = &'a mut (dyn FnMut(PushEvent) + Send);

impl Engine {
    /// Tags and pushes; all tags must end up with one digest. The first goes last: whoever finds it
    /// may take it that the others are there too.
    pub async fn push(
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
        let repository = reference.repository().to_string();
        let tag = reference.tag().unwrap_or_default();
        let tagging = TagImageOptionsBuilder::default()
            .repo(&repository)
            .tag(tag)
            .build();
        let doing = format!("tag the image as `{reference}`");
        let tagged = self.docker.tag_image(&request.built.id, Some(tagging));
        self.soon(&doing, tagged).await?;
        say(PushEvent::Started {
            reference: reference.to_string(),
        });
        if let Some(credentials) = &request.credentials {
            credentials.check_header(reference)?;
        }
        let options = PushImageOptionsBuilder::default().tag(tag).build();
        let login = request
            .credentials
            .as_ref()
            .map(|credentials| credentials.for_registry(reference.registry()));
        let mut answers = self.docker.push_image(&repository, Some(options), login);
        let mut seen = Seen::default();
        loop {
            let answer = tokio::time::timeout(SILENCE, answers.next()).await;
            match answer.map_err(|_| stalled(reference))? {
                None => break,
                Some(Ok(info)) => seen.take(&info, say),
                // A digest was told: what follows is an error of reading the stream's end.
                Some(Err(_)) if seen.digest.is_some() => break,
                Some(Err(error)) => return Err(push_error(reference, error)),
            }
        }
        let digest = self.confirm(reference, seen.digest).await?;
        say(PushEvent::Done {
            reference: reference.to_string(),
            digest: digest.clone(),
            uploaded: seen.uploaded,
            present: seen.present,
        });
        Ok(digest)
    }

    /// The engine's own record of what it pushed must hold the digest that it told. Where it told
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

impl Credentials {
    /// The client library puts credentials into a header in one alphabet of base64, and the engine
    /// reads another one. They differ only where `>`, `?`, `~` or more than ASCII is encoded, which
    /// no token of ECR holds; the engine would take such a password for none at all.
    fn check_header(&self, reference: &ImageRef) -> Result<(), DockerError> {
        let differs = |c: char| matches!(c, '>' | '?' | '~') || !c.is_ascii();
        if self.password.expose().contains(differs) || self.username.contains(differs) {
            return Err(DockerError::Push {
                reference: reference.to_string(),
                kind: PushFailureKind::Unauthorized,
                message: "the user name or password holds `>`, `?`, `~` or a character beyond ASCII, which can't be handed to the engine".to_owned(),
            });
        }
        Ok(())
    }
}

/// What one push has told so far.
#[derive(Default)]
struct Seen {
    digest: Option<Digest>,
    uploaded: usize,
    present: usize,
}

impl Seen {
    fn take(&mut self, info: &PushImageInfo, say: SayPush<'_>) {
        let status = info.status.as_deref().unwrap_or_default();
        if let Some(digest) = digest_in(status) {
            self.digest = Some(digest);
        } else if status == "Pushed" || status.starts_with("Mounted from") {
            self.uploaded += 1;
            say(PushEvent::LayerPushed {
                layers: self.uploaded,
            });
        } else if status == "Layer already exists" {
            self.present += 1;
        } else if status.starts_with("Retrying in") {
            say(PushEvent::Retrying {
                status: clean_line(status.as_bytes()),
            });
        }
    }
}

/// From `<tag>: digest: sha256:… size: 1234`: of all that engines say, the one thing that all
/// image stores have in common.
fn digest_in(status: &str) -> Option<Digest> {
    let (_, rest) = status.split_once(": digest: ")?;
    let (digest, size) = rest.split_once(" size: ")?;
    size.trim().parse::<u64>().ok()?;
    digest.parse().ok()
}

fn stalled(reference: &ImageRef) -> DockerError {
    DockerError::PushStalled {
        reference: reference.to_string(),
        seconds: SILENCE.as_secs(),
    }
}

fn push_error(reference: &ImageRef, error: bollard::errors::Error) -> DockerError {
    use bollard::errors::Error;
    match error {
        Error::DockerStreamError { error: message }
        | Error::DockerResponseServerError { message, .. } => DockerError::Push {
            reference: reference.to_string(),
            kind: PushFailureKind::of(&message),
            message: one_line(&message),
        },
        other => engine_error(&format!("push `{reference}`"), other),
    }
}
