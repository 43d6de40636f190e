//! What a rollout waits for at one moment, as data.
//!
//! Movement is whatever is under way by itself; only time in which nothing of this kind is seen
//! counts towards `stuck-after`. The values carry the numbers that the log and the report show.

use std::fmt;
use std::time::Duration;

use super::{Look, State};
use crate::snapshot::{
    Deployment, Health, Service, ServiceDeployment, Task, TaskStatus, Timestamp,
};

/// Without a health check a task counts 40 s after it runs (AWS's developer guide).
const COUNTS_AFTER: Duration = Duration::from_secs(40);
/// How long a task behind a load balancer may take to be seen as healthy where the target's health
/// isn't read: five checks of 30 s, ALB's default, and some.
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
    /// New tasks that run but don't count as healthy yet.
    Healthy { tasks: u32 },
    /// Old tasks that are stopping (connection draining included).
    Draining { tasks: u32 },
    /// New tasks that ECS has still to start.
    Placement { tasks: u32 },
    /// Tasks of this deployment failed; ECS starts the next one after a delay.
    Retry { failed: u32 },
    /// All new tasks are there; old ones are still to be stopped.
    OldTasks { tasks: u32 },
    /// A lifecycle hook, until when.
    Hook {
        id: String,
        until: Option<Timestamp>,
    },
    /// A stage of a blue/green, linear or canary deployment, with the share of traffic.
    Stage { stage: String, traffic: Option<f64> },
    /// ECS is to call the deployment complete; alarms and their bake time may hold it back.
    Completion,
    /// ECS is putting the previous revision back.
    Rollback,
}

impl Waiting {
    /// Whether it goes on by itself, for as long as it may take.
    pub fn is_movement(&self) -> bool {
        match self {
            Waiting::Listing
            | Waiting::Answer
            | Waiting::Starting { .. }
            | Waiting::Healthy { .. }
            | Waiting::Draining { .. }
            | Waiting::Hook { .. }
            | Waiting::Stage { .. }
            | Waiting::Completion
            | Waiting::Rollback => true,
            Waiting::Instance { .. }
            | Waiting::Placement { .. }
            | Waiting::Retry { .. }
            | Waiting::OldTasks { .. } => false,
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = |count: &u32, which: &str| {
            format!("{count} {which} task{}", if *count == 1 { "" } else { "s" })
        };
        let text = match self {
            Waiting::Listing => "ECS to list the new deployment".to_owned(),
            Waiting::Answer => "AWS to answer again".to_owned(),
            Waiting::Starting { tasks: count } => format!("{} to start", tasks(count, "new")),
            Waiting::Instance { tasks: count } => {
                format!(
                    "{} in PROVISIONING: the capacity provider is to bring an instance",
                    tasks(count, "new")
                )
            }
            Waiting::Healthy { tasks: count } => {
                format!("{} to count as healthy", tasks(count, "new"))
            }
            Waiting::Draining { tasks: count } => {
                format!("{} to drain and stop", tasks(count, "old"))
            }
            Waiting::Placement { tasks: count } => format!("ECS to place {}", tasks(count, "new")),
            Waiting::Retry { failed } => format!(
                "ECS to try again after {failed} failed task{}",
                if *failed == 1 { "" } else { "s" }
            ),
            Waiting::OldTasks { tasks: count } => format!("ECS to stop {}", tasks(count, "old")),
            Waiting::Hook { id, .. } => format!("lifecycle hook `{id}`"),
            Waiting::Stage {
                stage,
                traffic: Some(share),
            } => format!("stage {stage} ({share:.0} % of the traffic)"),
            Waiting::Stage {
                stage,
                traffic: None,
            } => format!("stage {stage}"),
            Waiting::Completion => "ECS to call the deployment complete".to_owned(),
            Waiting::Rollback => "ECS to put the previous revision back".to_owned(),
        };
        formatter.write_str(&text)
    }
}

/// What one look shows to be waited for. `tasks` is absent where they may not be read: then the
/// counters of the deployment have to do.
pub(super) fn waiting(
    state: &State,
    service: &Service,
    ours: &Deployment,
    look: &Look,
    now: Timestamp,
) -> Vec<Waiting> {
    let mut waiting = look
        .service_deployment
        .as_ref()
        .map(stages)
        .unwrap_or_default();
    let counts = Counts::of(state, service, ours, look, now);
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
        counts.unhealthy,
        Waiting::Healthy {
            tasks: counts.unhealthy,
        },
    );
    push(
        counts.draining,
        Waiting::Draining {
            tasks: counts.draining,
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
        push(missing, Waiting::Placement { tasks: missing });
    }
    if missing == 0 && waiting.is_empty() {
        waiting.push(if counts.old > 0 {
            Waiting::OldTasks { tasks: counts.old }
        } else {
            Waiting::Completion
        });
    }
    waiting
}

fn stages(known: &ServiceDeployment) -> Vec<Waiting> {
    let mut waiting: Vec<Waiting> = known
        .hooks
        .iter()
        .filter(|hook| matches!(hook.status.as_str(), "AWAITING_ACTION" | "IN_PROGRESS"))
        .map(|hook| Waiting::Hook {
            id: hook.id.clone(),
            until: hook.expires,
        })
        .collect();
    // SCALE_UP and CLEAN_UP are about tasks, which are counted; the other stages only take time.
    let stage = known.stage.as_deref().filter(|stage| {
        !matches!(
            *stage,
            "RECONCILE_SERVICE" | "PRE_SCALE_UP" | "SCALE_UP" | "POST_SCALE_UP" | "CLEAN_UP"
        )
    });
    if let Some(stage) = stage {
        waiting.push(Waiting::Stage {
            stage: stage.to_owned(),
            traffic: known.production_traffic,
        });
    }
    waiting
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
    /// From the tasks where they may be read, else from the counters.
    pub(super) fn of(
        state: &State,
        service: &Service,
        ours: &Deployment,
        look: &Look,
        now: Timestamp,
    ) -> Counts {
        match &look.tasks {
            Some(tasks) => Counts::of_tasks(state, service, tasks, now),
            None => Counts::of_deployment(ours, service),
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
                (status, false) if status.is_stopping() => counts.draining += 1,
                (TaskStatus::Stopped, true) => {
                    counts.failures += u32::from(super::failures::is_failure(task));
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
        Health::Healthy | Health::Unknown if behind_target_group => {
            up >= TARGET_HEALTH.max(service.health_check_grace)
        }
        Health::Healthy => true,
        Health::Unknown => up >= COUNTS_AFTER.max(service.health_check_grace),
    }
}
