//! The runner's token endpoint: what the runner says of it, and a token from it.
//!
//! The token goes nowhere but to STS. No text of the endpoint is shown, because it could repeat
//! what it was sent.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http::HeaderValue;
use serde::Deserialize;

use crate::aws::NotAssumed;
use crate::aws::body::read;
use crate::secret::Secret;

/// Tries of one token. GitHub's own toolkit takes ten, over minutes; a person is waiting.
const ATTEMPTS: u32 = 4;
/// The pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// One try with its answer; usually it takes a fraction of a second.
const TRY_TIMEOUT: Duration = Duration::from_secs(8);
/// STS takes no longer token (WebIdentityToken of AssumeRoleWithWebIdentity).
const TOKEN_MAX_BYTES: usize = 20_000;

/// The runner, as far as its tokens go.
#[derive(Clone, Debug, Default)]
pub struct Runner {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`; the runner sets both
    /// where the job may have tokens.
    endpoint: Option<(String, Secret)>,
    /// `GITHUB_ACTIONS`.
    in_action: bool,
    /// `GITHUB_EVENT_NAME` is one of a pull request.
    on_pull_request: bool,
    /// `AWS_ACCESS_KEY_ID` is there: somebody may expect it to be used.
    pub(super) has_keys: bool,
}

#[derive(Deserialize)]
struct Answer {
    value: String,
}

/// Why one try came to nothing.
enum Lost {
    /// It may be otherwise the next time.
    Passing(String),
    /// It stays as it is.
    Refused(u16),
}

impl Runner {
    /// Reads the environment of the step. A blank variable counts as absent.
    pub fn from_env(env: &[(String, String)]) -> Runner {
        let var = |name: &str| {
            let found = env.iter().find(|(key, _)| key == name)?;
            // A line end is what is left of a file or of another step's output.
            Some(found.1.trim()).filter(|value| !value.is_empty())
        };
        let url = var("ACTIONS_ID_TOKEN_REQUEST_URL");
        let token = var("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
        Runner {
            endpoint: url
                .zip(token)
                .map(|(url, token)| (url.to_owned(), Secret::new(token))),
            in_action: var("GITHUB_ACTIONS") == Some("true"),
            on_pull_request: var("GITHUB_EVENT_NAME")
                .is_some_and(|event| event.starts_with("pull_request")),
            has_keys: var("AWS_ACCESS_KEY_ID").is_some(),
        }
    }

    /// A fresh token for `audience`. It lives for minutes, so it is used at once.
    pub(super) async fn token(
        &self,
        connector: &SharedHttpConnector,
        audience: &str,
    ) -> Result<Secret, NotAssumed> {
        let (url, bearer) = self.endpoint.as_ref().ok_or_else(|| self.no_endpoint())?;
        if HeaderValue::from_str(bearer.expose()).is_err() {
            return Err(not_sendable());
        }
        let url = with_audience(url, audience);
        if HttpRequest::get(&url).is_err() {
            return Err(no_address());
        }
        let mut pause = PAUSE;
        for attempt in 1.. {
            let tried = tokio::time::timeout(TRY_TIMEOUT, once(connector, &url, bearer));
            let lost = tried
                .await
                .unwrap_or_else(|_| Err(Lost::Passing("it gave no answer in time".to_owned())));
            match lost {
                Ok(token) => return Ok(token),
                Err(Lost::Refused(status)) => return Err(refused(status)),
                Err(Lost::Passing(why)) if attempt >= ATTEMPTS => return Err(unanswered(&why)),
                Err(Lost::Passing(why)) => {
                    tracing::debug!(why, attempt, "the runner's token is asked for again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        Err(unanswered("it was not asked"))
    }

    /// The job may have no tokens, or this is no job at all.
    fn no_endpoint(&self) -> NotAssumed {
        let mut help = Vec::new();
        if !self.in_action {
            help.push("`role-to-assume` works in a job of GitHub Actions alone: leave it away, and the SDK's default chain finds the credentials, such as those of a profile".to_owned());
        } else {
            help.push("give the job the permission: `permissions:` with `id-token: write` (and `contents: read` for the checkout, as whatever isn't listed is taken away)".to_owned());
            if self.on_pull_request {
                help.push("a pull request from a fork gets no token, whatever the job's permissions: skip the step there, with `if: github.event.pull_request.head.repo.full_name == github.repository`".to_owned());
            }
        }
        if self.has_keys {
            help.push("the AWS credentials in the environment aren't used to assume a role (role chaining): to deploy with them as they are, leave `role-to-assume` away".to_owned());
        }
        NotAssumed {
            text: "the runner offers no OIDC token: `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN` aren't set".to_owned(),
            help,
            passing: false,
        }
    }
}

fn not_sendable() -> NotAssumed {
    no_question(
        "`ACTIONS_ID_TOKEN_REQUEST_TOKEN` holds a line end or another character that can't be sent",
    )
}

fn no_address() -> NotAssumed {
    no_question("`ACTIONS_ID_TOKEN_REQUEST_URL` isn't an address")
}

fn no_question(why: &str) -> NotAssumed {
    NotAssumed {
        text: format!("the runner's token endpoint can't be asked: {why}"),
        help: vec!["the runner sets it for each job: nothing else in the job should".to_owned()],
        passing: false,
    }
}

fn refused(status: u16) -> NotAssumed {
    NotAssumed {
        text: format!("the runner's token endpoint refused to give an OIDC token: HTTP {status}"),
        help: vec!["run the job again: what it asks with holds for this one job. If that doesn't help, look at `permissions: id-token: write` of the job and of the workflow that calls it".to_owned()],
        passing: false,
    }
}

fn unanswered(why: &str) -> NotAssumed {
    NotAssumed {
        text: format!("the runner's token endpoint gave no OIDC token in {ATTEMPTS} tries: {why}"),
        help: vec!["look at https://www.githubstatus.com, and whether a proxy stands between the runner and GitHub, then run the job again".to_owned()],
        passing: true,
    }
}

async fn once(connector: &SharedHttpConnector, url: &str, bearer: &Secret) -> Result<Secret, Lost> {
    let passing = |why: &str| Lost::Passing(why.to_owned());
    let mut request = HttpRequest::get(url)
        .map_err(|_| passing("`ACTIONS_ID_TOKEN_REQUEST_URL` isn't an address"))?;
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {}", bearer.expose()));
    headers.insert("accept", "application/json; api-version=2.0");
    headers.insert(
        "user-agent",
        concat!("plimsoll/", env!("CARGO_PKG_VERSION")),
    );
    let answer = connector.call(request).await;
    let answer = answer.map_err(|error| Lost::Passing(format!("no connection: {error}")))?;
    let status = answer.status();
    if !status.is_success() {
        let status = status.as_u16();
        // Of all the 4xx these two alone are about the moment.
        return Err(if status >= 500 || status == 429 || status == 408 {
            Lost::Passing(format!("HTTP {status}"))
        } else {
            Lost::Refused(status)
        });
    }
    let body = read(answer.into_body()).await;
    let body = body.ok_or_else(|| passing("the answer broke off, or is too large"))?;
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|_| passing("the answer isn't the JSON that GitHub writes"))?;
    if !is_token(&answer.value) {
        return Err(passing("the answer holds no token"));
    }
    Ok(Secret::new(answer.value))
}

/// Three parts of base64url: a JWT.
fn is_token(text: &str) -> bool {
    let written = |part: &str| {
        let sound = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !part.is_empty() && part.bytes().all(sound)
    };
    text.len() <= TOKEN_MAX_BYTES && text.split('.').count() == 3 && text.split('.').all(written)
}

/// The runner's URL has a query of its own already.
fn with_audience(url: &str, audience: &str) -> String {
    let query = serde_urlencoded::to_string([("audience", audience)]).unwrap_or_default();
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{query}")
}

#[cfg(test)]
mod tests {
    use super::{is_token, with_audience};

    #[test]
    fn the_audience_joins_the_query_that_is_there() {
        let url = with_audience("https://h/idtoken?api-version=2.0", "a b&c");
        assert_eq!(url, "https://h/idtoken?api-version=2.0&audience=a+b%26c");
        assert_eq!(with_audience("https://h/x", "s"), "https://h/x?audience=s");
    }

    #[test]
    fn a_token_is_three_words() {
        assert!(is_token("eyJh.eyJz.c2ln-_"));
        for text in [
            "",
            "a.b",
            "a.b.c.d",
            "a..c",
            "a.b.c\n",
            "a.b c.d",
            "<html>.a.b",
        ] {
            assert!(!is_token(text), "{text:?}");
        }
        assert!(!is_token(&format!("a.b.{}", "c".repeat(30_000))));
    }
}
