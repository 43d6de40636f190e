//! A placement constraint that excludes the instances.

use crate::cause::CauseKind;
use crate::diagnosis::placement::more_instances;
use crate::diagnosis::placement::subject;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, codes};
use crate::snapshot::Constraint;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Constraint,
    description: "a placement constraint excludes the container instances",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Constraint)?;
    let service = seen.evidence.service.constraints.iter().map(|constraint| match constraint {
        Constraint::DistinctInstance => "distinctInstance",
        Constraint::MemberOf(expression) | Constraint::Other(expression) => expression.as_str(),
    });
    let all: Vec<&str> = service.chain(seen.definition.constraint_expressions()).collect();
    let which = if all.is_empty() { String::new() } else { format!(": {}", codes(all)) };
    let message = match observed.closest() {
        Some(_) => format!("{} doesn't satisfy the placement constraints{which}", subject(&observed)),
        None => format!("no container instance satisfies the placement constraints{which}"),
    };
    let remedies = vec![
        advise("give an instance the attributes that the expression asks for, or change the expression"),
        more_instances(&seen.evidence),
    ];
    Some(observed.found(message, remedies))
}
