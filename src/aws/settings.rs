//! The settings that the SDK reads for itself: variables, and the keys of AWS's two files. What it
//! would panic at, or pass over in silence, is refused before it reads them.
//!
//! What the run sets anyway (retries, timeouts) isn't looked at: that is set before anything is read.
//! No secret is shown.

mod credentials;
mod files;

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use http::Uri;

pub(super) use credentials::{sound, with_sound_credentials};
pub(super) use files::problems as of_files;

use crate::request::shown;

/// The SDK's ids of the services that are called, as endpoints are set for them one by one.
const SERVICES: [&str; 8] = [
    "ECS",
    "ECR",
    "STS",
    "EC2",
    "Auto Scaling",
    "Elastic Load Balancing v2",
    "CloudWatch Logs",
    "Service Quotas",
];

/// The variable of all endpoints, and how that of each one begins.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// What is wrong with the environment's variables, one line each.
pub(super) fn of_environment(env: &[(String, String)]) -> Vec<String> {
    env.iter()
        .filter_map(|(name, value)| {
            let why = match name.as_str() {
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => {
                    return Some(format!("`{name}`: {}", wrong_secret(value)?));
                }
                // The SDK trims it.
                "AWS_SESSION_TOKEN" => {
                    return Some(format!("`{name}`: {}", wrong_secret(value.trim())?));
                }
                "AWS_USE_FIPS_ENDPOINT" | "AWS_USE_DUALSTACK_ENDPOINT" => wrong_switch(value)?,
                "AWS_EXECUTION_ENV" => wrong_word(value)?,
                _ => return None,
            };
            Some(format!("`{name}` is `{}`: {why}", shown(value)))
        })
        .collect()
}

/// What is wrong with what the SDK has made of all settings: the endpoints, and a region that only a
/// file names.
pub(super) fn of_config(config: &SdkConfig, env: &[(String, String)]) -> Vec<String> {
    let mut problems = Vec::new();
    let region = config.region().map(AsRef::as_ref);
    if let Some(region) = region.filter(|region| !crate::request::is_region(region)) {
        problems.push(format!(
            "the region is `{}`, by AWS's config file: a region is written like `eu-central-1`",
            shown(region)
        ));
    }
    let of_one = SERVICES.iter().filter_map(|service| {
        let url = config.service_config()?.load_config(key(service)?)?;
        let own = format!("{ENDPOINT}_{}", service.replace(' ', "_").to_uppercase());
        Some((own, url))
    });
    let of_all = config.endpoint_url();
    let of_all = of_all.map(|url| (ENDPOINT.to_owned(), url.to_owned()));
    for (variable, url) in of_one.chain(of_all).filter(|(_, url)| wrong_endpoint(url)) {
        // Without an endpoint of its own a service has that of all.
        let names = [variable.as_str(), ENDPOINT];
        let is_set = |name: &&str| env.iter().any(|(key, value)| key == name && *value == url);
        let source = match names.into_iter().find(is_set) {
            Some(name) => format!("`{name}`"),
            None => "`endpoint_url` in AWS's config file".to_owned(),
        };
        let problem = format!(
            "{source} is `{}`: an address such as `https://ecs.eu-central-1.amazonaws.com` is needed",
            shown(&url)
        );
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

fn key(service: &str) -> Option<ServiceConfigKey<'_>> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env(ENDPOINT)
        .profile("endpoint_url");
    key.build().ok()
}

/// The endpoints that are given: the SDK panics at an empty one, and a workflow can't leave a variable
/// out, only empty.
pub(super) fn given(config: &SdkConfig) -> SdkConfig {
    let url = config.endpoint_url().map(str::to_owned);
    let mut builder = config.to_builder().service_config(Given(config.clone()));
    builder.set_endpoint_url(url.filter(|url| !is_blank(url)));
    builder.build()
}

/// Service settings without the blank ones.
#[derive(Debug)]
struct Given(SdkConfig);

impl LoadServiceConfig for Given {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let found = self.0.service_config()?.load_config(key);
        found.filter(|value| !is_blank(value))
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Why AWS's API can't be sent a key or a token. A blank one counts as absent.
fn wrong_secret(value: &str) -> Option<&'static str> {
    if is_blank(value) {
        None
    } else if value.trim() != value {
        Some("it begins or ends with a blank or a line end: set it without")
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("it holds a character that no key or token of AWS has, such as a blank or a line end")
    } else {
        None
    }
}

fn wrong_switch(value: &str) -> Option<&'static str> {
    let known = ["true", "false"];
    let is_known = known.iter().any(|word| value.eq_ignore_ascii_case(word));
    (!is_known && !is_blank(value)).then_some("allowed are `true` and `false`")
}

/// It goes into a header of each request.
fn wrong_word(value: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_graphic() || c == ' ';
    (!value.chars().all(fits)).then_some("letters, digits and signs of ASCII are needed")
}

fn wrong_endpoint(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return true;
    };
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    !is_http || uri.host().is_none_or(str::is_empty)
}

#[cfg(test)]
mod tests;
