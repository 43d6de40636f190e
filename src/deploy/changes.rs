//! What the plan would change of each service. Pure.

use crate::plan::{DefinitionPlan, Plan, PlannedUpdate, Update};
use crate::snapshot::{Deployment, Service};

/// Whether the plan gives a new deployment to the service at this place of the request.
pub(super) fn changes(services: &[Service], plan: &Plan, index: usize) -> bool {
    let PlannedUpdate { definition, update } = &plan.updates[index];
    match &plan.definitions[*definition] {
        DefinitionPlan::Register { .. } => true,
        DefinitionPlan::Existing { arn, .. } => {
            let update = Update {
                task_definition: Some(arn.clone()),
                ..update.clone()
            };
            as_it_is(&services[index], &update).is_none()
        }
    }
}

/// The deployment that the update leaves in place, since only the count is new: its tasks stay, and
/// none of them has to be replaced.
pub(super) fn goes_on<'s>(service: &'s Service, plan: &Plan, index: usize) -> Option<&'s str> {
    let PlannedUpdate { definition, update } = &plan.updates[index];
    let primary = service.primary()?;
    match &plan.definitions[*definition] {
        DefinitionPlan::Existing { arn, .. }
            if *arn == primary.task_definition && !update.force_new_deployment =>
        {
            Some(&primary.id)
        }
        _ => None,
    }
}

/// The service as the update leaves it.
pub(super) fn as_wanted(service: &Service, update: &Update) -> Service {
    let desired = update
        .desired_count
        .and_then(|count| u32::try_from(count).ok());
    Service {
        desired: desired.unwrap_or(service.desired),
        ..service.clone()
    }
}

/// The deployment of a service that runs, or rolls out, just what `update` asks for.
pub(super) fn as_it_is<'a>(service: &'a Service, update: &Update) -> Option<&'a Deployment> {
    let primary = service.primary()?;
    let same = update.task_definition.as_ref() == Some(&primary.task_definition)
        && !update.force_new_deployment
        && update
            .desired_count
            .is_none_or(|count| u32::try_from(count) == Ok(service.desired))
        && update.propagate_tags.is_none()
        && update.enable_ecs_managed_tags.is_none();
    same.then_some(primary)
}
