//! The stand-in behind a gate: a call can be held, before it is acted on or after.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use plimsoll_sim::{Registry, Sim};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bell;

/// What becomes of the calls of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It reaches nobody, and nobody answers.
    Request,
    /// It is carried out, and the answer is kept back.
    Answer,
}

/// Which operations are held, and which were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    wanted: Vec<(String, Hold)>,
    seen: Vec<String>,
    rewritten: Vec<Rewrite>,
}

/// What an answer says in place of what the stand-in says.
#[derive(Clone, Debug)]
struct Rewrite {
    operation: String,
    from: String,
    to: String,
}

impl Gate {
    /// From now on answers to `operation` have `to` wherever the stand-in wrote `from`.
    pub(crate) fn rewrite(&self, operation: &str, from: &str, to: &str) {
        self.0.lock().unwrap().rewritten.push(Rewrite {
            operation: operation.to_lowercase(),
            from: from.to_owned(),
            to: to.to_owned(),
        });
    }

    fn rewritten(&self, operation: &str, answer: Vec<u8>) -> Vec<u8> {
        let held = self.0.lock().unwrap();
        let rules = held
            .rewritten
            .iter()
            .filter(|rule| rule.operation == operation);
        rules.fold(answer, |answer, rule| {
            let text = String::from_utf8(answer).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let body = body.replace(&rule.from, &rule.to);
            let head: Vec<String> = head
                .lines()
                .map(
                    |line| match line.to_lowercase().starts_with("content-length:") {
                        true => format!("content-length: {}", body.len()),
                        false => line.to_owned(),
                    },
                )
                .collect();
            format!("{}\r\n\r\n{body}", head.join("\r\n")).into_bytes()
        })
    }

    /// From now on calls of `operation` are held; `*` is any.
    pub(crate) fn hold(&self, operation: &str, hold: Hold) {
        self.0
            .lock()
            .unwrap()
            .wanted
            .push((operation.to_lowercase(), hold));
    }

    /// From now on nothing more is held.
    pub(crate) fn open(&self) {
        self.0.lock().unwrap().wanted.clear();
    }

    /// Whether a call of `operation` hangs at the gate.
    pub(crate) fn holds(&self, operation: &str) -> bool {
        self.0
            .lock()
            .unwrap()
            .seen
            .iter()
            .any(|seen| *seen == operation.to_lowercase())
    }

    fn what(&self, operation: &str) -> Option<Hold> {
        let held = self.0.lock().unwrap();
        held.wanted
            .iter()
            .find(|(name, _)| name == operation || name == "*")
            .map(|(_, hold)| *hold)
    }

    fn hung(&self, operation: String) {
        self.0.lock().unwrap().seen.push(operation);
        bell::ring();
    }
}

/// Opens the stand-in on loopback with the gate before it; `speed` is how fast its time runs.
pub(crate) async fn open(
    sim: Sim,
    gate: Gate,
    (speed, registry): (i64, Option<Registry>),
) -> SocketAddr {
    let inner = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let behind = inner.local_addr().unwrap();
    let (start, since) = (sim.with(|world| world.now()), std::time::Instant::now());
    let clock = move || start + i64::try_from(since.elapsed().as_millis()).unwrap() * speed;
    tokio::spawn(plimsoll_sim::serve(inner, sim, clock, registry));
    before(behind, gate).await
}

/// An address on loopback that hands everything on to `behind`, past the gate.
pub(crate) async fn before(behind: SocketAddr, gate: Gate) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let gate = gate.clone();
            tokio::spawn(async move { pass(client, behind, gate).await });
        }
    });
    address
}

/// Hands on what one connection asks, until it ends or is held for good.
async fn pass(mut client: TcpStream, behind: SocketAddr, gate: Gate) -> Option<()> {
    let mut server = TcpStream::connect(behind).await.ok()?;
    loop {
        let (head, request) = message(&mut client).await?;
        let operation = operation(&head, &request);
        let hold = gate.what(&operation);
        if hold == Some(Hold::Request) {
            gate.hung(operation);
            return forever(client).await;
        }
        server.write_all(&request).await.ok()?;
        let (_, answer) = message(&mut server).await?;
        if hold == Some(Hold::Answer) {
            gate.hung(operation);
            return forever(client).await;
        }
        let answer = gate.rewritten(&operation, answer);
        client.write_all(&answer).await.ok()?;
        bell::ring();
    }
}

/// Keeps the connection open without a word, as long as the other side does.
async fn forever(mut client: TcpStream) -> Option<()> {
    let mut rest = [0; 1024];
    while client.read(&mut rest).await.ok()? > 0 {}
    None
}

/// One HTTP/1.1 message with its length given: its head in lower case, and all of it.
pub(crate) async fn message(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut part = vec![0; 16 * 1024];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length: usize = header(&head, "content-length")
                .and_then(|length| length.parse().ok())
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes));
            }
        }
        let read = stream.read(&mut part).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&part[..read]);
    }
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
}

/// `DescribeServices`, … as the stand-in calls it, or what else is asked by its method; in lower
/// case.
fn operation(head: &str, request: &[u8]) -> String {
    let target = header(head, "x-amz-target").and_then(|target| target.rsplit('.').next());
    let form = String::from_utf8_lossy(request);
    let action = form
        .split(['&', '\n'])
        .find_map(|field| field.strip_prefix("Action="));
    let method = head.split(' ').next();
    target
        .or(action)
        .or(method)
        .unwrap_or_default()
        .to_lowercase()
}
