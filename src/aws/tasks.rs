//! The calls about tasks: ListTasks and DescribeTasks.
//!
//! What a task means for a rollout is not decided here.

use aws_sdk_ecs::types::DesiredStatus;

use super::{Aws, AwsError, convert};
use crate::snapshot::Task;

/// What reads the tasks of a service.
pub const TASKS: &[&str] = &["ecs:ListTasks", "ecs:DescribeTasks"];

/// DescribeTasks takes a hundred, and a page of ListTasks holds as many.
pub(super) const TASKS_PER_CALL: usize = 100;

/// Which tasks of a cluster are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    All,
    Service(&'a str),
    /// ARN of the container instance.
    Instance(&'a str),
    /// What RunTask was given as `startedBy`.
    StartedBy(&'a str),
}

/// What a listing came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Of the tasks.
    pub arns: Vec<String>,
    /// Whether there were more pages than were asked for.
    pub more: bool,
}

impl Aws {
    /// ARNs of tasks, `pages` pages of a hundred at most: those that are to run, or (`stopped`) those
    /// that are to stop or stopped within the hour.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn task_arns(
        &self,
        cluster: &str,
        which: Which<'_>,
        stopped: bool,
        pages: usize,
    ) -> Result<Listed, AwsError> {
        let listing = self.ecs.list_tasks().cluster(cluster);
        let listing = match which {
            Which::All => listing,
            Which::Service(name) => listing.service_name(name),
            Which::Instance(arn) => listing.container_instance(arn),
            Which::StartedBy(token) => listing.started_by(token),
        };
        let listing = listing.desired_status(if stopped {
            DesiredStatus::Stopped
        } else {
            DesiredStatus::Running
        });
        let mut arns = Vec::new();
        let mut token = None;
        for _ in 0..pages {
            let page = listing
                .clone()
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| {
                    AwsError::of("ecs:ListTasks", format!("cluster `{cluster}`"), error)
                })?;
            arns.extend(page.task_arns.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                return Ok(Listed { arns, more: false });
            }
        }
        Ok(Listed { arns, more: true })
    }

    /// DescribeTasks for any number of ARNs; those that ECS has forgotten are left out.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<Task>, AwsError> {
        let mut tasks = Vec::with_capacity(arns.len());
        for arns in arns.chunks(TASKS_PER_CALL) {
            let answer = self
                .ecs
                .describe_tasks()
                .cluster(cluster)
                .set_tasks(Some(arns.to_vec()))
                .send()
                .await
                .map_err(|error| {
                    AwsError::of("ecs:DescribeTasks", format!("cluster `{cluster}`"), error)
                })?;
            let described = answer.tasks.unwrap_or_default();
            // A task that wasn't asked for, or has no name, says nothing about one that was.
            let asked = |task: &Task| arns.contains(&task.arn);
            tasks.extend(described.into_iter().map(convert::task).filter(asked));
        }
        Ok(tasks)
    }
}
