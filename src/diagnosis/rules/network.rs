//! No way from the task, or from its instance, to what it needs for its start.

use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::words::{advise, code, codes, word_after};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Network,
    description: "the task, or its instance, can't reach what it needs for its start",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
    check,
};

fn check(seen: &Seen<'_>) -> Option<Finding> {
    let sighted = seen.of(CauseKind::Network)?;
    let text = sighted.text();
    if sighted.says("invalid networking configuration") {
        let remedies = vec![advise("check target groups, listener rules and the infrastructure role that AWS's text names")];
        return Some(sighted.found("the service's load balancer set-up doesn't fit its deployment strategy", remedies));
    }
    if sighted.says("network interface provisioning") || sighted.says("internalerror:") {
        let remedies = vec![advise("wait: ECS goes on trying by itself; where it repeats, look for missing addresses or interfaces")];
        return Some(sighted.found("the task's network interface wasn't ready in time", remedies));
    }
    let host = ["https://", "lookup ", "dial tcp "].iter().find_map(|marker| word_after(text, marker));
    let host = host.map(|host| host.split(['/', ':']).next().unwrap_or(host)).filter(|host| !host.is_empty());
    let what = host.map_or_else(|| "what it needs for its start".to_owned(), code);
    let network = seen.case.service.network.as_ref();
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
    Some(sighted.found(format!("the task can't reach {what}{from}"), remedies))
}
