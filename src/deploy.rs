//! The story of a deploy, from the request to the end of the rollout:
//!
//! request → services → task definition → image → plan (with its forecast) → register → update → follow
//!
//! Each step gives back what it found or did, and the next one gets it as a value. Everything that
//! can be known is checked before anything is changed.

mod base;
mod build;
mod cancelled;
mod changes;
mod compose;
mod containers;
mod definition;
mod endings;
mod files;
mod follow_rollouts;
mod forecast;
mod found;
mod image;
mod lost_answer;
mod one_off;
mod pinned;
mod platform;
mod read_services;
mod register;
mod registry;
mod rollback;
mod send_once;
mod sign_in;
mod update_services;

use serde_json::Value;

use crate::failure::Failure;
use crate::plan::{DefinitionPlan, Plan};
use crate::report::{DefinitionReport, Outcome};
use crate::run::{Ending, Journal, RunContext};
use found::Found;
use pinned::Images;
use register::{Registered, Revision};

pub use cancelled::cancelled;
pub(crate) use follow_rollouts::follow_rollouts;
pub(crate) use forecast::forecast_same;
pub(crate) use read_services::read_services;
pub(crate) use update_services::{Next, Started};

/// Deploys what the request asks for.
///
/// # Errors
/// Why the run could not go on; the journal has what came of it until then.
pub async fn deploy(context: &RunContext, journal: &mut Journal) -> Result<Ending, Failure> {
    let request = &context.request;
    let services = read_services(context, journal).await?;
    let bases = base::read_bases(context, journal, &services).await?;
    let platforms = platform::wanted(request, &services, &bases)?;
    let images = image::find(context, journal, &platforms).await?;
    let mut found = Found {
        services,
        bases,
        images,
    };
    let mut plan = compose::plan(request, &found)?;
    show(journal, &plan);
    one_off::prepare(context, journal, &plan).await?;
    let outlook = forecast::outlook(context, journal, &found, &plan).await?;
    if request.dry_run {
        return forecast::planned(context, journal, &found, &outlook);
    }
    outlook.refuse(journal, request.rollout.capacity_check)?;
    if let Images::ToBuild(job) = &found.images {
        let pinned = build::build_and_push(context, journal, job).await?;
        journal.image_is(pinned.image.clone());
        found.images = Images::One(pinned);
        plan = compose::plan(request, &found)?;
        note(journal, &plan);
    }
    let registered = Registered {
        revisions: register::revisions(context, journal, &plan).await?,
        found: &found,
        plan: &plan,
    };
    if request.register_only {
        return Ok(registered_only(registered.revisions.first()));
    }
    one_off::before_the_rollout(context, journal, &registered).await?;
    let queue = update_services::queue(&registered, &outlook);
    let ended = follow_rollouts(context, journal, queue).await;
    let used: Vec<&str> = ended.revisions.iter().map(String::as_str).collect();
    let mut ending = ended.ending;
    let left_over = register::left_over(&registered.revisions, &used);
    ending.help.extend(left_over);
    Ok(ending)
}

/// The end of a run with `register-only`.
fn registered_only(revision: Option<&Revision>) -> Ending {
    let arn = revision.map_or("", |revision| &revision.arn);
    let name = crate::snapshot::last_part(arn);
    let reason = if revision.is_some_and(|revision| revision.registered) {
        format!("registered {name}, and no service was updated")
    } else {
        format!("{name} says the same already: nothing was registered, and no service was updated")
    };
    Ending::new(Outcome::Planned, reason)
}

/// Says what the plan's definitions are, and what is new in them.
fn show(journal: &mut Journal, plan: &Plan) {
    for definition in &plan.definitions {
        let (what, changes) = match definition {
            DefinitionPlan::Existing { arn, changes, .. } => (
                format!("{} as it is", crate::snapshot::last_part(arn)),
                changes,
            ),
            DefinitionPlan::Register {
                family, changes, ..
            } => (format!("a new revision of `{family}`"), changes),
        };
        let count = match (changes.len(), definition) {
            (0, DefinitionPlan::Existing { .. }) => String::new(),
            (1, _) => ", 1 change".to_owned(),
            (count, _) => format!(", {count} changes"),
        };
        journal.line(&format!("task definition: {what}{count}"));
        for change in changes {
            journal.line(&format!("  {change}"));
        }
    }
    note(journal, plan);
}

/// What the first definition changes, for the report.
fn note(journal: &mut Journal, plan: &Plan) {
    let first = plan.definitions.first();
    journal.definition_planned(first.map(|definition| {
        match definition {
            DefinitionPlan::Existing {
                arn,
                document,
                changes,
            } => DefinitionReport {
                arn: arn.clone(),
                family: text(document, "family"),
                revision: document
                    .get("revision")
                    .and_then(Value::as_i64)
                    .unwrap_or_default(),
                changes: changes.clone(),
                ..DefinitionReport::default()
            },
            DefinitionPlan::Register {
                family, changes, ..
            } => DefinitionReport {
                family: family.clone(),
                changes: changes.clone(),
                ..DefinitionReport::default()
            },
        }
    }));
}

fn text(document: &Value, name: &str) -> String {
    let text = document.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
