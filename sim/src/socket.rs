//! The socket door: the same answers over HTTP/1.1.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::registry::Registry;
use crate::sim::{Answer, Sim};

/// A task definition is 64 KiB at most; nothing asked here is larger than this.
const BODY_MOST: usize = 1024 * 1024;

/// Answers all that connect, until the task is dropped. `clock` tells the world's time in
/// milliseconds since the epoch; it may run faster than the clock on the wall.
pub async fn serve(
    listener: TcpListener,
    sim: Sim,
    clock: impl Fn() -> i64 + Clone + Send + Sync + 'static,
    registry: Option<Registry>,
) -> io::Result<()> {
    if let Some(registry) = &registry {
        sim.with(|world| {
            world.registry_address = Some(registry.address.clone());
            world.registry_password = Some(registry.password.clone());
        });
    }
    loop {
        let (stream, _) = listener.accept().await?;
        let (sim, clock, registry) = (sim.clone(), clock.clone(), registry.clone());
        tokio::spawn(async move { connection(stream, &sim, &clock, registry.as_ref()).await });
    }
}

async fn connection(
    stream: TcpStream,
    sim: &Sim,
    clock: &(impl Fn() -> i64 + Sync),
    registry: Option<&Registry>,
) {
    let service = service_fn(|request: Request<Incoming>| async move {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_MOST).collect().await else {
            return Ok(Response::builder()
                .status(413)
                .body(Full::new(Bytes::new()))
                .unwrap_or_default());
        };
        let request = Request::from_parts(head, body.to_bytes());
        if let Some(registry) = registry {
            registry.refresh(sim, &request).await;
        }
        match sim.answer(clock(), &request) {
            Answer::Response(response) => Ok(response.map(Full::new)),
            Answer::Late(by_ms, response) => {
                let by = Duration::from_millis(by_ms.unsigned_abs());
                tokio::time::sleep(by).await;
                Ok(response.map(Full::new))
            }
            // An error of the service ends the connection without an answer.
            Answer::Dropped => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        }
    });
    // The client may go away at any time; there is nobody to tell.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
