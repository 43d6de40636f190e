//! An instance whose ECS agent doesn't answer.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::placement::{closest, more_instances};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Agent,
    description: "the ECS agent of a container instance isn't connected, or its container runtime doesn't answer",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Agent)?;
    let id = observed.closest().map(|id| format!(" of {}", code(id))).unwrap_or_default();
    let message = if observed.says(Says::AgentTimeout) {
        "the container runtime of an instance didn't answer in time".to_owned()
    } else if closest(&observed).is_some_and(|one| one.agent_connected) {
        format!("the ECS agent{id} wasn't connected when ECS looked, and is connected now")
    } else {
        // An agent reconnects several times an hour; one look is no outage.
        format!("the ECS agent{id} wasn't connected when ECS looked")
    };
    let remedies = vec![
        advise("on the instance: `systemctl status ecs docker`, and `/var/log/ecs/ecs-agent.log`"),
        advise("check the instance's way to the ECS endpoints and its instance role"),
        more_instances(&seen.evidence),
    ];
    Some(observed.found(message, remedies))
}
