//! What a rollout waits for at one moment, as data.
//!
//! Movement is whatever is under way by itself; only time in which nothing of this kind is seen
//! counts towards `stuck-after`. The values carry the numbers that the log and the report show.

mod words;

use std::time::Duration;

use super::moment::Moment;
use super::{Look, State};
use crate::aws_text::stop_reason::is_failure;
use crate::snapshot::{
    Deployment, Health, Service, ServiceDeployment, Task, TaskStatus, Timestamp,
};

/// Without a health check a task counts 40 s after it runs (API reference, DeploymentConfiguration:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>).
pub(super) const COUNTS_AFTER: Duration = Duration::from_secs(40);
/// How long a task behind a load balancer may take to be seen as healthy where the target's health
/// can't be read: five checks of 30 s, ALB's default, and some.
const TARGET_HEALTH: Duration = Duration::from_secs(180);

/// One thing that is waited for.
#[derive(Clone, Debug, PartialEq)]
pub enum Waiting {
    /// ECS is still to show the deployment.
    Listing,
    /// AWS is to answer again.
    Answer,
    /// New tasks that have a place and are starting.
    Starting { tasks: u32 },
    /// New tasks in PROVISIONING without an instance: a capacity provider is to bring one.
    Instance { tasks: u32 },
    /// New tasks that run but don't count as healthy yet; `after` so long each, where only time counts.
    Healthy { tasks: u32, after: Option<Duration> },
    /// New tasks that have to get older than those of the deployment that failed, which `lived` so
    /// long at most.
    Trial {
        tasks: u32,
        above: Duration,
        lived: Duration,
    },
    /// Old tasks that are stopping, out of a target group first where they are `registered` in one.
    Draining { tasks: u32, registered: bool },
    /// New tasks that ECS has still to start.
    Placement { tasks: u32 },
    /// Tasks of this deployment failed; ECS starts the next one after a delay.
    Retry { failed: u32 },
    /// All new tasks are there; old ones are still to be stopped. Some may be protected, the last one
    /// for `left`.
    OldTasks {
        tasks: u32,
        protected: u32,
        left: Option<Duration>,
    },
    /// A lifecycle hook: a function, or a pause where there is no target; how long it may take yet,
    /// and what ECS does then.
    Hook {
        id: String,
        target: String,
        left: Option<Duration>,
        then: Option<AtTimeout>,
    },
    /// A stage of a blue/green, linear or canary deployment, or a bake time; with the share of traffic
    /// in percent, and what is left of the bake time or of this step of the traffic.
    Stage {
        stage: String,
        traffic: Option<f64>,
        left: Option<Duration>,
    },
    /// ECS is to call the deployment complete; alarms and a bake time may hold it back.
    Completion {
        bake: Option<Duration>,
        alarms: bool,
    },
    /// ECS is putting the previous revision back.
    Rollback,
}

/// What ECS does when a lifecycle hook isn't done in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTimeout {
    GoesOn,
    RollsBack,
}

impl Waiting {
    /// Whether it goes on by itself, for as long as it may take.
    pub fn is_movement(&self) -> bool {
        match self {
            Waiting::Listing
            | Waiting::Answer
            | Waiting::Starting { .. }
            | Waiting::Healthy { .. }
            | Waiting::Trial { .. }
            | Waiting::Draining { .. }
            | Waiting::Hook { .. }
            | Waiting::Stage { .. }
            | Waiting::Completion { .. }
            | Waiting::Rollback => true,
            Waiting::Instance { .. }
            | Waiting::Placement { .. }
            | Waiting::Retry { .. }
            | Waiting::OldTasks { .. } => false,
        }
    }
}

/// What one look shows to be waited for. `tasks` is absent where they may not be read: then the
/// counters of the deployment have to do.
pub(super) fn waiting(state: &State, at: Moment<'_>) -> Vec<Waiting> {
    let Moment {
        look,
        service,
        ours,
        now,
    } = at;
    let mut waiting = look
        .service_deployment
        .as_ref()
        .map(|known| stages(state, service, known, now))
        .unwrap_or_default();
    // While a stage takes its time ECS starts no tasks, and has found those that run healthy.
    let scales = !waiting
        .iter()
        .any(|waiting| matches!(waiting, Waiting::Stage { .. }));
    let only_time = only_time(state, service);
    let configuration = &service.configuration;
    let counts = Counts::of(state, at);
    let missing = ours
        .desired
        .saturating_sub(counts.running + counts.starting + counts.unplaced);
    let mut push = |count: u32, value: Waiting| {
        if count > 0 {
            waiting.push(value);
        }
    };
    push(
        counts.starting,
        Waiting::Starting {
            tasks: counts.starting,
        },
    );
    push(
        counts.unplaced,
        Waiting::Instance {
            tasks: counts.unplaced,
        },
    );
    push(
        if scales { counts.unhealthy } else { 0 },
        Waiting::Healthy {
            tasks: counts.unhealthy,
            after: only_time.then(|| COUNTS_AFTER.max(service.health_check_grace)),
        },
    );
    push(
        counts.draining,
        Waiting::Draining {
            tasks: counts.draining,
            registered: !service.load_balancers.is_empty(),
        },
    );
    if missing > 0 && ours.failed > 0 && counts.failures > 0 {
        push(
            missing,
            Waiting::Retry {
                failed: ours.failed,
            },
        );
    } else {
        push(
            if scales { missing } else { 0 },
            Waiting::Placement { tasks: missing },
        );
    }
    if missing == 0 && waiting.is_empty() {
        // The old tasks of a native deployment go after its stages, which only the service
        // deployment shows: without it nobody can tell bake time and hooks from standing still.
        let staged = has_unseen_stages(service, look);
        waiting.push(if counts.old > 0 && !staged {
            old_tasks(state, look, counts.old, now)
        } else {
            Waiting::Completion {
                bake: configuration.bake_time.filter(|bake| !bake.is_zero()),
                alarms: !configuration.alarms.is_empty(),
            }
        });
    }
    waiting
}

/// Whether nothing checks a task's health, so that it counts for having run long enough.
pub(super) fn only_time(state: &State, service: &Service) -> bool {
    !state.health_check && service.load_balancers.is_empty()
}

fn old_tasks(state: &State, look: &Look, tasks: u32, now: Timestamp) -> Waiting {
    let running = look.tasks.iter().flatten().filter(|task| {
        task.started_by != state.target.deployment && task.last_status == TaskStatus::Running
    });
    let held = running.filter(|task| task.protected).count();
    let ends = look.protected.iter().filter_map(|one| one.until);
    Waiting::OldTasks {
        tasks,
        protected: u32::try_from(held).unwrap_or(u32::MAX),
        left: ends.max().map(|until| until.since(now)),
    }
}

/// Hooks that are open, and the stage where it takes its time.
pub(super) fn stages(
    state: &State,
    service: &Service,
    known: &ServiceDeployment,
    now: Timestamp,
) -> Vec<Waiting> {
    let mut waiting: Vec<Waiting> = known
        .hooks
        .iter()
        .filter(|hook| matches!(hook.status.as_str(), "AWAITING_ACTION" | "IN_PROGRESS"))
        .map(|hook| Waiting::Hook {
            id: hook.id.clone(),
            target: hook.target.clone(),
            left: hook.expires.map(|at| at.since(now)),
            then: match hook.timeout_action.as_str() {
                "CONTINUE" => Some(AtTimeout::GoesOn),
                "ROLLBACK" => Some(AtTimeout::RollsBack),
                _ => None,
            },
        })
        .collect();
    let configuration = &service.configuration;
    let native = service.has_second_set();
    // SCALE_UP and CLEAN_UP are about tasks, which are counted; the other stages only take time.
    let stage = known.stage.as_deref().filter(|stage| match *stage {
        "SCALE_UP" | "CLEAN_UP" => false,
        "BAKE_TIME" => true,
        _ => native,
    });
    if let Some(stage) = stage {
        let traffic = known.production_traffic.filter(|_| native);
        let between = |share: &f64| *share > 0.0 && *share < 100.0;
        let lasts = match stage {
            "BAKE_TIME" => configuration.bake_time,
            "PRODUCTION_TRAFFIC_SHIFT" if traffic.as_ref().is_some_and(between) => {
                configuration.step_bake_time
            }
            _ => None,
        };
        waiting.push(Waiting::Stage {
            stage: stage.to_owned(),
            traffic,
            left: lasts
                .map(|lasts| lasts.saturating_sub(now.since(state.memory.stage_since)))
                .filter(|left| !left.is_zero()),
        });
    }
    waiting
}

/// Whether hooks, steps and bake times may hold the deployment, and can't be seen.
pub(super) fn has_unseen_stages(service: &Service, look: &Look) -> bool {
    service.has_second_set() && look.service_deployment.is_none()
}

/// The tasks of a service as a rollout counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// New tasks that run.
    pub(super) running: u32,
    /// Of these, the ones that don't count as healthy yet.
    pub(super) unhealthy: u32,
    /// New tasks that have a place and aren't running yet.
    pub(super) starting: u32,
    /// New tasks without a place.
    pub(super) unplaced: u32,
    /// New tasks that stopped by themselves.
    pub(super) failures: u32,
    /// Old tasks that run.
    pub(super) old: u32,
    /// Old tasks on their way down.
    pub(super) draining: u32,
}

impl Counts {
    /// From the tasks where they may be read, else from the counters. So too where ECS counts tasks
    /// and lists none at all, not even a stopped one: a list that is empty proves nothing then.
    pub(super) fn of(state: &State, at: Moment<'_>) -> Counts {
        match &at.look.tasks {
            Some(tasks) if !tasks.is_empty() || at.ours.running == 0 => {
                Counts::of_tasks(state, at.service, tasks, at.now)
            }
            _ => Counts::of_deployment(at.ours, at.service),
        }
    }

    fn of_tasks(state: &State, service: &Service, tasks: &[Task], now: Timestamp) -> Counts {
        let mut counts = Counts::default();
        for task in tasks {
            let new = task.started_by == state.target.deployment;
            match (&task.last_status, new) {
                (TaskStatus::Running, true) => {
                    counts.running += 1;
                    counts.unhealthy +=
                        u32::from(!counts_as_healthy(task, service, now, state.health_check));
                }
                (TaskStatus::Running, false) => counts.old += 1,
                // On Fargate there is no instance to wait for: PROVISIONING is the network interface.
                (TaskStatus::Provisioning, true)
                    if task.instance.is_none() && !is_fargate(task, service) =>
                {
                    counts.unplaced += 1;
                }
                (status, true) if status.is_starting() => counts.starting += 1,
                // One that failed by itself makes no way for a new one: ECS starts it again.
                (status, false) if status.is_stopping() && !is_failure(task) => {
                    counts.draining += 1;
                }
                (TaskStatus::Stopped, true) => {
                    counts.failures += u32::from(is_failure(task));
                }
                _ => {}
            }
        }
        counts
    }

    fn of_deployment(ours: &Deployment, service: &Service) -> Counts {
        let others = service
            .deployments
            .iter()
            .filter(|deployment| deployment.id != ours.id);
        Counts {
            running: ours.running,
            starting: ours.pending,
            failures: ours.failed,
            old: others.map(|deployment| deployment.running).sum(),
            ..Counts::default()
        }
    }
}

fn is_fargate(task: &Task, service: &Service) -> bool {
    let launch = task
        .launch_type
        .as_deref()
        .or(service.launch_type.as_deref());
    launch == Some("FARGATE")
        || task
            .capacity_provider
            .as_deref()
            .is_some_and(|name| name.starts_with("FARGATE"))
}

/// Whether a running task counts towards the healthy ones, as far as it can be known.
/// `health_check`: an essential container of the revision has one.
pub(super) fn counts_as_healthy(
    task: &Task,
    service: &Service,
    now: Timestamp,
    health_check: bool,
) -> bool {
    let up = task
        .started
        .map_or(Duration::ZERO, |started| now.since(started));
    let behind_target_group = !service.load_balancers.is_empty();
    match task.health {
        Health::Unhealthy => false,
        Health::Unknown if health_check => false,
        _ if behind_target_group && task.in_service.is_some() => task.in_service == Some(true),
        Health::Healthy | Health::Unknown if behind_target_group => {
            up >= TARGET_HEALTH.max(service.health_check_grace)
        }
        Health::Healthy => true,
        Health::Unknown => up >= COUNTS_AFTER.max(service.health_check_grace),
    }
}
