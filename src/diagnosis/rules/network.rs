//! No way from the task, or from its instance, to what it needs for its start.

use crate::aws_text::{Says, names};
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Network,
    description: "the task, or its instance, can't reach what it needs for its start",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Network)?;
    if observed.says(Says::InvalidNetworking) {
        let remedies = vec![advise("check target groups, listener rules and the infrastructure role that AWS's text names")];
        return Some(observed.found("the service's load balancer set-up doesn't fit its deployment strategy", remedies));
    }
    if observed.says(Says::InterfaceNotReady) {
        let remedies = vec![advise("wait: ECS goes on trying by itself; where it repeats, look for missing addresses or interfaces")];
        return Some(observed.found("the task's network interface wasn't ready in time", remedies));
    }
    let what = names::host(observed.text()).map_or_else(|| "what it needs for its start".to_owned(), code);
    let network = seen.evidence.service.network.as_ref();
    let subnets = network.map_or(&[][..], |all| all.subnets.as_slice());
    let from = if subnets.is_empty() {
        String::new()
    } else {
        format!(" from its subnets {}", codes(subnets.iter().map(String::as_str)))
    };
    let groups = network.map_or(&[][..], |all| all.security_groups.as_slice());
    let mut remedies = vec![advise(
        "give the subnets a NAT gateway, or VPC endpoints for `ecr.api`, `ecr.dkr`, `logs`, \
         `secretsmanager` and a gateway to S3",
    )];
    if network.is_some_and(|network| !network.assign_public_ip) {
        remedies.push(advise(
            "in public subnets on Fargate: set `assignPublicIp` to `ENABLED` (now `DISABLED`)",
        ));
    }
    if !groups.is_empty() {
        remedies.push(advise(format!(
            "allow HTTPS (TCP `443`) out in the security groups {}, and in to the endpoints",
            codes(groups.iter().map(String::as_str)),
        )));
    }
    Some(observed.found(format!("the task can't reach {what}{from}"), remedies))
}
