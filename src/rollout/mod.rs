//! The rollout: what one look at a service means for the deployment that this run started.
//!
//! The watch is a fold. `step` takes the state, one look and the time, and gives back what to say
//! and, once it is certain, a verdict. Every look is judged whole, so an event that was lost or a
//! read that was stale changes nothing in the end. The verdict is about *our* deployment id, never
//! about "the service is stable".
//!
//! All but `watch` is pure: no clock, no network, no printing. `watch` is the loop that looks,
//! feeds `step` and prints.

mod complete;
mod failing;
mod failures;
mod fate;
mod grounds;
mod lines;
mod memory;
mod proof;
mod signs;
mod step;
mod target;
#[cfg(test)]
mod tests;
mod waiting;
pub mod watch;

pub use failures::why_stopped;
pub use fate::{Before, Fate, fate};
pub use grounds::{Agents, Contender, Grounds};
pub use proof::in_one_line;
pub use step::{Step, step};
pub use target::{Counted, Target};
pub use waiting::{AtTimeout, Waiting};

use memory::Memory;

use std::sync::Arc;
use std::time::Duration;

use crate::diagnosis::{LogTail, TargetHealth};
use crate::snapshot::{
    Protection, Scheduling, Service, ServiceDeployment, Task, TaskStatus, Timestamp,
};

/// Samples of the timeline that a run keeps; later ones replace the last.
pub const TIMELINE_MAX: usize = 500;
/// Stopped tasks that a report keeps in full; beyond it only their number is known.
pub const STOPPED_MAX: usize = 50;

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long nothing may move before an unproven rollout is called stuck.
    pub stuck_after: Duration,
    /// How long the rollout is followed, and when that is over.
    pub limit: Duration,
    pub deadline: Timestamp,
    /// Whether a stuck rollout is waited for until the deadline all the same.
    pub wait_when_stuck: bool,
}

/// One look at a service. What could not be read is absent.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Absent when ECS answered `MISSING`, or when the read failed.
    pub service: Option<Service>,
    /// The service's tasks: those that are to run and those that stopped within the hour.
    pub tasks: Option<Vec<Task>>,
    pub service_deployment: Option<ServiceDeployment>,
    /// Old tasks that task protection holds; read only when they should have been stopped.
    pub protected: Vec<Protection>,
    /// The cluster; read only when the question is where a task could go.
    pub grounds: Option<Arc<Grounds>>,
    /// Targets that the load balancer found unhealthy; read only where tasks take long to get healthy.
    pub targets: Vec<TargetHealth>,
    /// The end of what failing containers wrote; read only for a verdict that isn't good.
    pub logs: Vec<LogTail>,
    /// Why this look could not be made, or lacks a part that the next one may have.
    pub failed: Option<String>,
}

impl Look {
    /// ARNs of the old tasks that still run.
    pub fn old_tasks(&self, target: &Target) -> Vec<String> {
        let old = |task: &&Task| {
            task.started_by != target.deployment && task.last_status == TaskStatus::Running
        };
        let tasks = self.tasks.iter().flatten().filter(old);
        tasks.map(|task| task.arn.clone()).collect()
    }

    /// Takes note of what GetTaskProtection told.
    pub fn protect(&mut self, found: Vec<Protection>) {
        for task in self.tasks.iter_mut().flatten() {
            task.protected = found.iter().any(|one| one.task == task.arn);
        }
        self.protected = found;
    }
}

/// How a rollout ended, as far as ECS is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Our deployment is complete and its revision serves.
    Succeeded,
    /// It can't go on for lack of room or because of its own percentages.
    Stuck { proven: bool },
    /// Tasks don't start, don't stay up or don't get healthy.
    Failed { reason: String },
    /// ECS put the previous revision back.
    RolledBack { to: String, reason: String },
    /// Another deployment took this one's place.
    Superseded { by: String, task_definition: String },
    /// Still moving when the time ran out.
    TimedOut { waiting: Vec<Waiting> },
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

/// One line to print. `text` may hold AWS's words: the console escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub level: Level,
    pub text: String,
}

impl Line {
    fn info(text: impl Into<String>) -> Line {
        Line {
            level: Level::Info,
            text: text.into(),
        }
    }

    fn warning(text: impl Into<String>) -> Line {
        Line {
            level: Level::Warning,
            text: text.into(),
        }
    }
}

/// How many tasks there were at one moment; for the report's picture of the rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    pub failed: u32,
    pub old_running: u32,
    pub event: Option<String>,
}

/// What a watch remembers between two looks.
#[derive(Clone, Debug)]
pub struct State {
    pub target: Target,
    pub patience: Patience,
    /// The task definition that is rolled out, for what a task needs.
    pub document: serde_json::Value,
    pub timeline: Vec<Sample>,
    /// The newest stopped tasks of our deployment that failed, at most `STOPPED_MAX`.
    pub stopped: Vec<Task>,
    /// The last look's service, for the diagnosis and the report.
    pub last: Option<Service>,
    /// Whether an essential container of the revision has a health check of its own.
    health_check: bool,
    memory: Memory,
}

impl State {
    pub fn new(target: Target, patience: Patience, document: serde_json::Value) -> State {
        let memory = Memory::new(&target);
        let health_check = has_health_check(&document);
        State {
            target,
            patience,
            document,
            timeline: Vec::new(),
            stopped: Vec::new(),
            last: None,
            health_check,
            memory,
        }
    }

    /// The same, for a rollout that nobody said fits: its first look reads the cluster's instances
    /// already, so that a proof needs no further one. Where all tasks run none needs a place.
    #[must_use]
    pub fn doubted(mut self) -> State {
        self.memory.wants_survey = !self.target.counted.is_some_and(|counted| counted.whole);
        self
    }

    /// Whether the next look should read the cluster's instances: only when our deployment lacks
    /// tasks and none is on its way.
    pub fn wants_survey(&self) -> bool {
        self.memory.wants_survey
    }

    /// Whether the service is to run no task at all.
    pub fn wants_nothing(&self) -> bool {
        let last = self.last.as_ref();
        last.is_some_and(|service| {
            service.desired == 0 && service.scheduling == Scheduling::Replica
        })
    }

    /// Whether a circuit breaker decides about tasks that fail: it watches no deployment that is
    /// complete.
    fn has_breaker(&self, service: &Service) -> bool {
        let complete = self.memory.complete || self.target.counted.is_some();
        service.configuration.circuit_breaker.is_some() && !complete
    }

    /// Whether the next look should ask which old tasks are protected: only when the new ones are
    /// all there and ECS leaves old ones running.
    pub fn wants_protection(&self) -> bool {
        self.memory.wants_protection
    }
}

/// `essential` is true where it isn't given.
fn has_health_check(document: &serde_json::Value) -> bool {
    let containers = document
        .get("containerDefinitions")
        .and_then(serde_json::Value::as_array);
    containers.into_iter().flatten().any(|container| {
        container.get("essential") != Some(&serde_json::Value::Bool(false))
            && container
                .get("healthCheck")
                .is_some_and(serde_json::Value::is_object)
    })
}
