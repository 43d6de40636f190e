//! Finds the engine, and makes sure that it can do what is needed.

use std::io;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{ImageInspect, SystemVersion};

use super::error::DockerError;
use super::wire::Address;

/// Where the engine listens unless told otherwise; the runner mounts it into container actions.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// A local engine answers in milliseconds; one that is starting up may take a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Until the engine's first answer to a request, in seconds. A build answers when it has something
/// to say, which can be after the whole context was sent.
const HEADERS_WITHIN: u64 = 3600;

/// The first API version with BuildKit as a supported part (Docker 19.03).
const OLDEST_API: (u32, u32) = (1, 40);

/// A connection to an engine that can build.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) docker: Docker,
    pub(super) address: Address,
    version: String,
    api: String,
}

impl Engine {
    /// `host` is the value of `DOCKER_HOST`; nothing or an empty text means the default socket.
    pub async fn connect(host: Option<&str>) -> Result<Self, DockerError> {
        let host = host.unwrap_or_default().trim();
        let (docker, address, listens) = if let Some(path) = unix_path(host) {
            knock(path).await?;
            let docker =
                Docker::connect_with_unix(path, HEADERS_WITHIN, bollard::API_DEFAULT_VERSION);
            (docker, path, Address::Unix(path.into()))
        } else if let Some(peer) = tcp_peer(host) {
            let docker =
                Docker::connect_with_http(host, HEADERS_WITHIN, bollard::API_DEFAULT_VERSION);
            (docker, host, Address::Tcp(peer.to_owned()))
        } else {
            return Err(DockerError::BadHost {
                host: host.to_owned(),
            });
        };
        let docker = docker.map_err(|source| engine_error("open a connection", source))?;
        let asked = tokio::time::timeout(ANSWER_WITHIN, async {
            let docker = docker.negotiate_version().await?;
            let version = docker.version().await?;
            Ok((docker, version))
        });
        let answered = asked.await.map_err(|_| DockerError::Silent {
            address: address.to_owned(),
            seconds: ANSWER_WITHIN.as_secs(),
        })?;
        let (docker, version) =
            answered.map_err(|error: bollard::errors::Error| match refused(&error) {
                Some(kind) => DockerError::NotListening {
                    address: address.to_owned(),
                    source: kind.into(),
                },
                None => engine_error("tell its version", error),
            })?;
        let (version, api) = check(version)?;
        Ok(Self {
            docker,
            version,
            api,
            address: listens,
        })
    }

    /// E.g. `28.0.4`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The engine's newest API version, e.g. `1.48`.
    pub fn api_version(&self) -> &str {
        &self.api
    }

    pub(super) async fn inspect(&self, name: &str) -> Result<ImageInspect, DockerError> {
        let doing = format!("inspect the image `{name}`");
        self.soon(&doing, self.docker.inspect_image(name)).await
    }

    /// For what an engine answers at once.
    pub(super) async fn soon<T>(
        &self,
        doing: &str,
        asked: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, DockerError> {
        match tokio::time::timeout(ANSWER_WITHIN, asked).await {
            Ok(answer) => answer.map_err(|source| engine_error(doing, source)),
            Err(_) => Err(DockerError::Silent {
                address: self.address.to_string(),
                seconds: ANSWER_WITHIN.as_secs(),
            }),
        }
    }
}

pub(super) fn engine_error(
    doing: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> DockerError {
    DockerError::Engine {
        doing: doing.to_owned(),
        source: Box::new(source),
    }
}

fn unix_path(host: &str) -> Option<&str> {
    match host.strip_prefix("unix://") {
        Some(path) if path.starts_with('/') => Some(path),
        None if host.is_empty() => Some(DEFAULT_SOCKET),
        None if host.starts_with('/') => Some(host),
        _ => None,
    }
}

/// `host:port` of `tcp://host:port`, as `docker` writes it.
fn tcp_peer(host: &str) -> Option<&str> {
    let peer = host
        .strip_prefix("tcp://")
        .or_else(|| host.strip_prefix("http://"))?
        .trim_end_matches('/');
    (!peer.contains('/') && peer.contains(':')).then_some(peer)
}

/// Tells the plain reasons apart, which the HTTP client would bury.
async fn knock(path: &str) -> Result<(), DockerError> {
    let knocked = tokio::time::timeout(ANSWER_WITHIN, tokio::net::UnixStream::connect(path));
    let answered = knocked.await.map_err(|_| DockerError::Silent {
        address: path.to_owned(),
        seconds: ANSWER_WITHIN.as_secs(),
    })?;
    match answered {
        Ok(_) => Ok(()),
        Err(source) => Err(match source.kind() {
            io::ErrorKind::NotFound => DockerError::NoSocket {
                path: path.to_owned(),
            },
            io::ErrorKind::PermissionDenied => DockerError::SocketDenied {
                path: path.to_owned(),
                source,
            },
            _ => DockerError::NotListening {
                address: path.to_owned(),
                source,
            },
        }),
    }
}

/// The kind of the I/O error at the bottom, where nobody listens.
fn refused(error: &bollard::errors::Error) -> Option<io::ErrorKind> {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    let connecting = error.to_string().contains("onnect");
    connecting.then_some(io::ErrorKind::ConnectionRefused)
}

fn check(version: SystemVersion) -> Result<(String, String), DockerError> {
    let unknown = || "of unknown version".to_owned();
    let api = version.api_version.unwrap_or_else(unknown);
    let engine = version.version.unwrap_or_else(unknown);
    let components = version.components.unwrap_or_default();
    if let Some(other) = components.iter().find(|part| part.name.contains("Podman")) {
        return Err(DockerError::NoBuildKit {
            name: other.name.clone(),
        });
    }
    match version.os {
        Some(os) if os != "linux" => return Err(DockerError::NotLinux { os }),
        _ => {}
    }
    let number = api
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    match number {
        Some(number) if number >= OLDEST_API => Ok((engine, api)),
        _ => Err(DockerError::TooOld {
            version: engine,
            api,
        }),
    }
}

#[cfg(test)]
mod tests;
