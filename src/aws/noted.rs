//! Credentials of the SDK's default chain, taught to the redactor as they are found: a text of AWS's
//! may repeat the session token. Nothing about them is decided here.

use aws_config::SdkConfig;
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, future::ProvideCredentials as Provided,
};

use crate::redact::Redactor;

/// Another provider's credentials.
#[derive(Debug)]
struct Noting {
    inner: SharedCredentialsProvider,
    redactor: Redactor,
}

impl ProvideCredentials for Noting {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async move {
            let found = self.inner.provide_credentials().await?;
            self.redactor.learn_quietly(found.secret_access_key());
            if let Some(token) = found.session_token() {
                self.redactor.learn_quietly(token);
            }
            Ok(found)
        })
    }
}

/// `config`, of whose credentials `redactor` learns.
pub(super) fn noting(config: SdkConfig, redactor: &Redactor) -> SdkConfig {
    let Some(inner) = config.credentials_provider() else {
        return config;
    };
    let noting = Noting {
        inner,
        redactor: redactor.clone(),
    };
    let builder = config.to_builder();
    builder
        .credentials_provider(SharedCredentialsProvider::new(noting))
        .build()
}
