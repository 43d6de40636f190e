//! The actions of the watch's optional reads, and what it does without each, in words. Nothing is
//! decided here.

use crate::aws::TASKS;

pub(super) const LIST_DEPLOYMENTS: &str = "ecs:ListServiceDeployments";
pub(super) const DEPLOYMENTS: &str = "ecs:DescribeServiceDeployments";
pub(super) const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
pub(super) const LOGS: &str = "logs:GetLogEvents";
pub(super) const PROTECTION: &str = "ecs:GetTaskProtection";

/// What is done without this action; nothing for one of which the watch knows nothing.
pub(super) fn without(action: &str) -> Option<&'static str> {
    Some(match action {
        LIST_DEPLOYMENTS | DEPLOYMENTS => {
            "the rollout is judged without it, and the log says less about what it waits for"
        }
        HEALTH => "time decides whether tasks behind the load balancer count as healthy",
        PROTECTION => "whether task protection holds old tasks isn't known",
        LOGS => "the cause is given without the container's log",
        action if TASKS.contains(&action) => {
            "only the service's own counters are used, and the log says less about what the rollout waits for"
        }
        // The image is found by now.
        action if action.starts_with("ecr:") => return None,
        _ => "whether there is room is less certain",
    })
}
