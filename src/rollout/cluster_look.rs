//! What one look at a cluster says about the rollouts on it, calculated once for all of them: they
//! compete for the same room.
//!
//! Pure: it holds what was read against the capacity calculation, and decides no rollout.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::capacity::{Movement, TaskNeeds, movements};
use crate::snapshot::{Instance, Service, Timestamp};
use crate::survey::Survey;

/// An agent that stays away this long is lost: it reconnects by itself several times an hour.
const AGENT_LOST: Duration = Duration::from_secs(90);

/// A rollout that is watched.
#[derive(Clone, Debug)]
pub struct Contender {
    /// The service as this look saw it.
    pub service: Service,
    /// What one of its new tasks needs.
    pub needs: TaskNeeds,
    /// Its deployment's id.
    pub deployment: String,
}

/// A cluster, and what its rollouts come to.
#[derive(Clone, Debug)]
pub struct ClusterLook {
    /// What was read of the cluster.
    pub survey: Survey,
    /// By deployment.
    movements: BTreeMap<String, Movement>,
}

impl ClusterLook {
    /// Calculates all rollouts on the cluster together.
    pub fn of(survey: Survey, contenders: &[Contender]) -> ClusterLook {
        let deploys: Vec<_> = contenders
            .iter()
            .map(|one| survey.deploy(&one.service, &one.needs, Some(&one.deployment)))
            .collect();
        let found = movements(&survey.cluster(), &deploys);
        let movements = contenders
            .iter()
            .map(|one| one.deployment.clone())
            .zip(found)
            .collect();
        ClusterLook { survey, movements }
    }

    /// What can be said of the rollout of one deployment.
    pub(super) fn movement(&self, deployment: &str) -> Option<&Movement> {
        self.movements.get(deployment)
    }
}

/// Since when which instance's agent is away, by ARN; only a long absence proves anything.
#[derive(Clone, Debug, Default)]
pub struct Agents(BTreeMap<String, Timestamp>);

impl Agents {
    /// Takes note of one look, and gives back the ARNs of those that are lost by now.
    pub fn note(&mut self, instances: &[Instance], now: Timestamp) -> BTreeSet<String> {
        for instance in instances {
            if instance.agent_connected {
                self.0.remove(&instance.arn);
            } else {
                self.0.entry(instance.arn.clone()).or_insert(now);
            }
        }
        let lost = self
            .0
            .iter()
            .filter(|(_, since)| now.since(**since) >= AGENT_LOST);
        lost.map(|(arn, _)| arn.clone()).collect()
    }
}
