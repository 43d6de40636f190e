//! A cluster or capacity provider without instances.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::placement::more_instances;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code, codes};
use crate::snapshot::last_part;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::NoInstances,
    description: "the cluster or the capacity provider has no container instance",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::NoInstances)?;
    let providers = seen.evidence.service.capacity_providers.iter();
    let names: Vec<&str> = providers.map(|item| item.provider.as_str()).collect();
    let place = if observed.says(Says::CapacityProvider) && !names.is_empty() {
        format!("the capacity provider {}", codes(names))
    } else {
        format!("the cluster {}", code(last_part(&seen.evidence.service.cluster)))
    };
    let remedies = vec![
        more_instances(&seen.evidence),
        advise(format!(
            "where instances run but don't register: check `ECS_CLUSTER={}` in `/etc/ecs/ecs.config`, \
             their instance role, and their way to the ECS endpoints",
            last_part(&seen.evidence.service.cluster),
        )),
    ];
    Some(observed.found(format!("{place} has no container instance that takes tasks"), remedies))
}
