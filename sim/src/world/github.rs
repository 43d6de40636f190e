//! GitHub, as far as a deploy has to do with it: one repository, its deployments and its comments.
//!
//! It knows no wire, and nothing of the clusters.

use serde_json::Value;

/// One repository, and the one token that may be used with it.
#[derive(Clone, Debug)]
pub struct GitHub {
    /// `owner/name`.
    pub repository: String,
    pub token: String,
    /// What the token may read and write, in the words of a workflow's `permissions`.
    pub permissions: Vec<String>,
    /// Requests that are left in this hour.
    pub remaining: u32,
    /// Commits and other names that a deployment may be of.
    pub refs: Vec<String>,
    /// Numbers of the pull requests.
    pub pulls: Vec<u64>,
    pub deployments: Vec<GitHubDeployment>,
    pub comments: Vec<GitHubComment>,
    ids: u64,
}

/// A deployment as it was asked for.
#[derive(Clone, Debug)]
pub struct GitHubDeployment {
    pub id: u64,
    pub environment: String,
    /// The whole request.
    pub asked: Value,
    /// The requests that set its statuses, with their ids, oldest first.
    pub statuses: Vec<(u64, Value)>,
}

#[derive(Clone, Debug)]
pub struct GitHubComment {
    pub id: u64,
    pub pull: u64,
    pub body: String,
    /// Who wrote it, and what they are to the repository; the workflow's bot is nothing.
    pub login: String,
    pub association: String,
}

impl Default for GitHub {
    fn default() -> GitHub {
        GitHub {
            repository: "acme/shop".to_owned(),
            token: "ghs_0123456789abcdefghijklmnopqrstuvwxyz".to_owned(),
            permissions: vec!["deployments".to_owned(), "pull-requests".to_owned()],
            remaining: 1000,
            refs: vec!["6dcb09b5b57875f334f61aebed695e2e4193db5e".to_owned()],
            pulls: vec![7],
            deployments: Vec::new(),
            comments: Vec::new(),
            ids: 1_042_000,
        }
    }
}

impl GitHub {
    /// The id of whatever is created next.
    pub fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// A comment that the workflow's bot wrote.
    pub fn add_comment(&mut self, pull: u64, body: &str) -> u64 {
        self.add_comment_of(("github-actions[bot]", "NONE"), pull, body)
    }

    /// A comment of somebody, by login and association.
    pub fn add_comment_of(
        &mut self,
        (login, association): (&str, &str),
        pull: u64,
        body: &str,
    ) -> u64 {
        let id = self.next_id();
        self.comments.push(GitHubComment {
            id,
            pull,
            body: body.to_owned(),
            login: login.to_owned(),
            association: association.to_owned(),
        });
        id
    }
}
