//! The circuit breaker: what follows when tasks fail, never the first cause.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, counted};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::CircuitBreaker,
    description: "the deployment circuit breaker ended the deployment",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let state = seen.evidence.service_deployment.and_then(|one| one.circuit_breaker.as_ref());
    let triggered = state.filter(|state| state.status == "TRIGGERED");
    let observed = seen.of(CauseKind::CircuitBreaker);
    let message = match triggered {
        Some(state) => format!(
            "the circuit breaker ended the deployment after {} (its threshold is {})",
            counted(state.failures as usize, "failed task"),
            state.threshold,
        ),
        None => "the circuit breaker ended the deployment, because tasks failed to start".to_owned(),
    };
    let finding = match observed {
        Some(observed) if observed.says(Says::NoRollback) => {
            observed.found(format!("{message}; there is no earlier deployment to roll back to"), Vec::new())
        }
        Some(observed) => observed.found(message, Vec::new()),
        None => {
            let status = format!("service deployment: circuit breaker {}", triggered?.status);
            Finding::concluded(Certainty::Consequence, CauseKind::CircuitBreaker, message)
                .with_evidence([status])
        }
    };
    let remedies = [advise("fix what makes the tasks fail; ECS counts it, it doesn't cause it")];
    Some(finding.at_most(Certainty::Consequence).with_remedies(remedies))
}
