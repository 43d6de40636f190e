//! What the rules about room on container instances have in common: who was looked at, and what
//! makes room.
//!
//! Events only hint at what lacks: the closest instance is one of many. The capacity calculation
//! has the numbers.

use serde_json::json;

use crate::cause::Remedy;
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::observations_of_kind::ObservationsOfKind;
use crate::diagnosis::words::{advise, change, code};
use crate::snapshot::{Instance, Scheduling, last_part};

/// The instance that AWS calls the closest match, where it was described.
pub(crate) fn closest<'a>(observed: &ObservationsOfKind<'_, 'a>) -> Option<&'a Instance> {
    let id = observed.closest()?;
    observed
        .seen
        .evidence
        .instances
        .iter()
        .find(|one| one.id() == id)
}

/// The beginning of a sentence about an instance that doesn't have what is needed.
pub(crate) fn subject(observed: &ObservationsOfKind<'_, '_>) -> String {
    let Some(id) = observed.closest() else {
        return "ECS found no container instance that".to_owned();
    };
    let kind = closest(observed).and_then(Instance::instance_type);
    let kind = kind
        .map(|kind| format!(" ({})", code(kind)))
        .unwrap_or_default();
    format!(
        "ECS placed no task: the closest container instance, {}{kind},",
        code(id)
    )
}

/// What a sentence of [`subject`] goes on with: of one instance it lacks, of none it has.
pub(crate) fn lacks(observed: &ObservationsOfKind<'_, '_>, what: &str) -> String {
    let verb = if observed.closest().is_some() {
        "has too little"
    } else {
        "has enough"
    };
    format!("{} {verb} {what} left", subject(observed))
}

/// All that makes room for one more task.
pub(crate) fn room(evidence: &Evidence<'_>) -> Vec<Remedy> {
    let mut remedies = vec![more_instances(evidence)];
    remedies.extend(stop_first(evidence));
    remedies
}

/// One instance more, in the terms of what scales.
pub(crate) fn more_instances(evidence: &Evidence<'_>) -> Remedy {
    let group = evidence
        .providers
        .iter()
        .find_map(|provider| provider.group.as_ref());
    let text = match group {
        Some(group) if group.desired >= group.max => format!(
            "raise the maximum size of the Auto Scaling group {} (now {})",
            code(&group.name),
            group.max
        ),
        Some(group) => format!(
            "add an instance to the Auto Scaling group {} (now {} of at most {})",
            code(&group.name),
            group.desired,
            group.max
        ),
        None => {
            format!(
                "add a container instance to the cluster {}",
                code(last_part(&evidence.service.cluster))
            )
        }
    };
    advise(text)
}

/// A minimum that lets ECS stop an old task before it starts a new one, where it may not now.
pub(crate) fn stop_first(evidence: &Evidence<'_>) -> Option<Remedy> {
    let service = evidence.service;
    let now = service.configuration.minimum_healthy_percent;
    let desired = u64::from(service.desired);
    let keeps = (desired * u64::from(now)).div_ceil(100);
    let rolling = matches!(service.configuration.strategy.as_str(), "ROLLING" | "");
    if service.scheduling == Scheduling::Daemon || !rolling || desired == 0 || keeps < desired {
        return None;
    }
    let percent = (desired - 1) * 100 / desired;
    let mut remedy = change(
        format!(
            "set `minimumHealthyPercent` to {percent} (now {now}), so that ECS may stop an old task \
             before it starts a new one"
        ),
        json!({ "minimumHealthyPercent": percent }),
    );
    remedy.cost = Some(match desired {
        1 => "the service is down from stop to healthy".to_owned(),
        desired => format!("{} of {desired} tasks serve meanwhile", desired - 1),
    });
    Some(remedy)
}
