//! What is to be reported to GitHub.

use super::reader::Reader;
use crate::secret::Secret;

/// The longest name of an environment that GitHub allows.
const ENVIRONMENT_MAX: usize = 255;
/// Longer addresses no browser opens.
const URL_MAX: usize = 2048;

/// What is reported to GitHub, and with which token. Without a token nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitHubOptions {
    /// `github-token`.
    pub token: Option<Secret>,
    /// The environment of the deployment.
    pub environment: Option<String>,
    /// `http://…` or `https://…`.
    pub environment_url: Option<String>,
    /// `comment`.
    pub comment: bool,
}

pub(super) fn options(r: &mut Reader<'_>) -> GitHubOptions {
    let token = r.text("github-token");
    // It is sent as a header: GitHub's tokens are letters, digits and `_`.
    if token.is_some_and(|token| !token.bytes().all(|b| b.is_ascii_graphic())) {
        r.hidden("github-token", 1, "a token is one word of plain characters");
    }
    let environment = r.text("environment");
    let is_name =
        |name: &str| name.chars().count() <= ENVIRONMENT_MAX && !name.chars().any(char::is_control);
    if let Some(name) = environment.filter(|name| !is_name(name)) {
        let why = "an environment's name is one line of at most 255 characters";
        r.wrong("environment", name, why);
    }
    let url = r.text("environment-url");
    if let Some(url) = url.filter(|url| !is_url(url)) {
        let why = "an address that begins with `https://` or `http://` is needed";
        r.wrong("environment-url", url, why);
    }
    GitHubOptions {
        token: token.map(Secret::new),
        environment: environment.map(str::to_owned),
        environment_url: url.map(str::to_owned),
        comment: r.flag("comment"),
    }
}

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or(text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty())
        && text.len() <= URL_MAX
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
