//! A capacity provider that brings no instance: EC2 says no, or its group may not grow.

use crate::aws_text::{Says, names};
use crate::cause::CauseKind;
use crate::diagnosis::placement::more_instances;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, age, code, codes, counted, short};
use crate::snapshot::{CapacityProvider, Task, TaskStatus};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::CapacityProvider,
    description: "the capacity provider can't bring the instance that the task waits for",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html",
    check,
};

/// Longest message of a scaling activity that is shown, in characters.
const MAX_ACTIVITY: usize = 600;

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let activities = failed_activities(seen);
    if let Some(observed) = seen.of(CauseKind::CapacityProvider) {
        let name = names::capacity_provider(observed.text()).unwrap_or("of the service");
        let message = if observed.says(Says::NotActive) {
            format!("the capacity provider {} isn't active", code(name))
        } else {
            format!("EC2 gives the capacity provider {} no instance", code(name))
        };
        let remedies = [advise(if observed.says(Says::NoCapacity) {
            "widen the provider's instance requirements (types, vCPU, memory, zones): nothing meets them now"
        } else {
            "allow more instance types, subnets or zones in the provider, or wait: ECS goes on trying"
        })];
        return Some(observed.found(message, remedies.into()).with_evidence(activities));
    }
    from_states(seen, activities)
}

/// Tasks that wait without an instance, where the provider is known not to bring one.
fn from_states(seen: &Observations<'_>, activities: Vec<String>) -> Option<Finding> {
    let waits = |task: &&Task| task.last_status == TaskStatus::Provisioning && task.instance.is_none();
    let waiting: Vec<&Task> = seen.evidence.own_tasks().filter(waits).collect();
    let oldest = waiting.iter().map(|task| task.created).min()?;
    let full = |one: &&CapacityProvider| one.group.as_ref().is_some_and(|it| it.desired >= it.max);
    let providers = seen.evidence.providers;
    let inactive: Vec<&str> =
        providers.iter().filter(|one| one.status == "INACTIVE").map(|one| one.name.as_str()).collect();
    let why = if !inactive.is_empty() {
        format!("the capacity provider {} is inactive", codes(inactive))
    } else if let Some(group) = providers.iter().find(full).and_then(|one| one.group.as_ref()) {
        format!("the Auto Scaling group {} is at its maximum of {}", code(&group.name), group.max)
    } else if !activities.is_empty() {
        "the Auto Scaling group fails to launch one".to_owned()
    } else {
        // Nothing stands in the way: the group is scaling out, which is movement.
        return None;
    };
    let verb = if waiting.len() == 1 { "waits" } else { "wait" };
    let message = format!(
        "{} {verb} for an instance, the first for {}, and {why}",
        counted(waiting.len(), "task"),
        age(seen.evidence.now.since(oldest)),
    );
    let finding = Finding::concluded(Certainty::Likely, CauseKind::CapacityProvider, message);
    let states = providers.iter().filter_map(|one| {
        let group = one.group.as_ref()?;
        Some(format!(
            "Auto Scaling group {}: {} of at most {} instances",
            code(&group.name),
            group.desired,
            group.max
        ))
    });
    Some(finding.with_evidence(states.take(3)).with_evidence(activities).with_remedies([more_instances(&seen.evidence)]))
}

/// What the groups' latest scaling activities failed with.
fn failed_activities(seen: &Observations<'_>) -> Vec<String> {
    const MOST: usize = 2;
    let groups = seen.evidence.providers.iter().filter_map(|provider| provider.group.as_ref());
    groups
        .flat_map(|group| group.activities.iter().map(move |activity| (group, activity)))
        .filter(|(_, (status, _))| status == "Failed")
        .take(MOST)
        .map(|(group, (_, message))| {
            format!("scaling activity of {}: {}", code(&group.name), short(message, MAX_ACTIVITY))
        })
        .collect()
}
