//! What BuildKit asks back during a build: credentials for base images, and build secrets.
//!
//! The engine opens no connection of its own for this; it takes one that was handed to it
//! beforehand, and calls gRPC services on it. A registry's credentials are given out for that
//! registry only; those of ECR for all its registries in the region.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::health::health_server::{Health, HealthServer};
use bollard::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use bollard::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
    GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
    VerifyTokenAuthorityResponse,
};
use futures_util::{StreamExt, stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tonic::{Request, Response, Status};

use super::address::Address;
use super::credentials::Credentials;
use super::wire::{Connection, WireError};
use crate::image::EcrHost;
use crate::secret::Secret;

/// What may be asked for; the engine gets it beforehand.
const METHODS: &[&str] = &[
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
];

/// What the engine may get.
#[derive(Debug, Default)]
pub(super) struct Offered {
    /// By the registry's host, as BuildKit names it.
    pub(super) logins: HashMap<String, Credentials>,
    /// By id.
    pub(super) secrets: HashMap<String, Secret>,
}

/// An open session; dropping it ends it.
pub(super) struct Session {
    _open: oneshot::Sender<()>,
}

impl Session {
    pub(super) async fn open(
        address: &Address,
        id: &str,
        offered: Offered,
    ) -> Result<Self, WireError> {
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", id),
            ("X-Docker-Expose-Session-Name", "plimsoll"),
        ];
        headers.extend(
            METHODS
                .iter()
                .map(|method| ("X-Docker-Expose-Session-Grpc-Method", *method)),
        );
        let connection = Connection::open(address).await?;
        let upgraded = connection.upgrade("/session", &headers).await?;
        let (open, closed) = oneshot::channel::<()>();
        let server = tonic::transport::Server::builder()
            .add_service(HealthServer::new(Alive))
            .add_service(AuthServer::new(Logins(offered.logins)))
            .add_service(SecretsServer::new(BuildSecrets(offered.secrets)));
        // The one connection, and no end after it: the server is to stay until it is closed.
        let incoming = stream::iter([Ok::<_, io::Error>(Turned(TokioIo::new(upgraded)))]);
        let incoming = incoming.chain(stream::pending());
        tokio::spawn(async move {
            let ended = async {
                let _ = closed.await;
            };
            // If it fails, BuildKit says what it missed.
            let _ = server.serve_with_incoming_shutdown(incoming, ended).await;
        });
        Ok(Self { _open: open })
    }
}

struct Alive;

#[tonic::async_trait]
impl Health for Alive {
    type WatchStream = stream::Pending<Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        const SERVING: i32 = 1;
        Ok(Response::new(HealthCheckResponse { status: SERVING }))
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("only Check is"))
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("only Check is"))
    }
}

struct Logins(HashMap<String, Credentials>);

impl Logins {
    /// A token of ECR is for any registry that the caller's principal may use (GetAuthorizationToken
    /// in ECR's API reference), and comes from one region.
    fn of(&self, host: &str) -> Option<&Credentials> {
        let region = |host: &str| EcrHost::parse(host).map(|host| host.region);
        self.0.get(host).or_else(|| {
            let asked = region(host)?;
            let mut logins = self.0.iter();
            let found = logins.find(|(host, _)| region(host).as_ref() == Some(&asked));
            found.map(|(_, login)| login)
        })
    }
}

#[tonic::async_trait]
impl Auth for Logins {
    /// No credentials are empty ones: BuildKit then asks the registry without any.
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let answer = match self.of(&request.get_ref().host) {
            Some(login) => CredentialsResponse {
                username: login.username.clone(),
                secret: login.password.expose().to_owned(),
            },
            None => CredentialsResponse::default(),
        };
        Ok(Response::new(answer))
    }

    // The engine fetches tokens itself when the client can't.

    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unavailable("tokens are the engine's matter"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("tokens are the engine's matter"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("tokens are the engine's matter"))
    }
}

struct BuildSecrets(HashMap<String, Secret>);

#[tonic::async_trait]
impl Secrets for BuildSecrets {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        match self.0.get(&request.get_ref().id) {
            Some(secret) => Ok(Response::new(GetSecretResponse {
                data: secret.expose().as_bytes().to_vec(),
            })),
            None => Err(Status::not_found("no such secret")),
        }
    }
}

/// The turned connection, as the gRPC server takes it.
struct Turned(TokioIo<Upgraded>);

impl tonic::transport::server::Connected for Turned {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Turned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Turned {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    async fn password(offered: &str, host: &str) -> String {
        let login = Credentials {
            username: "AWS".to_owned(),
            password: Secret::new("token"),
        };
        let logins = Logins(HashMap::from([(offered.to_owned(), login)]));
        let asked = CredentialsRequest {
            host: host.to_owned(),
        };
        let answer = logins.credentials(Request::new(asked)).await.unwrap();
        answer.into_inner().secret
    }

    #[tokio::test]
    async fn a_token_of_ecr_is_for_all_its_registries_in_the_region_and_for_nobody_else() {
        for host in [
            HERE,
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
            "444455556666.dkr-ecr.eu-west-1.on.aws",
        ] {
            assert_eq!(password(HERE, host).await, "token", "{host}");
        }
        for host in [
            "111122223333.dkr.ecr.eu-west-2.amazonaws.com",
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com.example.com",
            "registry-1.docker.io",
            "ghcr.io",
            "",
        ] {
            assert_eq!(password(HERE, host).await, "", "{host}");
        }
        assert_eq!(password("ghcr.io", "ghcr.io").await, "token");
        assert_eq!(password("ghcr.io", HERE).await, "");
    }
}
