//! Registering what the plan says, before any service is updated.

use super::found::Found;
use super::send_once;
use crate::failure::Failure;
use crate::plan::{DefinitionPlan, Plan};
use crate::run::{Journal, RunContext};

/// A revision that is there.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    pub(super) arn: String,
    /// As DescribeTaskDefinition has it.
    pub(super) document: serde_json::Value,
    /// Whether this run registered it.
    pub(super) registered: bool,
}

/// A plan whose revisions are there: the updates are what is left of it.
#[derive(Clone, Debug)]
pub(super) struct Registered<'a> {
    pub(super) found: &'a Found<'a>,
    pub(super) plan: &'a Plan,
    /// One for each of the plan's definitions.
    pub(super) revisions: Vec<Revision>,
}

/// Registers what the plan says; one revision per definition.
///
/// # Errors
/// ECS refuses one of them, or could not be asked.
pub(super) async fn revisions(
    context: &RunContext,
    journal: &mut Journal,
    plan: &Plan,
) -> Result<Vec<Revision>, Failure> {
    let mut revisions = Vec::with_capacity(plan.definitions.len());
    for (index, definition) in plan.definitions.iter().enumerate() {
        let described = match definition {
            DefinitionPlan::Existing { arn, .. } => {
                let described = context.aws.task_definition(arn).await;
                described.map_err(Failure::from)
            }
            DefinitionPlan::Register { body, latest, .. } => {
                send_once::register(context, body, *latest).await
            }
        };
        let described = described.map_err(|failure| {
            left_over(&revisions, &[])
                .into_iter()
                .fold(failure, Failure::help)
        })?;
        let registered = matches!(definition, DefinitionPlan::Register { .. });
        if registered {
            journal.line(&format!(
                "registered {}:{}",
                described.family, described.revision
            ));
        }
        if index == 0 {
            journal.definition_ready(&described, registered);
        }
        revisions.push(Revision {
            arn: described.arn,
            document: described.document,
            registered,
        });
    }
    Ok(revisions)
}

/// What is said of revisions that this run registered and that no service got. `used` are ARNs.
pub(super) fn left_over(revisions: &[Revision], used: &[&str]) -> Vec<String> {
    let unused = revisions
        .iter()
        .filter(|revision| revision.registered && !used.contains(&revision.arn.as_str()));
    unused
        .map(|revision| {
            format!(
                "revision `{}` is registered and unused: the next run may use it, or deregister it",
                revision.arn
            )
        })
        .collect()
}
