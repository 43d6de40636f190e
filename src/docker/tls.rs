//! TLS to an engine: who it must be, and who asks, from the folder that `DOCKER_CERT_PATH` names.
//!
//! The one TLS stack of the binary, with the folder's CA as the only one that is trusted, as
//! `docker` has it. There is no way to leave the check out.

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::DockerError;

/// A bundle of certificates is some kilobytes; what is larger is no such file.
const MAX_PEM: u64 = 1 << 20;

/// How to greet one engine.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.name).finish()
    }
}

impl Tls {
    /// `ca.pem` of the folder says whom to trust, `cert.pem` and `key.pem` who asks. Without the
    /// last two nobody does, which an engine may be content with.
    pub(super) fn load(folder: &Path, host: &str) -> Result<Self, DockerError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| DockerError::BadHost {
            host: host.to_owned(),
        })?;
        let ca = folder.join("ca.pem");
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&ca)? {
            let added = roots.add(certificate);
            added.map_err(|error| unusable(&ca, error))?;
        }
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&ca, error))?
            .with_root_certificates(roots);
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let config = if cert.exists() || key.exists() {
            let chain = certificates(&cert)?;
            let secret = PrivateKeyDer::from_pem_slice(&read(&key)?)
                .map_err(|error| unusable(&key, error))?;
            let config = config.with_client_auth_cert(chain, secret);
            config.map_err(|error| unusable(&key, error))?
        } else {
            config.with_no_client_auth()
        };
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    pub(super) async fn greet(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// The certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DockerError> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unusable(path, "there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(path, error)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DockerError> {
    let read = || {
        // A pipe would never end.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut text = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(MAX_PEM + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MAX_PEM {
            return Err(io::Error::other(format!(
                "it is larger than {MAX_PEM} bytes"
            )));
        }
        Ok(text)
    };
    read().map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, why: impl fmt::Display) -> DockerError {
    DockerError::Certificates {
        path: PathBuf::from(path),
        why: why.to_string(),
    }
}
