//! Too few GPUs on the instances.

use crate::cause::CauseKind;
use crate::diagnosis::placement::{lacks, room};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Gpu,
    description: "no container instance has the GPUs that the task asks for",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-gpu.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Gpu)?;
    Some(observed.found(lacks(&observed, "GPUs"), room(&seen.evidence)))
}
