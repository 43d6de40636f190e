//! An image that can't be pulled: not there, not allowed, too often, no room.

use crate::aws_text::{Says, names};
use crate::cause::{CauseKind, Remedy};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::observations_of_kind::ObservationsOfKind;
use crate::diagnosis::words::{advise, argument, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::ImagePull,
    description: "an image could not be pulled",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html",
    check,
};

/// What the registry or the engine says, what it means, and what to do.
/// The first that holds wins; `{image}` becomes the image.
const WORDS: &[(Says, &str, &str)] = &[
    (
        Says::PullLimit,
        "the registry limits pulls, and {image} is over that limit",
        "pull through ECR (a pull-through cache, or a copy in a repository of this account), or log in to the registry",
    ),
    (
        Says::DiskFull,
        "the disk has no space left for {image}",
        "free space (`docker system prune` on the instance), or give it a larger volume or more ephemeral storage",
    ),
    (
        Says::PullDenied,
        "the registry doesn't have {image}, or doesn't let this task see it",
        "check the repository's name, account and region, and the credentials (`repositoryCredentials`) of a private registry",
    ),
    (
        Says::PullScope,
        "the registry doesn't let this task see {image}",
        "check the repository's name, account and region, and the credentials (`repositoryCredentials`) of a private registry",
    ),
    (
        Says::NoLogin,
        "the registry asks for a login that the task doesn't have: {image}",
        "for ECR, check the execution role (Fargate) or the instance role (EC2); for another registry, `repositoryCredentials`",
    ),
    (
        Says::PullForbidden,
        "the registry refuses {image}",
        "allow `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer` to the role that pulls, and in the repository's policy for another account",
    ),
    (
        Says::ManifestUnknown,
        "the repository has no image {image}",
        "push that tag or digest, or deploy one that exists",
    ),
    (
        Says::LayerNotRead,
        "a layer of {image} could not be read from where the registry keeps it",
        "look at the status code: 403 is most often the policy of an S3 endpoint, 429 a limit of the registry",
    ),
    (
        Says::EngineCrashed,
        "the engine failed while it pulled {image}, most often for lack of a way to S3",
        "check the S3 gateway endpoint, its policy, and the security group",
    ),
    (
        Says::NotUnpacked,
        "{image} could not be unpacked: it is broken, or larger than the space for it",
        "build and push it again; on Fargate, raise `ephemeralStorage`",
    ),
    (
        Says::PullCancelled,
        "the pull of {image} took too long",
        "make the image smaller, or look at the way to the registry (NAT gateway, endpoints)",
    ),
    (
        Says::NotFound,
        "the repository or the tag doesn't exist: {image}",
        "push that tag or digest, or deploy one that exists",
    ),
];

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::ImagePull)?;
    let image = image_of(&observed).map_or_else(|| "the image".to_owned(), code);
    let known = WORDS.iter().find(|(said, _, _)| observed.says(*said));
    let (message, remedy) = match known {
        Some((_, meaning, remedy)) => (meaning.replace("{image}", &image), (*remedy).to_owned()),
        None => (
            format!("{image} could not be pulled"),
            "read AWS's text below: it ends with what the registry said".to_owned(),
        ),
    };
    let mut remedies: Vec<Remedy> = vec![advise(remedy)];
    if let Some(check) = image_of(&observed).and_then(ask_ecr) {
        remedies.push(check);
    }
    Some(observed.found(message, remedies))
}

/// The image that AWS's text names, else that of the container.
pub(super) fn image_of<'a>(observed: &ObservationsOfKind<'_, 'a>) -> Option<&'a str> {
    names::image(observed.text())
        .or_else(|| observed.container().map(|one| one.image.as_str()).filter(|image| !image.is_empty()))
}

/// The command that shows whether ECR has the image.
fn ask_ecr(image: &str) -> Option<Remedy> {
    let (host, rest) = image.split_once('/')?;
    let mut parts = host.split('.');
    let (account, region) = (parts.next()?, host.split(".dkr.ecr.").nth(1)?.split('.').next()?);
    let (repository, id) = match rest.split_once('@') {
        Some((repository, digest)) => (repository, format!("imageDigest={digest}")),
        None => {
            let (repository, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
            (repository, format!("imageTag={tag}"))
        }
    };
    let (account, region) = (argument(account), argument(region));
    let (repository, id) = (argument(repository), argument(&id));
    Some(advise(format!(
        "see what ECR has: {}",
        code(&format!(
            "aws ecr describe-images --registry-id {account} --region {region} --repository-name {repository} --image-ids {id}"
        )),
    )))
}
