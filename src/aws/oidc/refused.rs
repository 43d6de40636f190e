//! Why STS refuses to let the role be assumed, and what to do about it.
//!
//! From AWS's error texts and the claims of the token that was refused; it asks nobody.

use super::claims::Claims;
use crate::aws::{AwsError, AwsErrorKind, NotAssumed};
use crate::request::{Role, account_of};

/// The issuer of tokens of github.com; GitHub Enterprise Server has one of its own.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// What AssumeRoleWithWebIdentity is known to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The trust policy doesn't let this token in, or there is no such role: STS says the same.
    NotTrusted,
    NoProvider,
    Audience,
    /// AWS couldn't ask GitHub for the keys that the token is signed with.
    Unverified,
    /// The token's time is over.
    Ended,
    TooLong,
    Unknown,
}

impl Why {
    fn of(error: &AwsError) -> Why {
        let says = |text: &str| error.text.contains(text);
        match error.code.as_deref().unwrap_or_default() {
            "AccessDenied" => Why::NotTrusted,
            "InvalidIdentityToken" if says("No OpenIDConnect provider") => Why::NoProvider,
            "InvalidIdentityToken" if says("audience") => Why::Audience,
            "InvalidIdentityToken" if says("verification key") => Why::Unverified,
            "IDPCommunicationError" => Why::Unverified,
            "ExpiredTokenException" | "ExpiredToken" => Why::Ended,
            "ValidationError" if says("DurationSeconds exceeds") => Why::TooLong,
            _ => Why::Unknown,
        }
    }
}

/// Whether another try, with a fresh token, may end otherwise: a role or trust policy that was just
/// written isn't known everywhere at once.
pub(super) fn is_worth_a_retry(error: &AwsError) -> bool {
    matches!(
        Why::of(error),
        Why::NotTrusted | Why::Unverified | Why::Ended
    )
}

/// What is said to a person about `error`.
pub(super) fn explain(error: &AwsError, role: &Role, claims: &Claims) -> NotAssumed {
    let why = Why::of(error);
    let help = match why {
        Why::NotTrusted => not_trusted(role, claims),
        Why::NoProvider => vec![format!(
            "create an OIDC provider for `{}` with the audience `{}` in IAM of account {}, or correct the account in `role-to-assume`",
            issuer(claims),
            role.audience,
            account_of(role.first()),
        )],
        Why::Audience => audience(role, claims),
        Why::Unverified => vec![format!(
            "AWS could not fetch the keys of `{}` to check the token with: run it again; if it stays so, that address must be open to AWS",
            issuer(claims)
        )],
        Why::Ended => vec![
            "a token just made counts as ended: GitHub's clock and AWS's are apart; on GitHub Enterprise Server set the clock of the instance".to_owned(),
        ],
        Why::TooLong => vec![format!(
            "set `role-duration-seconds` (now {}) to no more than the role's maximum session duration, or raise that; an hour is enough for any wait, because the credentials are renewed",
            role.duration.as_secs()
        )],
        Why::Unknown => error.help().into_iter().collect(),
    };
    let kind = matches!(
        error.kind,
        AwsErrorKind::Throttled | AwsErrorKind::Unanswered
    );
    NotAssumed {
        text: format!(
            "the role `{}` can't be assumed: {}",
            role.first(),
            error.text
        ),
        help,
        passing: kind || why == Why::Unverified,
    }
}

fn not_trusted(role: &Role, claims: &Claims) -> Vec<String> {
    let prefix = issuer(claims).trim_start_matches("https://");
    let mut help = Vec::new();
    if !claims.subject.is_empty() {
        help.push(format!(
        "let the role's trust policy allow `sts:AssumeRoleWithWebIdentity` where `{prefix}:sub` is `{}` and `{prefix}:aud` is `{}`: that is what this job's token says",
        claims.subject, claims.audience
    ));
    }
    if let Some(subjects) = claims.subjects() {
        let (form, other, which) = if claims.subject == subjects.immutable {
            ("immutable", "old", &subjects.old)
        } else {
            ("old", "immutable", &subjects.immutable)
        };
        help.push(format!(
            "that is the subject in its {form} form; in its {other} form it is `{which}`: a policy may list both"
        ));
    }
    help.push(format!(
        "check that the role exists in account {}, under this name and path: STS says the same of one that doesn't",
        account_of(role.first())
    ));
    help
}

fn audience(role: &Role, claims: &Claims) -> Vec<String> {
    // The China partition's own name for STS (README of aws-actions/configure-aws-credentials).
    let usual = if role.first().starts_with("arn:aws-cn:") {
        "sts.amazonaws.com.cn"
    } else {
        "sts.amazonaws.com"
    };
    vec![format!(
        "the token is for `{}`: add that to the audiences (client ids) of the OIDC provider in account {}, or set `audience` to one that it has, usually `{usual}`",
        claims.audience,
        account_of(role.first()),
    )]
}

fn issuer(claims: &Claims) -> &str {
    if claims.issuer.is_empty() {
        GITHUB
    } else {
        &claims.issuer
    }
}
