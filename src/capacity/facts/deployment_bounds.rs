//! The two bounds of a rolling update, and what they forbid by themselves.
//!
//! Sums only, as the developer guide gives them; where tasks find room is not asked here.

use crate::snapshot::{Scheduling, Service};

/// The percentages of a deployment configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentages {
    /// `minimumHealthyPercent`.
    pub minimum: u32,
    /// `maximumPercent`.
    pub maximum: u32,
}

impl Percentages {
    /// Those of a service.
    pub fn of(service: &Service) -> Percentages {
        Percentages {
            minimum: service.configuration.minimum_healthy_percent,
            maximum: service.configuration.maximum_percent,
        }
    }
}

/// What `desiredCount` and the percentages come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Tasks that the service wants.
    pub desired: u32,
    /// `minimumHealthyPercent`.
    pub minimum_percent: u32,
    /// `maximumPercent`.
    pub maximum_percent: u32,
    /// Tasks that must stay running and healthy.
    pub lower: u32,
    /// Tasks that may be running or pending.
    pub upper: u32,
}

impl Bounds {
    /// The lower bound is rounded up, the upper one down.
    pub fn new(desired: u32, minimum_percent: u32, maximum_percent: u32) -> Bounds {
        let of = |percent: u32| u64::from(desired) * u64::from(percent);
        let bounded = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Bounds {
            desired,
            minimum_percent,
            maximum_percent,
            lower: bounded(of(minimum_percent).div_ceil(100)),
            upper: bounded(of(maximum_percent) / 100),
        }
    }

    /// The same from percentages that stand together.
    pub fn within(desired: u32, percentages: Percentages) -> Bounds {
        Bounds::new(desired, percentages.minimum, percentages.maximum)
    }

    /// Those of a service; `instances` is what a DAEMON service counts instead of `desired`.
    pub fn of(service: &Service, instances: u32) -> Bounds {
        let desired = match service.scheduling {
            Scheduling::Replica => service.desired,
            Scheduling::Daemon => instances,
        };
        Bounds::within(desired, Percentages::of(service))
    }

    /// How many tasks may start in addition to `present` ones (running, pending, provisioning).
    pub fn can_start(&self, present: u32) -> u32 {
        self.upper.saturating_sub(present)
    }

    /// How many old tasks may stop while `healthy` tasks run.
    pub fn can_stop(&self, healthy: u32) -> u32 {
        healthy.saturating_sub(self.lower)
    }

    /// Whether no old task can ever be replaced, however much room there is: to stop the last
    /// one, more tasks than the lower bound must run, and the upper bound doesn't let them.
    pub fn deadlocked(&self) -> bool {
        self.lower > 0 && self.upper <= self.lower
    }
}

#[cfg(test)]
mod tests;
