//! Composes the plan: the definitions, the updates, the one-off task. It is the one place that knows
//! all three. Pure.

use super::base::Base;
use super::found::Found;
use super::{definition, one_off};
use crate::failure::Failure;
use crate::plan::{Plan, PlannedUpdate, Update};
use crate::request::Request;
use crate::snapshot::Service;

/// The whole plan: one definition per base, one update per service, and what runs before.
///
/// # Errors
/// What was asked for can't be done, as far as that can be known before anything is changed.
pub(super) fn plan(request: &Request, found: &Found<'_>) -> Result<Plan, Failure> {
    let Found {
        services,
        bases,
        images,
    } = found;
    let mut definitions = Vec::with_capacity(bases.len());
    for base in bases {
        definitions.push(definition::planned(request, base, images)?);
    }
    for base in bases {
        definition::suits(services, base)?;
    }
    let updates = services.iter().enumerate().map(|(index, service)| {
        let of_it = |base: &Base| base.services.contains(&index);
        let which = bases.iter().position(of_it).unwrap_or(0);
        PlannedUpdate {
            definition: which,
            update: update(request, service),
        }
    });
    let mut plan = Plan {
        updates: updates.collect(),
        definitions,
        one_off: None,
    };
    plan.one_off = one_off::plan(request, found, &plan)?;
    Ok(plan)
}

fn update(request: &Request, service: &Service) -> Update {
    let options = &request.update;
    Update {
        cluster: service.cluster.clone(),
        service: service.name.clone(),
        task_definition: None,
        desired_count: options
            .desired_count
            .and_then(|count| i32::try_from(count).ok()),
        force_new_deployment: options.force_new_deployment == Some(true),
        propagate_tags: options.propagate_tags.map(|tags| tags.as_str().to_owned()),
        enable_ecs_managed_tags: options.enable_ecs_managed_tags,
    }
}
