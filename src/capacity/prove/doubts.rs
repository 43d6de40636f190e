//! What is in doubt about a rollout, put together.

use super::subnet_addresses::address_doubt;
use super::uncertainty::Uncertainty;
use crate::capacity::fit::scaling::Growth;
use crate::capacity::fit::service_placement::{Doubts, ServicePlacement};

/// All that is in doubt.
#[derive(Debug)]
pub(in crate::capacity) struct Doubt {
    /// Whether the worst case is one: nothing outside it could go wrong.
    pub sure: bool,
    /// The weightiest first.
    pub uncertainties: Vec<Uncertainty>,
}

/// All that is in doubt about a rollout.
pub(in crate::capacity) fn doubt(placement: &ServicePlacement<'_, '_>, grows: &Growth) -> Doubt {
    let doubts = &placement.doubts;
    let mut found = unread(placement);
    if let Growth::May(why) = grows {
        found.push(Uncertainty::MayGrow { why: why.clone() });
    }
    if placement.reachable == 0 && placement.is_read() {
        found.push(Uncertainty::NoInstances);
    }
    found.extend(counted(placement));
    let problems = placement.deploy.needs.problems.iter().cloned();
    found.extend(problems.map(|problem| Uncertainty::Definition { problem }));
    if placement.moving > 0 {
        found.push(Uncertainty::Draining {
            tasks: placement.moving,
        });
    }
    if placement.loss > 0 && !placement.index.siblings.is_empty() {
        found.push(Uncertainty::Siblings);
    }
    let lacking = address_doubt(placement);
    let mut sure = doubts.missing == 0 && doubts.protected == 0 && placement.is_read();
    sure &= lacking.is_none();
    found.extend(lacking);
    Doubt {
        sure,
        uncertainties: found,
    }
}

/// What was counted while the service was held against the instances.
fn counted(placement: &ServicePlacement<'_, '_>) -> impl Iterator<Item = Uncertainty> {
    // Where nothing was read, nothing could be found.
    let missing = if placement.is_read() {
        placement.doubts.missing
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
    } = placement.doubts;
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
pub(in crate::capacity) fn unread(placement: &ServicePlacement<'_, '_>) -> Vec<Uncertainty> {
    let unread = placement.index.cluster.unread.iter().cloned();
    unread
        .map(|unread| Uncertainty::Unread { unread })
        .collect()
}
