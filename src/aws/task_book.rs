//! The tasks of some services of one cluster, look after look, with as few calls as it takes.
//!
//! What has stopped doesn't change any more and a task never changes its service, so neither is
//! asked for twice. Where many services are looked at, one listing of the whole cluster serves all
//! of them, unless the cluster is so large that listing service by service is shorter.
//! It decides nothing about a rollout.

use std::collections::{HashMap, HashSet};

use super::tasks::Which;
use super::{Aws, AwsError};
use crate::snapshot::{Task, TaskStatus};

/// From so many services on, the whole cluster is listed.
const WIDE_FROM: usize = 3;
/// Pages of a hundred of one service's listing that are followed: 5,000 tasks are the most that ECS
/// lets a service run.
const PAGES_MAX: usize = 50;
/// Tasks of others that are remembered as such; past it they are learnt again.
const STRANGERS_MAX: usize = 50_000;

/// One service whose tasks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// As it was named: name or ARN.
    pub service: &'a str,
    /// Whether it may have other tasks than those that are known: then they are listed. Those that
    /// are known are asked for in any case.
    pub listed: bool,
}

/// What is known of the tasks of one cluster's services.
#[derive(Clone, Debug, Default)]
pub struct TaskBook {
    /// The newest answer about each task of a service that was asked for, by ARN.
    known: HashMap<String, Task>,
    /// The services that were asked for last.
    services: HashSet<String>,
    /// ARNs of the cluster's other tasks.
    strangers: HashSet<String>,
    /// The cluster turned out to be too large to be listed as a whole.
    too_wide: bool,
}

impl TaskBook {
    /// The tasks of each of the services, in their order: those that are to run, then those that
    /// stop or have stopped within the hour.
    ///
    /// # Errors
    /// The first call that failed; what was known before is known still.
    pub async fn read(
        &mut self,
        aws: &Aws,
        cluster: &str,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<Vec<Task>>, AwsError> {
        let names: Vec<&str> = wanted.iter().map(|one| one.service).collect();
        self.turn_to(&names);
        let listed = wanted.iter().filter(|one| one.listed);
        let listed: Vec<&str> = listed.map(|one| one.service).collect();
        let running = self.list(aws, cluster, &listed, false).await?;
        let stopped = self.list(aws, cluster, &listed, true).await?;
        self.forget(&stopped, &listed);
        let arns = self.to_ask(&running, &stopped);
        let described = aws.tasks(cluster, &arns).await?;
        self.note(described, arns);
        let mut left: HashSet<&str> = self.known.keys().map(String::as_str).collect();
        let mut order: Vec<&Task> = Vec::with_capacity(self.known.len());
        for arn in running.iter().chain(&stopped) {
            if left.remove(arn.as_str()) {
                order.extend(self.known.get(arn));
            }
        }
        let mut unlisted: Vec<&Task> = left
            .into_iter()
            .filter_map(|arn| self.known.get(arn))
            .collect();
        unlisted.sort_by_key(|task| (task.created, task.arn.as_str()));
        order.extend(unlisted);
        let mut by_service: HashMap<&str, Vec<Task>> = HashMap::new();
        for task in order {
            let service = service_of(task).unwrap_or_default();
            by_service.entry(service).or_default().push(task.clone());
        }
        Ok(names
            .iter()
            .map(|name| by_service.remove(name).unwrap_or_default())
            .collect())
    }

    /// A task that belongs to none of fewer services may belong to a new one.
    fn turn_to(&mut self, names: &[&str]) {
        if names.iter().any(|name| !self.services.contains(*name)) {
            self.strangers.clear();
        }
        self.services = names.iter().map(|&name| name.to_owned()).collect();
        let services = &self.services;
        self.known
            .retain(|_, task| service_of(task).is_some_and(|name| services.contains(name)));
    }

    /// ARNs of the tasks of these services, and perhaps of others: those that are to run, or
    /// (`stopped`) those that are to stop or stopped.
    async fn list(
        &mut self,
        aws: &Aws,
        cluster: &str,
        names: &[&str],
        stopped: bool,
    ) -> Result<Vec<String>, AwsError> {
        if names.len() >= WIDE_FROM && !self.too_wide {
            let all = aws
                .task_arns(cluster, Which::All, stopped, names.len())
                .await?;
            if !all.more {
                return Ok(all.arns);
            }
            self.too_wide = true;
        }
        let mut arns = Vec::new();
        for name in names {
            let own = Which::Service(name);
            let listed = aws.task_arns(cluster, own, stopped, PAGES_MAX).await?;
            arns.extend(listed.arns);
        }
        Ok(arns)
    }

    /// Drops what ECS has dropped, of the services whose tasks were listed.
    fn forget(&mut self, stopped: &[String], names: &[&str]) {
        let listed: HashSet<&str> = stopped.iter().map(String::as_str).collect();
        self.known.retain(|arn, task| {
            task.last_status != TaskStatus::Stopped
                || listed.contains(arn.as_str())
                || !service_of(task).is_some_and(|service| names.contains(&service))
        });
        if self.strangers.len() > STRANGERS_MAX {
            self.strangers.clear();
        }
    }

    /// What is new, what may have changed, and what is no longer listed and so on its way down.
    fn to_ask(&self, running: &[String], stopped: &[String]) -> Vec<String> {
        let is_final = |arn: &str| {
            self.known
                .get(arn)
                .is_some_and(|task| task.last_status == TaskStatus::Stopped)
        };
        let mut asked = HashSet::new();
        running
            .iter()
            .chain(stopped)
            .chain(self.known.keys())
            .filter(|arn| !self.strangers.contains(*arn) && !is_final(arn))
            .filter(|arn| asked.insert(arn.as_str()))
            .cloned()
            .collect()
    }

    fn note(&mut self, described: Vec<Task>, asked: Vec<String>) {
        let answered: HashSet<&str> = described.iter().map(|task| task.arn.as_str()).collect();
        for arn in asked {
            if !answered.contains(arn.as_str()) {
                self.known.remove(&arn);
            }
        }
        for task in described {
            if service_of(&task).is_some_and(|name| self.services.contains(name)) {
                self.known.insert(task.arn.clone(), task);
            } else {
                self.strangers.insert(task.arn);
            }
        }
    }
}

/// The service that a task was started for.
fn service_of(task: &Task) -> Option<&str> {
    task.group.strip_prefix("service:")
}
