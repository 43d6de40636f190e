//! An image that is named in full: pinned to its digest where ECR holds it, else taken as it was
//! given.
//!
//! It only reads. What ECR doesn't hold is refused unless a pull may bring it there.

use super::{Pinned, checked, no_such_tag};
use crate::aws::{AwsError, Missed, OptionalReads, Repository};
use crate::failure::Failure;
use crate::image::{EcrHost, ImageRef, Platform};
use crate::report::ImageReport;
use crate::run::Run;

/// Any reference that exists.
pub(super) async fn existing(
    run: &mut Run,
    given: &str,
    wanted: &[Platform],
) -> Result<(ImageReport, Pinned), Failure> {
    let reference: ImageRef = given
        .parse()
        .map_err(|error| Failure::invalid(format!("`{given}` is no image reference: {error}")))?;
    let as_given = ImageReport {
        reference: given.to_owned(),
        digest: reference
            .digest()
            .map(ToString::to_string)
            .unwrap_or_default(),
        tag: reference.tag().unwrap_or_default().to_owned(),
        ..ImageReport::default()
    };
    let unpinned = Pinned {
        reference: given.to_owned(),
        platforms: Vec::new(),
    };
    let Some(host) = reference.ecr() else {
        run.console.line(&format!(
            "image: {given} isn't in ECR and is taken as it is"
        ));
        return Ok((as_given, unpinned));
    };
    let aws = run.aws.in_region(&host.region);
    let reads = aws.before_a_deploy();
    let account = host.account.as_str();
    let read = reads.aws.repository(reference.path(), Some(account));
    let repository = match reads.ask(&["ecr:DescribeRepositories"], read).await {
        // The same name in ECR is another repository unless its address is the one that was given.
        Ok(repository) if is_at(&repository.uri, &reference) => Repository {
            uri: reference.repository().to_string(),
            ..repository
        },
        Ok(repository) => {
            run.console.line(&format!(
                "image: {given}, taken as it is (ECR's repository of that name is {})",
                repository.uri
            ));
            return Ok((as_given, unpinned));
        }
        Err(missed) if missed.error.is_about_subject() => {
            no_repository(run, &reads, (&reference, &host), missed.error).await?;
            return Ok((as_given, unpinned));
        }
        // Another account's repository often lets its images be read, and not itself.
        Err(_) => Repository {
            name: reference.path().to_owned(),
            registry_id: host.account.clone(),
            uri: reference.repository().to_string(),
            immutable_tags: false,
        },
    };
    let which = reference.digest().map_or_else(
        || reference.tag().unwrap_or("latest").to_owned(),
        ToString::to_string,
    );
    let read = reads.aws.image(&repository, &which);
    let found = match reads.ask(&["ecr:BatchGetImage"], read).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            // Not held yet, perhaps.
            if let Ok(true) = pulled_through(&reads, &reference, &host).await {
                run.console.warning(&not_held(&reference));
                return Ok((as_given, unpinned));
            }
            return Err(no_such_tag(&aws, &repository, &which).await);
        }
        Err(missed) if missed.error.is_about_subject() => return Err(missed.error.into()),
        Err(Missed { error, .. }) => {
            run.console.warning(&format!(
                "{given} is deployed as it is written, not by its digest: {error}"
            ));
            return Ok((as_given, unpinned));
        }
    };
    let (image, pinned) = checked(run, &aws, &repository, (&which, &found), wanted).await?;
    run.console
        .line(&format!("image: {given} is {}", image.reference));
    let tag = as_given.tag;
    Ok((ImageReport { tag, ..image }, pinned))
}

fn is_at(uri: &str, reference: &ImageRef) -> bool {
    let at = uri.parse::<ImageRef>();
    at.is_ok_and(|at| at.is_same_repository(reference))
}

/// The repository isn't there: fine where a pull creates it, and told where that isn't known.
async fn no_repository(
    run: &mut Run,
    reads: &OptionalReads,
    (reference, host): (&ImageRef, &EcrHost),
    error: AwsError,
) -> Result<(), Failure> {
    if error.code.as_deref() != Some("RepositoryNotFoundException") {
        return Err(error.into());
    }
    let name = reference.path();
    let (account, region) = (host.account.as_str(), host.region.as_str());
    match pulled_through(reads, reference, host).await {
        Ok(true) => run.console.warning(&not_held(reference)),
        Ok(false) => {
            return Err(Failure::from(error).help(format!(
                "correct the name, account and region in `{reference}`: {region} of account {account} has no repository `{name}`, and no pull-through cache rule would create it"
            )));
        }
        Err(missed) => run.console.warning(&format!(
            "{reference} is deployed as it is written, and no task starts if that is wrong: {region} of account {account} has no repository `{name}`, and whether a pull-through cache rule creates it isn't known: {}", missed.error
        )),
    }
    Ok(())
}

/// Whether a pull-through cache rule fetches the image when it is pulled.
async fn pulled_through(
    reads: &OptionalReads,
    reference: &ImageRef,
    host: &EcrHost,
) -> Result<bool, Missed> {
    let account = Some(host.account.as_str());
    let read = reads.aws.is_pulled_through(reference.path(), account);
    reads
        .ask(&["ecr:DescribePullThroughCacheRules"], read)
        .await
}

fn not_held(reference: &ImageRef) -> String {
    format!(
        "ECR doesn't hold {reference} yet, and a pull-through cache rule fetches it when it is pulled first: it is deployed as it is written, not by its digest, and its platform is not checked"
    )
}
