//! Too little CPU on the instances, as events and waiting tasks say.

use crate::cause::CauseKind;
use crate::diagnosis::placement::{lacks, room};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::seen::Seen;
use crate::diagnosis::words::{advise, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Cpu,
    description: "no container instance has enough CPU left for a task",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
    check,
};

fn check(seen: &Seen<'_>) -> Option<Finding> {
    let sighted = seen.of(CauseKind::Cpu)?;
    let mut remedies = room(&seen.case);
    if let Some(size) = seen.definition.size_as_written("cpu") {
        remedies.push(advise(format!("lower the task's `cpu` (now {})", code(&size))));
    }
    Some(sighted.found(lacks(&sighted, "CPU"), remedies))
}
