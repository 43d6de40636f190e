//! What kind of refusal a push met, read from the registry's words. Pure.

use crate::docker::text::one_line;

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
    Unreachable,
    DiskFull,
    Other,
}

impl PushFailureKind {
    pub(super) fn of(message: &str) -> Self {
        let text = one_line(message);
        let any = |needles: &[&str]| needles.iter().any(|needle| text.contains(needle));
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
        } else if any(&[
            "no basic auth credentials",
            "unauthorized",
            "authentication required",
            "401 Unauthorized",
            "authorization token has expired",
        ]) {
            Self::Unauthorized
        } else if any(&["denied", "403 Forbidden"]) {
            Self::Denied { action: None }
        } else if any(&["no space left on device"]) {
            Self::DiskFull
        } else if any(&[
            "500 Internal",
            "502 Bad",
            "503 Service",
            "504 Gateway",
            "unexpected HTTP status: 5",
            "toomanyrequests",
            "429 Too Many",
        ]) {
            Self::RegistryFailed
        } else if any(&[
            "dial tcp",
            "connection refused",
            "connection reset",
            "no such host",
            "i/o timeout",
            "TLS handshake",
            "x509:",
            "gave HTTP response to HTTPS client",
            "EOF",
        ]) {
            Self::Unreachable
        } else {
            Self::Other
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
            Self::RegistryFailed => "the registry has trouble; repeat the run".to_owned(),
            Self::Unreachable => "check that the engine's host reaches the registry, and its DNS, proxy and certificates".to_owned(),
            Self::DiskFull => "free space on the registry's or the engine's disk".to_owned(),
            Self::Other => "the registry's own text says what it wants".to_owned(),
        }
    }
}
