//! How much memory a run takes at its most. `PLIMSOLL_BINARY` names another build to measure, as
//! `script/sizes` does with the one that is shipped.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::building;
use crate::stage::{Stage, usual};

/// Resident at the most, in kB of 1024 bytes as the kernel counts: 40 MB.
const REDEPLOY_MOST: u64 = 40_000_000 / 1024;
/// 80 MB: a context is streamed, however large it is.
const BUILD_MOST: u64 = 80_000_000 / 1024;
const CONTEXT_BYTES: u64 = 300_000_000;

fn check(what: &str, most: u64, stage: &Stage) {
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    println!("peak of {what}: {} kB", ended.peak);
    assert!(ended.peak > 0, "the peak was not seen");
    assert!(
        ended.peak <= most,
        "{what} took {} kB, and {most} are allowed",
        ended.peak
    );
}

#[test]
fn a_redeploy_is_small() {
    check("a redeploy", REDEPLOY_MOST, &Stage::new(usual).redeploy());
}

#[test]
fn a_large_context_is_streamed() {
    let stage = building::stage("FROM scratch\nCOPY small /\n");
    fs::write(stage.path("workspace/small"), "a file\n").unwrap();
    let large = fs::File::create(stage.path("workspace/large")).unwrap();
    // Zeros without blocks on the disk, read as any others.
    large.set_len(CONTEXT_BYTES).unwrap();
    check("a build with a context of 300 MB", BUILD_MOST, &stage);
}

/// What an answer without an end may take: the bound of one answer, twice over for its pieces and
/// the whole.
const FLOOD_MOST: u64 = REDEPLOY_MOST + 2 * 32 * 1024;

/// A server that answers each request with gigabytes, and counts what is taken of them. It ends with
/// the process.
fn flood(head: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut vec![0; 64 << 10]);
            let mut piece = vec![b'x'; 1 << 20];
            if head.contains("chunked") {
                piece = [b"100000\r\n".as_slice(), &piece, b"\r\n"].concat();
            }
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() {
                sent = stream.write_all(&piece);
                counted.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    });
    (address, taken)
}

#[test]
fn an_answer_of_gigabytes_ends_as_an_error_and_memory_stays_flat() {
    for (variable, head) in [
        (
            "AWS_ENDPOINT_URL_ECS",
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        (
            "AWS_ENDPOINT_URL_ECR",
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2147483648\r\n\r\n",
        ),
    ] {
        let (address, taken) = flood(head);
        let stage = Stage::new(usual).redeploy().env(variable, &address);
        let ended = stage.run();
        println!(
            "{variable}: {} kB, {:?}, {} bytes",
            ended.peak,
            ended.took,
            taken.load(Ordering::SeqCst)
        );
        assert_eq!(ended.code, Some(8), "{}", ended.log);
        let reason = stage.output("reason");
        assert!(
            reason.contains("the answer is larger than the 32 MiB"),
            "{reason}"
        );
        assert!(
            ended.peak > 0 && ended.peak <= FLOOD_MOST,
            "{} kB",
            ended.peak
        );
        assert!(ended.took < Duration::from_secs(120), "{:?}", ended.took);
    }
}
