//! A log driver that could not be set up.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, argument, code, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Logging,
    description: "the container's log driver could not be set up",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Logging)?;
    let container = observed.container().map(|one| one.name.as_str());
    let own = container.and_then(|name| seen.definition.container(name)?.log()?.option("awslogs-group"));
    let groups = own.map_or_else(|| seen.definition.log_groups(), |group| vec![group]);
    let region = seen
        .definition
        .containers()
        .find_map(|one| one.log()?.option("awslogs-region"));
    let region = region.map(|region| format!(" --region {}", argument(region))).unwrap_or_default();
    if !observed.says(Says::LogGroupMissing) {
        let which = if groups.is_empty() { String::new() } else { format!(" (log group {})", codes(groups)) };
        let remedies = vec![
            advise("check `logConfiguration` of the task definition, and the task's way to where the logs go"),
        ];
        return Some(observed.found(format!("the log driver could not be set up{which}"), remedies));
    }
    let message = match groups.as_slice() {
        [] => "the log group of the task definition doesn't exist".to_owned(),
        [one] => format!("the log group {} doesn't exist", code(one)),
        many => format!("one of the log groups doesn't exist: {}", codes(many.iter().copied())),
    };
    let mut remedies: Vec<_> = groups
        .iter()
        .take(3)
        .map(|group| {
            advise(format!(
                "create it: {}",
                code(&format!("aws logs create-log-group --log-group-name {}{region}",
 argument(group)))
            ))
        })
        .collect();
    let role = seen.definition.execution_role().map_or_else(|| "the execution role".to_owned(), code);
    remedies.push(advise(format!(
        "or set the option `awslogs-create-group` to `true` and allow `logs:CreateLogGroup` to {role}"
    )));
    Some(observed.found(message, remedies))
}
