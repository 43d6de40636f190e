//! The token buckets that ECS meters an account's calls with, by region.
//!
//! From the page "Request throttling for the Amazon ECS API": each call takes a token of its
//! bucket; a bucket holds so many at most and gets so many back each second. An empty one refuses.
//! It knows nothing of who calls and what for.

use crate::sim::Call;

/// Name, tokens at most, tokens a second, operations.
type Row = (&'static str, f64, f64, &'static [&'static str]);

const BUCKETS: &[Row] = &[
    (
        "cluster resource modify",
        100.0,
        40.0,
        &[
            "ExecuteCommand",
            "PutAttributes",
            "RunTask",
            "StopTask",
            "UpdateContainerInstancesState",
        ],
    ),
    (
        "cluster resource read",
        100.0,
        20.0,
        &[
            "DescribeContainerInstances",
            "DescribeTasks",
            "ListAttributes",
            "ListContainerInstances",
            "ListTasks",
        ],
    ),
    (
        "cluster read",
        50.0,
        20.0,
        &["DescribeClusters", "ListClusters"],
    ),
    (
        "capacity provider read",
        50.0,
        20.0,
        &["DescribeCapacityProviders"],
    ),
    (
        "service modify",
        50.0,
        5.0,
        &["CreateService", "UpdateService"],
    ),
    (
        "service read",
        100.0,
        20.0,
        &["DescribeServices", "ListServices"],
    ),
    (
        "service deployments",
        50.0,
        20.0,
        &[
            "ContinueServiceDeployment",
            "DescribeServiceDeployments",
            "ListServiceDeployments",
            "StopServiceDeployment",
        ],
    ),
    (
        "service revisions",
        50.0,
        20.0,
        &["DescribeServiceRevisions"],
    ),
    (
        "task definition modify",
        20.0,
        1.0,
        &["DeregisterTaskDefinition", "RegisterTaskDefinition"],
    ),
    (
        "task definition read",
        50.0,
        20.0,
        &["DescribeTaskDefinition", "ListTaskDefinitions"],
    ),
    (
        "task protection",
        200.0,
        80.0,
        &["GetTaskProtection", "UpdateTaskProtection"],
    ),
];

/// All buckets at one moment, or a share of each.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    share: f64,
    /// Tokens and when they were counted, in milliseconds; in the order of the table.
    levels: Vec<(f64, i64)>,
}

impl Buckets {
    /// Full ones, each this share of AWS's size.
    pub(crate) fn of(share: f64) -> Buckets {
        let levels = BUCKETS.iter().map(|row| (row.1 * share, i64::MIN));
        Buckets {
            share,
            levels: levels.collect(),
        }
    }

    /// Takes a token for a call; false where there is none. An operation without a bucket passes.
    pub(crate) fn take(&mut self, operation: &str, now: i64) -> bool {
        let Some(at) = place(operation) else {
            return true;
        };
        let (_, most, each_second, _) = BUCKETS[at];
        let (tokens, counted) = &mut self.levels[at];
        let passed = now.saturating_sub(*counted).clamp(0, 3_600_000);
        #[expect(clippy::cast_precision_loss, reason = "an hour at most")]
        let back = passed as f64 / 1000.0 * each_second * self.share;
        *tokens = (*tokens + back).min(most * self.share);
        *counted = now.max(*counted);
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}

fn place(operation: &str) -> Option<usize> {
    BUCKETS.iter().position(|row| row.3.contains(&operation))
}

/// How many of these calls each bucket would have refused if it were only `share` of AWS's; those
/// that refuse none aren't listed.
pub fn refused(calls: &[Call], share: f64) -> Vec<(&'static str, usize)> {
    let mut buckets = Buckets::of(share);
    let mut counts = vec![0; BUCKETS.len()];
    for call in calls {
        if !buckets.take(&call.operation, call.at)
            && let Some(at) = place(&call.operation)
        {
            counts[at] += 1;
        }
    }
    let named = BUCKETS.iter().map(|row| row.0).zip(counts);
    named.filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(operation: &str, times: &[i64]) -> Vec<Call> {
        let call = |at: &i64| Call {
            at: *at,
            operation: operation.to_owned(),
            body: serde_json::Value::Null,
        };
        times.iter().map(call).collect()
    }

    #[test]
    fn a_bucket_refuses_once_it_is_empty_and_fills_again() {
        let mut buckets = Buckets::of(1.0);
        let burst = (0..30).filter(|_| buckets.take("RegisterTaskDefinition", 0));
        assert_eq!(burst.count(), 20);
        assert!(!buckets.take("RegisterTaskDefinition", 900));
        assert!(buckets.take("RegisterTaskDefinition", 1000));
        assert!(!buckets.take("RegisterTaskDefinition", 1001));
        assert!(buckets.take("DescribeTaskDefinition", 1001));
        assert!(buckets.take("GetAuthorizationToken", 1001));
    }

    #[test]
    fn a_share_of_a_bucket_is_smaller_and_slower() {
        let burst = calls("UpdateService", &[0; 13]);
        assert_eq!(refused(&burst, 1.0), []);
        assert_eq!(refused(&burst, 0.25), [("service modify", 1)]);
        let steady: Vec<i64> = (0..600).map(|second| second * 1000).collect();
        assert_eq!(refused(&calls("DescribeServices", &steady), 0.05), []);
        let (name, count) = refused(&calls("DescribeServices", &steady), 0.01)[0];
        assert!(name == "service read" && count > 400, "{count}");
    }
}
