//! The one connector under all clients, GitHub's too: through the proxy that the environment names,
//! and past it to what lies on this side of every proxy. No answer is read past a bound.
//!
//! Which variables there are and what `NO_PROXY` means is the HTTP client's matter. Nothing here
//! knows what is asked for.

use std::error::Error;
use std::net::IpAddr;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::tries::{CONNECT_TIMEOUT, READS};

/// Bytes of one answer's body. The longest is a page of a hundred tasks or instances with all their
/// members, some megabytes. The SDK reads whole answers into memory before it looks at them.
const ANSWER_MAX: usize = 32 << 20;

/// An answer that is longer, and was not read to its end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer is larger than the {} MiB that any answer has, and was not read to its end", ANSWER_MAX >> 20)]
struct TooLarge;

/// The one connector.
pub fn connector() -> SharedHttpConnector {
    SharedHttpConnector::new(ByHost {
        afar: build(ProxyConfig::from_env()),
        near: build(ProxyConfig::disabled()),
    })
}

fn build(proxy: ProxyConfig) -> Connector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READS.attempt)
        .build();
    Connector::builder()
        .connector_settings(settings)
        .proxy_config(proxy)
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build()
}

#[derive(Debug)]
struct ByHost {
    afar: Connector,
    near: Connector,
}

impl HttpConnector for ByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().parse::<Uri>().ok();
        let is_near = uri.as_ref().and_then(Uri::host).is_some_and(is_near);
        let connector = if is_near { &self.near } else { &self.afar };
        let answering = connector.call(request);
        HttpConnectorFuture::new(async { bounded(answering.await?) })
    }
}

/// The answer with a body that ends in an error at the bound; one that announces more is none.
fn bounded(answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let announced = answer.headers().get("content-length");
    let announced = announced.and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > ANSWER_MAX as u64) {
        return Err(ConnectorError::other(TooLarge.into(), None));
    }
    Ok(answer.map(|body| {
        let limited = Limited::new(body, ANSWER_MAX).map_err(explained);
        SdkBody::from_body_1_x(limited)
    }))
}

fn explained(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
    if error.is::<LengthLimitError>() {
        TooLarge.into()
    } else {
        error
    }
}

/// This machine, and where it or its container is given credentials: behind a proxy these addresses
/// would be the proxy's own, and its role would be taken for this machine's.
fn is_near(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            // The instance metadata's and the EKS Pod Identity agent's addresses are in
            // fd00:ec2::/32.
            let is_ec2 = address.segments()[..2] == [0xfd00, 0xec2];
            address.is_loopback() || address.is_unicast_link_local() || is_ec2
        }
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests;
