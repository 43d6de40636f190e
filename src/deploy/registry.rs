//! What ECR holds: a repository, the image under a tag, and what that image is for.
//!
//! It only reads. What isn't needed may be missing: the run goes on without, and says so.

use super::pinned::{EcrPlace, Pinned};
use super::platform::{self, ImagePlatforms, wrong_platform};
use crate::aws::{AwsError, EcrImage, Missed};
use crate::failure::Failure;
use crate::image::{Digest, Platform};
use crate::report::ImageReport;
use crate::request::Repository as Named;
use crate::run::{Journal, RunContext};

/// Tags that are listed when the one asked for isn't there.
const TAGS_LISTED: usize = 10;

/// An image that ECR holds.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The tag or the digest that it was asked for by.
    pub(super) which: String,
    /// By ECR: `sha256:…`.
    pub(super) digest: String,
    /// What it is for; empty where that can't be known.
    platforms: Vec<Platform>,
}

impl Held {
    /// The image that ECR found by `which`.
    pub(super) async fn of(
        journal: &mut Journal,
        place: &EcrPlace,
        which: &str,
        found: &EcrImage,
    ) -> Held {
        Held {
            which: which.to_owned(),
            digest: found.digest.clone(),
            platforms: platforms(journal, place, found).await,
        }
    }

    /// What it is for, and what is wanted and it isn't for.
    pub(super) fn misfit<'p>(
        &'p self,
        wanted: &'p [Platform],
    ) -> Option<(&'p Platform, &'p Platform)> {
        let is_for = |wanted: &&Platform| self.platforms.iter().any(|one| one.satisfies(wanted));
        let missing = wanted.iter().find(|wanted| !is_for(wanted))?;
        Some((self.platforms.first()?, missing))
    }

    /// The image of this repository, pinned.
    ///
    /// # Errors
    /// It is for another platform than is wanted, or what ECR calls its digest is none.
    pub(super) fn pinned(
        self,
        repository_uri: &str,
        wanted: &[Platform],
    ) -> Result<Pinned, Failure> {
        let which = self.which.as_str();
        if let Some((is, wanted)) = self.misfit(wanted) {
            return Err(wrong_platform(which, is, wanted));
        }
        let of_image = |wanted: &Platform| self.platforms.iter().find(|one| one.satisfies(wanted));
        let digest: Digest = self.digest.parse().map_err(|_| {
            Failure::error(format!(
                "ECR answers `{}` as the digest of `{which}`, which is none",
                self.digest
            ))
        })?;
        let tag = match which.starts_with("sha256:") {
            true => "",
            false => which,
        };
        let platform = wanted.first().and_then(of_image);
        let image = ImageReport {
            reference: format!("{repository_uri}@{digest}"),
            digest: digest.to_string(),
            tag: tag.to_owned(),
            platform: platform.map(ToString::to_string).unwrap_or_default(),
            built: false,
            pushed: false,
        };
        Ok(Pinned {
            image,
            platforms: self.platforms,
        })
    }
}

/// The repository that was named, as ECR answers, and the clients of its region.
///
/// # Errors
/// It isn't there, or can't be read.
pub(super) async fn repository(context: &RunContext, named: &Named) -> Result<EcrPlace, Failure> {
    let aws = named.region().map_or_else(
        || context.aws.clone(),
        |region| context.aws.in_region(region),
    );
    let found = aws.repository(&named.name, named.account()).await.map_err(|error| {
        let missing = error.code.as_deref() == Some("RepositoryNotFoundException");
        let failure = Failure::from(error);
        if missing {
            failure.help(format!("create it (`aws ecr create-repository --repository-name {}`), or correct `repository` and `aws-region`", named.name))
        } else {
            failure
        }
    })?;
    Ok(EcrPlace {
        aws,
        repository: found,
    })
}

/// The failure where a repository doesn't hold `which`, with the tags that it has.
pub(super) async fn no_such_tag(place: &EcrPlace, which: &str) -> Failure {
    let failure = Failure::invalid(format!(
        "repository `{}` holds no image `{which}`",
        place.repository.name
    ));
    let reads = place.aws.before_a_deploy();
    let read = reads.aws.newest_tags(&place.repository, TAGS_LISTED);
    match reads.ask(&["ecr:DescribeImages"], read).await {
        Ok(tags) if tags.is_empty() => {
            failure.help("the repository holds no tagged image yet: build one first")
        }
        Ok(tags) => failure.help(format!("the newest tags are: {}", tags.join(", "))),
        Err(Missed { error, .. }) => {
            failure.help(format!("the tags there are could not be listed: {error}"))
        }
    }
}

/// What ECR's image is for; nothing where that can't be known.
async fn platforms(journal: &mut Journal, place: &EcrPlace, found: &EcrImage) -> Vec<Platform> {
    let reads = place.aws.before_a_deploy();
    let read = platform::of(&reads.aws, &place.repository, found);
    match reads.ask(&["ecr:GetDownloadUrlForLayer"], read).await {
        Ok(ImagePlatforms::One(platform)) => vec![platform],
        Ok(ImagePlatforms::Several(platforms)) => platforms,
        Ok(ImagePlatforms::NotTold) => Vec::new(),
        Err(Missed { error, .. }) => {
            if reads.is_news(&error) {
                journal.warning(&format!(
                    "the platform of the image is not checked: {error}"
                ));
            }
            Vec::new()
        }
    }
}

/// The tag's image; where that can't be had, the build goes on as if there were none.
///
/// # Errors
/// ECR says that it can't be asked so.
pub(super) async fn tag_in(
    journal: &mut Journal,
    place: &EcrPlace,
    tag: &str,
) -> Result<Option<EcrImage>, AwsError> {
    let reads = place.aws.before_a_deploy();
    let read = reads.aws.image(&place.repository, tag);
    match reads.ask(&["ecr:BatchGetImage"], read).await {
        Ok(found) => Ok(found),
        Err(missed) if missed.error.is_about_subject() => Err(missed.error),
        Err(Missed { error, .. }) => {
            if reads.is_news(&error) {
                let (short, name) = (error.in_short(), &place.repository.name);
                journal.line(&format!(
                    "{short}: whether `{name}` holds tag `{tag}` already isn't known"
                ));
            }
            Ok(None)
        }
    }
}
