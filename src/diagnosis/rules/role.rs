//! A role that may not do something, or that nobody may take.

use crate::aws_text::{Says, names};
use crate::cause::{CauseKind, Remedy};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::observations_of_kind::ObservationsOfKind;
use crate::diagnosis::words::{advise, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Role,
    description: "an IAM role lacks a permission or can't be assumed",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Role)?;
    let text = observed.text();
    if observed.says(Says::RoleNotAssumed) {
        let role = names::role_to_assume(text);
        return Some(not_assumed(&observed, role));
    }
    let role = names::role(text);
    if let Some(action) = names::denied_action(text) {
        return Some(denied(&observed, role, action));
    }
    let (message, remedy) = if observed.says(Says::RoleChanged) {
        (
            "the IAM role that ECS uses for the service was changed, and ECS can't go on with it".to_owned(),
            "restore the role `AWSServiceRoleForECS` (`aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`), or the role of the service".to_owned(),
        )
    } else {
        let role = role.or(seen.definition.execution_role());
        let role = role.map_or_else(|| "the role that pulls the image".to_owned(), code);
        (
            format!("{role} lacks a permission that the task's start needs"),
            format!("attach `AmazonECSTaskExecutionRolePolicy` to {role}, or allow what AWS's text names"),
        )
    };
    Some(observed.found(message, vec![advise(remedy)]))
}

fn denied(observed: &ObservationsOfKind<'_, '_>, role: Option<&str>, action: &str) -> Finding {
    let text = observed.text();
    let resource = names::denied_resource(text);
    let on = resource.map(|resource| format!(" on {}", code(resource))).unwrap_or_default();
    let role = role.or(observed.seen.definition.execution_role());
    let role = role.map_or_else(|| "the role of the task".to_owned(), |role| format!("the role {}", code(role)));
    let mut remedies: Vec<Remedy> = vec![advise(format!("allow {}{on} to {role}", code(action)))];
    if observed.says(Says::EndpointPolicy) {
        remedies.insert(0, advise(format!("allow {} in the policy of the VPC endpoint", code(action))));
    }
    observed.found(format!("{role} may not do {}{on}", code(action)), remedies)
}

fn not_assumed(observed: &ObservationsOfKind<'_, '_>, role: Option<&str>) -> Finding {
    let definition = observed.seen.definition;
    let role = role.or(definition.execution_role()).or(definition.task_role());
    let role = role.map_or_else(|| "of the task".to_owned(), code);
    let message = format!("ECS can't assume the role {role}");
    let remedies = vec![
        advise(format!("let `ecs-tasks.amazonaws.com` do `sts:AssumeRole` in the trust policy of the role {role}")),
        advise("check that the role exists, and that `iam:PassRole` was allowed for it"),
    ];
    observed.found(message, remedies)
}
