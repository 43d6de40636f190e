//! A verdict, and what it rests on: values with numbers in them.
//!
//! No sentence is written here; `wording` writes them.

use super::uncertainty::Uncertainty;
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::fit::scaling::FixedCapacity;
use crate::cause::CauseKind;

/// What the forecast comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForecastVerdict {
    Fits(Fit),
    /// Proven: no order of starts and stops ends.
    Blocked(Obstacle),
    /// Neither is proven: why not, the weightiest first.
    Unknown(Vec<Uncertainty>),
}

impl ForecastVerdict {
    /// The word in the log, the output and the report.
    pub fn as_str(&self) -> &'static str {
        match self {
            ForecastVerdict::Fits(_) => "fits",
            ForecastVerdict::Blocked(_) => "blocked",
            ForecastVerdict::Unknown(_) => "unknown",
        }
    }

    /// Whether every order of starts and stops ends.
    pub fn is_fit(&self) -> bool {
        matches!(self, ForecastVerdict::Fits(_))
    }

    /// Whether no order of starts and stops ends.
    pub fn is_blocked(&self) -> bool {
        matches!(self, ForecastVerdict::Blocked(_))
    }

    /// Whether neither is proven.
    pub fn is_unknown(&self) -> bool {
        matches!(self, ForecastVerdict::Unknown(_))
    }
}

/// How a rollout that fits will go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// What makes it fit.
    pub how: HowItFits,
    /// Waves of starts that it takes; 0 where nothing starts.
    pub waves: u32,
    /// The moment in which the least room is left, where a wave starts anything.
    pub tightest: Option<Tightest>,
}

/// What makes a rollout fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HowItFits {
    /// The service wants no tasks.
    NoTasksWanted,
    /// A rolling update of so many tasks.
    InWaves { tasks: u32 },
    /// A second set of so many tasks starts before the old ones stop (blue/green, linear, canary).
    SecondSet { tasks: i64, strategy: String },
    /// A DAEMON service: each of so many instances takes its task.
    OnEachInstance { instances: u32 },
}

/// The moment in which the least room is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tightest {
    /// Old tasks that run then.
    pub old: u32,
    /// New tasks that run then.
    pub new: u32,
    /// How many further new tasks would find room then.
    pub spare: i64,
}

/// What makes a rollout impossible. The bounds that it mentions are the forecast's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The percentages let ECS neither stop an old task nor start a new one.
    Percentages,
    /// No instance can take a new task, even once every old one has stopped.
    NoInstance,
    /// There is room for fewer new tasks than are wanted, even once every old one has stopped.
    TooLittleRoom { room: i64, wanted: i64 },
    /// No new task finds room while the old ones run, and no old one may stop first.
    NoFirstStep,
    /// After so many stops and starts nothing can go on.
    NoFurtherStep { stopped: usize, started: i64 },
    /// A second set of tasks has to start first, and there is room for too few of it.
    SecondSet {
        strategy: String,
        /// Tasks of it that are still to start.
        wanted: i64,
        /// How many of these find room.
        room: i64,
    },
    /// A DAEMON service: so many instances have no room for the new task, even without the old one.
    Daemon { short: u32 },
    /// The service's subnets have too few addresses free.
    SubnetAddresses {
        /// The availability zones of these subnets; empty on Fargate, which has them all.
        zones: Vec<String>,
        /// Addresses free in all of them together.
        free: i64,
    },
    /// The account's quota of Fargate's vCPUs is used up.
    FargateQuota {
        /// CPU units.
        quota: i64,
        /// CPU units in use, as far as `users` says.
        in_use: i64,
        users: QuotaUsers,
        /// CPU units of one new task.
        needed: i64,
    },
    /// Fargate has no task of this size.
    FargateSize {
        asked: FargateSize,
        /// The smallest size that holds it.
        next: Option<FargateSize>,
    },
}

impl Obstacle {
    /// What is short; `None` where the instances that come closest say it.
    pub fn kind(&self) -> Option<CauseKind> {
        match self {
            Obstacle::Percentages => Some(CauseKind::DeploymentConfiguration),
            Obstacle::SubnetAddresses { .. } => Some(CauseKind::SubnetAddresses),
            Obstacle::FargateQuota { .. } => Some(CauseKind::Quota),
            Obstacle::FargateSize { .. } => Some(CauseKind::FargateCapacity),
            Obstacle::NoInstance
            | Obstacle::TooLittleRoom { .. }
            | Obstacle::NoFirstStep
            | Obstacle::NoFurtherStep { .. }
            | Obstacle::SecondSet { .. }
            | Obstacle::Daemon { .. } => None,
        }
    }
}

/// Whose use of a quota was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaUsers {
    /// All of the account.
    Account,
    /// This service alone: the account uses that at least.
    Service,
    /// The services of this run alone.
    Run,
}

/// A size of a Fargate task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FargateSize {
    /// CPU units.
    pub cpu: i64,
    /// MiB.
    pub memory: i64,
}

/// What a verdict that is certain rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What the percentages of the forecast's bounds come to.
    Bounds,
    /// Capacity that doesn't grow.
    FixedCapacity { why: FixedCapacity },
}

/// What is decided before a report is put together.
#[derive(Debug)]
pub(in crate::capacity) struct Decision {
    /// What it comes to.
    pub verdict: ForecastVerdict,
    /// What a certain verdict rests on.
    pub basis: Vec<Basis>,
    /// How many tasks must and may run.
    pub bounds: Bounds,
    /// How many old tasks have stopped on each host when a best order can go no further.
    pub stopped: Vec<usize>,
}

impl Decision {
    fn new(bounds: Bounds, verdict: ForecastVerdict) -> Self {
        Decision {
            verdict,
            basis: Vec::new(),
            bounds,
            stopped: Vec::new(),
        }
    }

    pub(in crate::capacity) fn fits(bounds: Bounds, fit: Fit) -> Self {
        Decision::new(bounds, ForecastVerdict::Fits(fit))
    }

    /// There is nothing to start.
    pub(in crate::capacity) fn no_tasks_wanted(bounds: Bounds) -> Self {
        let fit = Fit {
            how: HowItFits::NoTasksWanted,
            waves: 0,
            tightest: None,
        };
        Decision::fits(bounds, fit)
    }

    pub(in crate::capacity) fn blocked(bounds: Bounds, obstacle: Obstacle) -> Self {
        Decision::new(bounds, ForecastVerdict::Blocked(obstacle))
    }

    pub(in crate::capacity) fn unknown(bounds: Bounds, uncertainties: Vec<Uncertainty>) -> Self {
        Decision::new(bounds, ForecastVerdict::Unknown(uncertainties))
    }

    /// What makes the rollout impossible, where that is proven.
    pub(in crate::capacity) fn obstacle(&self) -> Option<&Obstacle> {
        match &self.verdict {
            ForecastVerdict::Blocked(obstacle) => Some(obstacle),
            ForecastVerdict::Fits(_) | ForecastVerdict::Unknown(_) => None,
        }
    }
}
