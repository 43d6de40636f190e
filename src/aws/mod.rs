//! The edge to AWS: one place that builds the clients, and the calls by subject.
//!
//! SDK types stop here: what is read leaves as `snapshot` types or as a raw JSON document. Nothing
//! here decides about a rollout, and nothing here prints.

mod autoscaling;
mod blob;
mod body;
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
mod not_assumed;
mod noted;
mod oidc;
mod once;
mod optional;
mod pace;
mod protection;
mod quotas;
mod run_task;
mod settings;
mod signed;
mod standing;
mod subnets;
mod survey;
mod task_book;
mod tasks;
mod tries;
pub mod xml;

pub use connect::connector;
pub use ecr::{EcrImage, EcrRepository, Login};
pub use error::{AwsError, AwsErrorKind};
pub use facts::Described;
pub use logs::LogStream;
pub use not_assumed::NotAssumed;
pub use oidc::{Assumed, ByRunner, Runner};
pub(crate) use once::json as json_once;
pub use optional::OptionalReads;
pub use run_task::RunTaskAnswer;
pub use standing::Missed;
pub use task_book::{TaskBook, Wanted};
pub use tasks::TASKS;

use std::time::SystemTime;

use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::retry::RetryPartition;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};

use crate::redact::Redactor;
use tries::{CONNECT_TIMEOUT, LOOKS, OPTIONAL, READS, Tries};

/// The clients, all over one HTTP connection pool.
#[derive(Clone, Debug)]
pub struct Aws {
    ecs: aws_sdk_ecs::Client,
    ecr: aws_sdk_ecr::Client,
    sts: aws_sdk_sts::Client,
    config: SdkConfig,
    tries: Tries,
    /// What is under the clients.
    paced: pace::Paced,
    facts: facts::Facts,
    standing: standing::Standing,
    allowance: standing::Allowance,
    /// Where a role is assumed with the runner's token.
    keeper: Option<oidc::Keeper>,
    /// When credentials that nobody renews end, as far as that is known.
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
    /// Twelve digits.
    pub account: String,
    /// Of the user, or of the session of a role.
    pub arn: String,
}

impl Aws {
    /// Clients for `region`, with the credentials of the role that `by` assumes, else with those
    /// that the SDK's default chain finds (environment, profile, container, instance). `env` is the
    /// environment of the process; `redactor` learns of the credentials that are found.
    ///
    /// # Errors
    /// What is wrong with the settings that the SDK reads for itself, one line each.
    pub async fn load(
        region: Option<String>,
        by: Option<ByRunner>,
        env: &[(String, String)],
        redactor: &Redactor,
    ) -> Result<Aws, Vec<String>> {
        let mut problems = settings::of_environment(env);
        problems.extend(settings::of_files(env.to_vec()).await);
        if !problems.is_empty() {
            return Err(problems);
        }
        let (connector, http) = connect();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            // Set before the settings are read, as the SDK panics at some that it doesn't know.
            .retry_config(RetryConfig::standard().with_max_attempts(READS.attempts));
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        if by.is_some() {
            loader = loader.no_credentials();
        }
        let config = settings::given(&loader.load().await);
        let problems = settings::of_config(&config, env);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(match by {
            Some(by) => Aws::assuming(&config, connector, by),
            None => Aws::new(&noted::noting(config, redactor), connector),
        })
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
        let config = settings::with_sound_credentials(config);
        Aws::over(&config, pace::Paced::new(connector), READS)
    }

    /// As [`Aws::new`], with the credentials of a role. `config` must have none of its own.
    pub fn assuming(config: &SdkConfig, connector: SharedHttpConnector, by: ByRunner) -> Aws {
        let bare = Aws::new(config, connector);
        let keeper = oidc::Keeper::new(by, bare.sts, bare.paced.connector.clone());
        let config = bare
            .config
            .to_builder()
            .credentials_provider(settings::sound(keeper.clone()))
            // The keeper remembers them itself, for the signed reads too.
            .identity_cache(IdentityCache::no_cache())
            .build();
        Aws {
            keeper: Some(keeper),
            ..Aws::over(&config, bare.paced, READS)
        }
    }

    /// The same, with the end of credentials that nobody renews.
    #[must_use]
    pub fn ending(self, end: Option<SystemTime>) -> Aws {
        Aws { end, ..self }
    }

    /// Clients over `paced`.
    fn over(config: &SdkConfig, paced: pace::Paced, tries: Tries) -> Aws {
        let http = paced.connector.clone();
        let config = config
            .to_builder()
            .http_client(http_client_fn(move |_, _| http.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(tries.attempts))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .operation_attempt_timeout(tries.attempt)
                    .operation_timeout(tries.call)
                    .build(),
            )
            .build();
        Aws {
            ecs: aws_sdk_ecs::Client::from_conf(
                aws_sdk_ecs::config::Builder::from(&config)
                    .interceptor(once::EachOnce)
                    .build(),
            ),
            ecr: aws_sdk_ecr::Client::from_conf(
                aws_sdk_ecr::config::Builder::from(&config)
                    .interceptor(once::EachOnce)
                    .build(),
            ),
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(&config)
                    .interceptor(once::EachOnce)
                    .build(),
            ),
            config,
            tries,
            paced,
            facts: facts::Facts::default(),
            standing: standing::Standing::default(),
            allowance: standing::Allowance::default(),
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
            allowance: self.allowance.clone(),
            ..Aws::over(&config, self.paced.clone(), self.tries)
        }
    }

    /// The same clients for a watch: what can't be read now is read at the next look.
    #[must_use]
    pub fn for_looks(&self) -> Aws {
        self.trying(LOOKS)
    }

    /// The same clients for what isn't needed. Their tries are counted apart: the SDK gives up
    /// repeating where much fails, and what is needed must not suffer for what isn't.
    fn for_optional(&self) -> Aws {
        let aws = self.trying(OPTIONAL);
        let quota = RetryPartition::custom("optional").build();
        let ecs = aws_sdk_ecs::config::Builder::from(&aws.config).retry_partition(quota.clone());
        let ecr = aws_sdk_ecr::config::Builder::from(&aws.config).retry_partition(quota);
        Aws {
            ecs: aws_sdk_ecs::Client::from_conf(ecs.build()),
            ecr: aws_sdk_ecr::Client::from_conf(ecr.build()),
            ..aws
        }
    }

    fn trying(&self, tries: Tries) -> Aws {
        Aws {
            keeper: self.keeper.clone(),
            end: self.end,
            facts: self.facts.clone(),
            standing: self.standing.clone(),
            allowance: self.allowance.clone(),
            ..Aws::over(&self.config, self.paced.clone(), tries)
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
    ///
    /// # Errors
    ///
    /// [`NotAssumed`]: the runner gives no token, or a role refuses it; it says what to do.
    pub async fn sign_in(&self) -> Result<Option<Assumed>, NotAssumed> {
        match &self.keeper {
            // Boxed, as the future of an SDK call is large.
            Some(keeper) => Box::pin(keeper.sign_in()).await.map(Some),
            None => Ok(None),
        }
    }

    /// STS GetCallerIdentity: the account and ARN behind the credentials.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
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
