//! What explains that a rollout doesn't go on.

use std::time::Duration;

use super::{Look, State, Waiting};
use crate::cause::{Cause, CauseKind, Remedy};
use crate::diagnosis::{Evidence, diagnose};
use crate::durations;
use crate::snapshot::{Service, Timestamp};

/// ECS could go on and doesn't: it waits between two attempts, longer each time (developer guide:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html>).
pub(super) fn hesitation(could: &[String], still: Duration) -> Cause {
    let minutes = durations::minutes(still);
    Cause {
        kind: CauseKind::Throttled,
        message: format!("there is room for the next step, and ECS has not taken it for {minutes}"),
        clause: None,
        evidence: could.to_vec(),
        remedies: vec![Remedy {
            text: "start the attempts again with `force-new-deployment: true`; after failed placements ECS waits up to 27 minutes before the next one".to_owned(),
            change: serde_json::json!({"forceNewDeployment": true}),
            cost: None,
            checked: false,
        }],
    }
}

/// No rule found a cause: what is waited for, why nothing is proven, and what was looked at.
pub(super) fn nothing_found(look: &Look, waiting: &[Waiting], doubts: &[String]) -> Cause {
    let on_instance = waiting
        .iter()
        .any(|waiting| matches!(waiting, Waiting::Instance { .. }));
    let (kind, message) = if on_instance {
        (
            CauseKind::CapacityProvider,
            "the capacity provider has brought no instance for the tasks in PROVISIONING",
        )
    } else {
        (
            CauseKind::Unknown,
            "no cause was found in what could be looked at",
        )
    };
    let mut evidence: Vec<String> = waiting
        .iter()
        .map(|waiting| format!("waited for: {waiting}"))
        .collect();
    evidence.extend(doubts.iter().cloned());
    let seen = |what: &str, is_there: bool| {
        format!(
            "{what}{}",
            if is_there { "" } else { " (could not be read)" }
        )
    };
    let looked = [
        "the service and its events".to_owned(),
        seen("its tasks", look.tasks.is_some()),
        seen("the service deployment", look.service_deployment.is_some()),
    ];
    evidence.push(format!("looked at: {}", looked.join(", ")));
    let remedies = on_instance.then(|| Remedy {
        text: "look at the maximum size and the latest scaling activities of the Auto Scaling group behind the capacity provider".to_owned(),
        change: serde_json::Value::Null,
        cost: None,
        checked: false,
    });
    Cause {
        kind,
        message: message.to_owned(),
        clause: None,
        evidence,
        remedies: remedies.into_iter().collect(),
    }
}

/// The cause inside a sentence that says already that the rollout doesn't go on.
pub fn in_one_line(cause: &Cause) -> String {
    cause.clause().to_owned()
}

/// Everything that explains the state of the rollout, what was proven first.
pub(super) fn causes(state: &State, service: &Service, look: &Look, now: Timestamp) -> Vec<Cause> {
    let memory = &state.memory;
    let tasks = look.tasks.as_deref().unwrap_or(&state.stopped);
    let survey = look.cluster.as_ref().map(|cluster| &cluster.survey);
    diagnose(&Evidence {
        tasks,
        service_deployment: look.service_deployment.as_ref(),
        targets: &look.targets,
        logs: &look.logs,
        definition: Some(&state.document),
        instances: survey
            .map(|survey| survey.instances.as_slice())
            .unwrap_or_default(),
        providers: survey
            .map(|survey| survey.providers.as_slice())
            .unwrap_or_default(),
        capacity: &memory.proven,
        hesitation: memory.hesitation.as_ref(),
        ..Evidence::new(service, &state.target.deployment, now)
    })
}
