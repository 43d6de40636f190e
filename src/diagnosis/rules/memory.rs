//! Too little memory on the instances, as events and waiting tasks say.

use crate::cause::CauseKind;
use crate::diagnosis::placement::{lacks, room};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Memory,
    description: "no container instance has enough memory left for a task",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Memory)?;
    let mut remedies = room(&seen.evidence);
    if let Some(size) = seen.definition.size_as_written("memory") {
        remedies.push(advise(format!("lower the task's `memory` (now {})", code(&size))));
    }
    Some(observed.found(lacks(&observed, "memory"), remedies))
}
