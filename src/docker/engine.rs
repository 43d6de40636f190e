//! Finds the engine, and makes sure that it can do what is needed.

use std::io;
use std::time::Duration;

use serde::Deserialize;

use super::address::Address;
use super::error::DockerError;
use super::wire::{Connection, WireError};
use crate::environment::Variables;

/// A local engine answers in milliseconds; one that is starting up may take a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// The first API version with BuildKit as a supported part (Docker 19.03).
const OLDEST_API: (u32, u32) = (1, 40);

/// An engine that can build. Each request has a connection of its own.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) address: Address,
    version: String,
    api: String,
}

/// What the engine says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Version {
    version: Option<String>,
    api_version: Option<String>,
    os: Option<String>,
    components: Vec<Component>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Component {
    name: String,
}

/// What the engine knows of an image, as far as it is looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Inspected {
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) variant: Option<String>,
    pub(super) size: Option<i64>,
    pub(super) repo_digests: Option<Vec<String>>,
}

impl Engine {
    /// Finds the engine that `DOCKER_HOST` names, else the one at the default socket, and asks
    /// what it is.
    ///
    /// # Errors
    /// No engine there, one that can't build, or an address or certificates that can't be used.
    pub async fn connect(env: &Variables) -> Result<Self, DockerError> {
        let env = env.clone();
        let reading = tokio::task::spawn_blocking(move || Address::from_env(&env));
        // The task doesn't panic, and nobody cancels it.
        let address = reading.await.unwrap_or_else(|_| {
            Err(DockerError::BrokeOff {
                doing: "be found".to_owned(),
            })
        })?;
        let asked = async {
            let connection = Connection::open(&address).await?;
            connection.get::<Version>("/version").await
        };
        let answered = tokio::time::timeout(ANSWER_WITHIN, asked).await;
        let answered = answered.unwrap_or_else(|_| {
            let late = io::ErrorKind::TimedOut;
            Err(WireError::Connect(late.into()))
        });
        let version = answered.map_err(|error| unreachable(&address, error))?;
        let (version, api) = check(version)?;
        Ok(Self {
            address,
            version,
            api,
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

    /// The engine's address, where context and logins go to another machine unencrypted.
    pub fn in_the_clear(&self) -> Option<String> {
        let is_clear = self.address.is_in_the_clear();
        is_clear.then(|| self.address.to_string())
    }

    pub(super) async fn inspect(&self, name: &str) -> Result<Inspected, DockerError> {
        let doing = format!("inspect the image `{name}`");
        self.soon(&doing, async |connection| {
            connection.get(&format!("/images/{name}/json")).await
        })
        .await
    }

    /// For what an engine answers at once.
    pub(super) async fn soon<T>(
        &self,
        doing: &str,
        ask: impl AsyncFnOnce(Connection) -> Result<T, WireError>,
    ) -> Result<T, DockerError> {
        let asked = async { ask(Connection::open(&self.address).await?).await };
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

/// Tells the plain reasons apart why the first request failed.
fn unreachable(address: &Address, error: WireError) -> DockerError {
    match (error, address) {
        (WireError::Connect(source), address) => no_connection(address, source),
        // Go's words to whoever speaks in the clear where TLS is wanted.
        (WireError::Refused { message, .. }, Address::Tcp(_))
            if message.contains("HTTPS server") =>
        {
            DockerError::WantsTls {
                address: address.to_string(),
            }
        }
        // With TLS 1.3 an engine that doesn't know who asks says so after the greeting.
        (WireError::Broken(source), Address::Tls { .. }) => DockerError::TlsFailed {
            address: address.to_string(),
            source: io::Error::other(source),
        },
        (error, _) => engine_error("tell its version", error),
    }
}

fn no_connection(address: &Address, source: io::Error) -> DockerError {
    let is_tls = source
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
    match (source.kind(), address) {
        _ if is_tls => DockerError::TlsFailed {
            address: address.to_string(),
            source,
        },
        (io::ErrorKind::TimedOut, _) => DockerError::Silent {
            address: address.to_string(),
            seconds: ANSWER_WITHIN.as_secs(),
        },
        (io::ErrorKind::NotFound, Address::Unix(path)) => DockerError::NoSocket {
            path: path.display().to_string(),
        },
        (io::ErrorKind::PermissionDenied, Address::Unix(path)) => DockerError::SocketDenied {
            path: path.display().to_string(),
            source,
        },
        _ => DockerError::NotListening {
            address: address.to_string(),
            source,
        },
    }
}

fn check(version: Version) -> Result<(String, String), DockerError> {
    let unknown = || "of unknown version".to_owned();
    let api = version.api_version.unwrap_or_else(unknown);
    let engine = version.version.unwrap_or_else(unknown);
    if let Some(other) = version
        .components
        .iter()
        .find(|part| part.name.contains("Podman"))
    {
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
