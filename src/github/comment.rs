//! The one comment of a pull request, kept up to date.
//!
//! It says what the job summary says. Which pull request it is stands in the event's file.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::client::{Client, NotDone, PAUSE, Why};
use super::words;
use crate::report::{ShownReport, summary};

/// GitHub's events are 25 MB at most, one of a pull request a hundredth of that.
const EVENT_MAX_BYTES: u64 = 4 * 1024 * 1024;
const PAGE_SIZE: usize = 100;
/// Our comment is among the first of its pull request; behind 500 others nobody reads it.
const PAGES_MAX: usize = 5;

#[derive(Debug)]
pub(super) struct Comment {
    pub(super) client: Client,
    /// Path of the event's file.
    pub(super) event: Option<String>,
    /// The comment's first line.
    pub(super) marker: String,
    pub(super) environment: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Written {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    /// What its author is to the repository.
    #[serde(default)]
    author_association: String,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default)]
    r#type: String,
}

impl Written {
    /// Whether the workflow or one of the repository's people wrote it: a comment of anybody else
    /// with our mark would be a plan that its author could rewrite.
    fn is_of_the_house(&self) -> bool {
        let is_bot = self.user.as_ref().is_some_and(|user| user.r#type == "Bot");
        is_bot || ["OWNER", "MEMBER", "COLLABORATOR"].contains(&self.author_association.as_str())
    }
}

impl Comment {
    /// Writes the comment; `false` where the run isn't for a pull request.
    pub(super) async fn write(&self, report: &ShownReport) -> Result<bool, NotDone> {
        let Some(number) = self.number().await else {
            return Ok(false);
        };
        let summary = summary::render(report);
        let text = words::comment(&self.marker, self.environment.as_deref(), &summary);
        let body = json!({"body": text});
        match self.once(number, &body).await {
            Err(error) if error.why == Why::Unanswered => {}
            answer => return answer.map(|()| true),
        }
        tokio::time::sleep(PAUSE).await;
        // It is looked for again: the first time may have written it.
        self.once(number, &body).await.map(|()| true)
    }

    /// Changes the comment that is there, else creates it.
    async fn once(&self, number: u64, body: &Value) -> Result<(), NotDone> {
        let doing = "write the pull request's comment";
        let written: Written = match self.find(number).await? {
            Some(id) => {
                let path = format!("issues/comments/{id}");
                self.client.patch(doing, &path, body).await?
            }
            None => {
                let path = format!("issues/{number}/comments");
                self.client.post(doing, &path, body).await?
            }
        };
        tracing::debug!(id = written.id, "the comment is written");
        Ok(())
    }

    async fn find(&self, number: u64) -> Result<Option<u64>, NotDone> {
        for page in 1..=PAGES_MAX {
            let path = format!("issues/{number}/comments?per_page={PAGE_SIZE}&page={page}");
            let doing = "list the pull request's comments";
            let comments: Vec<Written> = self.client.get(doing, &path).await?;
            let ours = comments.iter().find(|comment| {
                let first = comment.body.as_deref().and_then(|body| body.lines().next());
                first.map(str::trim_end) == Some(&self.marker) && comment.is_of_the_house()
            });
            if ours.is_some() || comments.len() < PAGE_SIZE {
                return Ok(ours.map(|comment| comment.id));
            }
        }
        Ok(None)
    }

    /// The number of the pull request that the run is for.
    async fn number(&self) -> Option<u64> {
        let file = tokio::fs::File::open(self.event.as_ref()?).await.ok()?;
        let mut text = Vec::new();
        file.take(EVENT_MAX_BYTES)
            .read_to_end(&mut text)
            .await
            .ok()?;
        let event: Value = serde_json::from_slice(&text).ok()?;
        event.pointer("/pull_request/number")?.as_u64()
    }
}
