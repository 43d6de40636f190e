//! A build request in the words of the engine's API.

use std::collections::HashMap;

use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion};

use super::request::BuildRequest;
use crate::docker::session::Offered;
use crate::image::reference::DOCKER_HUB;

/// Under this name BuildKit asks for Docker Hub's credentials.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// The path and query that starts the build. `session` is where BuildKit asks back.
pub(super) fn path(
    request: &BuildRequest,
    dockerfile: &str,
    session: &str,
) -> Result<String, serde_urlencoded::ser::Error> {
    let mut build_args = map_of(&request.build_args);
    if request.inline_cache {
        build_args.insert("BUILDKIT_INLINE_CACHE", "1");
    }
    let mut options = BuildImageOptionsBuilder::default()
        .dockerfile(dockerfile)
        .t(&request.name.to_string())
        .platform(&request.platform.to_string())
        .version(BuilderVersion::BuilderBuildKit)
        .session(session)
        .buildargs(&build_args)
        .labels(&map_of(&request.labels))
        .nocache(request.no_cache);
    if !request.cache_from.is_empty() {
        let images: Vec<String> = request.cache_from.iter().map(ToString::to_string).collect();
        options = options.cachefrom(&images);
    }
    if request.pull {
        options = options.pull("1");
    }
    if let Some(target) = &request.target {
        options = options.target(target);
    }
    if let Some(network) = &request.network {
        options = options.networkmode(network);
    }
    let mut path = format!("/build?{}", serde_urlencoded::to_string(options.build())?);
    for host in &request.add_hosts {
        path.push('&');
        path.push_str(&serde_urlencoded::to_string([("extrahosts", host)])?);
    }
    Ok(path)
}

/// What BuildKit may ask for during this build.
pub(super) fn offered(request: &BuildRequest) -> Offered {
    let logins = request.logins.iter().map(|login| {
        let host = match login.registry.as_str() {
            DOCKER_HUB | "index.docker.io" => DOCKER_HUB_HOST,
            other => other,
        };
        (host.to_owned(), login.credentials.clone())
    });
    let secrets = request
        .secrets
        .iter()
        .map(|secret| (secret.id.clone(), secret.value.clone()));
    Offered {
        logins: logins.collect(),
        secrets: secrets.collect(),
    }
}

fn map_of(pairs: &[(String, String)]) -> HashMap<&str, &str> {
    pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::path;
    use crate::docker::BuildRequest;

    #[test]
    fn says_only_what_was_asked_for_and_every_host() {
        let mut request = BuildRequest::new(".", "r.example/api:v1".parse().unwrap());
        let plain = path(&request, "Dockerfile", "s").unwrap();
        assert!(
            plain.contains("platform=linux%2Famd64") && plain.contains("version=2"),
            "{plain}"
        );
        for absent in [
            "cachefrom",
            "pull",
            "networkmode",
            "extrahosts",
            "INLINE_CACHE",
        ] {
            assert!(!plain.contains(absent), "{absent} in {plain}");
        }
        request.add_hosts = vec!["a:10.0.0.1".to_owned(), "b:::1&x".to_owned()];
        request.inline_cache = true;
        request.cache_from = vec!["r.example/api:latest".parse().unwrap()];
        let full = path(&request, "docker/Dockerfile", "s").unwrap();
        assert!(
            full.ends_with("&extrahosts=a%3A10.0.0.1&extrahosts=b%3A%3A%3A1%26x"),
            "{full}"
        );
        for present in [
            "cachefrom=%5B%22r.example%2Fapi%3Alatest%22%5D",
            "BUILDKIT_INLINE_CACHE%22%3A%221",
            "dockerfile=docker%2FDockerfile",
        ] {
            assert!(full.contains(present), "{present} in {full}");
        }
    }
}
