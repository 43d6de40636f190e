//! What an AWS call can fail with, sorted by what it means for the run.
//!
//! The SDK's error types end here. The text says what was being done and to what; the chain of
//! sources is flattened once, because the SDK nests the telling part several levels deep.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// AWS's message is cut here: some list whole policies.
const MESSAGE_MAX_CHARS: usize = 600;

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
    /// AWS failed (5xx), or the connection was lost: a write may have been carried out.
    Unanswered,
}

/// A failed call: `action` in IAM's words, on what, and AWS's own text (untrusted).
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{action}` on {subject} failed: {text}")]
pub struct AwsError {
    pub kind: AwsErrorKind,
    /// `ecs:UpdateService`, as an IAM policy names it.
    pub action: &'static str,
    pub subject: String,
    /// AWS's error code, where there was an answer.
    pub code: Option<String>,
    pub text: String,
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
        let chain = flatten(&error);
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
            (None, None) => chain,
        };
        AwsError {
            kind,
            action,
            subject: subject.into(),
            code,
            text: cut(&text),
        }
    }

    /// An answer of a service without a typed client that tells an error.
    pub(super) fn answered(
        action: &'static str,
        subject: impl Into<String>,
        status: u16,
        (code, message): (&str, &str),
    ) -> AwsError {
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
        }
    }

    /// No credentials to sign with.
    pub(super) fn unsigned(
        action: &'static str,
        subject: impl Into<String>,
        error: &dyn Error,
    ) -> AwsError {
        AwsError {
            kind: AwsErrorKind::NoCredentials,
            action,
            subject: subject.into(),
            code: None,
            text: cut(&flatten(error)),
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
        }
    }

    /// What to do about it, where there is something to do.
    pub fn help(&self) -> Option<String> {
        match self.kind {
            AwsErrorKind::AccessDenied => Some(format!("allow `{}` in the policy of the role in use", self.action)),
            AwsErrorKind::NoCredentials => Some(
                "give the step AWS credentials: `aws-actions/configure-aws-credentials` before it, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`".to_owned(),
            ),
            AwsErrorKind::Expired => Some(
                "the credentials ended during the run: ask for a longer session, or a shorter `wait-for-minutes`".to_owned(),
            ),
            AwsErrorKind::Throttled => Some("AWS limits the calls of this account: run fewer deploys at a time, or raise `poll-interval`".to_owned()),
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

/// The chain of sources as one line; a source that repeats its outer text is left out.
fn flatten(error: &dyn Error) -> String {
    let mut parts: Vec<String> = vec![error.to_string()];
    let mut source = error.source();
    // The SDK nests at most a handful of levels; the bound keeps a cyclic chain from looping.
    for _ in 0..12 {
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
