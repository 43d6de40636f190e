//! Everything that no other rule knows, in AWS's own words.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Unknown,
    description: "AWS gives a reason that Plimsoll doesn't recognise, or none",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Unknown)?;
    let text = observed.text();
    let by_user = observed.task().is_some_and(|task| task.stop_code.as_deref() == Some("UserInitiated"));
    let message = if by_user {
        "somebody stopped the task (StopTask)".to_owned()
    } else if text.is_empty() {
        "a task stopped, and AWS gives no reason".to_owned()
    } else if observed.says(Says::NoPlace) && !observed.says(Says::SomeReason) {
        "ECS could not place a task, and doesn't say why".to_owned()
    } else {
        format!("AWS gives a reason that Plimsoll doesn't recognise: {}", code(text))
    };
    let remedies = vec![advise("look at the stopped task and at the service's events in the ECS console")];
    Some(observed.found(message, remedies).at_most(Certainty::Unknown))
}
