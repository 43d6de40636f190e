//! Which deployment is watched.

use std::time::Duration;

use crate::snapshot::{Deployment, RolloutState, Service, Timestamp};

/// Events from before the watch that are reported: of a deployment that was complete long ago there are
/// many that are old news.
const NEWS: Duration = Duration::from_secs(10 * 60);

/// The deployment that is watched, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The name or ARN of the cluster, as the request gave it.
    pub cluster: String,
    /// The name of the service.
    pub service: String,
    /// `ecs-svc/<digits>`, from the answer of UpdateService.
    pub deployment: String,
    /// ARN of the revision that is to serve.
    pub task_definition: String,
    /// When ECS created the deployment, by AWS's clock.
    pub created: Timestamp,
    /// Events from here on are reported, by AWS's clock.
    pub tell_since: Timestamp,
    /// When the watch began, by this run's clock.
    pub since: Timestamp,
    /// ARN of the revision that ran before.
    pub previous: Option<String>,
    /// Set where it was complete before the watch began: ECS goes on calling it complete whatever
    /// becomes of its tasks, so that only these tell.
    pub counted: Option<Counted>,
}

/// The tasks of a deployment that was complete before the watch began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// So many are to run.
    pub desired: u32,
    /// Whether all of them ran when the watch began: then they needn't get healthy, only stay.
    pub whole: bool,
}

impl Target {
    /// `deployment` of the service that stood as `service` does before it was updated.
    pub fn of(service: &Service, deployment: &Deployment, now: Timestamp) -> Target {
        let is_complete = |one: &&Deployment| one.rollout == Some(RolloutState::Completed);
        let (own, others): (Vec<_>, Vec<_>) = service
            .deployments
            .iter()
            .partition(|one| one.id == deployment.id);
        let previous = others.into_iter().find(is_complete);
        let desired = deployment.desired;
        let news = i64::try_from(NEWS.as_millis()).unwrap_or(i64::MAX);
        Target {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            deployment: deployment.id.clone(),
            task_definition: deployment.task_definition.clone(),
            created: deployment.created,
            tell_since: deployment
                .created
                .max(Timestamp(now.0.saturating_sub(news))),
            since: now,
            previous: previous.map(|old| old.task_definition.clone()),
            counted: own.iter().any(is_complete).then_some(Counted {
                desired,
                whole: service.running >= desired,
            }),
        }
    }
}
