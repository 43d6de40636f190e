//! A quota of the account.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::placement::stop_first;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::advise;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Quota,
    description: "a quota of the account is used up",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Quota)?;
    let (what, code) = if observed.says(Says::VcpuCount) {
        ("vCPUs that Fargate may run at the same time", "L-3032A538 (Fargate On-Demand) or L-36FBB829 (Spot)")
    } else if observed.says(Says::TaskCount) {
        ("tasks that may run at the same time", "those of AWS Fargate")
    } else if observed.says(Says::VcpuLimit) {
        ("vCPUs of EC2 instances", "those of Amazon EC2 for On-Demand instances")
    } else if observed.says(Says::SpotLimit) {
        ("EC2 Spot instances", "those of Amazon EC2 for Spot requests")
    } else {
        ("CPU or memory that a Fargate task may have", "those of AWS Fargate")
    };
    let mut remedies = vec![advise(format!("ask Service Quotas for a higher quota: {code}"))];
    remedies.push(advise("stop what isn't needed in this account and region"));
    remedies.extend(stop_first(&seen.evidence));
    Some(observed.found(format!("the account's quota of {what} is used up"), remedies))
}
