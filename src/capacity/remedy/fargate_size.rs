//! A size that Fargate has, for a task whose size it hasn't.

use serde_json::json;

use crate::capacity::facts::fargate_sizes::next_size;
use crate::capacity::facts::input::Deploy;
use crate::capacity::facts::needs::TaskNeeds;
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::prove::decide::decide;
use crate::cause::Remedy;

/// The smallest size that Fargate has for the task, where the forecast then isn't blocked.
pub(in crate::capacity) fn offer(placement: &ServicePlacement<'_, '_>) -> Option<Remedy> {
    let (Some(cpu), Some(memory)) = placement.deploy.needs.task_size else {
        return None;
    };
    let (cpu, memory) = next_size(cpu, memory)?;
    let needs = TaskNeeds {
        cpu,
        memory,
        task_size: (Some(cpu), Some(memory)),
        ..placement.deploy.needs.clone()
    };
    let deploy = Deploy {
        needs: &needs,
        ..*placement.deploy
    };
    let verdict = decide(&ServicePlacement::new(placement.index, &deploy)).verdict;
    (!verdict.is_blocked()).then(|| Remedy {
        text: format!("give the task {cpu} CPU units and {memory} MiB"),
        change: json!({"cpu": cpu, "memory": memory}),
        cost: Some("what Fargate charges for the larger size".to_owned()),
        checked: verdict.is_fit(),
    })
}
