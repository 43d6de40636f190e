//! Builds one image for one platform with the engine's own BuildKit.
//!
//! The engine keeps the result under a name; nothing is pushed here. Dropping the future closes
//! the connection, and with it the engine stops the build.

use bollard::moby::buildkit::v1::StatusResponse;
use bollard::models::{BuildInfo, BuildInfoAux};
use hyper::StatusCode;
use tokio::task::JoinHandle;

use super::build_failure::{BuildFailure, first_heredoc};
use super::context::{BuildContext, ContextError, ContextSize, dockerfile_of, read_text};
use super::engine::{Engine, engine_error};
use super::error::DockerError;
use super::progress::{BuildEvent, BuildProgress, Log, Status, Vertex};
use super::session::Session;
use super::wire::{Connection, Messages, WireError};
use crate::image::Platform;
use crate::runner::token;

mod query;
mod request;
#[cfg(test)]
mod tests;

pub use request::{BuildRequest, BuildSecret};

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
    progress: BuildProgress,
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
