//! Percentages that let ECS neither stop an old task nor start a new one.

use serde_json::json;

use crate::cause::{CauseKind, Remedy};
use crate::diagnosis::placement::stop_first;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, change, counted};
use crate::snapshot::Scheduling;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::DeploymentConfiguration,
    description: "the deployment's own percentages let nothing move",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let service = seen.evidence.service;
    let (low, high) = (
        service.configuration.minimum_healthy_percent,
        service.configuration.maximum_percent,
    );
    let desired = u64::from(service.desired);
    // AWS rounds the lower bound up and the upper one down.
    let (lower, upper) = ((desired * u64::from(low)).div_ceil(100), desired * u64::from(high) / 100);
    let message = format!(
        "the percentages {low}/{high} leave no room to roll {}: at least {lower} must run, at most \
         {upper} may",
        counted(service.desired as usize, "task"),
    );
    if let Some(observed) = seen.of(CauseKind::DeploymentConfiguration) {
        let message = if lower >= desired && upper <= desired && desired > 0 {
            message
        } else {
            format!("ECS could neither stop nor start a task under the percentages {low}/{high}")
        };
        return Some(observed.found(message, remedies(seen)));
    }
    let rolling = matches!(service.configuration.strategy.as_str(), "ROLLING" | "");
    let closed = desired > 0 && lower >= desired && upper <= desired;
    let own = seen.evidence.entry()?;
    let first = own.running == 0 && own.pending == 0 && service.running >= service.desired;
    let starting = seen.evidence.own_tasks().any(|task| task.last_status.is_starting());
    if service.scheduling == Scheduling::Daemon || !rolling || !closed || !first || starting {
        return None;
    }
    let finding =
        Finding::concluded(Certainty::Proven, CauseKind::DeploymentConfiguration, message);
    let seen_so = format!(
        "desired {}, running {}, of which {} of this deployment; `minimumHealthyPercent` {low}, \
         `maximumPercent` {high}",
        service.desired, service.running, own.running,
    );
    Some(finding.with_evidence([seen_so]).with_remedies(remedies(seen)))
}

fn remedies(seen: &Observations<'_>) -> Vec<Remedy> {
    let service = seen.evidence.service;
    let now = service.configuration.maximum_percent;
    let mut remedies = Vec::new();
    if service.scheduling != Scheduling::Daemon {
        // The least that allows one more task; above 100, as AZ rebalancing wants it.
        let desired = u64::from(service.desired).max(1);
        let percent = ((desired + 1) * 100).div_ceil(desired);
        remedies.push(change(
            format!("set `maximumPercent` to {percent} or more (now {now}); it needs room for one more task"),
            json!({ "maximumPercent": percent }),
        ));
    }
    remedies.extend(stop_first(&seen.evidence));
    if service.az_rebalancing {
        remedies.push(advise(
            "keep `maximumPercent` above 100 while AZ rebalancing is on: ECS refuses anything else",
        ));
    }
    remedies
}
