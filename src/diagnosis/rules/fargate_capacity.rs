//! AWS has no Fargate capacity just now.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::FargateCapacity,
    description: "AWS has no Fargate capacity for the task at this time",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::FargateCapacity)?;
    let evidence = &seen.evidence;
    let spot = evidence.service.capacity_providers.iter().any(|item| item.provider == "FARGATE_SPOT");
    let network = evidence.service.network.as_ref();
    let subnets = network.map_or(&[][..], |network| network.subnets.as_slice());
    let message = if observed.says(Says::InternalError) {
        "AWS met an internal error, perhaps because a subnet is in an Availability Zone without Fargate"
    } else if spot {
        "AWS has no Fargate Spot capacity for the task at this time"
    } else {
        "AWS has no Fargate capacity for the task at this time"
    };
    let now = if subnets.is_empty() {
        String::new()
    } else {
        format!(" (now {})", codes(subnets.iter().map(String::as_str)))
    };
    let mut remedies = vec![advise(format!("add subnets in other Availability Zones{now}"))];
    if spot {
        remedies.push(advise("add `FARGATE` to the capacity provider strategy: Spot doesn't fall back to it"));
    }
    remedies.push(advise("wait: ECS goes on trying by itself"));
    Some(observed.found(message, remedies))
}
