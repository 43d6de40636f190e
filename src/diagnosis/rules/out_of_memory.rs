//! A container that was killed for its use of memory: only where AWS says so.

use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::OutOfMemory,
    description: "a container used more memory than it may",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::OutOfMemory)?;
    let name = observed.container().map(|one| one.name.as_str());
    let limit = name.and_then(|name| seen.definition.memory_limit(name));
    let who = name.map_or_else(|| "a container".to_owned(), |name| format!("the container {}", code(name)));
    let than = limit.as_ref().map(|limit| format!(": its limit is {limit}")).unwrap_or_default();
    let now = limit.map(|limit| format!(" (now {limit})")).unwrap_or_default();
    let remedies = vec![
        advise(format!("raise `memory` of {who}{now}")),
        advise("or let the program use less, for instance with its runtime's own heap limit"),
    ];
    let log = name.map(|name| seen.log_of(name)).unwrap_or_default();
    Some(observed.found(format!("{who} was killed for using too much memory{than}"), remedies).with_evidence(log))
}
