//! Roles that are assumed as other roles, on the way from the token to the one that deploys.
//!
//! Their sessions say of which run they are, by session tags, where the role lets them.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::types::Tag;
use tokio::time::Instant;

use super::{Inner, Kept, NotAssumed, RoleCall, subject};
use crate::aws::{AwsError, AwsErrorKind};

const ACTION: &str = "sts:AssumeRole";

impl Inner {
    /// From the session that the token was good for to the last role's.
    pub(super) async fn to_the_last_role(&self, first: Kept) -> Result<Kept, NotAssumed> {
        let mut kept = first;
        let mut before = self.role.first();
        for arn in self.role.rest() {
            kept = self.next(arn, &kept).await.map_err(|error| {
                let kind = error.kind;
                NotAssumed {
                    text: format!(
                        "the role `{arn}` can't be assumed as `{before}`: {}",
                        error.text
                    ),
                    help: help(arn, before, &error),
                    passing: matches!(kind, AwsErrorKind::Throttled | AwsErrorKind::Unanswered),
                }
            })?;
            before = arn;
        }
        Ok(kept)
    }

    /// The session of `arn`, asked for as the role before. Without tags where only they are refused:
    /// they are for those who read CloudTrail, and no deploy depends on them.
    async fn next(&self, arn: &str, before: &Kept) -> Result<Kept, AwsError> {
        let tagged = self.asked(arn, &before.credentials, true).await;
        match tagged {
            Err(error) if is_about_tags(&error) => {
                let kept = self.asked(arn, &before.credentials, false).await?;
                Ok(Kept {
                    without_tags: true,
                    ..kept
                })
            }
            Ok(kept) => Ok(Kept {
                without_tags: before.without_tags,
                ..kept
            }),
            refused => refused,
        }
    }

    async fn asked(&self, arn: &str, with: &Credentials, tagged: bool) -> Result<Kept, AwsError> {
        let incomplete = |_| AwsError::incomplete(ACTION, subject(arn), "a tag without a name");
        let tags = self.role.tags.iter().filter(|_| tagged);
        let tags: Vec<Tag> = tags
            .map(|(name, value)| Tag::builder().key(*name).value(value).build())
            .collect::<Result<_, _>>()
            .map_err(incomplete)?;
        let with = SharedCredentialsProvider::new(with.clone());
        let now = Instant::now();
        let answer = self
            .sts
            .assume_role()
            .role_arn(arn)
            .role_session_name(&self.role.session_name)
            .duration_seconds(super::seconds(self.role.duration))
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .customize()
            .config_override(aws_sdk_sts::Config::builder().credentials_provider(with))
            .send()
            .await
            .map_err(|error| AwsError::of(ACTION, subject(arn), error))?;
        let asked = RoleCall {
            action: ACTION,
            arn,
            since: now,
            duration: self.role.duration,
        };
        self.kept(&asked, answer.credentials)
    }
}

fn is_about_tags(error: &AwsError) -> bool {
    error.kind == AwsErrorKind::AccessDenied && error.text.contains("sts:TagSession")
}

fn help(arn: &str, before: &str, error: &AwsError) -> Vec<String> {
    if error.kind != AwsErrorKind::AccessDenied {
        return error.help().into_iter().collect();
    }
    vec![
        format!("let the trust policy of `{arn}` name `{before}` as a principal for `{ACTION}`, and `sts:TagSession` besides for session tags"),
        format!("if the two are in different accounts, the policy of `{before}` must allow `{ACTION}` on `{arn}` too"),
        "check that the role exists under this name and path: STS says the same of one that doesn't".to_owned(),
    ]
}
