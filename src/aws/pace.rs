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

/// The connector with a delay before each call that would go beyond the share.
pub(super) fn paced(connector: SharedHttpConnector) -> SharedHttpConnector {
    let now = Instant::now();
    let levels = BUCKETS.iter().map(|(most, ..)| (most * SHARE, now));
    SharedHttpConnector::new(Paced {
        connector,
        levels: Arc::new(Mutex::new(levels.collect())),
    })
}

#[derive(Clone, Debug)]
struct Paced {
    connector: SharedHttpConnector,
    /// Tokens and when they were counted, in the order of the table. Below zero are those that
    /// waiting calls have taken in advance.
    levels: Arc<Mutex<Vec<(f64, Instant)>>>,
}

impl Paced {
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

impl HttpConnector for Paced {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let wait = match target.split_once('.') {
            Some((service, operation)) if service.contains("ContainerServiceV") => {
                self.take(operation)
            }
            _ => Duration::ZERO,
        };
        if wait.is_zero() {
            return self.connector.call(request);
        }
        let connector = self.connector.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(wait).await;
            connector.call(request).await
        })
    }
}
