//! Where the engine listens and how it is spoken to, as the environment says it to `docker`:
//! `DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`.
//!
//! Nothing is connected here. TLS, once asked for, always checks who the engine is.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::error::DockerError;
use super::tls::Tls;
use crate::environment::Variables;

/// Where the engine listens unless told otherwise; the runner mounts it into container actions.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// The ports that `docker` takes where the address names none.
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// Where the engine listens.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Unix(PathBuf),
    /// `host:port`, in the clear.
    Tcp(String),
    Tls {
        /// `host:port`.
        peer: String,
        tls: Tls,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(peer) | Self::Tls { peer, .. } => write!(f, "tcp://{peer}"),
        }
    }
}

impl Address {
    /// Reads the certificates where TLS is asked for. Blocks on the disk.
    ///
    /// # Errors
    /// `BadHost` where `DOCKER_HOST` is of another form, `Certificates` where they can't be used.
    pub(super) fn from_env(env: &Variables) -> Result<Self, DockerError> {
        let host = env.var("DOCKER_HOST").unwrap_or_default().trim();
        if let Some(path) = unix_path(host) {
            return Ok(Self::Unix(path.into()));
        }
        let (scheme, rest) = host.split_once("://").unwrap_or_default();
        let wants_tls = scheme == "https" || (scheme == "tcp" && is_tls_asked_for(env));
        let port = if wants_tls { TLS_PORT } else { PLAIN_PORT };
        let peer = match scheme {
            "tcp" | "http" | "https" => peer(rest, port),
            _ => None,
        };
        let Some(peer) = peer else {
            return Err(DockerError::BadHost {
                host: host.to_owned(),
            });
        };
        if !wants_tls {
            return Ok(Self::Tcp(peer));
        }
        let tls = Tls::load(&certificates(env), host_of(&peer))?;
        Ok(Self::Tls { peer, tls })
    }

    /// Whether what is said leaves this machine for anybody on the way to read.
    pub(super) fn is_in_the_clear(&self) -> bool {
        let Self::Tcp(peer) = self else { return false };
        let host = host_of(peer);
        let is_here = match host.parse() {
            Ok(address) => IpAddr::is_loopback(&address),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        };
        !is_here
    }
}

/// `docker` itself looks at `DOCKER_CERT_PATH` with one of the other two only. Whoever names
/// certificates means them to be used, and an engine that needs none of them still shows its own.
fn is_tls_asked_for(env: &Variables) -> bool {
    ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"]
        .iter()
        .any(|name| env.var(name).is_some())
}

/// The folder with `ca.pem`, `cert.pem` and `key.pem`.
fn certificates(env: &Variables) -> PathBuf {
    let named = env.var("DOCKER_CERT_PATH").or(env.var("DOCKER_CONFIG"));
    named.map_or_else(
        || Path::new(env.var("HOME").unwrap_or("/root")).join(".docker"),
        PathBuf::from,
    )
}

fn unix_path(host: &str) -> Option<&str> {
    match host.strip_prefix("unix://") {
        Some(path) if path.starts_with('/') => Some(path),
        None if host.is_empty() => Some(DEFAULT_SOCKET),
        None if host.starts_with('/') => Some(host),
        _ => None,
    }
}

/// `host:port` of what stands behind `tcp://`. A path isn't taken, as a request would not go to it.
fn peer(rest: &str, default: u16) -> Option<String> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let is_plain = !rest.is_empty() && !rest.contains(['/', '@', '?', '#', ' ']);
    let (host, port) = match rest.rsplit_once(':') {
        // The colon is inside an IPv6 address without a port.
        Some((_, after)) if after.ends_with(']') => (rest, None),
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (rest, None),
    };
    let is_bare_v6 = host.contains(':') && !host.starts_with('[');
    (is_plain && !host.is_empty() && !is_bare_v6)
        .then(|| format!("{host}:{}", port.unwrap_or(default)))
}

/// The name or address without the port and an IPv6 address's brackets.
fn host_of(peer: &str) -> &str {
    let host = peer.rsplit_once(':').map_or(peer, |(host, _)| host);
    host.trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests;
