//! The images of a run as values: pinned to a digest, taken as they were given, or still to be built.
//!
//! Nothing is read here, and nothing is built.

use crate::aws::{Aws, EcrRepository};
use crate::image::Platform;
use crate::report::ImageReport;
use crate::request::BuildSpec;

/// The images of a run, by what they replace.
#[derive(Clone, Debug)]
pub(super) enum Images<'a> {
    /// The definition's own.
    Kept,
    /// One for the container or containers that the request means.
    One(Pinned),
    /// Names of containers, and what each gets.
    PerContainer(Vec<(String, Pinned)>),
    /// One that is still to be built.
    ToBuild(Box<BuildJob<'a>>),
}

/// An image that exists.
#[derive(Clone, Debug)]
pub(super) struct Pinned {
    /// What the report says of it. Its reference is by digest, where the registry can be asked.
    pub(super) image: ImageReport,
    /// What it is for; empty where that isn't known.
    pub(super) platforms: Vec<Platform>,
}

/// A repository, and the clients of its region.
#[derive(Clone, Debug)]
pub(super) struct EcrPlace {
    pub(super) aws: Aws,
    pub(super) repository: EcrRepository,
}

/// An image that is to be built and pushed.
#[derive(Clone, Debug)]
pub(super) struct BuildJob<'a> {
    pub(super) place: EcrPlace,
    pub(super) spec: &'a BuildSpec,
    pub(super) platform: Platform,
}

impl Images<'_> {
    /// The one reference, where it is one image for all.
    pub(super) fn reference(&self) -> String {
        match self {
            Images::One(pinned) => pinned.image.reference.clone(),
            Images::ToBuild(job) => job.reference(),
            Images::Kept | Images::PerContainer(_) => String::new(),
        }
    }

    /// The platforms of each image whose platforms are known.
    pub(super) fn platforms(&self) -> Vec<Vec<Platform>> {
        let all = match self {
            Images::Kept => Vec::new(),
            Images::One(pinned) => vec![pinned.platforms.clone()],
            Images::PerContainer(list) => {
                let images = list.iter();
                images.map(|(_, pinned)| pinned.platforms.clone()).collect()
            }
            Images::ToBuild(job) => vec![vec![job.platform.clone()]],
        };
        all.into_iter().filter(|known| !known.is_empty()).collect()
    }
}

impl BuildJob<'_> {
    /// What the image will be called: the first tag, since the digest isn't known yet.
    pub(super) fn reference(&self) -> String {
        format!("{}:{}", self.place.repository.uri, self.tag())
    }

    /// The first tag.
    pub(super) fn tag(&self) -> &str {
        let first = self.spec.tags.first();
        first.map(String::as_str).unwrap_or_default()
    }

    /// What the report says of it before it is built.
    pub(super) fn planned(&self) -> ImageReport {
        ImageReport {
            reference: self.reference(),
            tag: self.tag().to_owned(),
            platform: self.platform.to_string(),
            ..ImageReport::default()
        }
    }
}
