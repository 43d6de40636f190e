//! A registry that has trouble: everything is handed on to the real one, save what a test wants to
//! go wrong.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

type Body = BoxBody<Bytes, io::Error>;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This status, with a body in the registry's form: an error code and its words.
    Status(u16, &'static str, &'static str),
    /// This status with a body that is no JSON.
    Page(u16),
    /// The connection ends without an answer.
    HangUp,
    /// It is carried out, and the connection ends without an answer.
    Unanswered,
    /// The connection ends in the middle of the answer.
    BreakOff,
}

/// Which requests go wrong, and how often; then all is well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) method: &'static str,
    /// Part of the path.
    pub(crate) path: &'static str,
    pub(crate) times: usize,
    pub(crate) fault: Fault,
}

/// The registry before the real one.
#[derive(Clone)]
pub(crate) struct Trouble {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    rules: Vec<Rule>,
    requests: Vec<String>,
}

impl Trouble {
    /// Opens it on loopback; it ends with the runtime.
    pub(crate) async fn before(behind: &str, rules: &[Rule]) -> Trouble {
        let behind: SocketAddr = behind.parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let trouble = Trouble {
            address: listener.local_addr().unwrap(),
            seen: Arc::new(Mutex::new(Seen {
                rules: rules.to_vec(),
                requests: Vec::new(),
            })),
        };
        let serving = trouble.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let trouble = serving.clone();
                let service = hyper::service::service_fn(move |request| {
                    let trouble = trouble.clone();
                    async move { trouble.answer(request, behind).await }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(client), service),
                );
            }
        });
        trouble
    }

    /// How often `method` was asked of a path with this part.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        let is_it = |line: &&String| line.starts_with(method) && line.contains(path);
        seen.requests.iter().filter(is_it).count()
    }

    fn fault(&self, request: &Request<Incoming>) -> Option<Fault> {
        let mut seen = self.seen.lock().unwrap();
        let (method, path) = (request.method().as_str(), request.uri().path());
        seen.requests.push(format!("{method} {path}"));
        let mut rules = seen.rules.iter_mut();
        let rule = rules
            .find(|rule| rule.times > 0 && rule.method == method && path.contains(rule.path))?;
        rule.times -= 1;
        Some(rule.fault)
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        behind: SocketAddr,
    ) -> Result<Response<Body>, io::Error> {
        let Some(fault) = self.fault(&request) else {
            return hand_on(request, behind).await;
        };
        if fault == Fault::Unanswered {
            hand_on(request, behind).await?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        // An answer before the request was read to its end would be lost with the connection.
        if fault != Fault::HangUp {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                frame.map_err(io::Error::other)?;
            }
        }
        let whole = |status: u16, text: String| {
            let body = Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {});
            Response::builder().status(status).body(body.boxed())
        };
        let answer = match fault {
            Fault::Status(status, code, message) => whole(
                status,
                serde_json::json!({"errors": [{"code": code, "message": message}]}).to_string(),
            ),
            Fault::Page(status) => whole(status, "<html>no</html>".to_owned()),
            Fault::HangUp | Fault::Unanswered => {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Fault::BreakOff => {
                let some = futures_util::stream::iter([Ok(Frame::data(Bytes::from("{")))]);
                let broken = some.chain(futures_util::stream::iter([Err(
                    io::ErrorKind::ConnectionReset.into(),
                )]));
                Response::builder()
                    .header("Content-Length", "1000")
                    .body(BodyExt::boxed(StreamBody::new(broken)))
            }
        };
        answer.map_err(io::Error::other)
    }
}

async fn hand_on(
    request: Request<Incoming>,
    behind: SocketAddr,
) -> Result<Response<Body>, io::Error> {
    let stream = TcpStream::connect(behind).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    let answer = sender
        .send_request(request)
        .await
        .map_err(io::Error::other)?;
    Ok(answer.map(|body| body.map_err(io::Error::other).boxed()))
}
