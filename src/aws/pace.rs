//! Keeps a run within a share of the token buckets that ECS meters an account's calls with, so
//! that a large deploy doesn't starve whatever else the account does.
//!
//! It sits under all clients, where retries pass as well, and only delays. It knows nothing of what
//! is called for; calls of other services pass at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use tokio::time::Instant;

/// The share of each bucket that one run takes at most. The buckets are the account's, in one
/// region; ECS's own console and other deploys draw from them too.
const SHARE: f64 = 0.5;

/// Tokens at most, tokens a second, operations: the table "Request throttling for the Amazon ECS
/// API" of AWS's API reference, as far as a run calls them.
const BUCKETS: &[(f64, f64, &[&str])] = &[
    (100.0, 40.0, &["RunTask", "StopTask"]),
    (
        100.0,
        20.0,
        &[
            "DescribeContainerInstances",
            "DescribeTasks",
            "ListContainerInstances",
            "ListTasks",
        ],
    ),
    (50.0, 20.0, &["DescribeClusters"]),
    (50.0, 20.0, &["DescribeCapacityProviders"]),
    (50.0, 5.0, &["UpdateService"]),
    (100.0, 20.0, &["DescribeServices"]),
    (
        50.0,
        20.0,
        &[
            "DescribeServiceDeployments",
            "ListServiceDeployments",
            "StopServiceDeployment",
        ],
    ),
    (20.0, 1.0, &["RegisterTaskDefinition"]),
    (50.0, 20.0, &["DescribeTaskDefinition"]),
    (200.0, 80.0, &["GetTaskProtection"]),
];

/// An answer within this time is AWS as usual, however many there are.
const PROMPT: Duration = Duration::from_millis(250);

/// A connector that keeps the pace, with the time that nobody can call slow.
#[derive(Clone, Debug)]
pub(super) struct Paced {
    pub(super) connector: SharedHttpConnector,
    free: Arc<Mutex<Duration>>,
}

impl Paced {
    /// A delay before each call that would go beyond the share.
    pub(super) fn new(connector: SharedHttpConnector) -> Paced {
        let now = Instant::now();
        let levels = BUCKETS.iter().map(|(most, ..)| (most * SHARE, now));
        let free = Arc::<Mutex<Duration>>::default();
        Paced {
            connector: SharedHttpConnector::new(Pacer {
                connector,
                levels: Arc::new(Mutex::new(levels.collect())),
                free: free.clone(),
            }),
            free,
        }
    }

    /// How long all calls so far waited for their turn, and for prompt answers: what a large cluster
    /// takes, and no sign of trouble.
    pub(super) fn free_time(&self) -> Duration {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Debug)]
struct Pacer {
    connector: SharedHttpConnector,
    /// Tokens and when they were counted, in the order of the table. Below zero are those that
    /// waiting calls have taken in advance.
    levels: Arc<Mutex<Vec<(f64, Instant)>>>,
    free: Arc<Mutex<Duration>>,
}

impl Pacer {
    /// Takes a token for the call; how long it has to wait for it.
    fn take(&self, operation: &str) -> Duration {
        let Some(at) = BUCKETS.iter().position(|row| row.2.contains(&operation)) else {
            return Duration::ZERO;
        };
        let (most, each_second) = (BUCKETS[at].0 * SHARE, BUCKETS[at].1 * SHARE);
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, counted) = &mut levels[at];
        let now = Instant::now();
        let back = now.duration_since(*counted).as_secs_f64() * each_second;
        *tokens = (*tokens + back).min(most) - 1.0;
        *counted = now;
        Duration::from_secs_f64((-*tokens / each_second).max(0.0))
    }
}

impl HttpConnector for Pacer {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let wait = match target.split_once('.') {
            Some((service, operation)) if service.contains("ContainerServiceV") => {
                self.take(operation)
            }
            _ => Duration::ZERO,
        };
        let (connector, free) = (self.connector.clone(), self.free.clone());
        let add = move |time| *free.lock().unwrap_or_else(PoisonError::into_inner) += time;
        add(wait);
        HttpConnectorFuture::new(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let asked = Instant::now();
            let answer = connector.call(request).await;
            if answer.is_ok() {
                add(asked.elapsed().min(PROMPT));
            }
            answer
        })
    }
}
