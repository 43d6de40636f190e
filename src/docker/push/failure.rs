//! What kind of refusal a push met, read from the registry's words. Pure.

use http::StatusCode;

use crate::docker::text::one_line;
use crate::docker::words::{http_status, is_dropped, is_unreachable, unquoted};

/// Why a registry didn't take an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushFailureKind {
    /// No credentials, or wrong ones.
    Unauthorized,
    /// The credentials are good, and may not do this; the IAM action where it is named.
    Denied {
        action: Option<String>,
    },
    RepositoryMissing,
    /// The tag exists, and the repository's tags can't be overwritten.
    TagImmutable,
    /// The registry answered with a 5xx.
    RegistryFailed,
    /// The registry asks for a slower pace.
    RateLimited,
    /// The connection broke in the middle.
    Dropped,
    Unreachable,
    DiskFull,
    Other,
}

impl PushFailureKind {
    pub(super) fn of(message: &str) -> Self {
        let whole = one_line(message);
        // An address holds the repository's name, which may be anything.
        let text = unquoted(&whole);
        let any = |needles: &[&str]| needles.iter().any(|needle| text.contains(needle));
        let status = http_status(&text);
        if text.contains("already exists in the") && text.contains("cannot be overwritten") {
            Self::TagImmutable
        } else if any(&[
            "name unknown",
            "does not exist in the registry",
            "repository name not known",
        ]) {
            Self::RepositoryMissing
        } else if text.contains("is not authorized to perform") {
            let action = text
                .split_once("is not authorized to perform: ")
                .and_then(|(_, rest)| rest.split_whitespace().next())
                .map(str::to_owned);
            Self::Denied { action }
        } else if any(&["no space left on device"]) {
            Self::DiskFull
        } else if any(&["toomanyrequests"]) || status == Some(StatusCode::TOO_MANY_REQUESTS) {
            Self::RateLimited
        } else if status.is_some_and(|status| status.is_server_error()) {
            Self::RegistryFailed
        } else if any(&[
            "no basic auth credentials",
            "unauthorized",
            "authentication required",
            "authorization token has expired",
        ]) || status == Some(StatusCode::UNAUTHORIZED)
        {
            Self::Unauthorized
        } else if any(&["denied"]) || status == Some(StatusCode::FORBIDDEN) {
            Self::Denied { action: None }
        } else if is_unreachable(&text) {
            Self::Unreachable
        } else if is_dropped(&text) {
            Self::Dropped
        } else {
            Self::Other
        }
    }

    /// How often a push that ends so is worth a repeat.
    pub(super) fn repeats(&self) -> usize {
        match self {
            Self::RegistryFailed | Self::RateLimited | Self::Dropped => 3,
            // A name that is not resolved once; and an engine that met a 5xx when it asked how to log
            // in goes on without a login (Docker 20.10 to 28), and says just this.
            Self::Unreachable | Self::Unauthorized => 1,
            Self::Denied { .. }
            | Self::RepositoryMissing
            | Self::TagImmutable
            | Self::DiskFull
            | Self::Other => 0,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Unauthorized => "ECR's token is valid for 12 h, in its own region and where its principal is allowed; check the AWS credentials of this step and the account and region in `repository`".to_owned(),
            Self::Denied { action: Some(action) } => format!("allow `{action}` on the repository for the role of this step"),
            Self::Denied { action: None } => "allow `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload`, `ecr:BatchCheckLayerAvailability`, `ecr:BatchGetImage` and `ecr:PutImage` on the repository for the role of this step".to_owned(),
            Self::RepositoryMissing => "create the repository, or correct `repository` (its name or its URI, without a tag)".to_owned(),
            Self::TagImmutable => "push under another tag, or deploy the image that is there with `image-tag`".to_owned(),
            Self::RegistryFailed => "the registry has trouble; repeat the run later".to_owned(),
            Self::RateLimited => "the registry asks for fewer requests: push from fewer jobs at a time, or repeat the run later".to_owned(),
            Self::Dropped => "the registry, or something on the way to it, closed the connection; repeat the run, and check a proxy's limits on size and time".to_owned(),
            Self::Unreachable => "check that the engine's host reaches the registry, and its DNS, proxy and certificates".to_owned(),
            Self::DiskFull => "free space on the registry's or the engine's disk".to_owned(),
            Self::Other => "the registry's own text says what it wants".to_owned(),
        }
    }
}
