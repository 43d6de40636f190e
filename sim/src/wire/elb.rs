//! Load balancers: the health of the targets behind a service.

use serde_json::Value;

use super::forms::{check, escaped};
use crate::world::{Refusal, Status, Task, World};

pub(super) fn handle(world: &World, name: &str, body: &Value) -> Result<String, Refusal> {
    if name != "DescribeTargetHealth" {
        let text = format!("Could not find operation {name} for version 2015-12-01");
        return Err(Refusal::new("InvalidAction", text));
    }
    check(body, &["TargetGroupArn"])?;
    let group = body["TargetGroupArn"].as_str().unwrap_or_default();
    if !world
        .services
        .iter()
        .any(|one| one.target_groups.iter().any(|known| known == group))
    {
        return Err(Refusal::new(
            "TargetGroupNotFound",
            "One or more target groups not found",
        ));
    }
    let behind = world.tasks.iter().filter(|task| {
        task.target_groups.iter().any(|known| known == group)
            && matches!(task.status, Status::Running | Status::Deactivating)
    });
    let members: String = behind.map(|task| target(world, task)).collect();
    Ok(format!(
        "<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
    ))
}

fn target(world: &World, task: &Task) -> String {
    let (state, reason, description) = match (task.status, task.healthy) {
        (Status::Deactivating, _) => (
            "draining",
            "Target.DeregistrationInProgress",
            "Target deregistration is in progress",
        ),
        (_, None) => (
            "initial",
            "Elb.InitialHealthChecking",
            "Initial health checks in progress",
        ),
        (_, Some(true)) => ("healthy", "", ""),
        (_, Some(false)) => (
            "unhealthy",
            "Target.ResponseCodeMismatch",
            "Health checks failed with these codes: [503]",
        ),
    };
    let why = if reason.is_empty() {
        String::new()
    } else {
        format!(
            "<Reason>{reason}</Reason><Description>{}</Description>",
            escaped(description)
        )
    };
    let port = task.host_port();
    let id = if task.needs.awsvpc {
        task.address()
    } else {
        let on = task.instance.as_deref().and_then(|id| world.instance(id));
        on.map(|on| on.ec2_id.clone()).unwrap_or_default()
    };
    format!(
        "<member><Target><Id>{id}</Id><Port>{port}</Port></Target><HealthCheckPort>{port}</HealthCheckPort>\
         <TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
    )
}
