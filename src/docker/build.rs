//! Builds one image for one platform with the engine's own BuildKit.
//!
//! The engine keeps the result under a name; nothing is pushed here. Dropping the future closes
//! the connection, and with it the engine stops the build.

use std::collections::HashMap;
use std::path::PathBuf;

use bollard::auth::DockerCredentials;
use bollard::moby::buildkit::v1::StatusResponse;
use bollard::models::BuildInfoAux;
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder, BuilderVersion};
use futures_util::StreamExt;

use super::build_failure::BuildFailure;
use super::context::{BuildContext, ContextError, ContextSize, random_name};
use super::engine::{Engine, engine_error};
use super::error::DockerError;
use super::progress::{BuildEvent, Log, Progress, Status, Vertex};
use crate::image::reference::DOCKER_HUB;
use crate::image::{ImageRef, Platform};
use crate::secret::Secret;

/// Under this name BuildKit asks for Docker Hub's credentials.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// A user of a registry.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub username: String,
    pub password: Secret,
}

/// Credentials, and the registry that may see them.
#[derive(Clone, Debug)]
pub struct RegistryLogin {
    /// Host and port as in an image's reference, e.g. `docker.io`, `ghcr.io`.
    pub registry: String,
    pub credentials: Credentials,
}

/// What to build; the words are those of `docker build`.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    pub context: PathBuf,
    /// `<context>/Dockerfile` unless given; may lie outside the context.
    pub dockerfile: Option<PathBuf>,
    /// The name that the engine keeps the image under.
    pub name: ImageRef,
    pub platform: Platform,
    pub target: Option<String>,
    pub build_args: Vec<(String, String)>,
    pub labels: Vec<(String, String)>,
    /// Images whose embedded cache may be used.
    pub cache_from: Vec<ImageRef>,
    /// Embed the cache in the image, for later builds' `cache_from`.
    pub inline_cache: bool,
    pub no_cache: bool,
    /// Ask the registry for newer base images.
    pub pull: bool,
    pub network: Option<String>,
    /// `host:address`.
    pub add_hosts: Vec<String>,
    /// For base images and caches; each registry sees its own only.
    pub logins: Vec<RegistryLogin>,
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
    pub context: ContextSize,
}

/// Where builds tell what goes on.
pub type Say<'a> = &'a mut (dyn FnMut(BuildEvent) + Send);

impl Engine {
    /// Builds, and checks that the image is for the platform that was asked for.
    pub async fn build(&self, request: &BuildRequest, say: Say<'_>) -> Result<Built, DockerError> {
        let context = open_context(request).await?;
        let options = build_options(request, context.dockerfile())?;
        let (body, mut sender) = context.stream();
        let logins = request.logins.iter().map(docker_login).collect();
        let mut run = Run::default();
        let ended = {
            let body = bollard::body_try_stream(body);
            let mut answers = self
                .docker
                .build_image(options, Some(logins), Some(body))
                .fuse();
            loop {
                tokio::select! {
                    answer = answers.next() => match answer {
                        None => break Ok(()),
                        Some(Ok(info)) => run.take(info.aux, say),
                        Some(Err(error)) => break Err(error),
                    },
                    sent = &mut sender, if run.context.is_none() => run.sent(joined(sent), say)?,
                }
            }
        };
        // The stream is gone, so the sender ends by itself; its error is the deeper cause.
        if run.context.is_none() {
            match joined(sender.await) {
                Err(ContextError::NotTaken) | Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (id, context) = run.end(ended)?;
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
    fn take(&mut self, answer: Option<BuildInfoAux>, say: Say<'_>) {
        match answer {
            Some(BuildInfoAux::BuildKit(status)) => self.progress.feed(&plain(status), say),
            Some(BuildInfoAux::Default(image)) => self.image_id = image.id.or(self.image_id.take()),
            None => {}
        }
    }

    fn sent(
        &mut self,
        sent: Result<ContextSize, ContextError>,
        say: Say<'_>,
    ) -> Result<(), DockerError> {
        match sent {
            Ok(size) => {
                self.context = Some(size);
                let ContextSize { files, bytes } = size;
                say(BuildEvent::ContextSent { files, bytes });
                Ok(())
            }
            // The engine closed its side; what it has to say comes with its answer.
            Err(ContextError::NotTaken) => {
                self.context = Some(ContextSize::default());
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn end(
        self,
        ended: Result<(), bollard::errors::Error>,
    ) -> Result<(String, ContextSize), DockerError> {
        use bollard::errors::Error;
        let context = self.context.unwrap_or_default();
        match (self.image_id, ended) {
            // The image's id is the last thing that the engine says. An error after it is one of
            // reading the end of the stream (bollard#560), and the image is there.
            (Some(id), _) => Ok((id, context)),
            (None, Ok(())) => Err(DockerError::BrokeOff {
                doing: "build".to_owned(),
            }),
            (None, Err(Error::DockerStreamError { error })) => {
                let failure = BuildFailure::new(&error, self.progress.into_failed());
                Err(DockerError::Build(Box::new(failure)))
            }
            (None, Err(error)) => Err(engine_error("build", error)),
        }
    }
}

async fn open_context(request: &BuildRequest) -> Result<BuildContext, DockerError> {
    let directory = request.context.clone();
    let dockerfile = request.dockerfile.clone();
    let opening =
        tokio::task::spawn_blocking(move || BuildContext::open(&directory, dockerfile.as_deref()));
    // The task can't be cancelled, and doesn't panic.
    let opened = opening.await.unwrap_or(Err(ContextError::NotTaken))?;
    Ok(opened)
}

fn joined(
    sent: Result<Result<ContextSize, ContextError>, tokio::task::JoinError>,
) -> Result<ContextSize, ContextError> {
    sent.unwrap_or(Err(ContextError::NotTaken))
}

fn build_options(
    request: &BuildRequest,
    dockerfile: &str,
) -> Result<BuildImageOptions, DockerError> {
    let mut build_args = map_of(&request.build_args);
    if request.inline_cache {
        build_args.insert("BUILDKIT_INLINE_CACHE", "1");
    }
    let mut options = BuildImageOptionsBuilder::default()
        .dockerfile(dockerfile)
        .t(&request.name.to_string())
        .platform(&request.platform.to_string())
        .version(BuilderVersion::BuilderBuildKit)
        // BuildKit calls back under this name; two builds must not share it.
        .session(&random_name())
        .buildargs(&build_args)
        .labels(&map_of(&request.labels))
        .nocache(request.no_cache);
    if !request.cache_from.is_empty() {
        let images: Vec<String> = request.cache_from.iter().map(ToString::to_string).collect();
        options = options.cachefrom(&images);
    }
    if request.pull {
        options = options.pull("1");
    }
    if let Some(target) = &request.target {
        options = options.target(target);
    }
    if let Some(network) = &request.network {
        options = options.networkmode(network);
    }
    match request.add_hosts.as_slice() {
        [] => {}
        [one] => options = options.extrahosts(one),
        _ => {
            return Err(DockerError::Unsupported {
                option: "add-hosts",
                reason: "one host at most can be handed to the engine's build API",
            });
        }
    }
    Ok(options.build())
}

fn map_of(pairs: &[(String, String)]) -> HashMap<&str, &str> {
    pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

fn docker_login(login: &RegistryLogin) -> (String, DockerCredentials) {
    let host = match login.registry.as_str() {
        DOCKER_HUB | "index.docker.io" => DOCKER_HUB_HOST,
        other => other,
    };
    (
        host.to_owned(),
        login.credentials.for_registry(&login.registry),
    )
}

impl Credentials {
    pub(super) fn for_registry(&self, registry: &str) -> DockerCredentials {
        DockerCredentials {
            username: Some(self.username.clone()),
            password: Some(self.password.expose().to_owned()),
            serveraddress: Some(registry.to_owned()),
            ..DockerCredentials::default()
        }
    }
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
