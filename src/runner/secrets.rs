//! The secrets that the environment of the process holds. Nothing else is looked at here: those that
//! turn up later are learned where they turn up.

use super::proxy;
use crate::redact::Redactor;

/// Variables whose whole value is a secret: of AWS, of the runner, and inputs.
const VARIABLES: [&str; 8] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "INPUT_GITHUB-TOKEN",
];

/// Teaches `redactor` what `env` holds. The runner only has to learn the logins of proxies: it
/// knows where the others come from.
pub fn learn(env: &[(String, String)], redactor: &Redactor) {
    for secret in proxy::secrets(env) {
        redactor.learn(secret.expose());
    }
    for (name, value) in env {
        if VARIABLES.contains(&name.as_str()) {
            redactor.learn_quietly(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_variables_that_hold_secrets_are_hidden() {
        let env = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let redactor = Redactor::default();
        let all = [
            env("AWS_SESSION_TOKEN", "FwoGZXIvYXdzEBYaD"),
            env("AWS_REGION", "eu-west-1"),
            env("HTTPS_PROXY", "http://ci:s3cret-of-ci@proxy:3128"),
        ];
        learn(&all, &redactor);
        let text = "FwoGZXIvYXdzEBYaD in eu-west-1 by ci:s3cret-of-ci";
        assert_eq!(redactor.shown(text).as_str(), "*** in eu-west-1 by ***");
    }
}
