//! Which image is deployed: one that exists, found and pinned to its digest, or one that is built
//! and pushed by this run.

use super::platform::{self, Found};
use super::{Run, build};
use crate::aws::{Aws, AwsError, EcrImage, Repository};
use crate::failure::Failure;
use crate::image::{Digest, ImageRef, Platform};
use crate::report::ImageReport;
use crate::request::{BuildSpec, ImageSource, Repository as Named, Request};

/// Tags that are listed when the one asked for isn't there.
const TAGS_LISTED: usize = 10;

/// The images of a run, by what they replace.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Images {
    /// The definition's own.
    Kept,
    /// One for the container or containers that the request means.
    One(String),
    PerContainer(Vec<(String, String)>),
}

/// Finds or builds what the request names. `wanted` is the platform that the image must have.
pub(super) async fn prepare(run: &mut Run, request: &Request, wanted: &Platform) -> Result<Images, Failure> {
    match &request.image {
        ImageSource::AsIs => Ok(Images::Kept),
        ImageSource::Existing(reference) => {
            let image = existing(run, reference, wanted).await?;
            let reference = image.reference.clone();
            run.report.image = Some(image);
            Ok(Images::One(reference))
        }
        ImageSource::Images(list) => {
            let mut images = Vec::with_capacity(list.len());
            for (container, reference) in list {
                let image = existing(run, reference, wanted).await?;
                images.push((container.clone(), image.reference.clone()));
                run.report.image.get_or_insert(image);
            }
            Ok(Images::PerContainer(images))
        }
        ImageSource::Tag { repository, tag } => {
            let (aws, repository) = self::repository(run, repository).await?;
            let Some(found) = aws.image(&repository, tag).await? else {
                return Err(no_such_tag(&aws, &repository, tag).await);
            };
            let image = checked(run, &aws, &repository, (tag, &found), wanted).await?;
            run.console.line(&format!("image: `{tag}` of `{}` is {}", repository.name, image.reference));
            let reference = image.reference.clone();
            run.report.image = Some(image);
            Ok(Images::One(reference))
        }
        ImageSource::Build(spec) => built(run, request, spec, wanted).await,
    }
}

/// ECR's answer for a repository that was named, and the clients of its region.
async fn repository(run: &Run, named: &Named) -> Result<(Aws, Repository), Failure> {
    let aws = named.region().map_or_else(|| run.aws.clone(), |region| run.aws.in_region(region));
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

/// Any reference that exists: pinned where ECR holds it, else taken as it was given.
async fn existing(run: &mut Run, given: &str, wanted: &Platform) -> Result<ImageReport, Failure> {
    let reference: ImageRef = given.parse().map_err(|error| Failure::invalid(format!("`{given}` is no image reference: {error}")))?;
    let as_given = ImageReport {
        reference: given.to_owned(),
        digest: reference.digest().map(ToString::to_string).unwrap_or_default(),
        tag: reference.tag().unwrap_or_default().to_owned(),
        ..ImageReport::default()
    };
    let host = reference.ecr();
    let aws = host.as_ref().map_or_else(|| run.aws.clone(), |host| run.aws.in_region(&host.region));
    let repository = match aws.repository(reference.path(), host.as_ref().map(|host| host.account.as_str())).await {
        // The same name in ECR is another repository unless its address is the one that was given.
        Ok(repository) if repository.uri == reference.repository().to_string() => repository,
        Err(error) if host.is_some() && !error.is_denied() => return Err(error.into()),
        answer => {
            let why = answer.err().map_or_else(|| "it is not in this account's ECR".to_owned(), |error| error.to_string());
            run.console.line(&format!("image: {given}, taken as it is ({why})"));
            return Ok(as_given);
        }
    };
    let which = reference.digest().map_or_else(|| reference.tag().unwrap_or("latest").to_owned(), ToString::to_string);
    let Some(found) = aws.image(&repository, &which).await? else {
        return Err(no_such_tag(&aws, &repository, &which).await);
    };
    let image = checked(run, &aws, &repository, (&which, &found), wanted).await?;
    run.console.line(&format!("image: {given} is {}", image.reference));
    Ok(ImageReport { tag: as_given.tag, ..image })
}

async fn no_such_tag(aws: &Aws, repository: &Repository, which: &str) -> Failure {
    let failure = Failure::invalid(format!("repository `{}` holds no image `{which}`", repository.name));
    match aws.newest_tags(repository, TAGS_LISTED).await {
        Ok(tags) if tags.is_empty() => failure.help("the repository holds no tagged image yet: build one first"),
        Ok(tags) => failure.help(format!("the newest tags are: {}", tags.join(", "))),
        Err(error) => failure.help(format!("the tags there are could not be listed: {error}")),
    }
}

/// An image that ECR holds, pinned, once its platform is known to be right.
async fn checked(
    run: &mut Run,
    aws: &Aws,
    repository: &Repository,
    (which, found): (&str, &EcrImage),
    wanted: &Platform,
) -> Result<ImageReport, Failure> {
    let platform = match platform::of(aws, repository, found).await {
        Ok(Found::One(platform)) => Some(platform),
        Ok(Found::Several(platforms)) => Some(platforms.iter().find(|one| one.satisfies(wanted)).unwrap_or(&platforms[0]).clone()),
        Ok(Found::NotTold) => None,
        Err(error) => {
            run.console.warning(&format!("the platform of the image is not checked: {error}"));
            None
        }
    };
    if let Some(platform) = platform.as_ref().filter(|platform| !platform.satisfies(wanted)) {
        return Err(wrong_platform(which, platform, wanted));
    }
    let digest: Digest = found.digest.parse().map_err(|_| Failure::error(format!("ECR answers `{}` as the digest of `{which}`, which is none", found.digest)))?;
    Ok(ImageReport {
        reference: format!("{}@{digest}", repository.uri),
        digest: digest.to_string(),
        tag: if which.starts_with("sha256:") { String::new() } else { which.to_owned() },
        platform: platform.map(|platform| platform.to_string()).unwrap_or_default(),
        built: false,
        pushed: false,
    })
}

/// The image can't run where the task goes.
pub(super) fn wrong_platform(which: &str, is: &Platform, wanted: &Platform) -> Failure {
    Failure::invalid(format!("image `{which}` is for {is}, and {wanted} is wanted"))
        .help(format!("build it for {wanted}, or set `platform: {is}` where the tasks run on such instances"))
}

async fn built(run: &mut Run, request: &Request, spec: &BuildSpec, wanted: &Platform) -> Result<Images, Failure> {
    let (aws, repository) = self::repository(run, &spec.repository).await?;
    let first = spec.tags.first().map(String::as_str).unwrap_or_default();
    if spec.skip_existing && let Some(found) = tag_in(&aws, &repository, first).await? {
        let image = checked(run, &aws, &repository, (first, &found), wanted).await?;
        run.console.line(&format!("image: tag `{first}` is in `{}` already: no build, no push", repository.name));
        let reference = image.reference.clone();
        run.report.image = Some(image);
        return Ok(Images::One(reference));
    }
    if request.dry_run {
        let reference = format!("{}:{first}", repository.uri);
        run.console.line(&format!("image: {reference} would be built and pushed"));
        run.report.image = Some(ImageReport { reference: reference.clone(), tag: first.to_owned(), platform: wanted.to_string(), ..ImageReport::default() });
        return Ok(Images::One(reference));
    }
    let image = build::build_and_push(run, (&aws, &repository), spec, wanted).await?;
    let reference = image.reference.clone();
    run.report.image = Some(image);
    Ok(Images::One(reference))
}

/// The tag's image; where it may not be asked for, the build goes on as if there were none.
async fn tag_in(aws: &Aws, repository: &Repository, tag: &str) -> Result<Option<EcrImage>, AwsError> {
    match aws.image(repository, tag).await {
        Err(error) if error.is_denied() => Ok(None),
        answer => answer,
    }
}
