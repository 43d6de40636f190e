//! Which image is deployed: one that exists, found and pinned to its digest, or one that this run is
//! to build and push. It only reads; `build` builds.

mod existing;

use super::pinned::{BuildJob, Images};
use super::platform;
use super::registry::{self, Held};
use crate::aws::EcrRepository;
use crate::failure::Failure;
use crate::image::Platform;
use crate::request::{BuildSpec, ImageSource};
use crate::run::{Journal, RunContext};

/// Finds what the request names; nothing is built yet. `wanted` are the platforms that the image must
/// have, never none.
///
/// # Errors
/// The image isn't there, is for another platform, or its repository can't be read.
pub(super) async fn find<'a>(
    context: &'a RunContext,
    journal: &mut Journal,
    wanted: &[Platform],
) -> Result<Images<'a>, Failure> {
    match &context.request.image {
        ImageSource::AsIs => Ok(Images::Kept),
        ImageSource::Existing(reference) => {
            let pinned = existing::existing(context, journal, reference, wanted).await?;
            journal.image_is(pinned.image.clone());
            Ok(Images::One(pinned))
        }
        ImageSource::Images(list) => {
            let mut images = Vec::with_capacity(list.len());
            for (container, reference) in list {
                let pinned = existing::existing(context, journal, reference, wanted).await?;
                journal.first_image_is(pinned.image.clone());
                images.push((container.clone(), pinned));
            }
            Ok(Images::PerContainer(images))
        }
        ImageSource::Tag { repository, tag } => {
            let place = registry::repository(context, repository).await?;
            let Some(found) = place.aws.image(&place.repository, tag).await? else {
                return Err(registry::no_such_tag(&place, tag).await);
            };
            let held = Held::of(journal, &place, tag, &found).await;
            let pinned = held.pinned(&place.repository.uri, wanted)?;
            journal.line(&format!(
                "image: `{tag}` of `{}` is {}",
                place.repository.name, pinned.image.reference
            ));
            journal.image_is(pinned.image.clone());
            Ok(Images::One(pinned))
        }
        ImageSource::Build(spec) => built(context, journal, spec, wanted).await,
    }
}

/// The image of a build: there already where the tag is, else to be built.
async fn built<'a>(
    context: &RunContext,
    journal: &mut Journal,
    spec: &'a BuildSpec,
    wanted: &[Platform],
) -> Result<Images<'a>, Failure> {
    let place = registry::repository(context, &spec.repository).await?;
    let name = &place.repository.name;
    let first = spec.tags.first().map(String::as_str).unwrap_or_default();
    let mut is_absent = false;
    if spec.skip_existing {
        match registry::tag_in(journal, &place, first).await? {
            Some(found) => {
                let held = Held::of(journal, &place, first, &found).await;
                if let Some((is, wanted)) = held.misfit(wanted) {
                    journal.line(&format!(
                        "image: tag `{first}` is in `{name}` already, for {is}: it is built for {wanted}"
                    ));
                } else {
                    let pinned = held.pinned(&place.repository.uri, wanted)?;
                    journal.line(&format!(
                        "image: tag `{first}` is in `{name}` already: no build, no push"
                    ));
                    journal.image_is(pinned.image.clone());
                    return Ok(Images::One(pinned));
                }
            }
            None => is_absent = true,
        }
    }
    if place.repository.immutable_tags {
        for tag in spec.tags.iter().skip(usize::from(is_absent)) {
            if registry::tag_in(journal, &place, tag).await?.is_some() {
                return Err(taken(&place.repository, tag));
            }
        }
    }
    Ok(Images::ToBuild(Box::new(BuildJob {
        place,
        spec,
        platform: platform::only(wanted)?,
    })))
}

/// What is built would be refused by the registry.
fn taken(repository: &EcrRepository, tag: &str) -> Failure {
    let name = &repository.name;
    Failure::invalid(format!(
        "tag `{tag}` is in repository `{name}` already, and can't be pushed again: the repository is immutable"
    ))
    .help(format!(
        "push under another tag, or deploy the image that is there with `image-tag: {tag}`"
    ))
    .help(format!(
        "if a push that was cut off left the tag, delete it: `aws ecr batch-delete-image --repository-name {name} --image-ids imageTag={tag}`"
    ))
}
