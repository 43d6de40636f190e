//! No network interface left for a task of its own address (awsvpc).

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::placement::{closest, room, subject};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code};
use crate::snapshot::Instance;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Eni,
    description: "no container instance has a network interface left for a task in `awsvpc` mode",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Eni)?;
    let mut message = match observed.closest() {
        Some(_) => format!("{} has no network interface left for the task", subject(&observed)),
        None => "no network interface could be had for the task".to_owned(),
    };
    if observed.says(Says::NoDeviceIndex) {
        message.push_str(", or one of a stopped task is still being detached");
    }
    let mut remedies = room(&seen.evidence);
    let trunk = closest(&observed).and_then(|one| one.attribute("ecs.awsvpc-trunk-id"));
    let kind = closest(&observed).and_then(Instance::instance_type);
    match kind {
        // AWS's list of types that can't have a trunk is long; these are the usual ones.
        Some(kind) if kind.starts_with("t2.") || kind.starts_with("t3.") => {
            let text = format!("use instances with more network interfaces than a {} has", code(kind));
            remedies.push(advise(text));
        }
        _ if trunk.is_none() => remedies.push(advise(
            "turn the account setting `awsvpcTrunking` on, then launch new instances, of a type that allows it",
        )),
        _ => {}
    }
    Some(observed.found(message, remedies))
}
