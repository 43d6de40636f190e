//! Tasks and what moves them: from PROVISIONING to STOPPED, second by second.
//!
//! A task is placed elsewhere; here it pulls, starts, becomes healthy, ends or is stopped. The
//! agent's own accounting is here too: a placed task stays PENDING until those that are going
//! away on its instance are really gone.

use std::sync::Arc;

use serde_json::Value;

use super::World;
use super::instance::Taken;
use super::needs::Needs;
use super::network::Interface;
use super::spec::TaskBehaviour;

/// A task counts as healthy so long after RUNNING where nothing checks its health.
pub const HEALTHY_WITHOUT_CHECK_MS: i64 = 40_000;
/// Stopped tasks are shown for an hour.
const STOPPED_SHOWN_MS: i64 = 3_600_000;
/// Detaching a network interface, or tidying up without one.
const DEPROVISIONING_MS: (i64, i64) = (5_000, 1_000);

/// `lastStatus`, in the order in which a task goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Status {
    /// As the API spells it.
    pub fn text(self) -> &'static str {
        match self {
            Status::Provisioning => "PROVISIONING",
            Status::Pending => "PENDING",
            Status::Activating => "ACTIVATING",
            Status::Running => "RUNNING",
            Status::Deactivating => "DEACTIVATING",
            Status::Stopping => "STOPPING",
            Status::Deprovisioning => "DEPROVISIONING",
            Status::Stopped => "STOPPED",
        }
    }

    pub(crate) fn starting(self) -> bool {
        self < Status::Running
    }

    /// Asked to run: what `maximumPercent` counts.
    pub(crate) fn alive(self) -> bool {
        self <= Status::Running
    }
}

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// 32 hexadecimal digits.
    pub id: String,
    pub cluster: String,
    /// The service's name; a name that no service can have where RunTask started it.
    pub service: String,
    /// `service:NAME`, or `family:NAME` where RunTask started it.
    pub group: String,
    /// The deployment that started it, or what RunTask was given.
    pub started_by: String,
    /// The deployment that it counts for; a rollback takes over tasks of its own revision.
    pub(crate) deployment: String,
    /// ARN of the revision.
    pub task_definition: String,
    /// Id of the container instance.
    pub instance: Option<String>,
    pub provider: Option<String>,
    pub launch_type: String,
    pub az: Option<String>,
    /// `networkConfiguration`, as it was when the task was started.
    pub(crate) network: Option<Value>,
    /// In `awsvpc` mode, once EC2 was asked for it.
    pub(crate) interface: Option<Interface>,
    pub status: Status,
    /// Passing (true) or failing (false) its health checks; nothing known yet.
    pub healthy: Option<bool>,
    pub created: i64,
    pub started: Option<i64>,
    pub stopping: Option<i64>,
    pub stopped: Option<i64>,
    pub stop_code: Option<&'static str>,
    pub stopped_reason: String,
    /// Exit code of the essential container.
    pub exit_code: Option<i64>,
    /// `containers[].reason`.
    pub container_reason: String,
    pub(crate) needs: Arc<Needs>,
    pub(crate) behaviour: TaskBehaviour,
    /// Name, image and digest of each container.
    pub(crate) digests: Vec<String>,
    /// Target groups that it registers with.
    pub(crate) target_groups: Vec<String>,
    pub(crate) drain_ms: i64,
    pub(crate) grace_ms: i64,
    /// When it moves on by itself.
    pub(crate) due: Option<i64>,
    /// The agent has given it its resources.
    pub(crate) holds: bool,
    pub(crate) was_healthy: bool,
    /// Until when scale-in and deployments leave it alone.
    pub(crate) protected_until: Option<i64>,
    /// Its end has been looked at by the scheduler.
    pub(crate) counted: bool,
}

/// Where Docker takes host ports from, and how many of them are used here.
const EPHEMERAL_PORTS: (u16, u16) = (32_768, 20_000);

impl Task {
    /// The address of its network interface, where it has one.
    pub(crate) fn address(&self) -> String {
        let number = self.number();
        format!("10.0.{}.{}", number >> 8, number & 255)
    }

    /// The host port of its first mapping: fixed, or dealt out by Docker.
    pub(crate) fn host_port(&self) -> u16 {
        let fixed = self.needs.tcp.first().copied();
        fixed.unwrap_or(EPHEMERAL_PORTS.0 + self.number() % EPHEMERAL_PORTS.1)
    }

    pub(super) fn number(&self) -> u16 {
        let digits = self.id.get(..4).unwrap_or_default();
        u16::from_str_radix(digits, 16).unwrap_or_default()
    }

    fn checked(&self) -> bool {
        self.needs.health_check || !self.target_groups.is_empty()
    }

    /// Whether `minimumHealthyPercent` counts it.
    pub(crate) fn counts_healthy(&self, now: i64) -> bool {
        self.status == Status::Running
            && if self.checked() {
                self.healthy == Some(true)
            } else {
                self.started
                    .is_some_and(|started| now - started >= HEALTHY_WITHOUT_CHECK_MS)
            }
    }

    /// Its health checks failed, and the grace period is over.
    pub(crate) fn unhealthy(&self, now: i64) -> bool {
        self.status == Status::Running
            && self.healthy == Some(false)
            && self
                .started
                .is_some_and(|started| now - started >= self.grace_ms)
    }

    /// Asks it to stop. Does nothing to a task that is stopping already.
    pub(crate) fn stop(&mut self, now: i64, code: &'static str, reason: &str) {
        if !self.status.alive() {
            return;
        }
        self.stopping = Some(now);
        self.stop_code = Some(code);
        reason.clone_into(&mut self.stopped_reason);
        let never_placed = self.status == Status::Provisioning;
        if never_placed {
            self.end(now);
        } else if self.status == Status::Running && !self.target_groups.is_empty() {
            self.status = Status::Deactivating;
            self.due = Some(now + self.drain_ms);
        } else {
            self.status = Status::Stopping;
            self.due = Some(now + self.sigterm_ms());
        }
    }

    fn sigterm_ms(&self) -> i64 {
        if self.started.is_some() {
            self.behaviour.stop_secs.min(self.needs.stop_timeout) * 1000
        } else {
            1000
        }
    }

    /// Its container ended, or never began.
    fn fail(&mut self, now: i64, code: &'static str, reason: &str) {
        self.stopping = Some(now);
        self.stop_code = Some(code);
        reason.clone_into(&mut self.stopped_reason);
        self.deprovision(now);
    }

    fn deprovision(&mut self, now: i64) {
        self.status = Status::Deprovisioning;
        self.due = Some(
            now + if self.needs.awsvpc {
                DEPROVISIONING_MS.0
            } else {
                DEPROVISIONING_MS.1
            },
        );
    }

    pub(crate) fn end(&mut self, now: i64) {
        self.status = Status::Stopped;
        self.stopped = Some(now);
        self.due = None;
        self.holds = false;
    }

    /// One second of its life once it has its resources.
    fn step(&mut self, now: i64) {
        if self.status == Status::Running {
            self.run(now);
            return;
        }
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        match self.status {
            Status::Pending => match self.behaviour.pull_error.clone() {
                Some(reason) => {
                    self.container_reason.clone_from(&reason);
                    self.fail(now, "TaskFailedToStart", &reason);
                }
                None => {
                    self.status = Status::Activating;
                    self.due = Some(now + self.behaviour.start_secs * 1000);
                }
            },
            Status::Activating => {
                self.status = Status::Running;
                self.started = Some(now);
                self.due = None;
            }
            Status::Deactivating => {
                self.status = Status::Stopping;
                self.due = Some(now + self.sigterm_ms());
            }
            Status::Stopping => {
                if self.started.is_some() {
                    let killed = self.behaviour.stop_secs >= self.needs.stop_timeout;
                    self.exit_code = Some(if killed { 137 } else { 143 });
                }
                self.deprovision(now);
            }
            Status::Deprovisioning => self.end(now),
            Status::Provisioning | Status::Running | Status::Stopped => {}
        }
    }

    fn run(&mut self, now: i64) {
        let up = now - self.started.unwrap_or(now);
        if let Some(exit) = self
            .behaviour
            .exit
            .clone()
            .filter(|exit| up >= exit.after_secs * 1000)
        {
            self.exit_code = Some(exit.code);
            self.container_reason = exit.reason;
            self.fail(
                now,
                "EssentialContainerExited",
                "Essential container in task exited",
            );
            return;
        }
        if self.checked() && self.healthy.is_none() {
            if self.behaviour.never_healthy {
                if up >= self.behaviour.unhealthy_after_secs * 1000 {
                    self.healthy = Some(false);
                }
            } else if up >= self.behaviour.healthy_after_secs * 1000 {
                self.healthy = Some(true);
            }
        }
    }
}

impl World {
    /// Moves every task by what the last second brought.
    pub(super) fn move_tasks(&mut self) {
        let now = self.now;
        for index in 0..self.tasks.len() {
            if self.tasks[index].status == Status::Pending && !self.tasks[index].holds {
                self.give_resources(index);
            }
            let before = self.tasks[index].status;
            self.tasks[index].step(now);
            let after = self.tasks[index].status;
            if before == Status::Activating && after == Status::Running {
                self.note_targets(index, "registered");
            }
        }
        self.give_back_addresses();
        self.tasks.retain(|task| {
            task.stopped
                .is_none_or(|stopped| now - stopped < STOPPED_SHOWN_MS)
        });
    }

    /// The agent starts a task only when what it needs is really there.
    fn give_resources(&mut self, index: usize) {
        let task = &self.tasks[index];
        if let Some(id) = &task.instance {
            // First come, first served: nobody overtakes a task that waits longer.
            let ahead = |other: &Task| {
                other.status == Status::Pending
                    && !other.holds
                    && other.instance.as_ref() == Some(id)
            };
            if self.tasks[..index].iter().any(ahead) {
                return;
            }
            let mut taken = Taken::default();
            for other in self
                .tasks
                .iter()
                .filter(|other| other.holds && other.instance.as_ref() == Some(id))
            {
                taken.add(&other.needs);
            }
            let fits = self.instance(id).is_some_and(|instance| {
                instance.agent_connected && taken.leaves_room(instance, &task.needs)
            });
            if !fits {
                return;
            }
        }
        let due = self.now + task.behaviour.pull_secs * 1000;
        self.tasks[index].holds = true;
        self.tasks[index].due = Some(due);
    }
}
