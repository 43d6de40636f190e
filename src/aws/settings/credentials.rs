//! Credentials that can be sent: wherever they come from, one that would make the SDK panic while it
//! signs is an error with words. It shows none of them.

use aws_config::SdkConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::wrong_secret;

/// The provider, with its credentials looked at.
pub(in crate::aws) fn sound(
    provider: impl ProvideCredentials + 'static,
) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Sound(SharedCredentialsProvider::new(provider)))
}

/// The configuration, with its provider's credentials looked at.
pub(in crate::aws) fn with_sound_credentials(config: &SdkConfig) -> SdkConfig {
    let mut builder = config.to_builder();
    builder.set_credentials_provider(config.credentials_provider().map(sound));
    builder.build()
}

#[derive(Debug)]
struct Sound(SharedCredentialsProvider);

impl ProvideCredentials for Sound {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let found = self.0.provide_credentials().await?;
            let parts = [
                ("access key id", Some(found.access_key_id())),
                ("secret access key", Some(found.secret_access_key())),
                ("session token", found.session_token().map(str::trim)),
            ];
            let wrong = |(what, value): (&'static str, Option<&str>)| {
                wrong_secret(value?).map(|why| format!("the {what} can't be used: {why}"))
            };
            let why = parts.into_iter().find_map(wrong);
            match why {
                Some(why) => Err(CredentialsError::invalid_configuration(why)),
                None => Ok(found),
            }
        })
    }

    fn fallback_on_interrupt(&self) -> Option<aws_credential_types::Credentials> {
        self.0.fallback_on_interrupt()
    }
}
