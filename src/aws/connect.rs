//! The one connector under all clients, GitHub's too: through the proxy that the environment names,
//! and past it to what lies on this side of every proxy.
//!
//! Which variables there are and what `NO_PROXY` means is the HTTP client's matter. Nothing here
//! knows what is asked for.

use std::net::IpAddr;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http::Uri;

use super::{CONNECT_TIMEOUT, READS};

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
        if uri.as_ref().and_then(Uri::host).is_some_and(is_near) {
            self.near.call(request)
        } else {
            self.afar.call(request)
        }
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
mod tests {
    use super::is_near;

    #[test]
    fn metadata_and_this_machine_are_near() {
        for host in [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "169.254.169.254",
            "169.254.170.2",
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
        ] {
            assert!(is_near(host), "{host}");
        }
        for host in [
            "ecs.eu-west-1.amazonaws.com",
            "10.0.0.1",
            "0.0.0.0",
            "[fd00::1]",
            "localhost.example.com",
        ] {
            assert!(!is_near(host), "{host}");
        }
    }
}
