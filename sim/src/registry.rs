//! A real registry behind ECR.

/// Where the registry listens and what it asks for.
#[derive(Clone)]
pub struct Registry {
    /// `127.0.0.1:5000`.
    pub address: String,
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Registry")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Brings the world's images up to date before a request that looks at them.
    pub(crate) async fn refresh(&self, _sim: &crate::Sim, _request: &http::Request<bytes::Bytes>) {}
}
