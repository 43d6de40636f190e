//! IAM and STS, as far as a workflow comes in by them: OIDC providers, roles with their trust
//! policies, and the sessions that were begun.
//!
//! From the reference of AssumeRoleWithWebIdentity and what it was seen to answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Refusal, World};

/// Sessions remembered; more than any story begins.
const SESSIONS_KEPT: usize = 1000;

/// A role that federated users may assume.
#[derive(Clone, Debug)]
pub struct RoleSpec {
    /// Path and name: `deploy`, `ci/deploy`.
    pub name: String,
    /// The issuer that it trusts.
    pub issuer: String,
    /// `aud`, by StringEquals.
    pub audience: String,
    /// `sub`, by StringLike: one of these.
    pub subjects: Vec<String>,
    /// MaxSessionDuration.
    pub max_session_secs: i64,
    /// Roles of the account, by name, that its trust policy lets assume it.
    pub trusted_roles: Vec<String>,
    /// Whether its trust policy allows them `sts:TagSession` too.
    pub may_be_tagged: bool,
}

impl Default for RoleSpec {
    fn default() -> RoleSpec {
        RoleSpec {
            name: "deploy".to_owned(),
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            audience: "sts.amazonaws.com".to_owned(),
            subjects: vec!["repo:octo-org/hello:*".to_owned()],
            max_session_secs: 3600,
            trusted_roles: Vec::new(),
            may_be_tagged: true,
        }
    }
}

/// Credentials that STS gave.
#[derive(Clone, Debug)]
pub struct Session {
    pub access_key: String,
    pub secret_key: String,
    pub token: String,
    /// `arn:aws:sts::…:assumed-role/deploy/session`.
    pub arn: String,
    /// In milliseconds since the epoch.
    pub end: i64,
    /// Session tags.
    pub tags: Vec<(String, String)>,
}

/// What is asked of AssumeRoleWithWebIdentity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assumption<'a> {
    pub(crate) role_arn: &'a str,
    pub(crate) session_name: &'a str,
    pub(crate) token: &'a str,
    pub(crate) seconds: i64,
}

/// What is asked of AssumeRole, and whose session asks.
#[derive(Clone, Debug)]
pub(crate) struct Chained<'a> {
    pub(crate) caller: &'a str,
    pub(crate) role_arn: &'a str,
    pub(crate) session_name: &'a str,
    pub(crate) seconds: i64,
    pub(crate) tags: Vec<(String, String)>,
}

/// STS gives a role's session no longer one for another role.
const CHAINED_MAX_SECS: i64 = 3600;

impl World {
    /// An OIDC provider in the account's IAM, with its audiences.
    pub fn add_oidc_provider(&mut self, issuer: &str, audiences: &[&str]) {
        let audiences = audiences.iter().map(|one| (*one).to_owned()).collect();
        self.oidc_providers.push((issuer.to_owned(), audiences));
    }

    pub fn add_role(&mut self, role: RoleSpec) {
        self.roles.push(role);
    }

    /// The role goes away; its sessions hold to their end.
    pub fn remove_role(&mut self, name: &str) {
        self.roles.retain(|role| role.name != name);
    }

    /// Every session so far, oldest first.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// What a request is signed with, if STS gave it. Other keys are nobody's business here.
    pub(crate) fn session(
        &self,
        access_key: &str,
        token: &str,
    ) -> Result<Option<&Session>, Refusal> {
        if !access_key.starts_with("ASIA") {
            return Ok(None);
        }
        let found = self
            .sessions
            .iter()
            .find(|one| one.access_key == access_key);
        match found.filter(|one| one.token == token) {
            None => Err(Refusal::new(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )),
            Some(session) if session.end <= self.now => Err(Refusal::new(
                "ExpiredTokenException",
                "The security token included in the request is expired",
            )),
            Some(session) => Ok(Some(session)),
        }
    }

    /// Begins a session, if the role's trust policy lets the token in.
    pub(crate) fn assume_role(&mut self, asked: Assumption<'_>) -> Result<Session, Refusal> {
        let claims = claims(asked.token)?;
        self.verify(&claims)?;
        let denied = || {
            let text = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
            Refusal::new("AccessDenied", text)
        };
        let prefix = format!("arn:aws:iam::{}:role/", self.account);
        let name = asked.role_arn.strip_prefix(&prefix).ok_or_else(denied)?;
        let role = self.roles.iter().find(|role| role.name == name);
        let role = role
            .filter(|role| role.trusts(&claims))
            .ok_or_else(denied)?;
        if asked.seconds > role.max_session_secs {
            return Err(Refusal::new(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        Ok(self.begin_session(name, asked.session_name, asked.seconds, Vec::new()))
    }

    /// Begins a session for a role that asks as itself, if the other's trust policy lets it.
    pub(crate) fn assume_role_as(&mut self, asked: Chained<'_>) -> Result<Session, Refusal> {
        let denied = |action: &str| {
            let (caller, role) = (asked.caller, asked.role_arn);
            let text = format!(
                "User: {caller} is not authorized to perform: {action} on resource: {role}"
            );
            Refusal::new("AccessDenied", text)
        };
        let prefix = format!("arn:aws:iam::{}:role/", self.account);
        let name = asked.role_arn.strip_prefix(&prefix);
        let name = name.ok_or_else(|| denied("sts:AssumeRole"))?;
        let caller = asked.caller.split('/').nth(1).unwrap_or_default();
        let role = self.roles.iter().find(|role| role.name == name);
        let role = role
            .filter(|role| role.trusted_roles.iter().any(|one| one == caller))
            .ok_or_else(|| denied("sts:AssumeRole"))?;
        if !asked.tags.is_empty() && !role.may_be_tagged {
            return Err(denied("sts:TagSession"));
        }
        let too_long = |text: &str| Err(Refusal::new("ValidationError", text));
        if asked.seconds > CHAINED_MAX_SECS {
            return too_long(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            );
        }
        if asked.seconds > role.max_session_secs {
            return too_long(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            );
        }
        Ok(self.begin_session(name, asked.session_name, asked.seconds, asked.tags))
    }

    fn begin_session(
        &mut self,
        role: &str,
        session_name: &str,
        seconds: i64,
        tags: Vec<(String, String)>,
    ) -> Session {
        let name = role.rsplit('/').next().unwrap_or(role);
        let session = Session {
            access_key: format!("ASIA{}", self.requests.hex32()[..16].to_uppercase()),
            secret_key: format!("{}{}", self.requests.hex32(), &self.requests.hex32()[..8]),
            token: format!("IQoJ{}{}", self.requests.hex32(), self.requests.hex32()),
            arn: format!(
                "arn:aws:sts::{}:assumed-role/{name}/{session_name}",
                self.account
            ),
            end: self.now + seconds * 1000,
            tags,
        };
        if self.sessions.len() == SESSIONS_KEPT {
            self.sessions.remove(0);
        }
        self.sessions.push(session.clone());
        session
    }

    /// What STS looks at before it looks at the role.
    fn verify(&self, claims: &Value) -> Result<(), Refusal> {
        let issuer = text(claims, "iss");
        let provider = self.oidc_providers.iter().find(|one| one.0 == issuer);
        let Some((_, audiences)) = provider else {
            return Err(Refusal::new(
                "InvalidIdentityToken",
                format!("No OpenIDConnect provider found in your account for {issuer}"),
            ));
        };
        if !audiences.iter().any(|one| one == text(claims, "aud")) {
            let text = "Incorrect token audience";
            return Err(Refusal::new("InvalidIdentityToken", text));
        }
        let (now, end) = (self.now / 1000, claims["exp"].as_i64().unwrap_or(0));
        if end <= now {
            return Err(Refusal::new(
                "ExpiredTokenException",
                format!(
                    "Token expired: current date/time {now} must be before the expiration date/time {end}"
                ),
            ));
        }
        Ok(())
    }
}

impl RoleSpec {
    fn trusts(&self, claims: &Value) -> bool {
        let subject = text(claims, "sub");
        text(claims, "iss") == self.issuer
            && text(claims, "aud") == self.audience
            && self.subjects.iter().any(|pattern| like(pattern, subject))
    }
}

fn text<'a>(claims: &'a Value, name: &str) -> &'a str {
    claims[name].as_str().unwrap_or_default()
}

/// The claims of a JWT.
fn claims(token: &str) -> Result<Value, Refusal> {
    let parts: Vec<&str> = token.split('.').collect();
    let payload = match parts[..] {
        [_, payload, _] => URL_SAFE_NO_PAD.decode(payload).ok(),
        _ => None,
    };
    let claims = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
    claims.ok_or_else(|| {
        Refusal::new(
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        )
    })
}

/// StringLike: `*` is any text, `?` is one character; case counts.
fn like(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts
                .into_iter()
                .any(|at| like(rest.as_str(), &text[at..]))
        }
        Some(wanted) => {
            let mut left = text.chars();
            let found = left.next();
            found.is_some_and(|found| wanted == '?' || wanted == found)
                && like(rest.as_str(), left.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_are_those_of_string_like() {
        assert!(like("repo:a/b:*", "repo:a/b:ref:refs/heads/main"));
        assert!(like(
            "repo:*/b:ref:refs/heads/?ain",
            "repo:a/b:ref:refs/heads/main"
        ));
        assert!(like("*", ""));
        assert!(!like("repo:a/b:*", "repo:A/b:x"));
        assert!(!like("repo:a/b", "repo:a/b:x"));
        assert!(!like("?", ""));
    }
}
