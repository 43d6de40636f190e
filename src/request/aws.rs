//! The inputs about AWS itself: which region, which account, and as whom.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Facts;
use super::edits::is_role_arn;
use super::reader::Reader;

/// A part of a host's name has no more characters.
const REGION_CHARS: RangeInclusive<usize> = 1..=63;

/// STS takes session names of so many characters, out of `[\w+=,.@-]` (AssumeRoleWithWebIdentity).
const SESSION_NAME_CHARS: RangeInclusive<usize> = 2..=64;

/// IAM takes ARNs of so many characters.
const ARN_CHARS: RangeInclusive<usize> = 20..=2048;

/// IAM takes no longer name for the audience of an OIDC provider.
const AUDIENCE_CHARS: usize = 255;

/// Inputs that mean nothing without `role-to-assume`.
const OF_THE_ROLE: [&str; 3] = ["role-session-name", "role-duration-seconds", "audience"];

/// Roles on the way to the one that deploys; each is one more call, now and at each renewal.
const BY_WAY_OF_MAX: usize = 3;

/// The longest session that STS gives to a role that assumes another (role chaining).
const CHAINED_MAX: Duration = Duration::from_secs(3600);

/// Longer values of session tags are refused.
const TAG_VALUE_CHARS: usize = 256;

/// A role that is assumed with the runner's OIDC token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `arn:aws:iam::111122223333:role/deploy`.
    pub arn: String,
    /// The roles that are assumed before, each with the one before it: the token is for the first.
    pub by_way_of: Vec<String>,
    /// What a session that is given to a role says of the run. A session that is given to a token
    /// has no tags, because AssumeRoleWithWebIdentity takes none.
    pub tags: Vec<(&'static str, String)>,
    /// As CloudTrail shows it; fit for STS.
    pub session_name: String,
    /// How long one set of credentials lasts.
    pub duration: Duration,
    /// Whom the token is for.
    pub audience: String,
}

/// The twelve digits in a role's ARN.
pub fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

impl Role {
    /// The twelve digits in the ARN.
    pub fn account(&self) -> &str {
        account_of(&self.arn)
    }

    /// The role that the token is for.
    pub fn first(&self) -> &str {
        self.by_way_of.first().unwrap_or(&self.arn)
    }

    /// Those that are assumed as the one before them.
    pub fn rest(&self) -> impl Iterator<Item = &str> {
        let all = self.by_way_of.iter().chain([&self.arn]);
        all.skip(1).map(String::as_str)
    }
}

pub(super) fn region(r: &mut Reader<'_>, facts: &Facts) -> Option<String> {
    let region = r
        .text("aws-region")
        .map(str::to_owned)
        .or_else(|| facts.region.clone())?;
    if !is_region(&region) {
        r.wrong(
            "aws-region",
            &region,
            "a region is written like `eu-central-1`",
        );
    }
    Some(region)
}

/// Whether it can be part of a host's name, as a region is of an endpoint's.
pub(crate) fn is_region(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    REGION_CHARS.contains(&text.len())
        && text.bytes().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

pub(super) fn accounts(r: &mut Reader<'_>) -> Vec<String> {
    let ids = r.list("allowed-account-ids");
    for id in &ids {
        if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
            // YAML reads an unquoted 012345678901 as a number and drops the zero.
            let why = "an account id has 12 digits; write it in quotes to keep leading zeros";
            r.wrong("allowed-account-ids", id, why);
        }
    }
    ids
}

/// `role-to-assume` with what belongs to it; `allowed` are the accounts, or none for any.
pub(super) fn role(r: &mut Reader<'_>, facts: &Facts, allowed: &[String]) -> Option<Role> {
    let mut arns: Vec<String> = r
        .lines("role-to-assume")
        .into_iter()
        .map(|(_, arn)| arn.to_owned())
        .collect();
    for arn in arns.iter().filter(|arn| !is_role(arn)) {
        let why = "a role's ARN is needed, such as `arn:aws:iam::111122223333:role/deploy`";
        r.wrong("role-to-assume", arn, why);
    }
    let Some(arn) = arns.pop() else {
        for name in OF_THE_ROLE {
            if r.is_given(name) {
                let value = r.text(name).unwrap_or_default();
                let why = "it belongs to `role-to-assume`, which isn't given";
                r.wrong(name, value, why);
            }
        }
        return None;
    };
    let role = Role {
        arn,
        by_way_of: arns,
        tags: tags(facts),
        session_name: session_name(r, facts),
        duration: r.duration("role-duration-seconds"),
        audience: r.text("audience").unwrap_or_default().to_owned(),
    };
    if role.by_way_of.len() > BY_WAY_OF_MAX {
        let why = "no more than three roles can lead to the one that deploys";
        r.wrong("role-to-assume", &role.arn, why);
    }
    if !role.by_way_of.is_empty() && role.duration > CHAINED_MAX {
        let why = "a role that is assumed as another role has an hour at most (it is renewed)";
        let given = r.text("role-duration-seconds").unwrap_or_default();
        r.wrong("role-duration-seconds", given, why);
    }
    if is_role(&role.arn) && !allowed.is_empty() && !allowed.iter().any(|id| id == role.account()) {
        let why = "its account isn't one of `allowed-account-ids`";
        r.wrong("role-to-assume", &role.arn, why);
    }
    let written = |c: char| !c.is_whitespace() && !c.is_control();
    if role.audience.chars().count() > AUDIENCE_CHARS || !role.audience.chars().all(written) {
        let why = "an audience is one word, such as `sts.amazonaws.com`";
        r.wrong("audience", &role.audience, why);
    }
    Some(role)
}

fn session_name(r: &mut Reader<'_>, facts: &Facts) -> String {
    let Some(given) = r.text("role-session-name") else {
        return usual_session_name(facts);
    };
    let sound = SESSION_NAME_CHARS.contains(&given.len()) && given.chars().all(is_name);
    if !sound {
        let why = "a session name has 2 to 64 letters, digits and characters of `_+=,.@-`";
        r.wrong("role-session-name", given, why);
    }
    given.to_owned()
}

/// The tags that aws-actions/configure-aws-credentials gives, so that policies which go by them go on
/// to hold.
fn tags(facts: &Facts) -> Vec<(&'static str, String)> {
    let of_the_run = [
        ("Repository", &facts.repository),
        ("Workflow", &facts.workflow),
        ("Actor", &facts.actor),
        ("Branch", &facts.git_ref),
        ("Commit", &facts.sha),
    ];
    let known = of_the_run
        .into_iter()
        .filter_map(|(name, value)| Some((name, tag_value(value.as_ref()?))));
    [("GitHub", "Actions".to_owned())]
        .into_iter()
        .chain(known)
        .collect()
}

/// `text` with nothing in it but what STS takes: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
fn tag_value(text: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    let fit = |c: char| if fits(c) { c } else { '_' };
    text.chars().take(TAG_VALUE_CHARS).map(fit).collect()
}

/// `plimsoll-<repository>-<run>`, so that CloudTrail leads back to the run. Where that is too long
/// the repository's name is cut, never the run's number.
fn usual_session_name(facts: &Facts) -> String {
    let fit = |text: &str| -> String {
        let fit = |c: char| if is_name(c) { c } else { '-' };
        text.chars().map(fit).collect()
    };
    let repository = facts.repository.as_deref().unwrap_or_default();
    let mut name = "plimsoll".to_owned();
    if let Some(repository) = repository
        .rsplit('/')
        .next()
        .filter(|part| !part.is_empty())
    {
        name.push('-');
        name.push_str(&fit(repository));
    }
    let run = facts.run_id.as_deref().map(|run| format!("-{}", fit(run)));
    let run = run.unwrap_or_default();
    let longest = *SESSION_NAME_CHARS.end();
    name.truncate(longest.saturating_sub(run.len()));
    name.push_str(&run);
    name.truncate(longest);
    name
}

/// A character of IAM's names: `[\w+=,.@-]`.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

/// A role's ARN as STS takes it, with nothing in path and name but what IAM allows there.
fn is_role(arn: &str) -> bool {
    let (_, name) = arn.split_once(":role/").unwrap_or_default();
    ARN_CHARS.contains(&arn.len())
        && is_role_arn(arn)
        && !name.ends_with('/')
        && name.chars().all(|c| is_name(c) || c == '/')
}

#[cfg(test)]
mod tests {
    use super::{Facts, tag_value, usual_session_name};

    fn named(repository: Option<&str>, run: Option<&str>) -> String {
        usual_session_name(&Facts {
            repository: repository.map(str::to_owned),
            run_id: run.map(str::to_owned),
            ..Facts::default()
        })
    }

    #[test]
    fn a_session_is_named_after_the_run() {
        let name = named(Some("octo-org/hello.web"), Some("17812345678"));
        assert_eq!(name, "plimsoll-hello.web-17812345678");
        assert_eq!(named(None, None), "plimsoll");
        assert_eq!(
            named(Some("a/naïve repo"), Some("1")),
            "plimsoll-na-ve-repo-1"
        );
    }

    #[test]
    fn whatever_the_repository_is_called_the_name_fits_and_keeps_the_run() {
        for length in 0..120 {
            let repository = format!("octo-org/{}", "x".repeat(length));
            let name = named(Some(&repository), Some("17812345678"));
            assert!((2..=64).contains(&name.len()), "{name}");
            assert!(name.ends_with("-17812345678"), "{name}");
        }
        assert_eq!(named(Some("a/b"), Some(&"9".repeat(200))).len(), 64);
    }

    #[test]
    fn a_tag_holds_what_sts_takes() {
        assert_eq!(tag_value("octo-org/hello"), "octo-org/hello");
        assert_eq!(tag_value("dependabot[bot]"), "dependabot_bot_");
        assert_eq!(tag_value("déploie\n\u{1b}"), "déploie__");
        assert_eq!(tag_value(&"ä".repeat(300)).chars().count(), 256);
    }
}
