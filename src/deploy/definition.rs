//! Which task definition each service starts from, and what becomes of it.

use serde_json::Value;

use super::image::Images;
use super::one_off;
use crate::aws::Described;
use crate::failure::Failure;
use crate::image::ImageRef;
use crate::plan::{DefinitionPlan, Plan, Update};
use crate::request::{Request, TaskDefinitionSource};
use crate::run::Run;
use crate::snapshot::Service;
use crate::taskdef::{self, Definition};

/// A file that holds a task definition is a few kilobytes; ECS takes 64 KiB.
const FILE_MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Where the new revision of one or more services starts.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) definition: Definition,
    /// ARN, where it is a revision that exists.
    pub(super) arn: Option<String>,
    /// The revision that the service runs, for the comparison; the base itself where it is that.
    pub(super) running: Option<Definition>,
    /// The services that start from it, by their place in the request.
    pub(super) services: Vec<usize>,
}

impl Base {
    /// The platform that the definition asks for.
    pub(super) fn runs_on(&self) -> Option<&'static str> {
        match self.definition.cpu_architecture() {
            Some("ARM64") => Some("linux/arm64"),
            Some("X86_64") => Some("linux/amd64"),
            _ => None,
        }
    }
}

/// A revision that is registered.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) arn: String,
    pub(super) document: Value,
    /// Whether this run registered it.
    pub(super) registered: bool,
}

/// Reads the distinct definitions that the services start from.
pub(super) async fn bases(
    run: &Run,
    request: &Request,
    services: &[Service],
) -> Result<Vec<Base>, Failure> {
    if request.task_definition == TaskDefinitionSource::Service {
        let mut bases: Vec<Base> = Vec::new();
        for (index, service) in services.iter().enumerate() {
            if let Some(base) = bases
                .iter_mut()
                .find(|base| base.arn.as_ref() == Some(&service.task_definition))
            {
                base.services.push(index);
                continue;
            }
            let described = run.aws.task_definition(&service.task_definition).await?;
            let definition = checked(&described)?;
            bases.push(Base {
                running: Some(definition.clone()),
                definition,
                arn: Some(described.arn),
                services: vec![index],
            });
        }
        return Ok(bases);
    }
    let (definition, arn) = match &request.task_definition {
        TaskDefinitionSource::File(path) => (read(run, path)?, None),
        source => {
            let which = source.described_as().unwrap_or_default();
            let described = run.aws.task_definition(&which).await.map_err(|error| {
                let failure = Failure { outcome: crate::report::Outcome::Invalid, ..Failure::from(error.clone()) };
                if error.is_denied() { Failure::from(error) } else { failure.help(format!("check `task-definition`: `{which}` must be an ACTIVE family or revision in this region")) }
            })?;
            (checked(&described)?, Some(described.arn))
        }
    };
    let running = match services.first() {
        Some(service) => run
            .aws
            .task_definition(&service.task_definition)
            .await
            .ok()
            .and_then(|described| checked(&described).ok()),
        None => None,
    };
    Ok(vec![Base {
        definition,
        arn,
        running,
        services: (0..services.len()).collect(),
    }])
}

fn checked(described: &Described) -> Result<Definition, Failure> {
    Definition::from_value(&described.arn, described.document.clone())
        .map_err(|error| Failure::invalid(error.to_string()))
}

fn read(run: &Run, path: &str) -> Result<Definition, Failure> {
    let full = run.workspace.join(path);
    let failed = |error: std::io::Error| {
        Failure::invalid(format!("the task definition `{path}` can't be read: {error}"))
            .help("`task-definition` is a file of the workspace (run `actions/checkout` before), a family, `family:revision` or an ARN")
    };
    let size = std::fs::metadata(&full).map_err(failed)?.len();
    if size > FILE_MAX_BYTES {
        return Err(Failure::invalid(format!(
            "the task definition `{path}` has {size} bytes; more than {FILE_MAX_BYTES} are not read"
        )));
    }
    let text = std::fs::read(&full).map_err(failed)?;
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

/// What edits change (images, variables, labels, commands) never decides whether it suits.
fn suits(services: &[Service], base: &Base) -> Result<(), Failure> {
    let problems: Vec<String> = base
        .services
        .iter()
        .flat_map(|&index| taskdef::unsuited(&base.definition, &services[index]))
        .collect();
    match problems.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::invalid(one.clone())),
        [first, more @ ..] => Err(Failure {
            help: more.to_vec(),
            ..Failure::invalid(first.clone())
        }),
    }
}

/// The containers that get an image, each with its reference.
pub(super) fn images_of(
    request: &Request,
    base: &Base,
    images: &Images<'_>,
) -> Result<Vec<(String, String)>, Failure> {
    let reference = match images {
        Images::Kept => return Ok(Vec::new()),
        Images::PerContainer(list) => return Ok(list.clone()),
        Images::One(_) | Images::ToBuild(_) => images.reference(),
    };
    // An image that is named in full is its repository's: the container that runs another of it is
    // meant.
    let own = || {
        reference
            .parse::<ImageRef>()
            .ok()
            .map(|reference| reference.repository().to_string())
    };
    let repository = request
        .repository
        .as_ref()
        .map(ToString::to_string)
        .or_else(own);
    let names = taskdef::resolve(&base.definition, &request.containers, repository.as_deref())
        .map_err(|error| Failure::invalid(error.to_string()))?;
    Ok(names
        .into_iter()
        .map(|name| (name, reference.clone()))
        .collect())
}

fn definition(
    request: &Request,
    base: &Base,
    images: &Images<'_>,
) -> Result<DefinitionPlan, Failure> {
    let mut edited = base.definition.clone();
    let refused = |error: &dyn std::fmt::Display| Failure::invalid(error.to_string());
    let images = images_of(request, base, images)?;
    for (container, reference) in &images {
        taskdef::set_image(&mut edited, container, reference).map_err(|error| refused(&error))?;
    }
    if !request.edits.is_empty() {
        let names = if request.edits.touch_containers() {
            taskdef::resolve(
                &base.definition,
                &request.containers,
                request
                    .repository
                    .as_ref()
                    .map(ToString::to_string)
                    .as_deref(),
            )
            .map_err(|error| refused(&error))?
        } else {
            Vec::new()
        };
        taskdef::apply(&mut edited, &names, &request.edits).map_err(|error| refused(&error))?;
    }
    let body = edited.register_body();
    if let Some(arn) = &base.arn
        && body == base.definition.register_body()
    {
        refuse_inactive(request, base, arn)?;
        return Ok(DefinitionPlan::Existing { arn: arn.clone() });
    }
    if let Some(running) = base
        .running
        .as_ref()
        .filter(|running| taskdef::same_definition(running.as_value(), &body))
        && let Some(arn) = running.arn()
    {
        return Ok(DefinitionPlan::Existing {
            arn: arn.to_owned(),
        });
    }
    let before = base.running.as_ref().unwrap_or(&base.definition);
    Ok(DefinitionPlan::Register {
        family: edited.family().to_owned(),
        changes: taskdef::changes(before, &edited, request.show_values),
        body,
    })
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
