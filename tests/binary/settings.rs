//! Settings as people and other steps leave them behind: whatever stands in them, the run says how it
//! ended.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stage::{Stage, usual};

const VARIABLES: &[&str] = &[
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
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "HOME",
    "SSL_CERT_FILE",
    "GITHUB_WORKSPACE",
    "RUNNER_TEMP",
    "RUNNER_WORKSPACE",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_STATE",
    "GITHUB_SHA",
    "GITHUB_REPOSITORY",
    "GITHUB_API_URL",
    "GITHUB_SERVER_URL",
    "GITHUB_EVENT_PATH",
    "GITHUB_RUN_ID",
    "DOCKER_HOST",
    "RUST_LOG",
    "RUNNER_DEBUG",
    "NO_COLOR",
    "TZ",
    "COLUMNS",
];

fn values() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", b"".to_vec()),
        ("blank", b" ".to_vec()),
        ("legacy", b"legacy".to_vec()),
        ("zero", b"0".to_vec()),
        ("negative", b"-1".to_vec()),
        ("huge", b"99999999999999999999999999999999999999".to_vec()),
        ("line end", b"value\n".to_vec()),
        ("control", b"a\x01\x1b[31m\x7fb".to_vec()),
        ("no text", b"a\xff\xfe\x80b".to_vec()),
        ("long", vec![b'x'; 100_000]),
        ("quotes", b"\"a' b`".to_vec()),
        ("unicode", "a\u{202e}é🚢".as_bytes().to_vec()),
    ]
}

#[test]
fn explore() {
    let mut jobs = Vec::new();
    for name in VARIABLES {
        for (what, value) in values() {
            jobs.push((*name, what, value));
        }
    }
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((name, what, value)) = jobs.get(next.fetch_add(1, Ordering::SeqCst))
                {
                    let stage = Stage::new(usual)
                        .redeploy()
                        .input("dry-run", "true")
                        .input("allowed-account-ids", "111122223333")
                        .odd(name.as_bytes(), value);
                    let started = std::time::Instant::now();
                    let mut running = stage.start();
                    let ended = running.within(std::time::Duration::from_secs(4));
                    let ended = match ended {
                        true => running.end(),
                        false => running.signal("TERM"),
                    };
                    let line = format!(
                        "{:>6} ms {name} {what}: {:?} {}",
                        started.elapsed().as_millis(),
                        ended.code,
                        ended
                            .log
                            .lines()
                            .rfind(|l| l.contains("::error")
                                || l.contains("panicked")
                                || l.contains("::notice"))
                            .unwrap_or("")
                            .chars()
                            .take(260)
                            .collect::<String>()
                    );
                    found.lock().unwrap().push(line);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    std::fs::write("/tmp/exits-explore.txt", found.join("\n")).unwrap();
}
