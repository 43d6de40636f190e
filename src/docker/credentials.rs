//! Who a registry is asked as. Plain values.

use crate::secret::Secret;

/// A user of a registry.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `AWS` for ECR.
    pub username: String,
    /// The password, or a token in its place.
    pub password: Secret,
}

/// Credentials, and the registry that may see them.
#[derive(Clone, Debug)]
pub struct RegistryLogin {
    /// Host and port as in an image's reference, e.g. `docker.io`, `ghcr.io`.
    pub registry: String,
    /// What that registry is shown, and no other one.
    pub credentials: Credentials,
}
