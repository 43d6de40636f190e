//! A CloudWatch alarm that failed the deployment.

use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Alarm,
    description: "a CloudWatch alarm failed the deployment",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let triggered = seen.evidence.service_deployment.map_or(&[][..], |one| one.triggered_alarms.as_slice());
    let watched = seen.evidence.service.configuration.alarms.as_slice();
    let names = |all: &[String]| codes(all.iter().map(String::as_str));
    let message = match (triggered, watched) {
        ([], []) => "a CloudWatch alarm failed the deployment".to_owned(),
        ([], watched) => format!("one of the deployment's CloudWatch alarms went off: {}", names(watched)),
        (triggered, _) => format!("the deployment's CloudWatch alarm went off: {}", names(triggered)),
    };
    let finding = match seen.of(CauseKind::Alarm) {
        Some(observed) => observed.found(message, Vec::new()),
        None if triggered.is_empty() => return None,
        None => Finding::concluded(Certainty::Seen, CauseKind::Alarm, message)
            .with_evidence([format!("service deployment: triggered alarms {}", names(triggered))]),
    };
    Some(finding.with_remedies([
        advise("look at the alarm's metric since the deployment began; the new tasks may run and still do harm"),
        advise("change the alarm's threshold, or take it out of the deployment's alarms, if it is wrong"),
    ]))
}
