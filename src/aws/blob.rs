//! The bytes behind an address that AWS signed: an image's configuration, which alone tells the
//! platform of an image that is no list.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::body::read;
use super::{Aws, AwsError};

const BLOB_TIMEOUT: Duration = Duration::from_secs(30);

impl Aws {
    /// Fetches `url` (from GetDownloadUrlForLayer), up to the bound of `body`.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the address isn't reached, answers an error, or sends more than the bound.
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
