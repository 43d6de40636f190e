//! The ECR calls: where a repository is, what it holds, and a login for the engine.

use aws_sdk_ecr::types::{ImageIdentifier, ImageTagMutability, TagStatus};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Aws, AwsError};
use crate::secret::Secret;

/// Manifest types that a deploy can point at: single images and lists of them.
const MANIFEST_TYPES: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// Pages of a thousand when the newest tags are looked for.
const IMAGE_PAGES_MAX: usize = 3;
/// Of pull-through cache rules, in one page: a registry has 50 at most (ECR's service quotas).
const CACHE_RULES_MAX: i32 = 100;

/// A repository as ECR names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrRepository {
    /// Without the registry, such as `shop/api`.
    pub name: String,
    /// The id of the account that the registry belongs to.
    pub registry_id: String,
    /// `host/name`, without a tag: the only source of the registry's address.
    pub uri: String,
    /// No tag can be moved. A repository that lets some be moved (`IMMUTABLE_WITH_EXCLUSION`) isn't
    /// one of these.
    pub immutable_tags: bool,
}

/// One image of a repository with its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrImage {
    /// `sha256:…` of the manifest.
    pub digest: String,
    /// Its JSON, as the registry has it.
    pub manifest: String,
    /// Of the manifest.
    pub media_type: String,
}

/// What the Docker engine logs in with.
#[derive(Clone, Debug)]
pub struct Login {
    /// `AWS`.
    pub username: String,
    /// The token.
    pub password: Secret,
    /// `https://host`, as ECR answers it.
    pub endpoint: String,
}

impl Aws {
    /// DescribeRepositories for one name, in this account's registry or another's.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn repository(
        &self,
        name: &str,
        registry_id: Option<&str>,
    ) -> Result<EcrRepository, AwsError> {
        let subject = format!("repository `{name}`");
        let answer = self
            .ecr
            .describe_repositories()
            .repository_names(name)
            .set_registry_id(registry_id.map(str::to_owned))
            .send()
            .await
            .map_err(|error| AwsError::of("ecr:DescribeRepositories", subject.as_str(), error))?;
        let found = answer.repositories.unwrap_or_default().into_iter().next();
        let found = found.ok_or_else(|| {
            AwsError::missing("ecr:DescribeRepositories", subject, "no such repository")
        })?;
        Ok(EcrRepository {
            name: found.repository_name.unwrap_or_else(|| name.to_owned()),
            registry_id: found.registry_id.unwrap_or_default(),
            uri: found.repository_uri.unwrap_or_default(),
            immutable_tags: found.image_tag_mutability == Some(ImageTagMutability::Immutable),
        })
    }

    /// BatchGetImage for one tag or digest; `None` where the repository doesn't hold it.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn image(
        &self,
        repository: &EcrRepository,
        tag_or_digest: &str,
    ) -> Result<Option<EcrImage>, AwsError> {
        let subject = format!(
            "image `{tag_or_digest}` of repository `{}`",
            repository.name
        );
        let id = ImageIdentifier::builder();
        let id = if tag_or_digest.starts_with("sha256:") {
            id.image_digest(tag_or_digest)
        } else {
            id.image_tag(tag_or_digest)
        };
        let answer = self
            .ecr
            .batch_get_image()
            .repository_name(&repository.name)
            .set_registry_id(Some(repository.registry_id.clone()).filter(|id| !id.is_empty()))
            .image_ids(id.build())
            .set_accepted_media_types(Some(MANIFEST_TYPES.map(str::to_owned).to_vec()))
            .send()
            .await;
        let answer = match answer
            .map_err(|error| AwsError::of("ecr:BatchGetImage", subject.as_str(), error))
        {
            Err(error) if error.code.as_deref() == Some("ImageNotFoundException") => {
                return Ok(None);
            }
            answer => answer?,
        };
        let Some(image) = answer.images.unwrap_or_default().into_iter().next() else {
            let failure = answer.failures.unwrap_or_default().into_iter().next();
            return match failure.and_then(|failure| failure.failure_code) {
                None => Ok(None),
                Some(code) if code.as_str() == "ImageNotFound" => Ok(None),
                Some(code) => Err(AwsError::incomplete(
                    "ecr:BatchGetImage",
                    subject,
                    code.as_str(),
                )),
            };
        };
        Ok(Some(EcrImage {
            digest: image
                .image_id
                .and_then(|id| id.image_digest)
                .unwrap_or_default(),
            manifest: image.image_manifest.unwrap_or_default(),
            media_type: image.image_manifest_media_type.unwrap_or_default(),
        }))
    }

    /// DescribePullThroughCacheRules: whether a pull of repository `name` creates it where it isn't
    /// there, and fetches what it doesn't hold. A rule's prefix has a `/` after it; `ROOT` is all
    /// names (ECR user guide, "Customizing repository prefixes").
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn is_pulled_through(
        &self,
        name: &str,
        registry_id: Option<&str>,
    ) -> Result<bool, AwsError> {
        let action = "ecr:DescribePullThroughCacheRules";
        let answer = self
            .ecr
            .describe_pull_through_cache_rules()
            .set_registry_id(registry_id.map(str::to_owned))
            .max_results(CACHE_RULES_MAX)
            .send()
            .await
            .map_err(|error| AwsError::of(action, "the registry", error))?;
        let rules = answer.pull_through_cache_rules.unwrap_or_default();
        let mut prefixes = rules
            .iter()
            .filter_map(|rule| rule.ecr_repository_prefix.as_deref());
        Ok(prefixes.any(|prefix| {
            let below = name.strip_prefix(prefix);
            prefix == "ROOT" || below.is_some_and(|below| below.starts_with('/'))
        }))
    }

    /// The newest tags of a repository, newest first, at most `most`.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn newest_tags(
        &self,
        repository: &EcrRepository,
        most: usize,
    ) -> Result<Vec<String>, AwsError> {
        let mut images = Vec::new();
        let mut token = None;
        for _ in 0..IMAGE_PAGES_MAX {
            let page = self
                .ecr
                .describe_images()
                .repository_name(&repository.name)
                .set_registry_id(Some(repository.registry_id.clone()).filter(|id| !id.is_empty()))
                .filter(
                    aws_sdk_ecr::types::DescribeImagesFilter::builder()
                        .tag_status(TagStatus::Tagged)
                        .build(),
                )
                .max_results(1000)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| {
                    AwsError::of(
                        "ecr:DescribeImages",
                        format!("repository `{}`", repository.name),
                        error,
                    )
                })?;
            images.extend(page.image_details.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        images.sort_by_key(|image| {
            std::cmp::Reverse(image.image_pushed_at.map_or(0, |at| at.secs()))
        });
        Ok(images
            .into_iter()
            .flat_map(|image| image.image_tags.unwrap_or_default())
            .take(most)
            .collect())
    }

    /// Where the bytes of one blob can be fetched, for reading an image's configuration.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn blob_url(
        &self,
        repository: &EcrRepository,
        digest: &str,
    ) -> Result<String, AwsError> {
        let subject = format!("layer `{digest}` of repository `{}`", repository.name);
        let answer = self
            .ecr
            .get_download_url_for_layer()
            .repository_name(&repository.name)
            .set_registry_id(Some(repository.registry_id.clone()).filter(|id| !id.is_empty()))
            .layer_digest(digest)
            .send()
            .await
            .map_err(|error| AwsError::of("ecr:GetDownloadUrlForLayer", subject.as_str(), error))?;
        answer.download_url.ok_or_else(|| {
            AwsError::incomplete(
                "ecr:GetDownloadUrlForLayer",
                subject,
                "the answer holds no address",
            )
        })
    }

    /// GetAuthorizationToken: a login for the engine, good for twelve hours.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn registry_login(&self) -> Result<Login, AwsError> {
        let action = "ecr:GetAuthorizationToken";
        let answer = self
            .ecr
            .get_authorization_token()
            .send()
            .await
            .map_err(|error| AwsError::of(action, "the registry", error))?;
        let data = answer
            .authorization_data
            .unwrap_or_default()
            .into_iter()
            .next();
        let login = data.and_then(|data| {
            let token = STANDARD.decode(data.authorization_token?).ok()?;
            let token = String::from_utf8(token).ok()?;
            let (username, password) = token.split_once(':')?;
            Some(Login {
                username: username.to_owned(),
                password: Secret::new(password),
                endpoint: data.proxy_endpoint?,
            })
        });
        login.ok_or_else(|| {
            AwsError::incomplete(action, "the registry", "the answer holds no usable token")
        })
    }
}
