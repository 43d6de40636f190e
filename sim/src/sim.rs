//! The door to a world: requests in, answers out, with faults on request.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::throttling::Buckets;
use crate::wire::{self, Operation};
use crate::world::World;

/// Calls remembered; a runaway client loses the oldest.
const CALLS_KEPT: usize = 100_000;
/// Answers of DescribeServices remembered for [`FaultKind::Stale`], and their bytes.
const ANSWERS_KEPT: usize = 500;
const ANSWER_BYTES_KEPT: usize = 8 * 1024 * 1024;

const RATE_EXCEEDED: (&str, &str) = ("ThrottlingException", "Rate exceeded");

/// What came back.
#[derive(Debug)]
pub enum Answer {
    Response(Response<Bytes>),
    /// The same, so many milliseconds later.
    Late(i64, Response<Bytes>),
    /// The connection was lost.
    Dropped,
}

/// A request that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// `DescribeServices`, …
    pub operation: String,
    /// The body as JSON; a form's fields as strings.
    pub body: Value,
}

/// What goes wrong with the next `times` calls of an operation.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operation's name, or `*` for any.
    pub operation: String,
    pub times: u32,
    pub kind: FaultKind,
}

impl Fault {
    pub fn new(operation: &str, times: u32, kind: FaultKind) -> Fault {
        Fault {
            operation: operation.to_owned(),
            times,
            kind,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// `ThrottlingException`, "Rate exceeded".
    Throttle,
    /// HTTP 500, `ServerException`.
    ServerError,
    /// The connection is lost before anything was acted on.
    Drop,
    /// It was acted on; the connection is lost before the answer arrives.
    LostAnswer,
    /// DescribeServices answers as it did so many milliseconds ago (or earlier).
    Stale { by_ms: i64 },
    /// `ExpiredTokenException`.
    ExpiredToken,
    /// DescribeServices answers that there is no such service.
    Missing,
    /// An emulator doesn't have the operation, and says so with this status: a page of 500, or the
    /// protocol's error with 501.
    NotImplemented { status: u16 },
    /// `UnknownOperationException`.
    UnknownOperation,
    /// HTTP 200 with a page that no client of AWS can read.
    Garbage,
    /// It was acted on; the answer takes so many milliseconds to arrive.
    Slow { by_ms: i64 },
}

struct Inner {
    world: World,
    calls: VecDeque<Call>,
    faults: Vec<Fault>,
    /// When, the request's body, the answer.
    answers: VecDeque<(i64, Value, Bytes)>,
    buckets: Buckets,
}

/// A world behind its door; clones share it.
#[derive(Clone)]
pub struct Sim(Arc<Mutex<Inner>>);

impl fmt::Debug for Sim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sim").finish_non_exhaustive()
    }
}

impl Sim {
    pub fn new(world: World) -> Sim {
        let inner = Inner {
            world,
            calls: VecDeque::new(),
            faults: Vec::new(),
            answers: VecDeque::new(),
            buckets: Buckets::of(1.0),
        };
        Sim(Arc::new(Mutex::new(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request at a time in milliseconds since the epoch; the world moves there
    /// first, never backwards.
    pub fn answer(&self, now: i64, request: &Request<Bytes>) -> Answer {
        let mut inner = self.lock();
        inner.world.advance_to(now);
        if let Some(asked) = wire::github::Asked::of(request) {
            return inner.github(now, &asked);
        }
        if request.method() == http::Method::GET {
            if request.uri().path() == wire::runner::PATH {
                return inner.id_token(now, request);
            }
            return Answer::Response(wire::blob(&inner.world, request.uri().path()));
        }
        let operation = Operation::of(request);
        inner.note(now, &operation.name, &operation.body);
        let fault = inner.next_fault(&operation.name);
        if !inner.buckets.take(&operation.name, now) {
            return inner.refused(&operation, RATE_EXCEEDED);
        }
        match fault {
            Some(FaultKind::Drop) => return Answer::Dropped,
            Some(FaultKind::Throttle) => {
                return inner.refused(&operation, RATE_EXCEEDED);
            }
            Some(FaultKind::ServerError) => {
                return inner.refused(
                    &operation,
                    (
                        "ServerException",
                        "Service Unavailable. Please try again later.",
                    ),
                );
            }
            Some(FaultKind::ExpiredToken) => {
                let text = "The security token included in the request is expired";
                return inner.refused(&operation, ("ExpiredTokenException", text));
            }
            Some(FaultKind::Stale { by_ms }) => {
                if let Some(body) = inner.stale(now - by_ms, &operation.body) {
                    return Answer::Response(wire::json_response(&mut inner.world, 200, body));
                }
            }
            Some(FaultKind::NotImplemented { status }) => {
                return Answer::Response(wire::not_implemented(
                    &mut inner.world,
                    &operation,
                    status,
                ));
            }
            Some(FaultKind::UnknownOperation) => {
                return inner.refused(&operation, ("UnknownOperationException", ""));
            }
            Some(FaultKind::Garbage) => {
                return Answer::Response(wire::page(&mut inner.world, 200, "Welcome"));
            }
            Some(FaultKind::Missing | FaultKind::LostAnswer | FaultKind::Slow { .. }) | None => {}
        }
        let missing = fault == Some(FaultKind::Missing);
        let response = if missing {
            wire::all_missing(&mut inner.world, &operation)
        } else {
            wire::act(&mut inner.world, request, &operation)
        };
        if fault == Some(FaultKind::LostAnswer) {
            return Answer::Dropped;
        }
        if operation.name == "DescribeServices" && response.status() == 200 && !missing {
            let bytes: usize = inner.answers.iter().map(|(.., body)| body.len()).sum();
            if inner.answers.len() == ANSWERS_KEPT || bytes > ANSWER_BYTES_KEPT {
                inner.answers.pop_front();
            }
            inner
                .answers
                .push_back((now, operation.body, response.body().clone()));
        }
        match fault {
            Some(FaultKind::Slow { by_ms }) => Answer::Late(by_ms, response),
            _ => Answer::Response(response),
        }
    }

    /// Looks at the world, or intervenes in it.
    pub fn with<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.lock().world)
    }

    /// Every call so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.iter().cloned().collect()
    }

    /// Something goes wrong; faults of one operation happen in the order in which they were set.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }
}

impl Inner {
    fn note(&mut self, at: i64, operation: &str, body: &Value) {
        if self.calls.len() == CALLS_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(Call {
            at,
            operation: operation.to_owned(),
            body: body.clone(),
        });
    }

    /// GitHub answers for itself: AWS's buckets and shapes are none of its business.
    fn github(&mut self, now: i64, asked: &wire::github::Asked) -> Answer {
        self.note(now, asked.name, &asked.body);
        match self.next_fault(asked.name) {
            Some(FaultKind::Drop) => Answer::Dropped,
            Some(FaultKind::LostAnswer) => {
                wire::github::act(&mut self.world, asked);
                Answer::Dropped
            }
            Some(kind) => Answer::Response(wire::github::fault(&mut self.world, &kind)),
            None => Answer::Response(wire::github::act(&mut self.world, asked)),
        }
    }

    /// The runner's token endpoint, which is no AWS service but stands behind the same door.
    fn id_token(&mut self, now: i64, request: &Request<Bytes>) -> Answer {
        self.note(now, wire::runner::OPERATION, &wire::runner::asked(request));
        let refused = |inner: &mut Inner, status: u16, text: &str| {
            Answer::Response(wire::runner::refused(&mut inner.world, status, text))
        };
        match self.next_fault(wire::runner::OPERATION) {
            Some(FaultKind::Drop | FaultKind::LostAnswer) => Answer::Dropped,
            Some(FaultKind::Throttle) => refused(self, 429, "too many requests"),
            Some(FaultKind::ServerError) => refused(self, 503, "unavailable"),
            _ => Answer::Response(wire::runner::token(&mut self.world, request)),
        }
    }

    fn next_fault(&mut self, operation: &str) -> Option<FaultKind> {
        let fits = |fault: &&mut Fault| {
            fault.times > 0 && (fault.operation == operation || fault.operation == "*")
        };
        let fault = self.faults.iter_mut().find(fits)?;
        fault.times -= 1;
        let kind = fault.kind.clone();
        self.faults.retain(|fault| fault.times > 0);
        Some(kind)
    }

    fn refused(&mut self, operation: &Operation, (kind, message): (&'static str, &str)) -> Answer {
        Answer::Response(wire::refusal(&mut self.world, operation, kind, message))
    }

    fn stale(&self, until: i64, body: &Value) -> Option<Bytes> {
        let mut same = self
            .answers
            .iter()
            .rev()
            .filter(|(_, asked, _)| asked == body);
        let old = same.clone().find(|(at, ..)| *at <= until);
        old.or_else(|| same.next_back())
            .map(|(.., answer)| answer.clone())
    }
}
