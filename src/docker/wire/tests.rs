//! Answers without an end: what is read of them, and what is said then.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::MAX_ANSWER;
use crate::docker::played::{CHUNKED, IMAGE, VERSION, chunk, play, whole};
use crate::docker::{Built, ContextSize, DockerError, Engine, PushRequest};
use crate::image::Platform;

/// Far more than is ever read.
const GIGABYTES: usize = 2 << 30;

/// What lies in the buffers of the socket and of the client besides what was read.
const BUFFERS: usize = 4 << 20;

/// Sends what has no end, until nobody takes it, and counts it.
fn flood(stream: &mut UnixStream, start: &str, sent: &AtomicUsize) {
    let _ = std::io::Write::write_all(stream, start.as_bytes());
    let piece = "x".repeat(64 << 10);
    while sent.load(Ordering::SeqCst) < GIGABYTES && chunk(stream, &piece).is_ok() {
        sent.fetch_add(piece.len(), Ordering::SeqCst);
    }
}

/// An engine that floods where the request's first line holds `at`.
async fn flooded(
    at: &'static str,
    start: &'static str,
    use_it: impl AsyncFnOnce(Result<Engine, DockerError>) -> DockerError,
) -> String {
    let folder = tempfile::tempdir().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let environment = play(folder.path(), move |line, stream| {
        if line.contains(at) {
            flood(stream, start, &counted);
        } else if line.contains("/images/") {
            whole(stream, "200 OK", IMAGE);
        } else {
            whole(stream, "200 OK", VERSION);
        }
    });
    let error = use_it(Engine::connect(&environment).await).await;
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < MAX_ANSWER + BUFFERS, "{at}: {sent} bytes were taken");
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

async fn push(engine: Result<Engine, DockerError>) -> DockerError {
    let request = PushRequest {
        built: Built {
            id: "sha256:abc".to_owned(),
            platform: Platform::linux_amd64(),
            size: 7,
            context: ContextSize::default(),
        },
        repository: "r.example/api".parse().unwrap(),
        tags: vec!["v1".to_owned()],
        credentials: None,
    };
    let pushed = engine.unwrap().push(&request, &mut |_| {}).await;
    pushed.unwrap_err()
}

#[tokio::test]
async fn no_answer_of_the_engine_is_read_without_a_bound() {
    let version = flooded("/version", CHUNKED, async |engine| engine.unwrap_err()).await;
    insta::assert_snapshot!(version, @"the Docker engine failed to tell its version: the engine's answer is larger than 4194304 bytes, and was not read to its end");
    let inspect = flooded("/json", CHUNKED, async |engine| {
        engine.unwrap().inspect("api").await.unwrap_err()
    })
    .await;
    insta::assert_snapshot!(inspect, @"the Docker engine failed to inspect the image `api`: the engine's answer is larger than 4194304 bytes, and was not read to its end");
    let told = flooded("/push", CHUNKED, push).await;
    insta::assert_snapshot!(told, @"the Docker engine failed to push `r.example/api:v1`: the engine's answer is larger than 262144 bytes, and was not read to its end");
    let refused = "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\r\n";
    let refusal = flooded("/tag", refused, push).await;
    assert!(refusal.contains("the engine answered 500"), "{refusal}");
}
