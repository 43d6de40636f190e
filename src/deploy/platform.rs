//! Which platform the tasks run on, and which an image in ECR is for: its list says it, else its
//! configuration. It compares the two, and changes nothing.

use serde_json::Value;

use super::base::Base;
use crate::aws::{Aws, AwsError, EcrImage, EcrRepository, json_once};
use crate::capacity::Source;
use crate::failure::Failure;
use crate::image::Platform;
use crate::request::{ImageSource, Request};
use crate::snapshot::{Instance, Service};
use crate::survey::Survey;
use crate::taskdef::Definition;

/// The platforms that the image must have: the one that is asked for, else those that the
/// definitions run on, else `linux/amd64`. Never none, and rarely more than one.
///
/// # Errors
/// Another one is asked for than a definition runs on.
pub(super) fn wanted(
    request: &Request,
    services: &[Service],
    bases: &[Base],
) -> Result<Vec<Platform>, Failure> {
    let given = match request.platform.as_deref() {
        Some(text) => Some(
            text.parse::<Platform>()
                .map_err(|error| Failure::invalid(error.to_string()))?,
        ),
        None => None,
    };
    let mut wanted: Vec<Platform> = Vec::new();
    for base in bases {
        let Some((own, why)) = runs_on(base, services) else {
            continue;
        };
        if let Some(given) = &given
            && request.image != ImageSource::AsIs
            && !given.satisfies(&own)
        {
            return Err(Failure::invalid(format!(
                "`platform` is {given}, and the task definition `{}` runs on {own}: {why}",
                base.definition.family()
            ))
            .help(format!("set `platform: {own}`, or the task definition's `runtimePlatform` (`cpuArchitecture` is `X86_64` or `ARM64`)")));
        }
        if !wanted.contains(&own) {
            wanted.push(own);
        }
    }
    Ok(match given {
        Some(given) => vec![given],
        None if wanted.is_empty() => vec![Platform::linux_amd64()],
        None => wanted,
    })
}

/// The one platform to build for.
///
/// # Errors
/// The services run on more than one.
pub(super) fn only(wanted: &[Platform]) -> Result<Platform, Failure> {
    let [first, more @ ..] = wanted else {
        return Ok(Platform::linux_amd64());
    };
    match more.first() {
        None => Ok(first.clone()),
        Some(second) => Err(Failure::invalid(format!(
            "the task definitions of the services run on {first} and on {second}, and one image is built for one platform"
        ))
        .help("deploy the services of each platform in a run of their own")),
    }
}

/// What a definition runs on, with the reason; none where it may be anything.
fn runs_on(base: &Base, services: &[Service]) -> Option<(Platform, &'static str)> {
    let definition = &base.definition;
    let windows = is_windows(definition);
    let fargate = base
        .services
        .iter()
        .any(|&index| services[index].on_fargate())
        || definition.requires_compatibilities() == ["FARGATE"];
    let said = "its `runtimePlatform` says so";
    let (architecture, why) = match definition.cpu_architecture() {
        Some("ARM64") => ("arm64", said),
        Some("X86_64") => ("amd64", said),
        Some(_) => return None,
        None if windows => ("amd64", said),
        None if fargate => (
            "amd64",
            "Fargate takes `X86_64` where `runtimePlatform` doesn't say",
        ),
        None => return None,
    };
    let os = if windows { "windows" } else { "linux" };
    Some((Platform::of(os, architecture, None), why))
}

fn is_windows(definition: &Definition) -> bool {
    let family = definition.operating_system();
    family.is_some_and(|family| family.starts_with("WINDOWS"))
}

/// The image can't run where the task goes.
pub(super) fn wrong_platform(which: &str, is: &Platform, wanted: &Platform) -> Failure {
    Failure::invalid(format!(
        "image `{which}` is for {is}, but the tasks need {wanted}"
    ))
    .help(format!(
        "build it for {wanted}, or change what the tasks run on: `runtimePlatform` in the task definition; `platform: {is}` is enough only on EC2 instances where the task definition names no architecture"
    ))
}

/// Whether an image runs on the instances that its tasks may land on.
#[derive(Debug)]
pub(super) enum Landing {
    Fine,
    /// A line that says why it can't be known.
    NotChecked(String),
    /// On some it doesn't.
    Mixed(String),
}

/// Compares an image's platforms with the architectures of the instances that ECS may choose. Where
/// the definition names an architecture ECS chooses by that, and the forecast says what comes of it.
///
/// # Errors
/// The image runs on none of them.
pub(super) fn landing(
    survey: &Survey,
    service: &Service,
    definition: &Definition,
    platforms: &[Platform],
) -> Result<Landing, Failure> {
    if service.on_fargate() || definition.cpu_architecture().is_some() || is_windows(definition) {
        return Ok(Landing::Fine);
    }
    let mut unread = survey.unread.iter();
    if unread.any(|one| one.what == Source::Instances) {
        // The forecast says why.
        return Ok(Landing::NotChecked(format!(
            "service `{}`: not checked whether the image runs on the instances' architecture, because the instances can't be read",
            service.name
        )));
    }
    let suits = |instance: &Instance| {
        let Some(own) = instance.attribute("ecs.cpu-architecture") else {
            return true;
        };
        platforms
            .iter()
            .any(|one| one.architecture() == in_oci(own))
    };
    let open: Vec<&Instance> = survey
        .instances
        .iter()
        .filter(|instance| may_land(survey, service, instance))
        .collect();
    let Some(wrong) = open.iter().find(|instance| !suits(instance)) else {
        return Ok(Landing::Fine);
    };
    let architecture = wrong.attribute("ecs.cpu-architecture").unwrap_or_default();
    let count = open.iter().filter(|instance| !suits(instance)).count();
    let is: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    let is = is.join(", ");
    let what = |which: &str| {
        format!(
            "the image is for {is}, and {which} of service `{}` {} {architecture}",
            service.name,
            if count == 1 { "is" } else { "are" },
        )
    };
    let grows = survey.providers.iter().any(|provider| {
        let mut items = service.capacity_providers.iter();
        provider.managed_scaling && items.any(|item| item.provider == provider.name)
    });
    if count < open.len() || grows {
        return Ok(Landing::Mixed(format!(
            "{}: tasks that land there end with `exec format error`; set `runtimePlatform.cpuArchitecture` in the task definition, and ECS leaves those instances out",
            what(&format!("{count} of the {} instances", open.len()))
        )));
    }
    let which = match count {
        1 => "the only instance".to_owned(),
        count => format!("all {count} instances"),
    };
    Err(Failure::invalid(what(&which)).help(format!(
        "set `platform: linux/{}` and build the image for it, or add instances of the image's architecture",
        in_oci(architecture)
    )))
}

/// Whether ECS may place the service's tasks there, as far as it doesn't depend on room.
fn may_land(survey: &Survey, service: &Service, instance: &Instance) -> bool {
    let mut providers = service.capacity_providers.iter();
    let own = instance.capacity_provider.as_deref();
    let external = instance.attributes.contains_key("ecs.capability.external");
    instance.status == "ACTIVE"
        && (service.capacity_providers.is_empty()
            || providers.any(|item| Some(item.provider.as_str()) == own))
        && external == (service.launch_type.as_deref() == Some("EXTERNAL"))
        && survey
            .member_of
            .get(&service.name)
            .is_none_or(|matching| matching.contains(&instance.arn))
}

/// ECS's word for an architecture as image configurations have it.
fn in_oci(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        other => other,
    }
}

/// What an image is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ImagePlatforms {
    One(Platform),
    /// A list of images; never empty.
    Several(Vec<Platform>),
    /// The manifest doesn't say it, or is of a kind that isn't known.
    NotTold,
}

/// Reads the manifest, and for a single image its configuration.
///
/// # Errors
/// The configuration can't be read.
pub(super) async fn of(
    aws: &Aws,
    repository: &EcrRepository,
    image: &EcrImage,
) -> Result<ImagePlatforms, AwsError> {
    let Some(manifest) = json_once(image.manifest.as_bytes()) else {
        return Ok(ImagePlatforms::NotTold);
    };
    if let Some(list) = manifest.get("manifests").and_then(Value::as_array) {
        let platforms: Vec<Platform> = list
            .iter()
            .filter_map(|entry| platform(entry.get("platform")?))
            .collect();
        return Ok(if platforms.is_empty() {
            ImagePlatforms::NotTold
        } else {
            ImagePlatforms::Several(platforms)
        });
    }
    let Some(digest) = manifest.pointer("/config/digest").and_then(Value::as_str) else {
        return Ok(ImagePlatforms::NotTold);
    };
    let url = aws.blob_url(repository, digest).await?;
    let configuration = json_once(&aws.blob(&url).await?);
    Ok(configuration
        .as_ref()
        .and_then(platform)
        .map_or(ImagePlatforms::NotTold, ImagePlatforms::One))
}

/// From `os`, `architecture` and `variant`. Attestations are listed as `unknown/unknown`.
fn platform(value: &Value) -> Option<Platform> {
    let text = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty() && *text != "unknown")
    };
    Some(Platform::of(
        text("os")?,
        text("architecture")?,
        text("variant"),
    ))
}
