//! GitHub's runner, as far as it gives a job OIDC tokens: who the job is, and what a token says.
//!
//! From GitHub's reference of OIDC claims. The tokens aren't signed in earnest; the one who checks them
//! here goes by their claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::World;

/// One job and its token endpoint.
#[derive(Clone, Debug)]
pub struct RunnerSpec {
    pub issuer: String,
    /// `owner/name`.
    pub repository: String,
    pub repository_id: String,
    pub owner_id: String,
    /// What the subject ends in: `ref:refs/heads/main`, `environment:production`, `pull_request`.
    pub context: String,
    /// Whether owner and repository stand in the subject with their ids.
    pub immutable_subject: bool,
    /// What the endpoint wants to see as `Bearer`.
    pub request_token: String,
    /// From a token's making to its end; below zero GitHub's clock is behind AWS's.
    pub token_secs: i64,
    /// Status and body that are answered instead of a token.
    pub answer: Option<(u16, String)>,
}

impl Default for RunnerSpec {
    fn default() -> RunnerSpec {
        RunnerSpec {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            repository: "octo-org/hello".to_owned(),
            repository_id: "456789".to_owned(),
            owner_id: "123456".to_owned(),
            context: "ref:refs/heads/main".to_owned(),
            immutable_subject: false,
            request_token: "request-token-of-the-job".to_owned(),
            token_secs: 300,
            answer: None,
        }
    }
}

impl RunnerSpec {
    /// The claim `sub`.
    fn subject(&self) -> String {
        let (owner, name) = self
            .repository
            .split_once('/')
            .unwrap_or((&self.repository, ""));
        if self.immutable_subject {
            let (owner_id, id) = (&self.owner_id, &self.repository_id);
            format!("repo:{owner}@{owner_id}/{name}@{id}:{}", self.context)
        } else {
            format!("repo:{owner}/{name}:{}", self.context)
        }
    }
}

impl World {
    /// A token of the job for `audience`.
    pub(crate) fn id_token(&mut self, audience: &str) -> String {
        let runner = &self.runner;
        let now = self.now / 1000;
        let owner = runner.repository.split('/').next().unwrap_or_default();
        let head =
            json!({"typ": "JWT", "alg": "RS256", "kid": "38826b17-6a30-5f9b-b169-8beb8202f723"});
        let claims = json!({
            "jti": self.requests.uuid(),
            "sub": runner.subject(),
            "aud": audience,
            "iss": runner.issuer,
            "iat": now,
            "nbf": now - 300,
            "exp": now + runner.token_secs,
            "repository": runner.repository,
            "repository_id": runner.repository_id,
            "repository_owner": owner,
            "repository_owner_id": runner.owner_id,
            "ref": "refs/heads/main",
            "run_id": "17812345678",
            "run_attempt": "1",
            "event_name": "push",
            "runner_environment": "github-hosted",
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = URL_SAFE_NO_PAD.encode(self.requests.hex32());
        format!("{}.{}.{signature}", part(&head), part(&claims))
    }
}
