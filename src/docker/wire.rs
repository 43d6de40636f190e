//! HTTP to the engine where the client library can't say what is needed: a build with secrets and
//! several added hosts, and the connection that BuildKit calls back on.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Collected, Empty, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper::http::Error as HttpError;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

/// A local engine takes a connection at once.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// One message of BuildKit: its own limit for gRPC messages, encoded in base64.
const MAX_MESSAGE: usize = 24 << 20;

/// What is read of an answer that says why a request was refused.
const MAX_REFUSAL: usize = 64 << 10;

/// Why the engine could not be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the connection could not be opened")]
    Connect(#[source] io::Error),
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    #[error("the request could not be put together")]
    Request(#[from] HttpError),
    #[error("the engine answered {status}: {message}")]
    Refused { status: StatusCode, message: String },
    #[error("the engine answered what is no JSON")]
    Json(#[from] serde_json::Error),
    #[error("the engine sent a message of more than {MAX_MESSAGE} bytes")]
    TooLong,
}

/// Where the engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(peer) => f.write_str(peer),
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

type Body = BoxBody<Bytes, io::Error>;

/// One connection, for one request; dropping it closes it, and the engine stops what it does.
pub(super) struct Connection {
    sender: http1::SendRequest<Body>,
    driver: Driver,
}

/// Keeps a connection going in the background until it is dropped.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    pub(super) async fn open(address: &Address) -> Result<Self, WireError> {
        let connecting = async {
            let stream: Box<dyn Duplex> = match address {
                Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
                Address::Tcp(host) => Box::new(TcpStream::connect(host).await?),
            };
            Ok(stream)
        };
        let stream = tokio::time::timeout(CONNECT_WITHIN, connecting)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(WireError::Connect)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(async move {
            // A broken connection shows up where the answer is read.
            let _ = connection.with_upgrades().await;
        });
        Ok(Self {
            sender,
            driver: Driver(driver),
        })
    }

    /// Sends a body, and gives the answer's JSON messages as they come.
    pub(super) async fn post<T: DeserializeOwned>(
        mut self,
        path: &str,
        body: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<Messages<T>, WireError> {
        let request = Request::post(path)
            .header("Host", "docker")
            .header("Content-Type", "application/x-tar")
            .body(StreamBody::new(body.map_ok(Frame::data)).boxed())?;
        let answer = self.sender.send_request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(answer).await);
        }
        Ok(Messages {
            body: answer.into_body(),
            buffer: BytesMut::new(),
            scanned: 0,
            kind: std::marker::PhantomData,
            _driver: self.driver,
        })
    }

    /// Turns the connection around: from now on the engine asks.
    pub(super) async fn upgrade(
        mut self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Upgraded, WireError> {
        let mut request = Request::post(path)
            .header("Host", "docker")
            .header("Connection", "Upgrade")
            .header("Upgrade", "h2c");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let empty = Empty::new().map_err(|never| match never {}).boxed();
        let asked = self.sender.send_request(request.body(empty)?);
        let answer = tokio::time::timeout(CONNECT_WITHIN, asked)
            .await
            .map_err(|_| WireError::Connect(io::ErrorKind::TimedOut.into()))??;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refusal(answer).await);
        }
        Ok(hyper::upgrade::on(answer).await?)
    }
}

async fn refusal(answer: Response<Incoming>) -> WireError {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_REFUSAL)
        .collect()
        .await;
    let text = body.map(Collected::to_bytes).unwrap_or_default();
    let told = serde_json::from_slice::<serde_json::Value>(&text);
    let message = told
        .ok()
        .and_then(|told| Some(told.get("message")?.as_str()?.to_owned()))
        .unwrap_or_else(|| String::from_utf8_lossy(&text).into_owned());
    WireError::Refused {
        status,
        message: super::text::one_line(&message),
    }
}

/// JSON messages, one after the other.
pub(super) struct Messages<T> {
    body: Incoming,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line feed.
    scanned: usize,
    kind: std::marker::PhantomData<fn() -> T>,
    _driver: Driver,
}

impl<T: DeserializeOwned> Messages<T> {
    /// `None` at the end. May be dropped while it waits, and asked again.
    pub(super) async fn next(&mut self) -> Result<Option<T>, WireError> {
        loop {
            let fresh = &self.buffer[self.scanned..];
            if let Some(end) = fresh.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.scanned + end);
                self.buffer.advance(1);
                self.scanned = 0;
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(serde_json::from_slice(&line)?));
                }
                continue;
            }
            self.scanned = self.buffer.len();
            if self.buffer.len() > MAX_MESSAGE {
                return Err(WireError::TooLong);
            }
            match self.body.frame().await {
                Some(frame) => {
                    if let Ok(data) = frame?.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                None if self.buffer.trim_ascii().is_empty() => return Ok(None),
                None => {
                    let line = std::mem::take(&mut self.buffer);
                    self.scanned = 0;
                    return Ok(Some(serde_json::from_slice(&line)?));
                }
            }
        }
    }
}
