//! A subnet without free addresses.

use crate::aws_text::{Says, names};
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::SubnetAddresses,
    description: "a subnet has no free IP address for the task's network interface",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::SubnetAddresses)?;
    let named = names::subnet(observed.text());
    let network = seen.evidence.service.network.as_ref();
    let subnets = match named {
        Some(id) => vec![id],
        None => network.map_or(Vec::new(), |all| all.subnets.iter().map(String::as_str).collect()),
    };
    let place = if subnets.is_empty() { "a subnet".to_owned() } else { format!("subnet {}", codes(subnets)) };
    let message = if observed.says(Says::NoFreeAddresses) {
        format!("{place} has no free address for the task's network interface")
    } else {
        format!("EC2 made no network interface in {place}, most likely because no address is free there")
    };
    let remedies = vec![
        advise("give the service more or larger subnets (`networkConfiguration.awsvpcConfiguration.subnets`)"),
        advise("free addresses there: stop tasks, delete network interfaces that nothing uses"),
    ];
    Some(observed.found(message, remedies))
}
