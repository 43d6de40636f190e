//! Which image is deployed: one that exists, found and pinned to its digest, or one that is built
//! and pushed by this run.

use super::build;
use super::platform::{self, Found};
use crate::aws::{Aws, AwsError, EcrImage, Missed, Repository};
use crate::failure::Failure;
use crate::image::{Digest, Platform};
use crate::report::ImageReport;
use crate::request::{BuildSpec, ImageSource, Repository as Named, Request};
use crate::run::Run;

mod existing;

use existing::existing;

/// Tags that are listed when the one asked for isn't there.
const TAGS_LISTED: usize = 10;

/// The images of a run, by what they replace.
#[derive(Clone, Debug)]
pub(super) enum Images<'a> {
    /// The definition's own.
    Kept,
    /// One for the container or containers that the request means.
    One(Pinned),
    PerContainer(Vec<(String, Pinned)>),
    /// One that is still to be built.
    ToBuild(Box<Job<'a>>),
}

/// An image that exists.
#[derive(Clone, Debug)]
pub(super) struct Pinned {
    /// By its digest, where the registry can be asked.
    pub(super) reference: String,
    /// What it is for; empty where that isn't known.
    platforms: Vec<Platform>,
}

/// An image that is to be built and pushed.
#[derive(Clone, Debug)]
pub(super) struct Job<'a> {
    aws: Aws,
    repository: Repository,
    spec: &'a BuildSpec,
    platform: Platform,
}

impl Images<'_> {
    /// The one reference, where it is one image for all.
    pub(super) fn reference(&self) -> String {
        match self {
            Images::One(image) => image.reference.clone(),
            Images::ToBuild(job) => job.reference(),
            Images::Kept | Images::PerContainer(_) => String::new(),
        }
    }

    /// The platforms of each image whose platforms are known.
    pub(super) fn platforms(&self) -> Vec<Vec<Platform>> {
        let all = match self {
            Images::Kept => Vec::new(),
            Images::One(image) => vec![image.platforms.clone()],
            Images::PerContainer(list) => {
                let images = list.iter();
                images.map(|(_, image)| image.platforms.clone()).collect()
            }
            Images::ToBuild(job) => vec![vec![job.platform.clone()]],
        };
        all.into_iter().filter(|known| !known.is_empty()).collect()
    }
}

impl Job<'_> {
    /// What the image will be called: the first tag, since the digest isn't known yet.
    pub(super) fn reference(&self) -> String {
        format!("{}:{}", self.repository.uri, self.tag())
    }

    pub(super) fn tag(&self) -> &str {
        self.spec
            .tags
            .first()
            .map(String::as_str)
            .unwrap_or_default()
    }

    pub(super) fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Builds and pushes; gives back the image, pinned.
    pub(super) async fn build(&self, run: &mut Run) -> Result<Pinned, Failure> {
        let place = (&self.aws, &self.repository);
        let image = build::build_and_push(run, place, self.spec, &self.platform).await?;
        let reference = image.reference.clone();
        run.report.image = Some(image);
        let platforms = vec![self.platform.clone()];
        Ok(Pinned {
            reference,
            platforms,
        })
    }
}

/// Finds what the request names; nothing is built yet. `wanted` are the platforms that the image must
/// have, never none.
pub(super) async fn find<'a>(
    run: &mut Run,
    request: &'a Request,
    wanted: &[Platform],
) -> Result<Images<'a>, Failure> {
    match &request.image {
        ImageSource::AsIs => Ok(Images::Kept),
        ImageSource::Existing(reference) => {
            let (image, pinned) = existing(run, reference, wanted).await?;
            run.report.image = Some(image);
            Ok(Images::One(pinned))
        }
        ImageSource::Images(list) => {
            let mut images = Vec::with_capacity(list.len());
            for (container, reference) in list {
                let (image, pinned) = existing(run, reference, wanted).await?;
                images.push((container.clone(), pinned));
                run.report.image.get_or_insert(image);
            }
            Ok(Images::PerContainer(images))
        }
        ImageSource::Tag { repository, tag } => {
            let (aws, repository) = self::repository(run, repository).await?;
            let Some(found) = aws.image(&repository, tag).await? else {
                return Err(no_such_tag(&aws, &repository, tag).await);
            };
            let (image, pinned) = checked(run, &aws, &repository, (tag, &found), wanted).await?;
            run.console.line(&format!(
                "image: `{tag}` of `{}` is {}",
                repository.name, image.reference
            ));
            run.report.image = Some(image);
            Ok(Images::One(pinned))
        }
        ImageSource::Build(spec) => built(run, spec, wanted).await,
    }
}

/// ECR's answer for a repository that was named, and the clients of its region.
async fn repository(run: &Run, named: &Named) -> Result<(Aws, Repository), Failure> {
    let aws = named
        .region()
        .map_or_else(|| run.aws.clone(), |region| run.aws.in_region(region));
    let found = aws.repository(&named.name, named.account()).await.map_err(|error| {
        let missing = error.code.as_deref() == Some("RepositoryNotFoundException");
        let failure = Failure::from(error);
        if missing {
            failure.help(format!("create it (`aws ecr create-repository --repository-name {}`), or mend `repository` and `aws-region`", named.name))
        } else {
            failure
        }
    })?;
    Ok((aws, found))
}

async fn no_such_tag(aws: &Aws, repository: &Repository, which: &str) -> Failure {
    let failure = Failure::invalid(format!(
        "repository `{}` holds no image `{which}`",
        repository.name
    ));
    let reads = aws.before_a_deploy();
    let read = reads.aws.newest_tags(repository, TAGS_LISTED);
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

/// An image that ECR holds, pinned, once its platform is known to be right.
async fn checked(
    run: &mut Run,
    aws: &Aws,
    repository: &Repository,
    (which, found): (&str, &EcrImage),
    wanted: &[Platform],
) -> Result<(ImageReport, Pinned), Failure> {
    let platforms = platforms(run, aws, repository, found).await;
    if let Some((is, wanted)) = unfit(&platforms, wanted) {
        return Err(wrong_platform(which, is, wanted));
    }
    pinned(repository, (which, found), (platforms, wanted))
}

/// What ECR's image is for; nothing where that can't be told.
async fn platforms(
    run: &mut Run,
    aws: &Aws,
    repository: &Repository,
    found: &EcrImage,
) -> Vec<Platform> {
    let reads = aws.before_a_deploy();
    let read = platform::of(&reads.aws, repository, found);
    match reads.ask(&["ecr:GetDownloadUrlForLayer"], read).await {
        Ok(Found::One(platform)) => vec![platform],
        Ok(Found::Several(platforms)) => platforms,
        Ok(Found::NotTold) => Vec::new(),
        Err(Missed { error, .. }) => {
            if reads.is_news(&error) {
                run.console.warning(&format!(
                    "the platform of the image is not checked: {error}"
                ));
            }
            Vec::new()
        }
    }
}

/// What an image is for, and what is wanted and it isn't for.
fn unfit<'p>(
    platforms: &'p [Platform],
    wanted: &'p [Platform],
) -> Option<(&'p Platform, &'p Platform)> {
    let is_for = |wanted: &&Platform| platforms.iter().any(|one| one.satisfies(wanted));
    let missing = wanted.iter().find(|wanted| !is_for(wanted))?;
    Some((platforms.first()?, missing))
}

fn pinned(
    repository: &Repository,
    (which, found): (&str, &EcrImage),
    (platforms, wanted): (Vec<Platform>, &[Platform]),
) -> Result<(ImageReport, Pinned), Failure> {
    let of_image = |wanted: &Platform| platforms.iter().find(|one| one.satisfies(wanted));
    let digest: Digest = found.digest.parse().map_err(|_| {
        Failure::error(format!(
            "ECR answers `{}` as the digest of `{which}`, which is none",
            found.digest
        ))
    })?;
    let reference = format!("{}@{digest}", repository.uri);
    let image = ImageReport {
        reference: reference.clone(),
        digest: digest.to_string(),
        tag: if which.starts_with("sha256:") {
            String::new()
        } else {
            which.to_owned()
        },
        platform: wanted
            .first()
            .and_then(of_image)
            .map(ToString::to_string)
            .unwrap_or_default(),
        built: false,
        pushed: false,
    };
    Ok((
        image,
        Pinned {
            reference,
            platforms,
        },
    ))
}

/// The image can't run where the task goes.
pub(super) fn wrong_platform(which: &str, is: &Platform, wanted: &Platform) -> Failure {
    Failure::invalid(format!(
        "image `{which}` is for {is}, and {wanted} is wanted"
    ))
    .help(format!(
        "build it for {wanted}, or set `platform: {is}` where the tasks run on such instances"
    ))
}

/// The image of a build: there already where the tag is, else to be built.
async fn built<'a>(
    run: &mut Run,
    spec: &'a BuildSpec,
    wanted: &[Platform],
) -> Result<Images<'a>, Failure> {
    let (aws, repository) = repository(run, &spec.repository).await?;
    let first = spec.tags.first().map(String::as_str).unwrap_or_default();
    let mut is_absent = false;
    if spec.skip_existing {
        match tag_in(run, &aws, &repository, first).await? {
            Some(found) => {
                let is = platforms(run, &aws, &repository, &found).await;
                let name = &repository.name;
                if let Some((is, wanted)) = unfit(&is, wanted) {
                    run.console.line(&format!(
                        "image: tag `{first}` is in `{name}` already, for {is}: it is built for {wanted}"
                    ));
                } else {
                    let (image, pinned) = pinned(&repository, (first, &found), (is, wanted))?;
                    run.console.line(&format!(
                        "image: tag `{first}` is in `{name}` already: no build, no push"
                    ));
                    run.report.image = Some(image);
                    return Ok(Images::One(pinned));
                }
            }
            None => is_absent = true,
        }
    }
    if repository.immutable_tags {
        for tag in spec.tags.iter().skip(usize::from(is_absent)) {
            if tag_in(run, &aws, &repository, tag).await?.is_some() {
                return Err(taken(&repository, tag));
            }
        }
    }
    Ok(Images::ToBuild(Box::new(Job {
        aws,
        repository,
        spec,
        platform: platform::only(wanted)?,
    })))
}

/// What is built would be refused by the registry.
fn taken(repository: &Repository, tag: &str) -> Failure {
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

/// The tag's image; where that can't be had, the build goes on as if there were none.
async fn tag_in(
    run: &mut Run,
    aws: &Aws,
    repository: &Repository,
    tag: &str,
) -> Result<Option<EcrImage>, AwsError> {
    let reads = aws.before_a_deploy();
    let read = reads.aws.image(repository, tag);
    match reads.ask(&["ecr:BatchGetImage"], read).await {
        Ok(found) => Ok(found),
        Err(missed) if missed.error.is_about_subject() => Err(missed.error),
        Err(Missed { error, .. }) => {
            if reads.is_news(&error) {
                let (short, name) = (error.in_short(), &repository.name);
                run.console.line(&format!(
                    "{short}: whether `{name}` holds tag `{tag}` already isn't known"
                ));
            }
            Ok(None)
        }
    }
}
