//! Which task definition each service starts from, and what becomes of it.

use std::io::Read as _;

use serde_json::Value;

use super::image::Images;
use super::one_off;
use crate::aws::{AwsErrorKind, Described, Missed};
use crate::failure::Failure;
use crate::image::ImageRef;
use crate::plan::{DefinitionPlan, Plan, Update};
use crate::report::Outcome;
use crate::request::{ImageSource, Request, TaskDefinitionSource};
use crate::run::Run;
use crate::snapshot::Service;
use crate::taskdef::{self, Definition, Unsuited};

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

/// A revision that is registered.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) arn: String,
    pub(super) document: Value,
    /// Whether this run registered it.
    pub(super) registered: bool,
}

/// Reads the distinct definitions that the services start from, and what they are compared with.
pub(super) async fn bases(
    run: &mut Run,
    request: &Request,
    services: &[Service],
) -> Result<Vec<Base>, Failure> {
    let mut bases = match &request.task_definition {
        TaskDefinitionSource::Service => of_services(run, services).await?,
        source => vec![named(run, source, services).await?],
    };
    let as_it_is = request.image == ImageSource::AsIs && request.edits.is_empty();
    for base in &mut bases {
        if as_it_is && base.arn.is_some() {
            continue;
        }
        base.latest = compared(
            run,
            base.definition.family(),
            "the family's latest revision",
        )
        .await;
    }
    Ok(bases)
}

/// The revisions that the services run, each once.
async fn of_services(run: &Run, services: &[Service]) -> Result<Vec<Base>, Failure> {
    let mut bases: Vec<Base> = Vec::new();
    for (index, service) in services.iter().enumerate() {
        let known = bases
            .iter_mut()
            .find(|base| base.arn.as_ref() == Some(&service.task_definition));
        if let Some(base) = known {
            base.services.push(index);
            continue;
        }
        let described = run.aws.task_definition(&service.task_definition).await?;
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
    run: &mut Run,
    source: &TaskDefinitionSource,
    services: &[Service],
) -> Result<Base, Failure> {
    let (definition, arn) = match source {
        TaskDefinitionSource::File(path) => (read(run, path)?, None),
        source => {
            let which = source.described_as().unwrap_or_default();
            let described = run.aws.task_definition(&which).await.map_err(|error| {
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
        Some(service) => compared(run, &service.task_definition, "the revision that runs").await,
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
async fn compared(run: &mut Run, which: &str, what: &str) -> Option<Definition> {
    let reads = run.aws.before_a_deploy();
    let read = reads.aws.task_definition(which);
    match reads.ask(&["ecs:DescribeTaskDefinition"], read).await {
        Ok(described) => checked(&described).ok(),
        // A family that is new has none.
        Err(missed) if missed.error.is_about_subject() => None,
        Err(Missed { error, .. }) => {
            let line = format!("task definition: not compared with {what}");
            run.console.line(&match reads.is_news(&error) {
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

fn read(run: &Run, path: &str) -> Result<Definition, Failure> {
    let failed = |error: std::io::Error| {
        Failure::invalid(format!("the task definition `{path}` can't be read: {error}"))
            .help("`task-definition` is a file of the workspace (run `actions/checkout` before), a family, `family:revision` or an ARN")
    };
    let file = std::fs::File::open(run.workspace.join(path)).map_err(failed)?;
    let mut text = Vec::new();
    // One byte more than is allowed tells a file that is too long; a device has no end.
    let most = taskdef::MAX_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut text).map_err(failed)?;
    Definition::parse(path, &text).map_err(|error| Failure::invalid(error.to_string()))
}

/// The whole plan: one definition per base, one update per service.
pub(super) fn plan(
    request: &Request,
    services: &[Service],
    bases: &[Base],
    images: &Images<'_>,
) -> Result<Plan, Failure> {
    let mut definitions = Vec::with_capacity(bases.len());
    for base in bases {
        definitions.push(definition(request, base, images)?);
    }
    for base in bases {
        suits(services, base)?;
    }
    let updates = services
        .iter()
        .enumerate()
        .map(|(index, service)| {
            let which = bases
                .iter()
                .position(|base| base.services.contains(&index))
                .unwrap_or(0);
            (which, update(request, service))
        })
        .collect();
    let mut plan = Plan {
        definitions,
        updates,
        one_off: None,
    };
    plan.one_off = one_off::plan(request, services, (bases, &plan), images)?;
    Ok(plan)
}

/// What edits change never decides whether a definition suits its services.
fn suits(services: &[Service], base: &Base) -> Result<(), Failure> {
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

fn definition(
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

/// Which container gets which image.
pub(super) fn placed(
    request: &Request,
    base: &Base,
    images: &Images<'_>,
) -> Result<Vec<(String, String)>, Failure> {
    match images {
        Images::Kept => Ok(Vec::new()),
        Images::PerContainer(list) => {
            let named: Vec<String> = list
                .iter()
                .map(|(container, _)| container.clone())
                .collect();
            taskdef::resolve(&base.definition, &named, None)
                .map_err(|error| Failure::invalid(error.to_string()))?;
            let pairs = list.iter();
            Ok(pairs
                .map(|(container, image)| (container.clone(), image.reference.clone()))
                .collect())
        }
        Images::One(_) | Images::ToBuild(_) => {
            let reference = images.reference();
            let names = meant(request, base, images)?;
            let pairs = names.into_iter();
            Ok(pairs.map(|name| (name, reference.clone())).collect())
        }
    }
}

/// The containers that the request means, for the image as for the edits.
fn meant(request: &Request, base: &Base, images: &Images<'_>) -> Result<Vec<String>, Failure> {
    // An image that is named in full is its repository's: the container that runs another of it is
    // meant.
    let own = || {
        let reference: ImageRef = images.reference().parse().ok()?;
        Some(reference.repository().to_string())
    };
    let given = request.repository.as_ref().map(ToString::to_string);
    taskdef::resolve(
        &base.definition,
        &request.containers,
        given.or_else(own).as_deref(),
    )
    .map_err(|error| Failure::invalid(error.to_string()))
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
    .help("name another revision, or register this one anew from a file"))
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
