//! Which containers of a definition the request means, for the image as for the edits. Pure.

use super::base::Base;
use super::pinned::Images;
use crate::failure::Failure;
use crate::image::ImageRef;
use crate::request::Request;
use crate::taskdef;

/// Which container gets which image: pairs of a container's name and an image's reference.
///
/// # Errors
/// The definition has no such container, or it isn't clear which one is meant.
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
                .map(|(container, pinned)| (container.clone(), pinned.image.reference.clone()))
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

/// The names of the containers that the request means, for the image as for the edits.
///
/// # Errors
/// The definition has no such container, or it isn't clear which one is meant.
pub(super) fn meant(
    request: &Request,
    base: &Base,
    images: &Images<'_>,
) -> Result<Vec<String>, Failure> {
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
