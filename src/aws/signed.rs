//! Calls to AWS services without a typed client: a few optional reads, signed over the one
//! connector.
//!
//! It knows AWS's two old protocols (forms answered in XML, AWS JSON 1.1) and nothing of what is
//! read. It only reads: everything here may be repeated.

use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use super::body::read;
use super::error::ErrorAnswer;
use super::once;
use super::tries::OPTIONAL;
use super::xml::Element;
use super::{Aws, AwsError, AwsErrorKind};

/// Tries of one read: these reads are optional, so few.
const ATTEMPTS: u32 = 3;
/// The pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(500);

/// An AWS service, as far as a call needs to know it.
#[derive(Debug)]
pub(super) struct Service {
    /// The SDK's id of the service: `AWS_ENDPOINT_URL_AUTO_SCALING` is that of `Auto Scaling`.
    pub(super) id: &'static str,
    /// The first part of its host names, which is also the name that it is signed for.
    pub(super) host: &'static str,
    /// The API's version (forms), or what goes before the operation in `x-amz-target` (JSON).
    pub(super) api: &'static str,
}

/// What is asked, in IAM's words, and of what.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) service: &'static Service,
    /// `ec2:DescribeInstanceTypes`; the operation is what stands behind the colon.
    pub(super) action: &'static str,
    pub(super) subject: String,
}

impl Ask {
    pub(super) fn operation(&self) -> &'static str {
        self.action.rsplit(':').next().unwrap_or_default()
    }

    pub(super) fn incomplete(&self, text: &str) -> AwsError {
        AwsError::incomplete(self.action, self.subject.as_str(), text)
    }

    fn unanswered(&self, text: &str) -> AwsError {
        AwsError::unanswered(self.action, self.subject.as_str(), text)
    }
}

/// A body and what says how it is to be read.
struct Message {
    body: String,
    headers: Vec<(&'static str, String)>,
    /// Code and message of an answer that is an error.
    error: fn(&[u8]) -> (String, String),
}

impl Aws {
    /// One call of the query protocol: a form, answered in XML.
    pub(super) async fn query(
        &self,
        ask: &Ask,
        parameters: &[(String, String)],
    ) -> Result<Element, AwsError> {
        let mut form = vec![("Action", ask.operation()), ("Version", ask.service.api)];
        form.extend(
            parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let body = serde_urlencoded::to_string(form)
            .map_err(|_| ask.incomplete("the request can't be written as a form"))?;
        let headers = vec![(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
        )];
        let answer = self
            .signed(
                ask,
                &Message {
                    body,
                    headers,
                    error: xml_error,
                },
            )
            .await?;
        let root = Element::read(&answer)
            .ok_or_else(|| ask.unanswered("the answer isn't the XML that AWS writes"))?;
        match once::twice(&root) {
            Some(twice) => Err(ask.unanswered(&twice.to_string())),
            None => Ok(root),
        }
    }

    /// One call of AWS JSON 1.1.
    pub(super) async fn json(&self, ask: &Ask, body: &Value) -> Result<Value, AwsError> {
        let headers = vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            (
                "x-amz-target",
                format!("{}.{}", ask.service.api, ask.operation()),
            ),
        ];
        let answer = self
            .signed(
                ask,
                &Message {
                    body: body.to_string(),
                    headers,
                    error: json_error,
                },
            )
            .await?;
        once::json(&answer)
            .ok_or_else(|| ask.unanswered("the answer isn't JSON, or holds a member twice"))
    }

    /// Sends a message, again where AWS throttles it or doesn't answer, while there is time.
    async fn signed(&self, ask: &Ask, message: &Message) -> Result<Vec<u8>, AwsError> {
        tokio::time::timeout(OPTIONAL.call, self.tried(ask, message))
            .await
            .unwrap_or_else(|_| Err(ask.unanswered("no answer in time")))
    }

    async fn tried(&self, ask: &Ask, message: &Message) -> Result<Vec<u8>, AwsError> {
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.once(ask, message).await {
                Err(error)
                    if matches!(
                        error.kind,
                        AwsErrorKind::Throttled | AwsErrorKind::Unanswered
                    ) =>
                {
                    tracing::debug!(%error, "tried again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return answer,
            }
        }
        self.once(ask, message).await
    }

    async fn once(&self, ask: &Ask, message: &Message) -> Result<Vec<u8>, AwsError> {
        let request = self.request(ask, message).await?;
        let answer = self.paced.connector.call(request).await;
        let response = answer.map_err(|error| ask.unanswered(&error.to_string()))?;
        let status = response.status();
        let body = read(response.into_body())
            .await
            .ok_or_else(|| ask.unanswered("the answer broke off, or is too large"))?;
        if status.is_success() {
            return Ok(body);
        }
        let (code, text) = (message.error)(&body);
        let answer = ErrorAnswer {
            status: status.as_u16(),
            code: &code,
            message: &text,
        };
        Err(AwsError::answered(ask.action, ask.subject.as_str(), answer))
    }

    /// The message as a signed request.
    async fn request(&self, ask: &Ask, message: &Message) -> Result<HttpRequest, AwsError> {
        let region = self
            .region()
            .ok_or_else(|| ask.incomplete("no region is set"))?;
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| ask.incomplete("no credentials are set"))?;
        let credentials = provider.provide_credentials().await;
        let identity: Identity = credentials
            .map_err(|error| AwsError::unsigned(ask.action, ask.subject.as_str(), &error))?
            .into();
        let uri = endpoint(&self.config, ask.service, region);
        let unsignable = |_| ask.incomplete("the request can't be signed");
        let time = self.config.time_source().unwrap_or_default().now();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(ask.service.host)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| ask.incomplete("the request can't be signed"))?;
        let headers = message
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let signable = SignableRequest::new(
            "POST",
            uri.as_str(),
            headers,
            SignableBody::Bytes(message.body.as_bytes()),
        );
        let signed = sign(signable.map_err(unsignable)?, &parameters.into()).map_err(unsignable)?;
        let mut request = HttpRequest::new(SdkBody::from(message.body.as_str()));
        let method = request.set_method("POST");
        method
            .and_then(|()| request.set_uri(uri.as_str()))
            .map_err(|_| ask.incomplete("the endpoint isn't an address"))?;
        for (name, value) in &message.headers {
            request.headers_mut().insert(*name, value.clone());
        }
        let (added, _) = signed.into_parts().0.into_parts();
        for header in added {
            request
                .headers_mut()
                .insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

/// The endpoint that is configured for the service, else for all, else AWS's own. A path of `/` is
/// what all of these APIs are asked at.
fn endpoint(config: &aws_config::SdkConfig, service: &Service, region: &str) -> String {
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = key
        .ok()
        .and_then(|key| config.service_config()?.load_config(key));
    let set = own.or_else(|| config.endpoint_url().map(str::to_owned));
    let base = set.unwrap_or_else(|| {
        // The China regions have a domain of their own; GovCloud's is the common one.
        let domain = if region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        format!("https://{}.{region}.{domain}", service.host)
    });
    format!("{}/", base.trim_end_matches('/'))
}

/// `<ErrorResponse><Error>…`, and EC2's `<Response><Errors><Error>…`.
fn xml_error(body: &[u8]) -> (String, String) {
    let Some(root) = Element::read(body) else {
        return Default::default();
    };
    let error = root.child("Error").or_else(|| root.list("Errors").first());
    error
        .map(|error| {
            (
                error.text_of("Code").to_owned(),
                error.text_of("Message").to_owned(),
            )
        })
        .unwrap_or_default()
}

/// `{"__type": "prefix#Code", "message": "…"}`.
fn json_error(body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = text("__type")
        .rsplit('#')
        .next()
        .unwrap_or_default()
        .to_owned();
    let message = if text("message").is_empty() {
        text("Message")
    } else {
        text("message")
    };
    (code, message.to_owned())
}

#[cfg(test)]
mod tests;
