//! The status of our deployment, from one look at its service.
//!
//! Three sources tell it, none of them alone for sure: the service deployment (exact, but its
//! permission is optional), our entry in `deployments[]`, and who is PRIMARY now.

use std::time::Duration;

use super::Target;
use crate::aws_text::deployment_reason::{GivenUpBy, is_rollback};
use crate::aws_text::event::{says_no_way_back, says_rollback_to};
use crate::snapshot::{Deployment, RolloutState, Service, ServiceDeployment, Timestamp};

/// After UpdateService a DescribeServices may lack the new deployment for a while.
pub(super) const STALE_READS: Duration = Duration::from_secs(60);

/// The status of our own deployment.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnStatus {
    /// Not listed yet: reads are eventually consistent.
    NotSeenYet,
    InProgress,
    Completed,
    /// ECS gave it up, and no rollback is to come.
    Failed {
        reason: String,
    },
    /// ECS is putting the previous revision back.
    RollingBack {
        reason: String,
    },
    RolledBack {
        to: String,
        reason: String,
    },
    /// ECS tried to roll back and could not.
    RollbackFailed {
        reason: String,
    },
    Superseded {
        by: String,
        task_definition: String,
    },
    /// The service itself is going, or gone.
    Deleted {
        status: String,
    },
}

/// Judges one look by what it shows and by what earlier ones showed.
pub fn own_status(
    target: &Target,
    service: &Service,
    service_deployment: Option<&ServiceDeployment>,
    before: SeenBefore,
) -> OwnStatus {
    let ours = service
        .deployments
        .iter()
        .find(|deployment| deployment.id == target.deployment);
    let primary = service.primary();
    let is_primary = primary.is_some_and(|primary| primary.id == target.deployment);
    // Of a deployment that was complete before, the service deployment tells what was then.
    let stated = service_deployment
        .filter(|_| target.counted.is_none())
        .and_then(|known| stated(known, primary, is_primary));
    if let Some(status) = stated {
        return status;
    }
    match (ours, primary) {
        _ if matches!(service.status.as_str(), "DRAINING" | "INACTIVE") => OwnStatus::Deleted {
            status: service.status.clone(),
        },
        (Some(ours), _) if is_primary => of_primary(target, ours, service, before),
        // An answer from before our UpdateService still names the old deployment as PRIMARY, with
        // whatever reason that one was once started for.
        (_, Some(primary)) if primary.created < target.created && before.is_fresh() => {
            OwnStatus::NotSeenYet
        }
        (_, Some(primary)) => {
            let failed = before.failed
                || ours.is_some_and(|ours| ours.rollout == Some(RolloutState::Failed));
            match rollback_reason(target, service, primary, failed) {
                Some(reason) if primary.rollout == Some(RolloutState::Completed) => {
                    OwnStatus::RolledBack {
                        to: primary.task_definition.clone(),
                        reason,
                    }
                }
                Some(reason) => OwnStatus::RollingBack { reason },
                None if ours.is_none()
                    && before.seen.is_none()
                    && before.now.since(target.since) < STALE_READS =>
                {
                    OwnStatus::NotSeenYet
                }
                None => OwnStatus::Superseded {
                    by: primary.id.clone(),
                    task_definition: primary.task_definition.clone(),
                },
            }
        }
        (_, None) => OwnStatus::NotSeenYet,
    }
}

/// What earlier looks showed.
#[derive(Clone, Copy, Debug)]
pub struct SeenBefore {
    /// The moment of this look, by this run's clock.
    pub now: Timestamp,
    /// When our deployment was listed last.
    pub seen: Option<Timestamp>,
    /// Whether one showed it as FAILED.
    pub failed: bool,
    /// Whether one showed a rollout state of it: ECS keeps one, then, and where it is missing all at
    /// once nothing is known.
    pub has_state: bool,
}

impl SeenBefore {
    /// Whether a look without our deployment may just be an old answer: one that was never listed
    /// is waited for, one that was listed doesn't come back after a while.
    fn is_fresh(self) -> bool {
        self.seen
            .is_none_or(|seen| self.now.since(seen) < STALE_READS)
    }
}

/// What the service deployment says, where it says something final.
fn stated(
    known: &ServiceDeployment,
    primary: Option<&Deployment>,
    is_primary: bool,
) -> Option<OwnStatus> {
    let reason = || {
        known
            .rollback_reason
            .clone()
            .filter(|reason| !reason.is_empty())
            .unwrap_or_else(|| known.reason.clone())
    };
    let now_primary = || {
        primary
            .map(|primary| primary.task_definition.clone())
            .unwrap_or_default()
    };
    match known.status.as_str() {
        "SUCCESSFUL" if is_primary => Some(OwnStatus::Completed),
        "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => {
            Some(OwnStatus::RollingBack { reason: reason() })
        }
        "ROLLBACK_SUCCESSFUL" => Some(OwnStatus::RolledBack {
            to: now_primary(),
            reason: reason(),
        }),
        "ROLLBACK_FAILED" => Some(OwnStatus::RollbackFailed { reason: reason() }),
        "STOPPED" if is_primary => Some(OwnStatus::Failed { reason: reason() }),
        // PENDING, IN_PROGRESS, STOP_REQUESTED, a status newer than this: the counts decide.
        _ => None,
    }
}

fn of_primary(
    target: &Target,
    ours: &Deployment,
    service: &Service,
    before: SeenBefore,
) -> OwnStatus {
    match &ours.rollout {
        // Of one that was complete before, the tasks tell whether it is again.
        Some(RolloutState::Completed) if target.counted.is_none() => OwnStatus::Completed,
        Some(RolloutState::Failed) => {
            let reason = ours.rollout_reason.clone();
            if rolls_back(service, &reason) && has_way_back(target, ours, service) {
                OwnStatus::RollingBack { reason }
            } else {
                OwnStatus::Failed { reason }
            }
        }
        // With a Classic Load Balancer ECS keeps no rollout state: being alone and full is all there is.
        None if !before.has_state
            && service.deployments.len() == 1
            && ours.running == ours.desired
            && ours.pending == 0 =>
        {
            OwnStatus::Completed
        }
        _ => OwnStatus::InProgress,
    }
}

/// Whether what gave the deployment up also puts the previous one back.
fn rolls_back(service: &Service, reason: &str) -> bool {
    let breaker = service.configuration.circuit_breaker;
    let breaker = breaker.is_some_and(|breaker| breaker.rollback);
    let alarms = service.configuration.alarms_roll_back;
    match GivenUpBy::of(reason) {
        GivenUpBy::CircuitBreaker => breaker,
        GivenUpBy::Alarms => alarms,
        GivenUpBy::Unclear => breaker || alarms,
    }
}

/// Whether there is a deployment that ECS can go back to: one that was complete once. Without one it
/// says "No rollback candidate was found to run the rollback" and leaves the service as it is.
fn has_way_back(target: &Target, ours: &Deployment, service: &Service) -> bool {
    let none = service
        .events
        .iter()
        .any(|event| event.at >= target.created && says_no_way_back(&event.message));
    let mut others = service.deployments.iter().filter(|one| one.id != ours.id);
    let complete = others.any(|one| one.rollout == Some(RolloutState::Completed));
    !none && (target.previous.is_some() || complete)
}

/// Why the PRIMARY deployment that isn't ours is a rollback of ours, if it is one.
fn rollback_reason(
    target: &Target,
    service: &Service,
    primary: &Deployment,
    failed: bool,
) -> Option<String> {
    let event = service
        .events
        .iter()
        .filter(|event| event.at >= target.created)
        .find(|event| says_rollback_to(&event.message, &primary.id));
    if is_rollback(&primary.rollout_reason) {
        return Some(primary.rollout_reason.clone());
    }
    if let Some(event) = event {
        return Some(event.message.clone());
    }
    let back = target.previous.as_ref() == Some(&primary.task_definition);
    ((failed || primary.created < target.created) && back)
        .then(|| "ECS gave the deployment up".to_owned())
}
