//! Task protection: which tasks neither a deployment nor a scale-in may stop for a while.

use super::{Aws, AwsError};
use crate::snapshot::{Protection, Timestamp};

/// GetTaskProtection takes a hundred tasks.
const TASKS_PER_CALL: usize = 100;
/// Tasks that are asked for: what is said of protection needs no more, and a service has thousands.
const TASKS_MAX: usize = 1000;

impl Aws {
    /// GetTaskProtection for tasks of one cluster, by ARN: those that are protected, and until when.
    /// Tasks that are gone, or that belong to no service, are left out.
    ///
    /// Needs `ecs:GetTaskProtection`, which is optional: nothing is decided by it.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn protected_tasks(
        &self,
        cluster: &str,
        arns: &[String],
    ) -> Result<Vec<Protection>, AwsError> {
        let mut protected = Vec::new();
        let asked = arns.get(..TASKS_MAX).unwrap_or(arns);
        for arns in asked.chunks(TASKS_PER_CALL) {
            let answer = self
                .ecs
                .get_task_protection()
                .cluster(cluster)
                .set_tasks(Some(arns.to_vec()))
                .send()
                .await
                .map_err(|error| {
                    let subject = format!("tasks of cluster `{cluster}`");
                    AwsError::of("ecs:GetTaskProtection", subject, error)
                })?;
            let held = answer.protected_tasks.unwrap_or_default().into_iter();
            let held = held.filter(|task| task.protection_enabled);
            protected.extend(held.filter_map(|task| {
                Some(Protection {
                    task: task.task_arn?,
                    until: task
                        .expiration_date
                        .and_then(|at| at.to_millis().ok())
                        .map(Timestamp::of_millis),
                })
            }));
        }
        Ok(protected)
    }
}
