//! No network interface left for a task of its own address (awsvpc).

use crate::cause::CauseKind;
use crate::diagnosis::placement::{closest, room, subject};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::seen::{Finding, Seen};
use crate::diagnosis::words::{advise, code};
use crate::snapshot::Instance;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Eni,
    description: "no container instance has a network interface left for a task in `awsvpc` mode",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html",
    check,
};

fn check(seen: &Seen<'_>) -> Option<Finding> {
    let sighted = seen.of(CauseKind::Eni)?;
    let mut message = match sighted.closest() {
        Some(_) => format!("{} has no network interface left for the task", subject(&sighted)),
        None => "no network interface could be had for the task".to_owned(),
    };
    if sighted.says("unused device index") {
        message.push_str(", or one of a stopped task is still being detached");
    }
    let mut remedies = room(&seen.case);
    let trunk = closest(&sighted).and_then(|one| one.attribute("ecs.awsvpc-trunk-id"));
    if trunk.is_none() {
        let kind = closest(&sighted).and_then(Instance::instance_type);
        let kind = kind.map(|kind| format!(" where {} allows it", code(kind))).unwrap_or_default();
        remedies.push(advise(format!(
            "turn the account setting `awsvpcTrunking` on{kind}, then launch instances anew"
        )));
    }
    Some(sighted.found(message, remedies))
}
