//! The credentials of a role that is assumed with the runner's OIDC token, renewed by themselves.
//!
//! One keeper stands under all clients, so that a renewal is made once and serves them all. Time is
//! counted on the run's timer, not on the wall's clock: a runner whose clock is off neither renews
//! without end nor goes on with credentials that have ended. It prints nothing; what must be masked
//! it hands to [`Redactor`].

mod chain;
mod claims;
mod refused;
mod runner;

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{AwsError, NotAssumed};
use crate::redact::Redactor;
use crate::request::Role;
use crate::secret::Secret;
use crate::snapshot::Timestamp;
use claims::Claims;
pub use runner::Runner;

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// Tries of one assumption, each with a fresh token. The SDK repeats what is throttled besides.
const ATTEMPTS: u32 = 3;
/// The pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
/// The first assumption as a whole: past that somebody wants to know what is wrong.
const FIRST_TIMEOUT: Duration = Duration::from_secs(60);

/// STS gives no credentials for less.
const SHORTEST: Duration = Duration::from_secs(15 * 60);
/// So long before their end credentials are renewed. This leaves ten tries until the old ones end.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);
/// A renewal as a whole, while the old credentials still hold: less than one call may take.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(15);
/// After a renewal that failed the old credentials are used for so long before the next.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);
/// With less left than this, credentials count as ended: a call may be under way for so long.
const TOO_SHORT: Duration = Duration::from_secs(20);

/// A role that was assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// The last role, which deploys.
    pub role: Role,
    /// What AWS's clock said just then.
    pub at: Timestamp,
    /// Credentials in the environment were left aside.
    pub instead_of_keys: bool,
    /// A role on the way may not be given session tags.
    pub without_tags: bool,
}

/// Assumes the role, and keeps its credentials fresh.
#[derive(Clone, Debug)]
pub(super) struct Keeper(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    role: Role,
    runner: Runner,
    /// Without credentials: the token is what it shows.
    sts: aws_sdk_sts::Client,
    connector: SharedHttpConnector,
    redactor: Redactor,
    kept: Mutex<Option<Kept>>,
}

/// Credentials (which hide their secrets from `Debug`), and for how long.
#[derive(Clone, Debug)]
struct Kept {
    credentials: Credentials,
    at: Timestamp,
    end: Instant,
    /// Not to be renewed before; it moves on when a renewal fails.
    renew: Instant,
    /// Session tags were refused on the way.
    without_tags: bool,
}

/// What the keeper works with.
#[derive(Clone, Debug)]
pub struct ByRunner {
    /// The role to assume, or the last of several.
    pub role: Role,
    /// Where the token comes from.
    pub runner: Runner,
    /// Learns the token and each key.
    pub redactor: Redactor,
}

impl Keeper {
    pub(super) fn new(
        by: ByRunner,
        sts: aws_sdk_sts::Client,
        connector: SharedHttpConnector,
    ) -> Keeper {
        Keeper(Arc::new(Inner {
            role: by.role,
            runner: by.runner,
            sts,
            connector,
            redactor: by.redactor,
            kept: Mutex::default(),
        }))
    }

    /// Assumes the role, if that wasn't done yet.
    pub(super) async fn sign_in(&self) -> Result<Assumed, NotAssumed> {
        let kept = self.kept().await?;
        Ok(Assumed {
            role: self.0.role.clone(),
            at: kept.at,
            instead_of_keys: self.0.runner.has_keys,
            without_tags: kept.without_tags,
        })
    }

    /// Credentials that hold. All that ask meanwhile wait for the one renewal that is under way.
    async fn kept(&self) -> Result<Kept, NotAssumed> {
        let mut kept = self.0.kept.lock().await;
        let now = Instant::now();
        if let Some(old) = kept.as_mut().filter(|old| now + TOO_SHORT < old.end) {
            if now < old.renew {
                return Ok(old.clone());
            }
            match tokio::time::timeout(RENEWAL_TIMEOUT, self.0.assume()).await {
                Ok(Ok(new)) => *old = new,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the credentials could not be renewed yet");
                    old.renew = Instant::now() + RENEWAL_PAUSE;
                }
                Err(_) => old.renew = Instant::now() + RENEWAL_PAUSE,
            }
            return Ok(old.clone());
        }
        let new = tokio::time::timeout(FIRST_TIMEOUT, self.0.assume()).await;
        let new = new.unwrap_or_else(|_| Err(self.0.too_slow()))?;
        Ok(kept.insert(new).clone())
    }
}

/// A call that asked STS for a role's credentials.
struct RoleCall<'a> {
    action: &'static str,
    /// Of the role.
    arn: &'a str,
    /// Just before the call.
    since: Instant,
    /// How long the credentials were asked to last.
    duration: Duration,
}

impl Inner {
    async fn assume(&self) -> Result<Kept, NotAssumed> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let token = self.runner.token(&self.connector, &self.role.audience);
            let token = token.await?;
            self.redactor.learn(token.expose());
            match self.once(&token).await {
                Ok(kept) => return self.to_the_last_role(kept).await,
                Err(error) if attempt < ATTEMPTS && refused::is_worth_a_retry(&error) => {
                    tracing::debug!(%error, attempt, "the role is asked for again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => {
                    return Err(refused::explain(&error, &self.role, &Claims::of(&token)));
                }
            }
        }
        Err(self.too_slow())
    }

    /// The role that the token is for.
    async fn once(&self, token: &Secret) -> Result<Kept, AwsError> {
        let arn = self.role.first();
        let duration = match self.role.by_way_of.is_empty() {
            true => self.role.duration,
            // It only has to hold for the next call.
            false => SHORTEST,
        };
        // Counted from before the call, so that it never reaches past the true end.
        let now = Instant::now();
        let call = self.sts.assume_role_with_web_identity();
        let answer = call
            .role_arn(arn)
            .role_session_name(&self.role.session_name)
            .duration_seconds(seconds(duration))
            .web_identity_token(token.expose())
            .send()
            .await
            .map_err(|error| AwsError::of(ACTION, subject(arn), error))?;
        let asked = RoleCall {
            action: ACTION,
            arn,
            since: now,
            duration,
        };
        self.kept(&asked, answer.credentials)
    }

    /// What STS gave, masked.
    fn kept(
        &self,
        asked: &RoleCall<'_>,
        given: Option<aws_sdk_sts::types::Credentials>,
    ) -> Result<Kept, AwsError> {
        let RoleCall {
            action,
            arn,
            since,
            duration,
        } = *asked;
        let incomplete = |what: &str| AwsError::incomplete(action, subject(arn), what);
        let given = given.ok_or_else(|| incomplete("STS answered without credentials"))?;
        self.redactor.learn(&given.secret_access_key);
        self.redactor.learn(&given.session_token);
        let end = given.expiration.to_millis();
        let end = end.map_err(|_| incomplete("STS answered without an end of the credentials"))?;
        let millis = i64::from(seconds(duration)) * 1000;
        Ok(Kept {
            credentials: Credentials::new(
                given.access_key_id,
                given.secret_access_key,
                Some(given.session_token),
                // The keeper alone goes by the end, on a clock of its own.
                None,
                "the runner's OIDC token",
            ),
            at: Timestamp::of_millis(end.saturating_sub(millis)),
            end: since + duration,
            renew: since + duration.saturating_sub(RENEW_BEFORE),
            without_tags: false,
        })
    }

    fn too_slow(&self) -> NotAssumed {
        let waited = FIRST_TIMEOUT.as_secs();
        NotAssumed {
            text: format!(
                "the role `{}` can't be assumed: no answer within {waited} s",
                self.role.arn
            ),
            help: vec![
                "check that the runner reaches GitHub and STS of the region, then run it again"
                    .to_owned(),
            ],
            passing: true,
        }
    }
}

fn subject(arn: &str) -> String {
    format!("the role `{arn}`")
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

impl ProvideCredentials for Keeper {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let kept = self.kept().await;
            kept.map(|kept| kept.credentials)
                .map_err(CredentialsError::provider_error)
        })
    }
}
