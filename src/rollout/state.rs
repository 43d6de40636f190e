//! What a watch knows of one rollout between two looks. `step` alone changes it.

use std::time::Duration;

use super::memory::Memory;
use super::target::Target;
use crate::definition::TaskDefinition;
use crate::snapshot::{Scheduling, Service, Task, Timestamp};

/// Samples of the timeline that a run keeps; later ones replace the last.
pub const TIMELINE_MAX: usize = 500;

/// Stopped tasks that a report keeps in full; beyond it only their number is known.
pub const STOPPED_MAX: usize = 50;

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long nothing may move before an unproven rollout is called stuck.
    pub stuck_after: Duration,
    /// How long the rollout is followed.
    pub limit: Duration,
    /// When that is over, by this run's clock.
    pub deadline: Timestamp,
    /// Whether a stuck rollout is waited for until the deadline all the same.
    pub wait_when_stuck: bool,
}

/// How many tasks there were at one moment; for the report's picture of the rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// By this run's clock.
    pub at: Timestamp,
    /// Tasks of our deployment that are to run.
    pub desired: u32,
    /// Of these, the ones that run.
    pub running: u32,
    /// Starting, or without a place yet.
    pub pending: u32,
    /// Failures in a row as ECS counts them.
    pub failed: u32,
    /// Tasks of other deployments that run.
    pub old_running: u32,
    /// The newest event that this look showed first, in AWS's words.
    pub event: Option<String>,
}

/// What a watch remembers between two looks.
#[derive(Clone, Debug)]
pub struct State {
    /// The deployment that is watched.
    pub target: Target,
    /// How long to wait for what.
    pub patience: Patience,
    /// The task definition that is rolled out, for what a task needs.
    pub document: serde_json::Value,
    /// The counts of tasks, oldest first, at most `TIMELINE_MAX`.
    pub timeline: Vec<Sample>,
    /// The newest stopped tasks of our deployment that failed, at most `STOPPED_MAX`.
    pub stopped: Vec<Task>,
    /// The last look's service, for the diagnosis and the report.
    pub last: Option<Service>,
    /// Whether an essential container of the revision has a health check of its own.
    pub(super) health_check: bool,
    pub(super) memory: Memory,
}

impl State {
    pub fn new(target: Target, patience: Patience, document: serde_json::Value) -> State {
        let memory = Memory::new(&target);
        let health_check = TaskDefinition::of(&document).has_health_check();
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
    pub(super) fn has_breaker(&self, service: &Service) -> bool {
        let complete = self.memory.complete || self.target.counted.is_some();
        service.configuration.circuit_breaker.is_some() && !complete
    }

    /// Whether the next look should ask which old tasks are protected: only when the new ones are
    /// all there and ECS leaves old ones running.
    pub fn wants_protection(&self) -> bool {
        self.memory.wants_protection
    }
}
