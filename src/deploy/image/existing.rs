//! An image that is named in full: pinned to its digest where ECR holds it, else taken as it was
//! given.
//!
//! It only reads. What ECR doesn't hold is refused unless a pull may bring it there.

use super::super::pinned::{EcrPlace, Pinned};
use super::super::registry::{self, Held};
use crate::aws::{AwsError, EcrRepository, Missed, OptionalReads};
use crate::failure::Failure;
use crate::image::{EcrHost, ImageRef, Platform};
use crate::report::ImageReport;
use crate::run::{Journal, RunContext};

/// A reference into ECR, and how it is asked about.
struct InEcr<'a> {
    reference: &'a ImageRef,
    host: &'a EcrHost,
    reads: OptionalReads,
}

/// Any reference that exists.
///
/// # Errors
/// It is no reference, ECR doesn't hold it, or it is for another platform than is wanted.
pub(in crate::deploy) async fn existing(
    context: &RunContext,
    journal: &mut Journal,
    given: &str,
    wanted: &[Platform],
) -> Result<Pinned, Failure> {
    let reference: ImageRef = given
        .parse()
        .map_err(|error| Failure::invalid(format!("`{given}` is no image reference: {error}")))?;
    let as_given = as_given(given, &reference);
    let Some(host) = reference.ecr() else {
        journal.line(&format!(
            "image: {given} isn't in ECR and is taken as it is"
        ));
        return Ok(as_given);
    };
    let aws = context.aws.in_region(&host.region);
    let asked = InEcr {
        reference: &reference,
        host: &host,
        reads: aws.before_a_deploy(),
    };
    let Some(repository) = repository(journal, given, &asked).await? else {
        return Ok(as_given);
    };
    let place = EcrPlace { aws, repository };
    let Some(held) = held(journal, given, &asked, &place).await? else {
        return Ok(as_given);
    };
    let pinned = held.pinned(&place.repository.uri, wanted)?;
    let tag = as_given.image.tag;
    let image = ImageReport {
        tag,
        ..pinned.image
    };
    journal.line(&format!("image: {given} is {}", image.reference));
    Ok(Pinned { image, ..pinned })
}

fn as_given(given: &str, reference: &ImageRef) -> Pinned {
    let digest = reference.digest().map(ToString::to_string);
    Pinned {
        image: ImageReport {
            reference: given.to_owned(),
            digest: digest.unwrap_or_default(),
            tag: reference.tag().unwrap_or_default().to_owned(),
            ..ImageReport::default()
        },
        platforms: Vec::new(),
    }
}

/// ECR's repository of the reference; none where the reference is taken as it is.
async fn repository(
    journal: &mut Journal,
    given: &str,
    asked: &InEcr<'_>,
) -> Result<Option<EcrRepository>, Failure> {
    let (reference, reads) = (asked.reference, &asked.reads);
    let account = asked.host.account.as_str();
    let read = reads.aws.repository(reference.path(), Some(account));
    match reads.ask(&["ecr:DescribeRepositories"], read).await {
        // The same name in ECR is another repository unless its address is the one that was given.
        Ok(repository) if is_at(&repository.uri, reference) => Ok(Some(EcrRepository {
            uri: reference.repository().to_string(),
            ..repository
        })),
        Ok(repository) => {
            journal.line(&format!(
                "image: {given}, taken as it is (ECR's repository of that name is {})",
                repository.uri
            ));
            Ok(None)
        }
        Err(missed) if missed.error.is_about_subject() => {
            no_repository(journal, asked, missed.error).await?;
            Ok(None)
        }
        // Another account's repository often lets its images be read, and not itself.
        Err(_) => Ok(Some(EcrRepository {
            name: reference.path().to_owned(),
            registry_id: account.to_owned(),
            uri: reference.repository().to_string(),
            immutable_tags: false,
        })),
    }
}

/// What ECR holds under the reference; none where the reference is taken as it is.
async fn held(
    journal: &mut Journal,
    given: &str,
    asked: &InEcr<'_>,
    place: &EcrPlace,
) -> Result<Option<Held>, Failure> {
    let (reference, reads) = (asked.reference, &asked.reads);
    let which = reference.digest().map_or_else(
        || reference.tag().unwrap_or("latest").to_owned(),
        ToString::to_string,
    );
    let read = reads.aws.image(&place.repository, &which);
    match reads.ask(&["ecr:BatchGetImage"], read).await {
        Ok(Some(found)) => Ok(Some(Held::of(journal, place, &which, &found).await)),
        Ok(None) => {
            // Not held yet, perhaps.
            if let Ok(true) = pulled_through(asked).await {
                journal.warning(&not_held(reference));
                return Ok(None);
            }
            Err(registry::no_such_tag(place, &which).await)
        }
        Err(missed) if missed.error.is_about_subject() => Err(missed.error.into()),
        Err(Missed { error, .. }) => {
            journal.warning(&format!(
                "{given} is deployed as it is written, not by its digest: {error}"
            ));
            Ok(None)
        }
    }
}

fn is_at(uri: &str, reference: &ImageRef) -> bool {
    let at = uri.parse::<ImageRef>();
    at.is_ok_and(|at| at.is_same_repository(reference))
}

/// The repository isn't there: fine where a pull creates it, and said where that isn't known.
async fn no_repository(
    journal: &mut Journal,
    asked: &InEcr<'_>,
    error: AwsError,
) -> Result<(), Failure> {
    if error.code.as_deref() != Some("RepositoryNotFoundException") {
        return Err(error.into());
    }
    let (reference, host) = (asked.reference, asked.host);
    let name = reference.path();
    let (account, region) = (host.account.as_str(), host.region.as_str());
    match pulled_through(asked).await {
        Ok(true) => journal.warning(&not_held(reference)),
        Ok(false) => {
            return Err(Failure::from(error).help(format!(
                "correct the name, account and region in `{reference}`: {region} of account {account} has no repository `{name}`, and no pull-through cache rule would create it"
            )));
        }
        Err(missed) => journal.warning(&format!(
            "{reference} is deployed as it is written, and no task starts if that is wrong: {region} of account {account} has no repository `{name}`, and whether a pull-through cache rule creates it isn't known: {}", missed.error
        )),
    }
    Ok(())
}

/// Whether a pull-through cache rule fetches the image when it is pulled.
async fn pulled_through(asked: &InEcr<'_>) -> Result<bool, Missed> {
    let account = Some(asked.host.account.as_str());
    let path = asked.reference.path();
    let read = asked.reads.aws.is_pulled_through(path, account);
    let actions = ["ecr:DescribePullThroughCacheRules"];
    asked.reads.ask(&actions, read).await
}

fn not_held(reference: &ImageRef) -> String {
    format!(
        "ECR doesn't hold {reference} yet, and a pull-through cache rule fetches it when it is pulled first: it is deployed as it is written, not by its digest, and its platform is not checked"
    )
}
