//! The body of an answer, read whole within a bound.

use http_body_util::BodyExt as _;

/// An image's configuration is a few kilobytes, a full page of instance types about one megabyte; a
/// layer by mistake must not fill the memory.
const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;

/// The whole body (at most `BODY_MAX_BYTES`), chunk by chunk, so that its size is bounded while it comes in.
pub(super) async fn read(mut body: aws_smithy_types::body::SdkBody) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.frame().await {
        if let Ok(data) = chunk.ok()?.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > BODY_MAX_BYTES {
            return None;
        }
    }
    Some(bytes)
}
