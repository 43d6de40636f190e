//! A secret or parameter that could not be read into the container.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Secrets,
    description: "a secret or parameter of the task definition could not be read",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Secrets)?;
    let text = observed.text();
    let all: Vec<&str> = seen.definition.secrets().collect();
    // A `valueFrom` may end in `:key:stage:id`; AWS's text names what stands before.
    let named: Vec<&str> = all.iter().copied().filter(|one| text.contains(resource(one))).collect();
    let which = if named.is_empty() { all } else { named };
    let which = match which.as_slice() {
        [] => "a secret".to_owned(),
        [one] => code(one),
        many => format!("one of {}", codes(many.iter().copied())),
    };
    let role = seen.definition.execution_role();
    let (message, remedy) = if observed.says(Says::InvalidCharacter) {
        (
            format!("a key was asked of a secret whose value is no JSON object: {which}"),
            "take the key off the end of `valueFrom`, or store a JSON object".to_owned(),
        )
    } else if observed.says(Says::SecretMissing) {
        (
            format!("a secret or parameter doesn't exist: {which}"),
            "create it in this region and account, or correct its `valueFrom`".to_owned(),
        )
    } else {
        (
            format!("a secret or the registry's login could not be read: {which}"),
            "check that each `valueFrom` exists, and the task's way to Secrets Manager or SSM".to_owned(),
        )
    };
    let mut remedies = vec![advise(remedy)];
    if let Some(role) = role {
        remedies.push(advise(format!(
            "check that the execution role {} may read it (`secretsmanager:GetSecretValue`, `ssm:GetParameters`, `kms:Decrypt`)",
            code(role),
        )));
    }
    Some(observed.found(message, remedies))
}

/// The part of a `valueFrom` that names the secret: seven parts of an ARN, else all of it.
fn resource(value_from: &str) -> &str {
    let end = value_from.match_indices(':').nth(6).map(|(at, _)| at);
    end.and_then(|end| value_from.get(..end)).unwrap_or(value_from)
}
