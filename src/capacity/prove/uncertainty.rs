//! What stands between a forecast and certainty.

use crate::capacity::facts::input::Unread;
use crate::capacity::facts::needs::Unreadable;
use crate::capacity::fit::scaling::MayGrow;

/// One thing that keeps a forecast from being certain. Where it counts, it counts instances or
/// tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uncertainty {
    /// Something was not read.
    Unread { unread: Unread },
    /// ECS may bring further instances.
    MayGrow { why: MayGrow },
    /// There is no container instance just now.
    NoInstances,
    /// Running tasks of the service that are on none of the instances that were read.
    TasksNotFound { tasks: u32 },
    /// Instances that are registering or whose agent is disconnected.
    NotReady { instances: u32 },
    /// Instances whose resources can't be read.
    Resources { instances: u32 },
    /// Instances with tasks that are stopping, whose room may come back.
    StoppingTasks { instances: u32 },
    /// Instances of which the number of free network interfaces is not known.
    Interfaces { instances: u32 },
    /// Instances without attributes that the new revision may not ask for.
    Attributes { instances: u32 },
    /// Instances of which only ECS knows whether the placement constraints hold.
    Constraints { instances: u32 },
    /// Instances with old tasks whose size or ports are not known.
    OldTasks { instances: u32 },
    /// Old tasks that are not running, or unhealthy.
    Unsteady { tasks: u32 },
    /// Old tasks under scale-in protection.
    Protected { tasks: u32 },
    /// Something in the task definition can't be read.
    Definition { problem: Unreadable },
    /// Old tasks on draining instances, which ECS may first start again elsewhere.
    Draining { tasks: u32 },
    /// The services that are deployed together may take each other's room.
    Siblings,
    /// A subnet may run out of addresses before others come back.
    Addresses {
        /// The availability zone of the subnet.
        zone: String,
        /// Addresses that are free in it.
        free: i64,
        /// Tasks that may start there.
        starts: i64,
    },
    /// No instance has room that is known.
    NoKnownRoom,
    /// Some orders of stops end, others don't.
    OrderOfStops,
    /// A DAEMON service: instances that should run a task and whose agent is lost.
    AgentsLost { instances: u32 },
    /// A DAEMON service: the percentages let no task stop.
    NoTaskMayStop,
    /// Fargate's own capacity can't be known beforehand.
    FargateCapacity,
}
