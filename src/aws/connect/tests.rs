use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http_body_util::BodyExt as _;

use super::{ANSWER_MAX, connector, is_near};
use crate::aws::{Aws, AwsErrorKind};

/// Far more than is ever read.
const GIGABYTES: usize = 2 << 30;

/// What lies in the buffers of both ends besides what was read.
const BUFFERS: usize = 16 << 20;

/// A server that answers each request with this head and a body of gigabytes, and counts what is
/// taken of it.
fn flood(head: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 64 << 10]);
            let _ = stream.write_all(head.as_bytes());
            let piece = vec![b'x'; 1 << 20];
            let is_chunked = head.contains("chunked");
            while counted.load(Ordering::SeqCst) < GIGABYTES {
                let start = format!("{:x}\r\n", piece.len());
                let around = if is_chunked {
                    [start.as_str(), "\r\n"]
                } else {
                    ["", ""]
                };
                let sent = stream
                    .write_all(around[0].as_bytes())
                    .and_then(|()| stream.write_all(&piece))
                    .and_then(|()| stream.write_all(around[1].as_bytes()));
                if sent.is_err() {
                    break;
                }
                counted.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    });
    (address, taken)
}

#[tokio::test]
async fn an_answer_of_gigabytes_is_given_up_at_the_bound() {
    let (address, taken) = flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let request = HttpRequest::get(format!("http://{address}/")).unwrap();
    let answer = connector().call(request).await.unwrap();
    let mut body = answer.into_body();
    let mut read = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => read += frame.into_data().map_or(0, |data| data.len()),
            Err(error) => break error,
        }
    };
    assert!(
        error
            .to_string()
            .starts_with("the answer is larger than the 32 MiB")
    );
    assert!(read <= ANSWER_MAX, "{read}");
    drop(body);
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < ANSWER_MAX + BUFFERS, "{taken}");
}

#[tokio::test]
async fn an_answer_that_announces_gigabytes_is_an_error_that_says_so() {
    let (address, taken) = flood("HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n");
    let aws = Aws::stand_in(&format!("http://{address}"), "eu-west-1");
    let error = aws.identity().await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Unanswered);
    assert!(
        error.text.contains("the answer is larger than the 32 MiB"),
        "{error}"
    );
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < BUFFERS, "{taken}");
}

#[test]
fn metadata_and_this_machine_are_near() {
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "169.254.169.254",
        "169.254.170.2",
        "[fd00:ec2::254]",
        "[fd00:ec2::23]",
    ] {
        assert!(is_near(host), "{host}");
    }
    for host in [
        "ecs.eu-west-1.amazonaws.com",
        "10.0.0.1",
        "0.0.0.0",
        "[fd00::1]",
        "localhost.example.com",
    ] {
        assert!(!is_near(host), "{host}");
    }
}
