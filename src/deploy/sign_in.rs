//! As whom a run works: the role is assumed before anything is read, so that what is wrong with it
//! is said as such, and not as a failure of the first read.

use std::time::Duration;

use crate::durations;
use crate::failure::Failure;
use crate::run::{Journal, RunContext};
use crate::snapshot::Timestamp;

/// AWS takes no signature whose date is further off its own clock.
const SIGNATURE_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Assumes the role of `role-to-assume`, where one is given.
///
/// # Errors
/// Why it can't be assumed, with what to do.
pub(super) async fn sign_in(context: &RunContext, journal: &mut Journal) -> Result<(), Failure> {
    let Some(assumed) = context.aws.sign_in().await? else {
        return Ok(());
    };
    let aside = if assumed.instead_of_keys {
        "; the AWS credentials in the environment aren't used"
    } else {
        ""
    };
    let by_way_of = &assumed.role.by_way_of;
    let way = match by_way_of.is_empty() {
        true => String::new(),
        false => format!(" by way of `{}`", by_way_of.join("`, `")),
    };
    let untagged = if assumed.without_tags {
        "; its session has no tags, because `sts:TagSession` is denied"
    } else {
        ""
    };
    journal.line(&format!(
        "credentials: role `{}`{way}, session `{}`, renewed as long as this takes{untagged}{aside}",
        assumed.role.arn, assumed.role.session_name
    ));
    if let Some(off) = clock_is_off(context.clock.now(), assumed.at) {
        journal.warning(&format!(
            "the runner's clock is {off} AWS's, which accepts no signature that is more than {} off: set the clock",
            durations::limit(SIGNATURE_TOLERANCE)
        ));
    }
    Ok(())
}

/// `12 minutes ahead of`, where that is more than AWS accepts.
fn clock_is_off(runner: Timestamp, aws: Timestamp) -> Option<String> {
    let (ahead, behind) = (runner.since(aws), aws.since(runner));
    let (off, which) = if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    };
    (off > SIGNATURE_TOLERANCE).then(|| format!("{} {which}", durations::minutes(off)))
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, clock_is_off};

    #[test]
    fn only_what_aws_refuses_is_told() {
        let aws = Timestamp(10_000_000);
        let off = |seconds: i64| clock_is_off(Timestamp(aws.0 + seconds * 1000), aws);
        assert_eq!(off(0), None);
        assert_eq!(off(300), None);
        assert_eq!(off(-300), None);
        assert_eq!(off(720).as_deref(), Some("12 minutes ahead of"));
        assert_eq!(off(-361).as_deref(), Some("6 minutes behind"));
    }
}
