//! GitHub's REST by octocrab, over the one connector that the AWS clients have.
//!
//! It knows how a request is sent and what an error means, and nothing of what is reported.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::request::Facts;
use crate::secret::Secret;

const API: &str = "https://api.github.com";
/// One try with its answer. GitHub answers within a second; two tries fit into what is waited.
const TRY_TIMEOUT: Duration = Duration::from_secs(2);
/// Before the second try.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// A page of a hundred comments of the longest kind, in their usual letters.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Characters of GitHub's messages that are shown.
const MESSAGE_MAX: usize = 300;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A client of one repository.
#[derive(Clone)]
pub(super) struct Client {
    octocrab: Octocrab,
    /// `owner/name`.
    repository: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        shown
            .field("repository", &self.repository)
            .finish_non_exhaustive()
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotDone {
    /// What was to be done: `create the deployment`.
    doing: &'static str,
    pub(super) why: Why,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It isn't known whether it was done: no answer, or that of a broken server.
    Unanswered,
    Refused(u16),
    RateLimited,
    /// It was answered, but not with what GitHub answers.
    Garbled,
}

impl NotDone {
    /// All tries together took too long.
    pub(super) fn late() -> NotDone {
        NotDone {
            doing: "do what was asked",
            why: Why::Unanswered,
            text: "it took too long".to_owned(),
        }
    }

    fn of(doing: &'static str, error: &octocrab::Error) -> NotDone {
        let (why, text) = match error {
            octocrab::Error::GitHub { source, .. } => {
                let status = source.status_code.as_u16();
                let is_limit = source.message.to_lowercase().contains("rate limit");
                let why = match status {
                    429 => Why::RateLimited,
                    403 if is_limit => Why::RateLimited,
                    status => Why::Refused(status),
                };
                (why, source.message.clone())
            }
            octocrab::Error::Json { .. } | octocrab::Error::Serde { .. } => (
                Why::Garbled,
                "the answer isn't what GitHub answers".to_owned(),
            ),
            other => (Why::Unanswered, deepest(other)),
        };
        let text = text.chars().take(MESSAGE_MAX).collect();
        NotDone { doing, why, text }
    }

    /// One line: what isn't done, why, what to do, and that the deploy doesn't depend on it.
    pub(super) fn warning(&self, permission: &str) -> String {
        let help = match self.why {
            Why::Refused(401) => {
                "; the token of `github-token` is wrong or no longer valid: give it `${{ github.token }}`"
                    .to_owned()
            }
            Why::Refused(403 | 404) => {
                format!("; give the job `permissions:` with `{permission}: write`")
            }
            _ => String::new(),
        };
        format!("{self}{help}; the outcome doesn't depend on it")
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (doing, text) = (self.doing, &self.text);
        match self.why {
            Why::Unanswered => write!(f, "GitHub was asked to {doing} and did not answer: {text}"),
            Why::Refused(status) => write!(f, "GitHub refused to {doing}: {text} ({status})"),
            Why::RateLimited => write!(
                f,
                "GitHub refused to {doing}, for too many requests: {text}"
            ),
            Why::Garbled => write!(f, "GitHub was asked to {doing}: {text}"),
        }
    }
}

/// The words of the error at the bottom: those above only say that there is one.
fn deepest(error: &octocrab::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text = error.to_string();
        below = error.source();
    }
    text
}

impl Client {
    /// A client of the repository that the run is of.
    ///
    /// # Errors
    /// What is missing for it, as a warning.
    pub(super) fn of(
        token: Option<&Secret>,
        facts: &Facts,
        connector: &SharedHttpConnector,
    ) -> Result<Client, String> {
        let without = |what: &str| Err(format!("nothing is reported to GitHub, because {what}"));
        let Some(token) = token else {
            return without("there is no `github-token`: give it `${{ github.token }}`");
        };
        let Some(repository) = facts.repository.clone().filter(|name| is_repository(name)) else {
            return without("`GITHUB_REPOSITORY` isn't `owner/name`");
        };
        let api = facts.api_url.as_deref().unwrap_or(API);
        let base = api.parse::<Uri>().ok();
        let base = base.filter(|base| base.scheme().is_some() && base.authority().is_some());
        let Some(base) = base else {
            return without("`GITHUB_API_URL` isn't an address");
        };
        let Ok(mut authorization) = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        else {
            return without("`github-token` can't be sent");
        };
        authorization.set_sensitive(true);
        let agent = HeaderValue::from_static(concat!("plimsoll/", env!("CARGO_PKG_VERSION")));
        let agent = Arc::new(vec![(header::USER_AGENT, agent)]);
        let connector = connector.clone();
        let service = tower::service_fn(move |request| asked(connector.clone(), request));
        let built = OctocrabBuilder::new_empty()
            .with_service(service)
            .with_layer(&ExtraHeadersLayer::new(agent))
            .with_layer(&BaseUriLayer::new(base.clone()))
            .with_layer(&AuthHeaderLayer::new(
                Some(authorization),
                base.clone(),
                base,
            ))
            .with_auth(AuthState::None)
            .build();
        let octocrab = match built {
            Ok(octocrab) => octocrab,
            Err(never) => match never {},
        };
        Ok(Client {
            octocrab,
            repository,
        })
    }

    /// Reads what is at `path`, below the repository.
    pub(super) async fn get<R: DeserializeOwned>(
        &self,
        doing: &'static str,
        path: &str,
    ) -> Result<R, NotDone> {
        let route = self.route(path);
        tried(doing, self.octocrab.get(route, None::<&()>)).await
    }

    pub(super) async fn post<R: DeserializeOwned>(
        &self,
        doing: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<R, NotDone> {
        tried(doing, self.octocrab.post(self.route(path), Some(body))).await
    }

    pub(super) async fn patch<R: DeserializeOwned>(
        &self,
        doing: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<R, NotDone> {
        tried(doing, self.octocrab.patch(self.route(path), Some(body))).await
    }

    fn route(&self, path: &str) -> String {
        format!("/repos/{}/{path}", self.repository)
    }
}

/// One try.
async fn tried<R>(
    doing: &'static str,
    asked: impl Future<Output = octocrab::Result<R>>,
) -> Result<R, NotDone> {
    match tokio::time::timeout(TRY_TIMEOUT, asked).await {
        Ok(answer) => answer.map_err(|error| NotDone::of(doing, &error)),
        Err(_) => Err(NotDone {
            doing,
            why: Why::Unanswered,
            text: format!("no answer within {} s", TRY_TIMEOUT.as_secs()),
        }),
    }
}

/// One request over the connector, its answer whole and bounded.
async fn asked(
    connector: SharedHttpConnector,
    request: Request<OctoBody>,
) -> Result<Response<Full<Bytes>>, BoxError> {
    let (head, body) = request.into_parts();
    let body = SdkBody::from(body.collect().await?.to_bytes());
    let request = HttpRequest::try_from(Request::from_parts(head, body))?;
    let response = connector.call(request).await?.try_into_http1x()?;
    let (head, body) = response.into_parts();
    if head.status.is_server_error() {
        return Err(format!("it answered {}", head.status).into());
    }
    let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await?;
    Ok(Response::from_parts(head, Full::new(body.to_bytes())))
}

/// `owner/name`, which goes into paths.
fn is_repository(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        !name.is_empty() && name != "." && name != ".." && name.bytes().all(is_letter)
    };
    text.split_once('/')
        .is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}
