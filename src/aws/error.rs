//! What an AWS call can fail with, sorted by what it means for the run.
//!
//! The SDK's error types end here. The text says what was being done and to what; the chain of
//! sources is flattened once, because the SDK nests the telling part several levels deep.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::not_assumed::NotAssumed;
use super::once::Twice;

/// AWS's message is cut here: some list whole policies.
const MESSAGE_MAX_CHARS: usize = 600;

/// The SDK nests at most a handful of levels; the bound keeps a cyclic chain from looping.
const SOURCES_MAX: usize = 12;

/// Why a call failed, as far as it matters for what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// IAM says no to this action.
    AccessDenied,
    /// The credentials are missing or can't be loaded.
    NoCredentials,
    /// The credentials were good once.
    Expired,
    /// Throttled through all tries.
    Throttled,
    /// Whatever was asked for isn't there.
    NotFound,
    /// AWS read the request and refuses it as it is.
    Refused,
    /// The answer is one to something else than what was asked.
    Inconsistent,
    /// AWS failed (5xx), or the connection was lost: a write may have been carried out.
    Unanswered,
}

/// A failed call: `action` in IAM's words, on what, and AWS's own text (untrusted).
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{action}` on {subject} failed: {text}")]
pub struct AwsError {
    /// What it means for the run.
    pub kind: AwsErrorKind,
    /// `ecs:UpdateService`, as an IAM policy names it.
    pub action: &'static str,
    /// What the call was about, such as a service.
    pub subject: String,
    /// AWS's error code, where there was an answer.
    pub code: Option<String>,
    /// AWS's words, or what was wrong with the answer.
    pub text: String,
    /// What to do, where it is known better than by the kind.
    advice: Option<String>,
}

/// How a service without a typed client answers with an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct ErrorAnswer<'a> {
    /// Of HTTP.
    pub(super) status: u16,
    /// AWS's name of the error; empty where the answer has none.
    pub(super) code: &'a str,
    /// AWS's own text; may be empty.
    pub(super) message: &'a str,
}

impl AwsError {
    /// Sorts what the SDK reports about `action` on `subject`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is what `map_err` hands over"
    )]
    pub(super) fn of<E>(
        action: &'static str,
        subject: impl Into<String>,
        error: SdkError<E, HttpResponse>,
    ) -> AwsError
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let message = error.message().map(str::to_owned);
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let chain = match found_in::<Twice>(&error) {
            Some(twice) => twice.to_string(),
            None => flatten(&error),
        };
        if let Some(why) = not_assumed(&error) {
            return AwsError::without_role(action, subject, why);
        }
        let kind = match &error {
            SdkError::ServiceError(_) => kind_of(code.as_deref().unwrap_or_default(), status),
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_)
                if is_credentials(&chain) =>
            {
                AwsErrorKind::NoCredentials
            }
            SdkError::ConstructionFailure(_) => AwsErrorKind::Refused,
            _ => AwsErrorKind::Unanswered,
        };
        let text = match (&code, message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.clone(),
            (None, Some(message)) => message,
            (None, None) => match (&error, status) {
                (SdkError::TimeoutError(_), _) => "no answer in time".to_owned(),
                (SdkError::ResponseError(_) | SdkError::ServiceError(_), Some(status))
                    if status >= 400 =>
                {
                    format!("HTTP {status}, and nothing that AWS says")
                }
                (SdkError::ResponseError(_), _) => {
                    let why = error.source().map_or(chain, flatten);
                    format!("the answer can't be read: {why}")
                }
                _ => chain,
            },
        };
        AwsError {
            kind,
            action,
            subject: subject.into(),
            code,
            text: cut(&text),
            advice: None,
        }
    }

    /// An answer of a service without a typed client that tells an error.
    pub(super) fn answered(
        action: &'static str,
        subject: impl Into<String>,
        answer: ErrorAnswer<'_>,
    ) -> AwsError {
        let ErrorAnswer {
            status,
            code,
            message,
        } = answer;
        let text = match (code, message) {
            ("", "") => format!("HTTP {status}"),
            (code, "") => code.to_owned(),
            ("", message) => message.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        let named = (!code.is_empty()).then(|| code.to_owned());
        AwsError {
            kind: kind_of(code, Some(status)),
            action,
            subject: subject.into(),
            code: named,
            text: cut(&text),
            advice: None,
        }
    }

    /// No answer, or none that could be read to its end.
    pub(super) fn unanswered(
        action: &'static str,
        subject: impl Into<String>,
        text: &str,
    ) -> AwsError {
        AwsError {
            kind: AwsErrorKind::Unanswered,
            action,
            subject: subject.into(),
            code: None,
            text: cut(text),
            advice: None,
        }
    }

    /// No credentials to sign with.
    pub(super) fn unsigned(
        action: &'static str,
        subject: impl Into<String>,
        error: &(dyn Error + 'static),
    ) -> AwsError {
        if let Some(why) = not_assumed(error) {
            return AwsError::without_role(action, subject, why);
        }
        AwsError {
            kind: AwsErrorKind::NoCredentials,
            action,
            subject: subject.into(),
            code: None,
            text: cut(&flatten(error)),
            advice: None,
        }
    }

    /// The role's credentials ended and could not be renewed.
    fn without_role(
        action: &'static str,
        subject: impl Into<String>,
        why: &NotAssumed,
    ) -> AwsError {
        let kind = if why.passing {
            AwsErrorKind::Unanswered
        } else {
            AwsErrorKind::NoCredentials
        };
        AwsError {
            kind,
            action,
            subject: subject.into(),
            code: None,
            text: cut(&why.text),
            advice: Some(why.help.join("; ")).filter(|help| !help.is_empty()),
        }
    }

    /// An answer that was read but lacks what it must have.
    pub(super) fn incomplete(
        action: &'static str,
        subject: impl Into<String>,
        text: &str,
    ) -> AwsError {
        AwsError {
            kind: AwsErrorKind::Refused,
            action,
            subject: subject.into(),
            code: None,
            text: text.to_owned(),
            advice: None,
        }
    }

    /// An answer that was read and is about something else.
    pub(super) fn inconsistent(
        action: &'static str,
        subject: impl Into<String>,
        text: &str,
    ) -> AwsError {
        AwsError {
            kind: AwsErrorKind::Inconsistent,
            ..AwsError::incomplete(action, subject, &cut(text))
        }
    }

    /// Something that DescribeX answered as missing.
    pub(super) fn missing(
        action: &'static str,
        subject: impl Into<String>,
        text: &str,
    ) -> AwsError {
        AwsError {
            kind: AwsErrorKind::NotFound,
            action,
            subject: subject.into(),
            code: None,
            text: text.to_owned(),
            advice: None,
        }
    }

    /// The action that AWS's text names, which may be another one than was called: tags and roles
    /// are checked on the way (`ecs:TagResource`, `iam:PassRole`).
    fn denied_action(&self) -> &str {
        let (_, rest) = self
            .text
            .split_once("is not authorized to perform: ")
            .unwrap_or_default();
        let named = rest.split_whitespace().next().unwrap_or_default();
        let is_action = named.contains(':')
            && named
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b':' || b == b'-');
        if is_action { named } else { self.action }
    }

    /// What to do about it, where there is something to do.
    pub fn help(&self) -> Option<String> {
        if self.advice.is_some() {
            return self.advice.clone();
        }
        if is_about_time(&self.text) {
            return Some(
                "the runner's clock is off by more than the 5 minutes that AWS accepts: set it"
                    .to_owned(),
            );
        }
        match self.kind {
            AwsErrorKind::AccessDenied => Some(format!(
                "allow `{}` in the policy of the role in use",
                self.denied_action()
            )),
            AwsErrorKind::NoCredentials => Some(
                "give the step AWS credentials that are valid: the input `role-to-assume` (the job needs `permissions: id-token: write`), or a step with `aws-actions/configure-aws-credentials` before this one, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` in the step's `env`".to_owned(),
            ),
            AwsErrorKind::Expired => Some(
                "the credentials ended during the run: `role-to-assume` renews them by itself; else ask for a longer session, or a shorter `wait-for-minutes`".to_owned(),
            ),
            AwsErrorKind::Throttled => Some("AWS limits the calls of this account: run fewer deploys at a time, or raise `poll-interval`".to_owned()),
            AwsErrorKind::Inconsistent => Some(
                "this is not an answer that AWS gives: check the endpoint (`AWS_ENDPOINT_URL` and its like) and the proxy between the runner and AWS".to_owned(),
            ),
            AwsErrorKind::Unanswered => Some("check the region, the endpoint and the network of the runner, then run it again".to_owned()),
            AwsErrorKind::NotFound | AwsErrorKind::Refused => None,
        }
    }
}

fn kind_of(code: &str, status: Option<u16>) -> AwsErrorKind {
    match code {
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => {
            AwsErrorKind::AccessDenied
        }
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => AwsErrorKind::Expired,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "AuthFailure"
        | "MissingAuthenticationToken" => AwsErrorKind::NoCredentials,
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => AwsErrorKind::Throttled,
        "ClusterNotFoundException"
        | "ServiceNotFoundException"
        | "RepositoryNotFoundException"
        | "ImageNotFoundException"
        | "ServiceDeploymentNotFoundException"
        | "ResourceNotFoundException"
        | "TargetGroupNotFound" => AwsErrorKind::NotFound,
        _ if status.is_some_and(|status| status >= 500) => AwsErrorKind::Unanswered,
        _ => AwsErrorKind::Refused,
    }
}

fn is_credentials(chain: &str) -> bool {
    chain.contains("CredentialsNotLoaded")
        || chain.contains("no providers in chain")
        || chain.contains("credential")
}

/// Why the role could not be assumed, where that is what the call failed for.
fn not_assumed<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a NotAssumed> {
    found_in(error)
}

/// An error of our own among the sources.
fn found_in<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut level = Some(error);
    for _ in 0..SOURCES_MAX {
        let error = level?;
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        level = error.source();
    }
    None
}

/// A signature whose date AWS doesn't accept, in the words of its services.
fn is_about_time(text: &str) -> bool {
    [
        "Signature expired",
        "Signature not yet current",
        "RequestTimeTooSkewed",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// The chain of sources as one line; a source that repeats its outer text is left out.
fn flatten(error: &dyn Error) -> String {
    let mut parts: Vec<String> = vec![error.to_string()];
    let mut source = error.source();
    for _ in 0..SOURCES_MAX {
        let Some(inner) = source else { break };
        let text = inner.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        source = inner.source();
    }
    parts.join(": ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
