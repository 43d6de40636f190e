//! Too many tasks that wait for capacity in one cluster.

use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code};
use crate::snapshot::last_part;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::ProvisioningLimit,
    description: "the cluster has as many tasks waiting for capacity as it may have",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::ProvisioningLimit)?;
    let message = format!(
        "the cluster {} has as many tasks in PROVISIONING as ECS allows (500)",
        code(last_part(&seen.evidence.service.cluster)),
    );
    let remedies = vec![
        advise("find the services whose tasks wait for capacity, and give them instances or fewer tasks"),
        advise("ask Service Quotas for a higher quota: L-B7718569"),
    ];
    Some(observed.found(message, remedies))
}
