//! ECS that slows down by itself: after tasks that never start, or at an API's limit.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::advise;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Throttled,
    description: "ECS starts tasks more and more slowly, or is throttled",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Throttled)?;
    if !observed.says(Says::SlowedDown) {
        let message = "the calls that ECS makes for the service are being throttled";
        let remedies = vec![advise("wait: ECS goes on by itself; fewer changes at the same time help")];
        return Some(observed.found(message, remedies));
    }
    let message = "tasks fail before they run, so ECS waits longer and longer between them (up to 27 minutes)";
    let remedies = vec![advise("fix what makes the tasks fail: a new task definition ends the waiting at once")];
    Some(observed.found(message, remedies).at_most(Certainty::Consequence))
}
