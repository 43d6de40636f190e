//! The edge to AWS: one place that builds the clients, and the calls by subject.
//!
//! SDK types stop here: what is read leaves as `snapshot` types or as a raw JSON document. Nothing
//! here decides about a rollout, and nothing here prints.

mod autoscaling;
mod blob;
mod connect;
mod convert;
mod document;
mod ec2;
mod ecr;
mod ecs;
mod elb;
mod error;
mod facts;
mod logs;
mod oidc;
mod pace;
mod protection;
mod quotas;
mod run_task;
mod signed;
mod subnets;
mod survey;
mod task_book;
mod tasks;
pub mod xml;

pub use connect::connector;
pub use document::Described;
pub use ecr::{EcrImage, Login, Repository};
pub use error::{AwsError, AwsErrorKind};
pub use logs::LogStream;
pub use oidc::{Assumed, ByRunner, NotAssumed, Runner};
pub use run_task::RunTaskAnswer;
pub use task_book::{TaskBook, Wanted};

use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};

/// Tries of one read before its error is reported: throttling and 5xx are common and short. With
/// the pauses between them, half a minute or so: many deploys at once share the account's limits.
const READ_ATTEMPTS: u32 = 8;
/// Tries where the same is read again soon anyhow.
const LOOK_ATTEMPTS: u32 = 5;
/// One try may take this long; a read of 100 tasks answers within a second or two.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// All tries of one call together.
const CALL_TIMEOUT: Duration = Duration::from_secs(90);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The clients, all over one HTTP connection pool.
#[derive(Clone, Debug)]
pub struct Aws {
    ecs: aws_sdk_ecs::Client,
    ecr: aws_sdk_ecr::Client,
    sts: aws_sdk_sts::Client,
    config: SdkConfig,
    /// Paced, as the one under the clients is.
    connector: SharedHttpConnector,
    facts: facts::Facts,
    /// Where a role is assumed with the runner's token.
    keeper: Option<oidc::Keeper>,
    /// When credentials that nobody renews end, as far as that is told.
    end: Option<SystemTime>,
}

/// The one connector, and the same as an HTTP client.
fn connect() -> (SharedHttpConnector, SharedHttpClient) {
    let connector = connector();
    let http = connector.clone();
    (connector, http_client_fn(move |_, _| http.clone()))
}

/// Who the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

impl Aws {
    /// Clients for `region`, with the credentials of the role that `by` assumes, else with those
    /// that the SDK's default chain finds (environment, profile, container, instance).
    pub async fn load(region: Option<String>, by: Option<ByRunner>) -> Aws {
        let (connector, http) = connect();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        match by {
            Some(by) => Aws::assuming(&loader.no_credentials().load().await, connector, by),
            None => Aws::new(&loader.load().await, connector),
        }
    }

    /// Clients of a stand-in at `endpoint`, with credentials that mean nothing anywhere else.
    pub fn stand_in(endpoint: &str, region: &str) -> Aws {
        let (connector, http) = connect();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "AKIDDEMO", "demo", None, None, "demo",
            )))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .http_client(http)
            .build();
        Aws::new(&config, connector)
    }

    /// Clients from a loaded configuration over `connector`; pace, timeouts and retries are set here
    /// and nowhere else.
    pub fn new(config: &SdkConfig, connector: SharedHttpConnector) -> Aws {
        Aws::over(config, pace::paced(connector), READ_ATTEMPTS)
    }

    /// As [`Aws::new`], with the credentials of a role. `config` must have none of its own.
    pub fn assuming(config: &SdkConfig, connector: SharedHttpConnector, by: ByRunner) -> Aws {
        let bare = Aws::new(config, connector);
        let keeper = oidc::Keeper::new(by, bare.sts, bare.connector.clone());
        let config = bare
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(keeper.clone()))
            // The keeper remembers them itself, for the signed reads too.
            .identity_cache(IdentityCache::no_cache())
            .build();
        Aws {
            keeper: Some(keeper),
            ..Aws::over(&config, bare.connector, READ_ATTEMPTS)
        }
    }

    /// The same, with the end of credentials that nobody renews.
    #[must_use]
    pub fn ending(self, end: Option<SystemTime>) -> Aws {
        Aws { end, ..self }
    }

    /// Clients that try a read so many times.
    fn over(config: &SdkConfig, connector: SharedHttpConnector, attempts: u32) -> Aws {
        let http = connector.clone();
        let config = config
            .to_builder()
            .http_client(http_client_fn(move |_, _| http.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(attempts))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            )
            .build();
        Aws {
            ecs: aws_sdk_ecs::Client::new(&config),
            ecr: aws_sdk_ecr::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            config,
            connector,
            facts: facts::Facts::default(),
            keeper: None,
            end: None,
        }
    }

    /// The same clients for another region, as a repository's address may name one.
    pub fn in_region(&self, region: &str) -> Aws {
        if self.region() == Some(region) {
            return self.clone();
        }
        let config = self
            .config
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
        Aws {
            keeper: self.keeper.clone(),
            end: self.end,
            ..Aws::over(&config, self.connector.clone(), READ_ATTEMPTS)
        }
    }

    /// The same clients for a watch: what can't be read now is read at the next look.
    #[must_use]
    pub fn for_looks(&self) -> Aws {
        Aws {
            keeper: self.keeper.clone(),
            end: self.end,
            facts: self.facts.clone(),
            ..Aws::over(&self.config, self.connector.clone(), LOOK_ATTEMPTS)
        }
    }

    /// The region that the clients talk to.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    /// When the credentials in use end, where that is known and nobody renews them.
    pub fn credentials_expire(&self) -> Option<SystemTime> {
        self.end.filter(|_| self.keeper.is_none())
    }

    /// Assumes the role of `role-to-assume`; none where the credentials come from elsewhere.
    pub async fn sign_in(&self) -> Result<Option<Assumed>, NotAssumed> {
        match &self.keeper {
            // Boxed, as the future of an SDK call is large.
            Some(keeper) => Box::pin(keeper.sign_in()).await.map(Some),
            None => Ok(None),
        }
    }

    /// STS GetCallerIdentity: the account and ARN behind the credentials.
    pub async fn identity(&self) -> Result<Identity, AwsError> {
        let answer = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| {
                AwsError::of("sts:GetCallerIdentity", "the credentials in use", error)
            })?;
        Ok(Identity {
            account: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
        })
    }
}
