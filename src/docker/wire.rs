//! HTTP to the engine over its socket: one connection for one request, and no answer that is read
//! without a bound.
//!
//! The client library reads whole answers whatever their size, and can't say what some requests
//! need: a build with secrets and several added hosts, the connection that BuildKit calls back on.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt};
use http::HeaderValue;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Collected, Empty, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper::http::Error as HttpError;
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::address::Address;

/// A local engine takes a connection at once.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// What an engine says of itself or of an image is some kilobytes.
const MAX_ANSWER: usize = 4 << 20;

/// One message of BuildKit: its own limit for gRPC messages, encoded in base64.
pub(super) const MAX_BUILD_MESSAGE: usize = 24 << 20;

/// One message about a push is a line.
pub(super) const MAX_PUSH_MESSAGE: usize = 256 << 10;

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
    #[error("the engine's answer is larger than {0} bytes, and was not read to its end")]
    TooLong(usize),
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

type Body = BoxBody<Bytes, io::Error>;

/// What goes along with a request.
pub(super) type Headers<'a> = &'a [(&'static str, &'a str)];

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
        let stream = tokio::time::timeout(CONNECT_WITHIN, connect(address))
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

    /// Asks for something small.
    pub(super) async fn get<T: DeserializeOwned>(mut self, path: &str) -> Result<T, WireError> {
        let answer = self.sender.send_request(request(Method::GET, path, &[])?);
        let answer = good(answer.await?).await?;
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let text = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(broken) => WireError::Broken(*broken),
            Err(error) => {
                debug_assert!(error.is::<LengthLimitError>());
                WireError::TooLong(MAX_ANSWER)
            }
        })?;
        Ok(serde_json::from_slice(&text.to_bytes())?)
    }

    /// Tells the engine to do something that it does at once.
    pub(super) async fn tell(mut self, path: &str) -> Result<(), WireError> {
        let answer = self.sender.send_request(request(Method::POST, path, &[])?);
        good(answer.await?).await.map(drop)
    }

    /// Starts what takes time, and gives the answer's JSON messages as they come.
    pub(super) async fn follow<T: DeserializeOwned>(
        self,
        path: &str,
        headers: Headers<'_>,
    ) -> Result<Messages<T>, WireError> {
        let asked = request(Method::POST, path, headers)?;
        self.messages(asked, MAX_PUSH_MESSAGE).await
    }

    /// Sends a tar, and gives the answer's JSON messages as they come.
    pub(super) async fn post<T: DeserializeOwned>(
        self,
        path: &str,
        body: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<Messages<T>, WireError> {
        let asked = Request::post(path)
            .header("Host", "docker")
            .header("Content-Type", "application/x-tar")
            .body(StreamBody::new(body.map_ok(Frame::data)).boxed())?;
        self.messages(asked, MAX_BUILD_MESSAGE).await
    }

    async fn messages<T: DeserializeOwned>(
        mut self,
        request: Request<Body>,
        limit: usize,
    ) -> Result<Messages<T>, WireError> {
        let answer = good(self.sender.send_request(request).await?).await?;
        Ok(Messages {
            body: answer.into_body(),
            buffer: BytesMut::new(),
            scanned: 0,
            limit,
            kind: std::marker::PhantomData,
            _driver: self.driver,
        })
    }

    /// Turns the connection around: from now on the engine asks.
    pub(super) async fn upgrade(
        mut self,
        path: &str,
        headers: Headers<'_>,
    ) -> Result<Upgraded, WireError> {
        let mut request = request(Method::POST, path, headers)?;
        let added = request.headers_mut();
        added.insert("Connection", HeaderValue::from_static("Upgrade"));
        added.insert("Upgrade", HeaderValue::from_static("h2c"));
        let asked = self.sender.send_request(request);
        let answer = tokio::time::timeout(CONNECT_WITHIN, asked)
            .await
            .map_err(|_| WireError::Connect(io::ErrorKind::TimedOut.into()))??;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refusal(answer).await);
        }
        Ok(hyper::upgrade::on(answer).await?)
    }
}

async fn connect(address: &Address) -> io::Result<Box<dyn Duplex>> {
    let tcp = async |peer: &str| {
        let stream = TcpStream::connect(peer).await?;
        stream.set_nodelay(true)?;
        Ok::<_, io::Error>(stream)
    };
    Ok(match address {
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Address::Tcp(peer) => Box::new(tcp(peer).await?),
        Address::Tls { peer, tls } => Box::new(tls.greet(tcp(peer).await?).await?),
    })
}

/// A request without a body. Its headers may hold a login, and are never shown.
fn request(method: Method, path: &str, headers: Headers<'_>) -> Result<Request<Body>, HttpError> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "docker");
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value)?;
        value.set_sensitive(true);
        request = request.header(*name, value);
    }
    request.body(Empty::new().map_err(|never| match never {}).boxed())
}

/// An answer that isn't a refusal.
async fn good(answer: Response<Incoming>) -> Result<Response<Incoming>, WireError> {
    if answer.status().is_success() {
        Ok(answer)
    } else {
        Err(refusal(answer).await)
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
    /// Bytes of one message.
    limit: usize,
    kind: std::marker::PhantomData<fn() -> T>,
    _driver: Driver,
}

impl<T: DeserializeOwned> Messages<T> {
    /// The same as a stream, which ends with the first error.
    pub(super) fn stream(self) -> impl Stream<Item = Result<T, WireError>> {
        futures_util::stream::try_unfold(self, async |mut messages| {
            let next = messages.next().await?;
            Ok(next.map(|message| (message, messages)))
        })
    }

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
            if self.buffer.len() > self.limit {
                return Err(WireError::TooLong(self.limit));
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

#[cfg(test)]
mod tests;
