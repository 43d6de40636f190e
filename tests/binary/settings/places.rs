//! Where settings stand: variables of the environment and keys of AWS's two files, each in a run that
//! reads it.

use std::sync::Arc;

use crate::oidc::{ROLE, in_a_job, trusting};
use crate::stage::{Stage, usual};

/// A stage with a value at the place, and what the place is called.
type Prepare = dyn Fn(&[u8]) -> (Stage, String) + Send + Sync;

/// One place.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) stage: Arc<Prepare>,
}

/// Read by every run.
const ALWAYS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_ECS",
    "AWS_ENDPOINT_URL_ECR",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_AUTO_SCALING",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_NEW_RETRIES_2026",
    "AWS_SDK_UA_APP_ID",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "_X_AMZN_TRACE_ID",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_DISABLE_REQUEST_COMPRESSION",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_SIGV4A_SIGNING_REGION_SET",
    "AWS_DEFAULTS_MODE",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GITHUB_WORKSPACE",
    "GITHUB_OUTPUT",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_STATE",
    "RUNNER_TEMP",
    "RUNNER_WORKSPACE",
    "DOCKER_HOST",
    "RUST_LOG",
    "RUNNER_DEBUG",
    "TZ",
    "COLUMNS",
];

/// Read where the environment holds no keys.
const WITHOUT_KEYS: &[&str] = &[
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// Read where a role is assumed with the runner's token.
const WITH_A_ROLE: &[&str] = &[
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "GITHUB_EVENT_NAME",
    "GITHUB_ACTOR",
    "GITHUB_REF",
    "GITHUB_WORKFLOW",
    "GITHUB_RUN_ID",
    "GITHUB_REPOSITORY",
];

/// Read where GitHub is to be informed.
const WITH_GITHUB: &[&str] = &[
    "GITHUB_API_URL",
    "GITHUB_SERVER_URL",
    "GITHUB_EVENT_PATH",
    "GITHUB_SHA",
    "GITHUB_RUN_ATTEMPT",
];

/// Keys of a profile in AWS's file with the credentials.
const CREDENTIALS: &[&str] = &[
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
];

/// Keys of a profile in AWS's config file.
const KEYS: &[&str] = &[
    "region",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_account_id",
    "account_id_endpoint_mode",
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "role_session_name",
    "external_id",
    "duration_seconds",
    "credential_process",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "login_session",
    "retry_mode",
    "max_attempts",
    "endpoint_url",
    "services",
    "ignore_configured_endpoint_urls",
    "use_fips_endpoint",
    "use_dualstack_endpoint",
    "sdk_ua_app_id",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "request_checksum_calculation",
    "response_checksum_validation",
    "disable_request_compression",
    "request_min_compression_size_bytes",
    "auth_scheme_preference",
    "sigv4a_signing_region_set",
    "defaults_mode",
];

/// Every place.
pub(crate) fn all() -> Vec<Place> {
    let variables = |names: &'static [&'static str], stage: fn() -> Stage| {
        names.iter().map(move |name| {
            let prepare = move |value: &[u8]| {
                let stage = stage().odd(name.as_bytes(), value);
                (stage, (*name).to_owned())
            };
            Place {
                stage: Arc::new(prepare),
            }
        })
    };
    let keys = KEYS
        .iter()
        .map(|key| of_file("AWS_CONFIG_FILE", key))
        .chain(
            CREDENTIALS
                .iter()
                .map(|key| of_file("AWS_SHARED_CREDENTIALS_FILE", key)),
        );
    variables(ALWAYS, plan)
        .chain(variables(WITHOUT_KEYS, without_keys))
        .chain(variables(WITH_A_ROLE, with_a_role))
        .chain(variables(WITH_GITHUB, with_github))
        .chain(keys)
        .collect()
}

/// It reads of every service and changes nothing.
fn plan() -> Stage {
    let stage = Stage::new(usual)
        .redeploy()
        .input("dry-run", "true")
        .input("allowed-account-ids", "111122223333")
        // Whatever becomes of the endpoints, nothing leaves this machine.
        .env("HTTPS_PROXY", "http://127.0.0.1:9");
    let certificate = stage.path("certificate.pem");
    std::fs::write(&certificate, one_certificate()).unwrap();
    let stage = stage.env("SSL_CERT_FILE", certificate.to_str().unwrap());
    let endpoint = stage.endpoint.clone();
    let services = ["ECS", "ECR", "STS", "EC2", "AUTO_SCALING", "SERVICE_QUOTAS"];
    services.iter().fold(stage, |stage, service| {
        stage.env(&format!("AWS_ENDPOINT_URL_{service}"), &endpoint)
    })
}

/// The first one of the system's: hundreds of runs don't read them all.
fn one_certificate() -> String {
    const END: &str = "-----END CERTIFICATE-----\n";
    let all = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap();
    let (first, _) = all.split_once(END).unwrap();
    format!("{first}{END}")
}

fn without_keys() -> Stage {
    let stage = plan();
    let token = stage.path("token");
    std::fs::write(&token, "eyJh.eyJz.c2ln").unwrap();
    let nobody = format!("{}/nobody", stage.endpoint);
    stage
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "")
        .env("AWS_SESSION_TOKEN", "")
        .env("AWS_ROLE_ARN", ROLE)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap())
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &nobody)
}

fn with_a_role() -> Stage {
    let stage = Stage::new(trusting)
        .redeploy()
        .input("dry-run", "true")
        .input("role-to-assume", ROLE);
    in_a_job(stage)
}

fn with_github() -> Stage {
    let stage = Stage::new(usual).redeploy();
    let api = format!("{}/api/v3", stage.endpoint);
    stage
        .input("wait-for-service-stability", "false")
        .input("github-token", "ghs_token")
        .input("environment", "production")
        .input("comment", "true")
        .env("GITHUB_API_URL", &api)
        .env("GITHUB_REPOSITORY", "acme/shop")
        .env("GITHUB_RUN_ID", "4711")
}

/// A key of the profile in use, next to sound ones.
fn of_file(file: &'static str, key: &'static str) -> Place {
    let prepare = move |value: &[u8]| {
        let stage = plan();
        let path = stage.path("aws");
        let mut text = b"[default]\nregion = eu-west-1\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n".to_vec();
        text.extend(format!("{key} = ").bytes());
        text.extend(value);
        text.push(b'\n');
        std::fs::write(&path, text).unwrap();
        let stage = stage
            .env("AWS_ACCESS_KEY_ID", "")
            .env("AWS_SECRET_ACCESS_KEY", "")
            .env("AWS_SESSION_TOKEN", "")
            .env("AWS_REGION", "")
            .env(file, path.to_str().unwrap());
        (stage, format!("{key} of {file}"))
    };
    Place {
        stage: Arc::new(prepare),
    }
}
