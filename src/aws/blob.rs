//! The bytes behind an address that AWS signed: an image's configuration, which alone tells the
//! platform of an image that is no list.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http_body_util::BodyExt as _;

use super::{Aws, AwsError};

/// An image's configuration is a few kilobytes, a full page of instance types about one megabyte; a
/// layer by mistake must not fill the memory.
const BLOB_MAX_BYTES: usize = 4 * 1024 * 1024;
const BLOB_TIMEOUT: Duration = Duration::from_secs(30);

impl Aws {
    /// Fetches `url` (from GetDownloadUrlForLayer), at most `BLOB_MAX_BYTES`.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the address isn't reached, answers an error, or sends more than
    /// `BLOB_MAX_BYTES`.
    pub async fn blob(&self, url: &str) -> Result<Vec<u8>, AwsError> {
        let failed = |text: &str| {
            AwsError::incomplete(
                "ecr:GetDownloadUrlForLayer",
                "the configuration of the image",
                text,
            )
        };
        let request = HttpRequest::get(url)
            .map_err(|_| failed("the address that ECR answered is not one"))?;
        let fetch = async {
            let response = self
                .paced
                .connector
                .call(request)
                .await
                .map_err(|_| failed("the download failed"))?;
            if !response.status().is_success() {
                return Err(failed(&format!(
                    "the download answered {}",
                    response.status().as_u16()
                )));
            }
            read(response.into_body()).await.ok_or_else(|| {
                failed("the download broke off, or is larger than a configuration can be")
            })
        };
        tokio::time::timeout(BLOB_TIMEOUT, fetch)
            .await
            .unwrap_or_else(|_| Err(failed("the download took too long")))
    }
}

/// The whole body (at most `BLOB_MAX_BYTES`), chunk by chunk, so that its size is bounded while it comes in.
pub(super) async fn read(mut body: aws_smithy_types::body::SdkBody) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.frame().await {
        if let Ok(data) = chunk.ok()?.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > BLOB_MAX_BYTES {
            return None;
        }
    }
    Some(bytes)
}
