//! A host port that another task holds on each instance.

use crate::cause::CauseKind;
use crate::diagnosis::placement::{closest, room, subject};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Port,
    description: "a fixed host port that the task needs is taken on the container instances",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Port)?;
    let wanted = seen.definition.host_ports();
    // Only a described instance tells which of several it is.
    let taken: Vec<u16> = match closest(&observed) {
        Some(instance) => {
            let held = |port: &&u16| instance.remaining.tcp_ports.contains(port);
            wanted.iter().filter(held).copied().collect()
        }
        None => Vec::new(),
    };
    let named = if taken.is_empty() { wanted } else { taken };
    let names: Vec<String> = named.iter().map(u16::to_string).collect();
    let ports = match names.as_slice() {
        [] => "a host port that the task needs".to_owned(),
        [one] => format!("the host port `{one}`"),
        many => format!("one of the host ports {}", codes(many.iter().map(String::as_str))),
    };
    let message = match observed.closest() {
        Some(_) => format!("{} has {ports} in use already", subject(&observed)),
        None => format!("{ports} is taken wherever the task could run"),
    };
    let mut remedies = room(&seen.evidence);
    if seen.definition.network_mode() != "host" {
        remedies.push(advise(
            "leave `hostPort` out (or 0) and let the load balancer find the port, so that tasks can \
             stand side by side",
        ));
    }
    Some(observed.found(message, remedies))
}
