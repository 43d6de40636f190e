//! What stands between a forecast and certainty.

use super::addresses;
use super::claim::{Claim, Doubts};
use super::ground::Unread;
use super::growth::{Growth, MayGrow};
use super::needs::Unreadable;

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

/// All that is in doubt.
#[derive(Debug)]
pub(super) struct Doubt {
    /// Whether the worst case is one: nothing outside it could go wrong.
    pub sure: bool,
    /// The weightiest first.
    pub uncertainties: Vec<Uncertainty>,
}

/// All that is in doubt about a rollout.
pub(super) fn doubt(claim: &Claim<'_, '_>, grows: &Growth) -> Doubt {
    let doubts = &claim.doubts;
    let mut found = unread(claim);
    if let Growth::May(why) = grows {
        found.push(Uncertainty::MayGrow { why: why.clone() });
    }
    if claim.reachable == 0 && claim.is_read() {
        found.push(Uncertainty::NoInstances);
    }
    found.extend(counted(claim));
    let problems = claim.deploy.needs.problems.iter().cloned();
    found.extend(problems.map(|problem| Uncertainty::Definition { problem }));
    if claim.moving > 0 {
        found.push(Uncertainty::Draining {
            tasks: claim.moving,
        });
    }
    if claim.loss > 0 && !claim.ground.comers.is_empty() {
        found.push(Uncertainty::Siblings);
    }
    let lacking = addresses::doubt(claim);
    let mut sure = doubts.missing == 0 && doubts.protected == 0 && claim.is_read();
    sure &= lacking.is_none();
    found.extend(lacking);
    Doubt {
        sure,
        uncertainties: found,
    }
}

/// What was counted while the service was held against the instances.
fn counted(claim: &Claim<'_, '_>) -> impl Iterator<Item = Uncertainty> {
    // Where nothing was read, nothing could be found.
    let missing = if claim.is_read() {
        claim.doubts.missing
    } else {
        0
    };
    let Doubts {
        agents,
        resources,
        leaving,
        enis,
        attributes,
        constraints,
        old_sizes,
        unsteady,
        protected,
        ..
    } = claim.doubts;
    let counts = [
        (missing, Uncertainty::TasksNotFound { tasks: missing }),
        (agents, Uncertainty::NotReady { instances: agents }),
        (
            resources,
            Uncertainty::Resources {
                instances: resources,
            },
        ),
        (leaving, Uncertainty::StoppingTasks { instances: leaving }),
        (enis, Uncertainty::Interfaces { instances: enis }),
        (
            attributes,
            Uncertainty::Attributes {
                instances: attributes,
            },
        ),
        (
            constraints,
            Uncertainty::Constraints {
                instances: constraints,
            },
        ),
        (
            old_sizes,
            Uncertainty::OldTasks {
                instances: old_sizes,
            },
        ),
        (unsteady, Uncertainty::Unsteady { tasks: unsteady }),
        (protected, Uncertainty::Protected { tasks: protected }),
    ];
    let some = counts.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(_, uncertainty)| uncertainty)
}

/// What could not be read.
pub(super) fn unread(claim: &Claim<'_, '_>) -> Vec<Uncertainty> {
    let unread = claim.ground.cluster.unread.iter().cloned();
    unread
        .map(|unread| Uncertainty::Unread { unread })
        .collect()
}
