//! The engine's messages about one push, folded into a few events. Pure.
//!
//! The engine counts down each second before it tries a layer again, and tells of each piece that
//! is sent. Of that a line is left for each new try, and a sum for the line that says how far it is.

use std::collections::HashMap;

use serde::Deserialize;

use super::event::PushEvent;
use crate::docker::text::clean_line;
use crate::image::Digest;

/// Layers that are followed; an image has 127 at most.
const MAX_LAYERS: usize = 1000;

/// Lines about new tries in one push. The engine makes five of a layer; more than this is a registry
/// that takes nothing, and the rest says the same.
const MAX_RETRIES: usize = 20;

/// One message of the engine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Said {
    status: Option<String>,
    /// The layer's short id; the tag's messages have none.
    id: Option<String>,
    progress_detail: Option<Amount>,
    error: Option<String>,
    error_detail: Option<Detail>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Amount {
    current: Option<i64>,
    total: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    message: Option<String>,
}

impl Said {
    /// Why the push failed, where this is the message that says so.
    pub(super) fn failure(&self) -> Option<&str> {
        let detail = self.error_detail.as_ref();
        let message = detail.and_then(|detail| detail.message.as_deref());
        message.or(self.error.as_deref())
    }
}

/// What became of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    UnderWay,
    Uploaded,
    /// The registry had it.
    Present,
}

#[derive(Clone, Copy, Debug, Default)]
struct Layer {
    state: State,
    /// Bytes, as the engine counts them; it may send more than it takes for the whole.
    sent: u64,
    total: u64,
    /// Seconds until the next try, as last said; they count down.
    countdown: Option<u64>,
}

/// What is known of one push so far.
#[derive(Debug, Default)]
pub(super) struct Upload {
    pub(super) digest: Option<Digest>,
    layers: HashMap<String, Layer>,
    retries: usize,
}

impl Upload {
    pub(super) fn take(&mut self, said: &Said, say: &mut dyn FnMut(PushEvent)) {
        let status = said.status.as_deref().unwrap_or_default();
        if let Some(digest) = digest_in(status) {
            self.digest = Some(digest);
            return;
        }
        let Some(id) = said.id.as_deref().filter(|id| !id.is_empty()) else {
            return;
        };
        if self.layers.len() >= MAX_LAYERS && !self.layers.contains_key(id) {
            return;
        }
        let layer = self.layers.entry(id.to_owned()).or_default();
        if let Some(seconds) = countdown(status) {
            let is_new = layer.countdown.is_none_or(|last| seconds > last);
            layer.countdown = Some(seconds);
            layer.sent = 0;
            if is_new {
                self.again(id, seconds, say);
            }
        } else if status == "Pushed" || status.starts_with("Mounted from") {
            layer.state = State::Uploaded;
            layer.sent = layer.total;
        } else if status == "Layer already exists" || status == "Already exists" {
            layer.state = State::Present;
        } else if let Some(amount) = said.progress_detail {
            let bytes = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
            layer.total = bytes(amount.total).unwrap_or(layer.total);
            layer.sent = bytes(amount.current).unwrap_or(layer.sent);
        }
    }

    fn again(&mut self, id: &str, seconds: u64, say: &mut dyn FnMut(PushEvent)) {
        self.retries += 1;
        if self.retries <= MAX_RETRIES {
            say(PushEvent::Retrying {
                layer: clean_line(id.as_bytes()),
                seconds,
            });
        } else if self.retries == MAX_RETRIES + 1 {
            say(PushEvent::RetriesCut { after: MAX_RETRIES });
        }
    }

    fn count(&self, state: State) -> usize {
        let layers = self.layers.values();
        layers.filter(|layer| layer.state == state).count()
    }

    pub(super) fn uploaded(&self) -> usize {
        self.count(State::Uploaded)
    }

    pub(super) fn present(&self) -> usize {
        self.count(State::Present)
    }

    /// How far it is.
    pub(super) fn progress(&self) -> PushEvent {
        let sum =
            |bytes: fn(&Layer) -> u64| self.layers.values().map(bytes).fold(0, u64::saturating_add);
        PushEvent::Progress {
            sent: sum(|layer| layer.sent),
            total: sum(|layer| layer.total.max(layer.sent)),
            done: self.uploaded() + self.present(),
            layers: self.layers.len(),
        }
    }
}

/// The seconds in `Retrying in 5 seconds`.
fn countdown(status: &str) -> Option<u64> {
    let rest = status.strip_prefix("Retrying in ")?;
    rest.split(' ').next()?.parse().ok()
}

/// From `<tag>: digest: sha256:… size: 1234`: of all that engines say, the one thing that all
/// image stores have in common.
fn digest_in(status: &str) -> Option<Digest> {
    let (_, rest) = status.split_once(": digest: ")?;
    let (digest, size) = rest.split_once(" size: ")?;
    size.trim().parse::<u64>().ok()?;
    digest.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{MAX_RETRIES, PushEvent, Said, Upload, digest_in};

    fn said(text: &str) -> Said {
        serde_json::from_str(text).unwrap()
    }

    fn retrying(layer: &str, seconds: u64) -> Said {
        let s = if seconds == 1 { "" } else { "s" };
        said(&format!(
            r#"{{"status":"Retrying in {seconds} second{s}","progressDetail":{{}},"id":"{layer}"}}"#
        ))
    }

    #[test]
    fn reads_the_digest_from_the_status_line() {
        let hex = "ab".repeat(32);
        let check =
            |status: &str, found: bool| assert_eq!(digest_in(status).is_some(), found, "{status}");
        check(&format!("v1: digest: sha256:{hex} size: 1234"), true);
        check(&format!("v1: digest: sha256:{hex} size: x"), false);
        check("v1: digest: sha256:abc size: 1", false);
        check("Pushed", false);
    }

    #[test]
    fn a_countdown_is_one_line_and_a_registry_that_takes_nothing_is_a_few() {
        let mut upload = Upload::default();
        let mut events = Vec::new();
        // As Docker 20.10 tells of two layers that are refused five times: 100 messages.
        for wait in [5, 10, 15, 20] {
            for seconds in (1..=wait).rev() {
                for layer in ["c36f43c471da", "bed0ec64916d"] {
                    upload.take(&retrying(layer, seconds), &mut |event| events.push(event));
                }
            }
        }
        let waits: Vec<u64> = events
            .iter()
            .filter_map(|event| match event {
                PushEvent::Retrying { layer, seconds } if layer == "c36f43c471da" => Some(*seconds),
                _ => None,
            })
            .collect();
        assert_eq!((events.len(), waits), (8, vec![5, 10, 15, 20]));
        for layer in 0..1000 {
            upload.take(&retrying(&layer.to_string(), 5), &mut |event| {
                events.push(event);
            });
        }
        assert_eq!(events.len(), MAX_RETRIES + 1);
        assert_eq!(
            events.last(),
            Some(&PushEvent::RetriesCut { after: MAX_RETRIES })
        );
    }

    #[test]
    fn how_far_it_is_is_the_sum_of_the_layers() {
        let mut upload = Upload::default();
        for text in [
            r#"{"status":"The push refers to repository [127.0.0.1:5000/api]"}"#,
            r#"{"status":"Preparing","progressDetail":{},"id":"a"}"#,
            r#"{"status":"Pushing","progressDetail":{"current":40,"total":100},"id":"a"}"#,
            r#"{"status":"Pushing","progressDetail":{"current":2048,"total":7},"id":"b"}"#,
            r#"{"status":"Layer already exists","progressDetail":{},"id":"c"}"#,
            r#"{"status":"Waiting","id":"d"}"#,
        ] {
            upload.take(&said(text), &mut |event| panic!("{event:?}"));
        }
        let progress = upload.progress();
        assert_eq!(
            progress,
            PushEvent::Progress {
                sent: 2088,
                total: 2148,
                done: 1,
                layers: 4
            }
        );
        let failed = said(r#"{"errorDetail":{"message":"EOF"},"error":"EOF"}"#);
        assert_eq!(failed.failure(), Some("EOF"));
    }
}
