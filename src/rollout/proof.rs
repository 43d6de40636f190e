//! Whether anything can still move, and what explains that it doesn't.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Look, State};
use crate::capacity::{Blocker, Cluster, Forecast, Movement, TaskNeeds, movement};
use crate::cause::{Cause, CauseKind};
use crate::diagnosis::{Case, diagnose};
use crate::snapshot::{Service, Timestamp};

/// An agent that stays away this long is lost: it reconnects by itself several times an hour.
pub(super) const AGENT_LOST: Duration = Duration::from_secs(90);
/// Instances that one cause lists; the forecast has all.
const INSTANCES_LISTED: usize = 8;

/// What the capacity calculation says of a rollout at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Judgement {
    /// It can't end any more: why, with the numbers and with remedies that were checked.
    pub(super) proof: Option<Vec<Cause>>,
    /// What ECS could do next, or why nothing can be said.
    pub(super) notes: Vec<String>,
}

/// Judges a look that has a survey; says nothing without one.
pub(super) fn judge(state: &State, service: &Service, look: &Look, agents_lost: &BTreeSet<String>) -> Judgement {
    let Some(survey) = &look.survey else { return Judgement::default() };
    let needs = TaskNeeds::of(&state.document);
    let deploy = survey.deploy(service, &needs, Some(&state.target.deployment));
    let cluster = Cluster { agents_lost, ..survey.cluster() };
    match movement(&cluster, &deploy) {
        Movement::Stuck(forecast) => Judgement { proof: Some(vec![of_forecast(&forecast)]), notes: forecast.reasons },
        Movement::UnderWay(notes) | Movement::Could(notes) | Movement::Unknown(notes) => {
            Judgement { proof: None, notes }
        }
    }
}

/// A blocked forecast as a cause: its sentence, what is short on which instance, what would help.
pub fn of_forecast(forecast: &Forecast) -> Cause {
    let kind = forecast.blockers.first().map_or(CauseKind::DeploymentConfiguration, |blocker| blocker.kind);
    let mut evidence: Vec<String> = forecast.blockers.iter().take(INSTANCES_LISTED).map(of_blocker).collect();
    let more = forecast.blockers.len().saturating_sub(INSTANCES_LISTED);
    if more > 0 {
        evidence.push(format!("{more} more of the kind"));
    }
    evidence.extend(forecast.reasons.iter().cloned());
    Cause { kind, message: forecast.headline.clone(), evidence, remedies: forecast.remedies.clone() }
}

fn of_blocker(blocker: &Blocker) -> String {
    if blocker.instance.is_empty() { blocker.sentence() } else { format!("instance {}: {}", blocker.instance, blocker.sentence()) }
}

/// Everything that explains the state of the rollout, what was proven first.
pub(super) fn causes(state: &State, service: &Service, look: &Look, proven: &[Cause], now: Timestamp) -> Vec<Cause> {
    let tasks = look.tasks.as_deref().unwrap_or(&state.stopped);
    let survey = look.survey.as_ref();
    diagnose(&Case {
        tasks,
        service_deployment: look.service_deployment.as_ref(),
        definition: Some(&state.document),
        instances: survey.map(|survey| survey.instances.as_slice()).unwrap_or_default(),
        providers: survey.map(|survey| survey.providers.as_slice()).unwrap_or_default(),
        capacity: proven,
        ..Case::new(service, &state.target.deployment, now)
    })
}
