//! What becomes of the definition that services start from: taken as it is, another revision that is
//! there already, or a new one. Pure.

use serde_json::Value;

use super::base::Base;
use super::containers::{meant, placed};
use super::pinned::Images;
use crate::failure::Failure;
use crate::plan::DefinitionPlan;
use crate::request::{Request, TaskDefinitionSource};
use crate::snapshot::Service;
use crate::taskdef::{self, Definition, Unsuited};

/// The definition that the services of `base` get.
///
/// # Errors
/// What was asked for doesn't go with the definition, or ECS would refuse the result.
pub(super) fn planned(
    request: &Request,
    base: &Base,
    images: &Images<'_>,
) -> Result<DefinitionPlan, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::invalid(error.to_string());
    let mut edited = base.definition.clone();
    for (container, reference) in placed(request, base, images)? {
        taskdef::set_image(&mut edited, &container, &reference).map_err(|error| refused(&error))?;
    }
    let names = if request.edits.touch_containers() {
        meant(request, base, images)?
    } else {
        Vec::new()
    };
    taskdef::apply(&mut edited, &names, &request.edits).map_err(|error| refused(&error))?;
    let body = edited.register_body();
    let before = base.running.as_ref().unwrap_or(&base.definition);
    let changes = taskdef::changes(before, &edited, request.show_values);
    if let Some(arn) = &base.arn
        && body == base.definition.register_body()
    {
        refuse_inactive(request, base, arn)?;
        return Ok(DefinitionPlan::Existing {
            arn: arn.clone(),
            document: base.definition.as_value().clone(),
            changes,
        });
    }
    // The one that runs before the latest: a service is not moved without need.
    let there = [&base.running, &base.latest].into_iter().flatten();
    let mut same = there.filter(|one| taskdef::same_definition(one.as_value(), &body));
    if let Some(existing) = same.next()
        && let Some(arn) = existing.arn()
    {
        return Ok(DefinitionPlan::Existing {
            arn: arn.to_owned(),
            document: existing.as_value().clone(),
            changes,
        });
    }
    refuse(taskdef::unsound(&edited))?;
    Ok(DefinitionPlan::Register {
        family: edited.family().to_owned(),
        changes,
        body,
        latest: base.latest.as_ref().map_or(0, Definition::revision),
    })
}

/// What edits change never decides whether a definition suits its services.
///
/// # Errors
/// It doesn't suit one of them: ECS would refuse the update.
pub(super) fn suits(services: &[Service], base: &Base) -> Result<(), Failure> {
    let problems = base.services.iter();
    refuse(problems.flat_map(|&index| taskdef::unsuited(&base.definition, &services[index])))
}

fn refuse(problems: impl IntoIterator<Item = Unsuited>) -> Result<(), Failure> {
    let mut problems = problems.into_iter();
    let Some(first) = problems.next() else {
        return Ok(());
    };
    let failure = Failure::invalid(first.what).help(first.help);
    Err(problems.fold(failure, |failure, more| {
        failure.help(format!("{}: {}", more.what, more.help))
    }))
}

/// A revision that was deregistered runs where it ran, and UpdateService takes it nowhere else.
fn refuse_inactive(request: &Request, base: &Base, arn: &str) -> Result<(), Failure> {
    let status = base
        .definition
        .as_value()
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or("ACTIVE");
    if status == "ACTIVE" || request.task_definition == TaskDefinitionSource::Service {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "`{}` is {status}: ECS deploys ACTIVE revisions only",
        crate::snapshot::last_part(arn)
    ))
    .help("name another revision, or register this one again from a file"))
}
