//! Builds one image for one platform with the engine's own BuildKit.
//!
//! The engine keeps the result under a name; nothing is pushed here. Dropping the future closes
//! the connection, and with it the engine stops the build.

use std::path::PathBuf;

use bollard::moby::buildkit::v1::StatusResponse;
use bollard::models::{BuildInfo, BuildInfoAux};
use hyper::StatusCode;
use tokio::task::JoinHandle;

use super::build_failure::{BuildFailure, first_heredoc};
use super::context::{BuildContext, ContextError, ContextSize, dockerfile_of, read_text};
use super::engine::{Engine, engine_error};
use super::error::DockerError;
use super::progress::{BuildEvent, Log, Progress, Status, Vertex};
use super::session::Session;
use super::wire::{Connection, Messages, WireError};
use crate::image::{ImageRef, Platform};
use crate::runner::token;
use crate::secret::Secret;

mod query;
#[cfg(test)]
mod tests;

/// A user of a registry.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// As the registry knows it; `AWS` for ECR.
    pub username: String,
    /// Or a token.
    pub password: Secret,
}

/// Credentials, and the registry that may see them.
#[derive(Clone, Debug)]
pub struct RegistryLogin {
    /// Host and port as in an image's reference, e.g. `docker.io`, `ghcr.io`.
    pub registry: String,
    /// What the registry asks for.
    pub credentials: Credentials,
}

/// A value that `RUN --mount=type=secret,id=…` sees, and that is in no layer.
#[derive(Clone, Debug)]
pub struct BuildSecret {
    /// As in the Dockerfile's `RUN --mount=type=secret,id=…`.
    pub id: String,
    /// The bytes that the step sees.
    pub value: Secret,
}

/// What to build; the words are those of `docker build`.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The directory of the build context.
    pub context: PathBuf,
    /// `<context>/Dockerfile` unless given; may lie outside the context.
    pub dockerfile: Option<PathBuf>,
    /// The name that the engine keeps the image under.
    pub name: ImageRef,
    /// The one platform that is built for.
    pub platform: Platform,
    /// The stage to build; without it the last one.
    pub target: Option<String>,
    /// Names and values for the `ARG`s.
    pub build_args: Vec<(String, String)>,
    /// Names and values that are put on the image.
    pub labels: Vec<(String, String)>,
    /// Images whose embedded cache may be used.
    pub cache_from: Vec<ImageRef>,
    /// Embed the cache in the image, for later builds' `cache_from`.
    pub inline_cache: bool,
    /// Whether every step is run again.
    pub no_cache: bool,
    /// Ask the registry for newer base images.
    pub pull: bool,
    /// Of the `RUN` steps, in Docker's words, such as `host`.
    pub network: Option<String>,
    /// `host:address`.
    pub add_hosts: Vec<String>,
    /// For base images and caches; each registry sees its own only, and those of ECR in one region
    /// are as one.
    pub logins: Vec<RegistryLogin>,
    /// What the steps may mount.
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

/// An image that the engine holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The engine's own id. It is no manifest digest: never deploy by it.
    pub id: String,
    /// What the image's configuration says, equal to what was asked for.
    pub platform: Platform,
    /// Bytes of all layers, uncompressed.
    pub size: u64,
    /// How much was sent to the engine.
    pub context: ContextSize,
}

/// Where builds tell what goes on.
pub type Say<'a> = &'a mut (dyn FnMut(BuildEvent) + Send);

impl Engine {
    /// Builds, and checks that the image is for the platform that was asked for.
    ///
    /// # Errors
    ///
    /// [`DockerError`]: the context can't be read, the engine isn't reached or is lost, the build
    /// fails or takes too long, or the image is for another platform.
    pub async fn build(&self, request: &BuildRequest, say: Say<'_>) -> Result<Built, DockerError> {
        let context = open_context(request).await?;
        // BuildKit calls back under this name; two builds must not share it.
        let session = token::random();
        let path = query::path(request, context.dockerfile(), &session)
            .map_err(|source| engine_error("build", source))?;
        let open = Session::open(&self.address, &session, query::offered(request));
        let _session = open
            .await
            .map_err(|source| engine_error("start a build", source))?;
        let (body, mut sender) = context.stream();
        let connection = Connection::open(&self.address).await;
        let connection = connection.map_err(|source| engine_error("build", source))?;
        let mut run = Run::default();
        let ended = run
            .follow(connection.post(&path, body), &mut sender, say)
            .await;
        // The request is gone, so the sender ends by itself; its error is the deeper cause.
        if run.context.is_none() {
            run.sent(joined(sender.await), say)?;
        }
        let (id, context) = match run.end(ended) {
            Err(DockerError::Build(failure)) => {
                return Err(DockerError::Build(Box::new(
                    with_heredoc_noted(*failure, request).await,
                )));
            }
            ended => ended?,
        };
        let built = self.look_at(id, context).await?;
        if built.platform.satisfies(&request.platform) {
            Ok(built)
        } else {
            Err(DockerError::Platform {
                built: Box::new(built.platform),
                wanted: Box::new(request.platform.clone()),
            })
        }
    }

    async fn look_at(&self, id: String, context: ContextSize) -> Result<Built, DockerError> {
        let image = self.inspect(&id).await?;
        let platform = Platform::of(
            image.os.as_deref().unwrap_or("unknown"),
            image.architecture.as_deref().unwrap_or("unknown"),
            image.variant.as_deref(),
        );
        Ok(Built {
            id,
            platform,
            size: image
                .size
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or(0),
            context,
        })
    }
}

/// What is known of a build while its answers come in.
#[derive(Default)]
struct Run {
    progress: Progress,
    image_id: Option<String>,
    context: Option<ContextSize>,
}

impl Run {
    /// Takes in what the engine says until it ends, while the context goes out.
    async fn follow(
        &mut self,
        posting: impl Future<Output = Result<Messages<BuildInfo>, WireError>>,
        sender: &mut Sender,
        say: Say<'_>,
    ) -> Result<(), Stop> {
        let mut posting = std::pin::pin!(posting);
        let mut messages = loop {
            tokio::select! {
                answer = &mut posting => break answer?,
                sent = &mut *sender, if self.context.is_none() => self.sent(joined(sent), say)?,
            }
        };
        loop {
            tokio::select! {
                message = messages.next() => match message? {
                    None => return Ok(()),
                    Some(message) => self.take(message, say)?,
                },
                sent = &mut *sender, if self.context.is_none() => self.sent(joined(sent), say)?,
            }
        }
    }

    fn take(&mut self, message: BuildInfo, say: Say<'_>) -> Result<(), Stop> {
        match message.aux {
            Some(BuildInfoAux::BuildKit(status)) => self.progress.feed(&plain(status), say),
            Some(BuildInfoAux::Default(image)) => self.image_id = image.id.or(self.image_id.take()),
            None => {}
        }
        match message.error_detail.and_then(|detail| detail.message) {
            Some(message) => Err(Stop::Told(message)),
            None => Ok(()),
        }
    }

    fn sent(
        &mut self,
        sent: Result<ContextSize, ContextError>,
        say: Say<'_>,
    ) -> Result<(), DockerError> {
        // Settled either way: the task must not be asked again.
        self.context = Some(ContextSize::default());
        match sent {
            Ok(size) => {
                self.context = Some(size);
                let ContextSize { files, bytes } = size;
                say(BuildEvent::ContextSent { files, bytes });
                Ok(())
            }
            // The engine closed its side; what it has to say comes with its answer.
            Err(ContextError::NotTaken) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn end(self, ended: Result<(), Stop>) -> Result<(String, ContextSize), DockerError> {
        let context = self.context.unwrap_or_default();
        match (ended, self.image_id) {
            (Ok(()), Some(id)) => Ok((id, context)),
            (Ok(()), None) => Err(DockerError::BrokeOff {
                doing: "build".to_owned(),
            }),
            (Err(Stop::Told(message)), _) => {
                let failure = BuildFailure::new(&message, self.progress.into_failed());
                Err(DockerError::Build(Box::new(failure)))
            }
            // Hosts that aren't any: options are looked at before the build begins. The status of
            // that is 500 with some engines, and 400 with others.
            (Err(Stop::Wire(WireError::Refused { status, message })), _)
                if status == StatusCode::BAD_REQUEST || message.starts_with("invalid ") =>
            {
                Err(DockerError::BuildRefused { message })
            }
            // The image's id is the last thing that the engine says, so the image is there
            // however the connection ended.
            (Err(Stop::Wire(_)), Some(id)) => Ok((id, context)),
            (Err(Stop::Wire(source)), None) => Err(engine_error("build", source)),
            (Err(Stop::Here(error)), _) => Err(*error),
        }
    }
}

/// Why the engine's answers ended early.
enum Stop {
    /// The engine said that the build failed.
    Told(String),
    Wire(WireError),
    /// The context could not be read.
    Here(Box<DockerError>),
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<DockerError> for Stop {
    fn from(error: DockerError) -> Self {
        Self::Here(Box::new(error))
    }
}

type Sender = JoinHandle<Result<ContextSize, ContextError>>;

async fn open_context(request: &BuildRequest) -> Result<BuildContext, DockerError> {
    let directory = request.context.clone();
    let dockerfile = request.dockerfile.clone();
    let opening =
        tokio::task::spawn_blocking(move || BuildContext::open(&directory, dockerfile.as_deref()));
    // The task can't be cancelled, and doesn't panic.
    let opened = opening.await.unwrap_or(Err(ContextError::NotTaken))?;
    Ok(opened)
}

/// The failure, with a note whether the line that isn't an instruction is a heredoc's.
async fn with_heredoc_noted(mut failure: BuildFailure, request: &BuildRequest) -> BuildFailure {
    let Some(line) = failure.unknown_instruction() else {
        return failure;
    };
    let (directory, given) = (request.context.clone(), request.dockerfile.clone());
    let reading = tokio::task::spawn_blocking(move || {
        read_text(&dockerfile_of(&directory, given.as_deref()))
    });
    if let Ok(Ok(text)) = reading.await {
        failure.after_heredoc = first_heredoc(&text).is_some_and(|first| first < line);
    }
    failure
}

fn joined(
    sent: Result<Result<ContextSize, ContextError>, tokio::task::JoinError>,
) -> Result<ContextSize, ContextError> {
    sent.unwrap_or(Err(ContextError::NotTaken))
}

fn plain(status: StatusResponse) -> Status {
    let vertexes = status.vertexes.into_iter().map(|vertex| Vertex {
        digest: vertex.digest,
        name: vertex.name,
        cached: vertex.cached,
        started: vertex.started.map(|at| seconds(at.seconds, at.nanos)),
        completed: vertex.completed.map(|at| seconds(at.seconds, at.nanos)),
        error: vertex.error,
    });
    let logs = status.logs.into_iter().map(|log| Log {
        vertex: log.vertex,
        message: log.msg,
    });
    Status {
        vertexes: vertexes.collect(),
        logs: logs.collect(),
        warnings: status
            .warnings
            .into_iter()
            .map(|warning| warning.short)
            .collect(),
    }
}

fn seconds(seconds: i64, nanos: i32) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds are shown, and fit"
    )]
    let whole = seconds as f64;
    whole + f64::from(nanos) / 1e9
}
