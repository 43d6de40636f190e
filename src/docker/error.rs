//! What can go wrong with the engine: one variant for each operation or cause.
//!
//! A variant's text says what failed and on what; why is in its source, printed once by the
//! code that reports the chain. `help` says what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::build_failure::BuildFailure;
use super::context::ContextError;
use super::push::PushFailureKind;
use crate::image::{Digest, Platform};

/// An error of the Docker edge.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    #[error("no Docker engine: there is no socket at `{path}`")]
    NoSocket { path: String },
    #[error("the Docker engine's socket `{path}` may not be used")]
    SocketDenied { path: String, source: io::Error },
    #[error("no Docker engine answers at `{address}`")]
    NotListening { address: String, source: io::Error },
    #[error("`DOCKER_HOST` is `{host}`, which is not understood")]
    BadHost { host: String },
    #[error("the certificates for the Docker engine can't be used: `{}`: {why}", path.display())]
    Certificates { path: PathBuf, why: String },
    #[error("the Docker engine at `{address}` speaks TLS only")]
    WantsTls { address: String },
    #[error("there is no TLS connection to the Docker engine at `{address}`")]
    TlsFailed { address: String, source: io::Error },
    #[error("the Docker engine at `{address}` did not answer within {seconds} s")]
    Silent { address: String, seconds: u64 },
    #[error("the engine is Docker {version} (API {api}), which is too old")]
    TooOld { version: String, api: String },
    #[error("the engine runs {os} containers, and only Linux ones can be built")]
    NotLinux { os: String },
    #[error("the engine is {name}, which has no BuildKit")]
    NoBuildKit { name: String },
    /// The engine answered an operation with an error, or broke off.
    #[error("the Docker engine failed to {doing}")]
    Engine {
        doing: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the Docker engine broke off while it was to {doing}")]
    BrokeOff { doing: String },
    #[error("the build context could not be sent")]
    Context(#[source] Box<ContextError>),
    #[error("{0}")]
    Build(Box<BuildFailure>),
    /// The engine doesn't take the request as it is.
    #[error("the engine refuses the build's options: {message}")]
    BuildRefused { message: String },
    #[error("the image was built for `{built}`, and `{wanted}` was asked for")]
    Platform {
        built: Box<Platform>,
        wanted: Box<Platform>,
    },
    #[error("there is no tag to push")]
    NoTags,
    #[error("`{reference}` could not be pushed{}: {message}", in_attempts(*.repeats))]
    Push {
        reference: String,
        kind: PushFailureKind,
        /// The registry's own text, one line. Untrusted.
        message: String,
        /// How often the push was repeated.
        repeats: usize,
    },
    #[error("the push took longer than {}", humantime::format_duration(*.0))]
    PushTooLong(Duration),
    #[error("the push of `{reference}` stood still for {seconds} s")]
    PushStalled { reference: String, seconds: u64 },
    #[error("the engine did not say what digest `{reference}` has")]
    NoDigest { reference: String },
    #[error("the tags of one image were pushed with different digests: `{first}` and `{second}`")]
    DigestsDiffer { first: Digest, second: Digest },
}

impl From<ContextError> for DockerError {
    fn from(error: ContextError) -> Self {
        Self::Context(Box::new(error))
    }
}

impl DockerError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::NoSocket { .. } => {
                "on a GitHub runner the engine's socket is mounted into container actions; `ubuntu-slim` and Kubernetes runners (ARC) have no engine, so take `ubuntu-latest`, or a runner with Docker; or deploy an `image` that exists already"
            }
            Self::SocketDenied { .. } => {
                "run as root, or as a member of the group `docker`; in a container action the image must not set `USER`"
            }
            Self::NotListening { .. } => {
                "start the engine (`systemctl start docker`), and look at its log"
            }
            Self::BadHost { .. } => {
                "use `unix:///path/to/docker.sock` or `tcp://host:port`; for an engine behind SSH forward its socket (`ssh -L`)"
            }
            Self::Certificates { .. } => {
                "set `DOCKER_CERT_PATH` to a folder that the step sees, with `ca.pem` (the CA of the engine's certificate) and, where the engine asks for them, `cert.pem` and `key.pem`; only an engine on this machine may be reached without TLS: unset `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` for that"
            }
            Self::WantsTls { .. } => {
                "set `DOCKER_TLS_VERIFY=1`, and `DOCKER_CERT_PATH` to the folder with `ca.pem`, `cert.pem` and `key.pem`"
            }
            Self::TlsFailed { .. } => {
                "check that `ca.pem` of `DOCKER_CERT_PATH` is the CA of the engine's certificate, that the certificate names the host of `DOCKER_HOST` (as a subject alternative name), and that `cert.pem` is one that the engine accepts"
            }
            Self::Silent { .. } => {
                "look at the engine's log; a restart of the engine helps where it hangs"
            }
            Self::TooOld { .. } => "update Docker to 20.10 or later: BuildKit is needed",
            Self::NotLinux { .. } => "use a Linux runner",
            Self::NoBuildKit { .. } => "use a Docker engine of 20.10 or later",
            Self::BrokeOff { .. } => {
                "look at the engine's log; nothing was deployed, so the run can be repeated"
            }
            Self::Context(error) => return context_help(error),
            Self::Build(failure) => return failure.help(),
            Self::BuildRefused { .. } => "correct the option that the engine names",
            Self::Platform { .. } => {
                "give the Dockerfile's `FROM` no `--platform` of its own, or set `platform` to what is wanted"
            }
            Self::Push { kind, .. } => return Some(kind.help()),
            Self::PushStalled { .. } | Self::PushTooLong(_) => {
                "check the network between the engine's host and the registry, and repeat the run"
            }
            Self::NoDigest { .. } => {
                "repeat the run; if it happens again, look at what the registry holds under the tag"
            }
            Self::DigestsDiffer { .. } => {
                "another push took one of the tags at the same time; repeat the run"
            }
            Self::NoTags => "set `tags`",
            Self::Engine { .. } => return None,
        };
        Some(text.to_owned())
    }
}

fn in_attempts(repeats: usize) -> String {
    match repeats {
        0 => String::new(),
        repeats => format!(" in {} attempts", repeats + 1),
    }
}

fn context_help(error: &ContextError) -> Option<String> {
    let text = match error {
        ContextError::Open { .. } | ContextError::NotADirectory(_) => {
            "set `context` to a directory of the workspace, and run `actions/checkout` before"
        }
        ContextError::Dockerfile { .. } => {
            "set `file` to the Dockerfile's path, relative to the workspace"
        }
        ContextError::Dockerignore { .. } => "correct the line, or remove it",
        ContextError::Read { .. } => "leave the file out with `.dockerignore`, or make it readable",
        ContextError::TextTooBig(_) => "check that it is the file that was meant",
        ContextError::Changed(_) => {
            "let nothing write to the context while it is built, or leave the file out with `.dockerignore`"
        }
        ContextError::TooManyFiles { .. } | ContextError::TooBig { .. } => {
            "leave out with `.dockerignore` what the build doesn't need (`node_modules`, `target`, data)"
        }
        ContextError::NotTaken => return None,
    };
    Some(text.to_owned())
}
