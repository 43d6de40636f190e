//! An engine that breaks off, played on a socket.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::BuildRequest;
use crate::docker::{BuildEvent, BuildFailureKind, Built, DockerError, Engine};
use crate::environment::Variables;

const VERSION: &str = r#"{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux"}"#;
const IMAGE: &str = r#"{"Os":"linux","Architecture":"amd64","Size":7}"#;

/// Answers each request by its path; `/build` with these pieces, and then hangs up in the middle
/// of a chunked body unless the last piece ends it.
async fn play(listener: UnixListener, build: &'static [&'static str]) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(stream, build));
    }
}

async fn answer(mut stream: UnixStream, build: &'static [&'static str]) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let mut request = head;
    let head = String::from_utf8_lossy(&request).into_owned();
    let path = head.split_whitespace().nth(1).unwrap();
    let json = |body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    if path.starts_with("/session") {
        stream
            .write_all(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
            .await
            .unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    } else if path.starts_with("/build") {
        // Hanging up on a context that is still being sent would take the answer along.
        while !request.ends_with(b"0\r\n\r\n") {
            if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        for piece in build {
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            stream.write_all(chunk.as_bytes()).await.unwrap();
        }
    } else if path.contains("/images/") {
        let _ = stream.write_all(json(IMAGE).as_bytes()).await;
    } else {
        let _ = stream.write_all(json(VERSION).as_bytes()).await;
    }
}

fn directory() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    let socket = folder.path().join("engine.sock");
    (folder, socket)
}

async fn build(
    socket: &Path,
    folder: &Path,
    pieces: &'static [&'static str],
) -> Result<Built, DockerError> {
    let player = tokio::spawn(play(UnixListener::bind(socket).unwrap(), pieces));
    let host = format!("unix://{}", socket.display());
    let environment: Variables = [("DOCKER_HOST", host)].into_iter().collect();
    let engine = Engine::connect(&environment).await.unwrap();
    let request = BuildRequest::new(folder, "r.example/api:v1".parse().unwrap());
    let built = engine.build(&request, &mut |_: BuildEvent| {}).await;
    player.abort();
    built
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_success_unless_the_image_was_named() {
    let check = async |pieces: &'static [&'static str]| {
        let (folder, socket) = directory();
        build(&socket, folder.path(), pieces).await
    };
    let broken = check(&["{\"stream\":\"x\"}\r\n", "{\"aux\":{\"ID\":"]).await;
    assert!(
        matches!(broken, Err(DockerError::Engine { .. })),
        "{broken:?}"
    );
    // The end of the answer, without an image and without an error.
    let silent = check(&["{\"stream\":\"x\"}\r\n", ""]).await;
    assert!(
        matches!(silent, Err(DockerError::BrokeOff { .. })),
        "{silent:?}"
    );
    let named = check(&["{\"aux\":{\"I", "D\":\"sha256:abc\"}}\r", "\n\r\n"]).await;
    assert_eq!(named.unwrap().id, "sha256:abc");
    let told = check(&[
        "{\"errorDetail\":{\"message\":\"write /x: no space left on device\"}}\r\n",
        "",
    ])
    .await;
    match told {
        Err(DockerError::Build(failure)) => assert_eq!(failure.kind, BuildFailureKind::DiskFull),
        other => panic!("{other:?}"),
    }
}
