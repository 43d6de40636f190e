//! What a token says of the workflow, for the words about a trust policy that refuses it.
//!
//! Nothing is verified here: that is AWS's business. A token that can't be read has no claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::secret::Secret;

/// GitHub's claims, as far as a trust policy usually goes by them. They aren't secret.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Claims {
    #[serde(rename = "iss")]
    pub(super) issuer: String,
    #[serde(rename = "aud")]
    pub(super) audience: String,
    #[serde(rename = "sub")]
    pub(super) subject: String,
    /// `octo-org/hello`.
    repository: String,
    repository_id: String,
    repository_owner_id: String,
}

/// The two forms of one subject. Repositories made or renamed since 15 July 2026 have the second
/// one, others by choice (GitHub's changelog of 23 April 2026).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subjects {
    /// `repo:octo-org/hello:ref:refs/heads/main`
    pub(super) old: String,
    /// `repo:octo-org@123456/hello@456789:ref:refs/heads/main`
    pub(super) immutable: String,
}

impl Claims {
    /// The middle part of a JWT.
    pub(super) fn of(token: &Secret) -> Claims {
        let payload = token.expose().split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Both forms of the subject; none where the repository has a template of its own for it.
    pub(super) fn subjects(&self) -> Option<Subjects> {
        let (owner, name) = self.repository.split_once('/')?;
        let (owner_id, id) = (&self.repository_owner_id, &self.repository_id);
        let old = format!("repo:{}:", self.repository);
        let immutable = format!("repo:{owner}@{owner_id}/{name}@{id}:");
        let starts = [old.as_str(), immutable.as_str()];
        let rest = starts
            .iter()
            .find_map(|start| self.subject.strip_prefix(start))?;
        Some(Subjects {
            old: format!("{old}{rest}"),
            immutable: format!("{immutable}{rest}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::{Claims, Secret, Subjects, URL_SAFE_NO_PAD};

    fn claims(payload: &str) -> Claims {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        Claims::of(&Secret::new(format!("head.{payload}.signature")))
    }

    fn with_subject(subject: &str) -> Option<Subjects> {
        let payload = format!(
            r#"{{"sub": "{subject}", "repository": "octo-org/hello", "repository_id": "456789", "repository_owner_id": "123456", "run_id": "1"}}"#
        );
        claims(&payload).subjects()
    }

    #[test]
    fn either_form_of_the_subject_tells_the_other() {
        let both = Subjects {
            old: "repo:octo-org/hello:environment:a:b".to_owned(),
            immutable: "repo:octo-org@123456/hello@456789:environment:a:b".to_owned(),
        };
        assert_eq!(with_subject(&both.old), Some(both.clone()));
        assert_eq!(with_subject(&both.immutable), Some(both));
    }

    #[test]
    fn a_subject_of_ones_own_template_has_no_other_form() {
        assert_eq!(with_subject("repository_owner:octo-org:x"), None);
        assert_eq!(
            with_subject("repo:octo-org/other:ref:refs/heads/main"),
            None
        );
    }

    #[test]
    fn what_is_no_token_has_no_claims() {
        for text in ["", "a", "a.b", "a.!!!.c", "a.e30.c", "a.W10.c", "..."] {
            assert_eq!(Claims::of(&Secret::new(text)), Claims::default(), "{text}");
        }
    }
}
