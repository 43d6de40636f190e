//! A lifecycle hook that failed, or that waits for somebody.

use crate::aws_text::names;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, age, argument, code};
use crate::snapshot::Hook;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::LifecycleHook,
    description: "a lifecycle hook failed, or the deployment waits for somebody to let it go on",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    if let Some(observed) = seen.of(CauseKind::LifecycleHook) {
        let Some(target) = names::hook_target(observed.text()) else {
            let remedies = vec![advise("look at the deployment's lifecycle hooks: a pause that nobody ended in time, a function that failed, or its role")];
            return Some(observed.found("a lifecycle hook failed the deployment", remedies));
        };
        let message = format!("a lifecycle hook failed the deployment: {}", code(target));
        let remedies = vec![
            advise(format!("read the log of the hook's function {}", code(target))),
            advise("check the role that ECS calls the hook with, and that it answers `hookStatus`"),
        ];
        return Some(observed.found(message, remedies));
    }
    let deployment = seen.evidence.service_deployment?;
    let waits = |hook: &&Hook| hook.status == "AWAITING_ACTION";
    let hook = deployment.hooks.iter().find(waits)?;
    let then = match hook.timeout_action.as_str() {
        "CONTINUE" => ", then ECS goes on",
        "ROLLBACK" => ", then ECS rolls back",
        _ => "",
    };
    let until = hook.expires.map(|at| format!(", for {} yet{then}", age(at.since(seen.evidence.now))));
    let message = format!(
        "the deployment waits at the lifecycle hook {} for somebody to let it go on{}",
        code(&hook.id),
        until.unwrap_or_default(),
    );
    let finding = Finding::concluded(Certainty::Seen, CauseKind::LifecycleHook, message);
    let command = format!(
        "aws ecs continue-service-deployment --service-deployment-arn {} --hook-id {} --action CONTINUE",
        argument(&deployment.arn), argument(&hook.id),
    );
    let state = format!("lifecycle hook {}: {}", code(&hook.id), hook.status);
    let finding = finding.with_evidence([state]);
    Some(finding.with_remedies([advise(format!("let it go on: {}", code(&command)))]))
}
