//! What each service starts from: the definitions, read and not yet changed, and those that they are
//! compared with. Nothing is decided here about what becomes of them.

use super::files;
use crate::aws::{AwsErrorKind, Described, Missed};
use crate::failure::Failure;
use crate::report::Outcome;
use crate::request::{ImageSource, TaskDefinitionSource};
use crate::run::{Journal, RunContext};
use crate::snapshot::Service;
use crate::taskdef::{self, Definition};

/// Where the new revision of one or more services starts.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) definition: Definition,
    /// ARN, where it is a revision that exists.
    pub(super) arn: Option<String>,
    /// The revision that the service runs, for the comparison; the base itself where it is that.
    pub(super) running: Option<Definition>,
    /// The family's latest ACTIVE revision, where one is there and may be read.
    pub(super) latest: Option<Definition>,
    /// The services that start from it, by their place in the request.
    pub(super) services: Vec<usize>,
}

/// Reads the distinct definitions that the services start from, and what they are compared with.
///
/// # Errors
/// A definition isn't there, can't be read, or can't be understood.
pub(super) async fn read_bases(
    context: &RunContext,
    journal: &mut Journal,
    services: &[Service],
) -> Result<Vec<Base>, Failure> {
    let request = &context.request;
    let mut bases = match &request.task_definition {
        TaskDefinitionSource::Service => of_services(context, services).await?,
        source => vec![named(context, journal, source, services).await?],
    };
    let as_it_is = request.image == ImageSource::AsIs && request.edits.is_empty();
    for base in &mut bases {
        if as_it_is && base.arn.is_some() {
            continue;
        }
        base.latest = compared(
            context,
            journal,
            base.definition.family(),
            "the family's latest revision",
        )
        .await;
    }
    Ok(bases)
}

/// The revisions that the services run, each once.
async fn of_services(context: &RunContext, services: &[Service]) -> Result<Vec<Base>, Failure> {
    let mut bases: Vec<Base> = Vec::new();
    for (index, service) in services.iter().enumerate() {
        let known = bases
            .iter_mut()
            .find(|base| base.arn.as_ref() == Some(&service.task_definition));
        if let Some(base) = known {
            base.services.push(index);
            continue;
        }
        let described = context
            .aws
            .task_definition(&service.task_definition)
            .await?;
        let definition = checked(&described)?;
        bases.push(Base {
            running: Some(definition.clone()),
            definition,
            arn: Some(described.arn),
            latest: None,
            services: vec![index],
        });
    }
    Ok(bases)
}

/// The one definition that the request names, for all services.
async fn named(
    context: &RunContext,
    journal: &mut Journal,
    source: &TaskDefinitionSource,
    services: &[Service],
) -> Result<Base, Failure> {
    let (definition, arn) = match source {
        TaskDefinitionSource::File(path) => (read(context, path).await?, None),
        source => {
            let which = source.described_as().unwrap_or_default();
            let described = context.aws.task_definition(&which).await.map_err(|error| {
                let is_slip = matches!(error.kind, AwsErrorKind::NotFound | AwsErrorKind::Refused);
                let failure = Failure::from(error);
                if !is_slip {
                    return failure;
                }
                Failure {
                    outcome: Outcome::Invalid,
                    ..failure.help(format!("check `task-definition`: `{which}` must be an ACTIVE family or revision in this region"))
                }
            })?;
            (checked(&described)?, Some(described.arn))
        }
    };
    let running = match services.first() {
        Some(service) => {
            compared(
                context,
                journal,
                &service.task_definition,
                "the revision that runs",
            )
            .await
        }
        None => None,
    };
    Ok(Base {
        definition,
        arn,
        running,
        latest: None,
        services: (0..services.len()).collect(),
    })
}

/// A revision to compare with. It may be missing or not to be had: the run goes on without, and says
/// so.
async fn compared(
    context: &RunContext,
    journal: &mut Journal,
    which: &str,
    what: &str,
) -> Option<Definition> {
    let reads = context.aws.before_a_deploy();
    let read = reads.aws.task_definition(which);
    match reads.ask(&["ecs:DescribeTaskDefinition"], read).await {
        Ok(described) => checked(&described).ok(),
        // A family that is new has none.
        Err(missed) if missed.error.is_about_subject() => None,
        Err(Missed { error, .. }) => {
            let line = format!("task definition: not compared with {what}");
            journal.line(&match reads.is_news(&error) {
                true => format!("{line}: {error}"),
                false => format!("{line} either"),
            });
            None
        }
    }
}

fn checked(described: &Described) -> Result<Definition, Failure> {
    Definition::from_value(&described.arn, described.document.clone())
        .map_err(|error| Failure::invalid(error.to_string()))
}

async fn read(context: &RunContext, path: &str) -> Result<Definition, Failure> {
    // One byte more than is allowed tells a file that is too long.
    let most = taskdef::MAX_BYTES as u64 + 1;
    let read = files::read(&context.workspace, path, most).await;
    let text = read.map_err(|why| {
        Failure::invalid(format!("the task definition `{path}` can't be read: {why}"))
            .help("`task-definition` is a file of the workspace (run `actions/checkout` before), a family, `family:revision` or an ARN")
    })?;
    Definition::parse(path, &text).map_err(|error| Failure::invalid(error.to_string()))
}
