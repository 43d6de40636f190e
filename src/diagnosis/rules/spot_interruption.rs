//! Capacity that went away under a task.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::advise;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::SpotInterruption,
    description: "the capacity under a task was taken away",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::SpotInterruption)?;
    let message = if observed.says(Says::Spot) {
        "AWS took the Spot capacity under the task back"
    } else if observed.says(Says::ForcedDeregistration) {
        "somebody deregistered the container instance under the task by force"
    } else {
        "the instance under the task went away (Spot interruption, scale-in, or terminated by somebody)"
    };
    let remedies = vec![
        advise("let ECS start the task again, which it does by itself"),
        advise("give the strategy a `base` on capacity that isn't Spot"),
    ];
    Some(observed.found(message, remedies))
}
