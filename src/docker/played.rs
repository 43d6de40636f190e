//! An engine that is played on a socket, for tests: each request gets what a test answers.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::environment::Variables;

pub(super) const VERSION: &str = r#"{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux"}"#;
pub(super) const IMAGE: &str = r#"{"Os":"linux","Architecture":"amd64","Size":7}"#;

/// The start of an answer whose body comes in chunks.
pub(super) const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Answers every request with `answer`, which gets its first line and the connection, in a thread
/// that ends with the process. The environment is that of whoever asks.
pub(super) fn play(
    folder: &Path,
    answer: impl Fn(&str, &mut UnixStream) + Send + Sync + 'static,
) -> Variables {
    let socket = folder.join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                if let Some(line) = head(&mut stream) {
                    answer(&line, &mut stream);
                }
            });
        }
    });
    let host = format!("unix://{}", socket.display());
    [("DOCKER_HOST", host)].into_iter().collect()
}

/// The first line of a request that has no body.
fn head(stream: &mut UnixStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut one).ok()?;
        bytes.push(one[0]);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().next().map(str::to_owned)
}

/// A whole answer.
pub(super) fn whole(stream: &mut UnixStream, status: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
}

/// One piece of a body in chunks; nothing ends it.
pub(super) fn chunk(stream: &mut UnixStream, text: &str) -> std::io::Result<()> {
    write!(stream, "{:x}\r\n{text}\r\n", text.len())
}
