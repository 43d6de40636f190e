//! The deployment of a run: created before anything is changed, ended once.
//!
//! Its statuses say what the run says; nothing is decided here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, NotDone, PAUSE, Why};
use super::will::{Drawer, Will};
use super::words::{self, Ended};
use crate::request::{Facts, GitHubOptions};

/// Deployments of the same commit and environment among which a lost one is looked for.
const LOOKED_AT: usize = 30;

/// What is reported of the deployment.
#[derive(Debug)]
pub(super) struct DeploymentWords {
    environment: String,
    /// The commit.
    sha: String,
    description: String,
    /// The run's page.
    log_url: Option<String>,
    /// `environment-url`.
    url: Option<String>,
    /// By this a deployment whose answer was lost is found again.
    mark: String,
}

impl DeploymentWords {
    /// Of a deploy of the services that `names` lists. `None` where no environment is asked for, or the
    /// commit isn't known.
    pub(super) fn of(
        wanted: &GitHubOptions,
        facts: &Facts,
        names: &str,
        mark: String,
    ) -> Option<DeploymentWords> {
        Some(DeploymentWords {
            environment: wanted.environment.clone()?,
            sha: facts.sha.clone()?,
            description: words::description(&format!("Plimsoll deploys {names}")),
            log_url: log_url(facts),
            url: wanted.environment_url.clone(),
            mark,
        })
    }
}

/// The page of the run's attempt.
fn log_url(facts: &Facts) -> Option<String> {
    let server = facts.server_url.as_deref().unwrap_or("https://github.com");
    let (repository, run) = (facts.repository.as_ref()?, facts.run_id.as_ref()?);
    let page = format!(
        "{}/{repository}/actions/runs/{run}",
        server.trim_end_matches('/')
    );
    let attempt = facts.run_attempt.as_ref();
    Some(attempt.map_or_else(
        || page.clone(),
        |number| format!("{page}/attempts/{number}"),
    ))
}

#[derive(Debug)]
enum State {
    Planned,
    /// It isn't known whether it was created.
    Asked,
    Created(u64),
    /// Refused, or ended.
    Over,
}

#[derive(Debug)]
pub(super) struct Deployment {
    client: Client,
    said: DeploymentWords,
    state: State,
    drawer: Drawer,
}

#[derive(Debug, Deserialize)]
struct Created {
    id: u64,
    #[serde(default)]
    payload: Value,
}

#[derive(Debug, Deserialize)]
struct Status {
    state: String,
}

impl Deployment {
    pub(super) fn new(client: Client, said: DeploymentWords, drawer: Drawer) -> Deployment {
        Deployment {
            client,
            said,
            state: State::Planned,
            drawer,
        }
    }

    /// One that an earlier process asked for.
    pub(super) fn left(client: Client, said: DeploymentWords) -> Deployment {
        Deployment {
            state: State::Asked,
            ..Deployment::new(client, said, Drawer::default())
        }
    }

    /// Whether there is a deployment that nobody named an address for.
    pub(super) fn wants_address(&self) -> bool {
        self.said.url.is_none() && matches!(self.state, State::Asked | State::Created(_))
    }

    /// Creates it and sets it `in_progress`.
    pub(super) async fn begin(&mut self) -> Result<(), NotDone> {
        self.state = State::Asked;
        self.drawer
            .keep(&Will::of(&self.said.mark, &Ended::cut_off()));
        let id = match self.create().await {
            Err(error) if matches!(error.why, Why::Refused(_) | Why::RateLimited) => {
                self.state = State::Over;
                self.drawer.clear();
                return Err(error);
            }
            created => created?,
        };
        self.state = State::Created(id);
        let description = self.said.description.clone();
        self.set(id, "in_progress", &description, None).await
    }

    /// Sets its last status; does nothing where there is no deployment or it has one already.
    pub(super) async fn end(
        &mut self,
        ended: &Ended,
        address: Option<String>,
    ) -> Result<(), NotDone> {
        let id = match self.state {
            State::Planned | State::Over => return Ok(()),
            State::Created(id) => Some(id),
            State::Asked => None,
        };
        self.drawer.keep(&Will::of(&self.said.mark, ended));
        let id = match id {
            None => self.find().await?,
            known => known,
        };
        self.state = State::Over;
        if let Some(id) = id {
            self.set(id, ended.state, &ended.description, address)
                .await?;
        }
        self.drawer.clear();
        Ok(())
    }

    /// Asks for it, and once more where nothing is known of the first time.
    async fn create(&self) -> Result<u64, NotDone> {
        let doing = "create the deployment";
        let said = &self.said;
        // The default branch isn't merged, no check is waited for: that is the workflow's to say.
        let body = json!({
            "ref": said.sha,
            "environment": said.environment,
            "description": said.description,
            "auto_merge": false,
            "required_contexts": [],
            "payload": {"plimsoll": said.mark},
        });
        let asked = self.client.post::<Created>(doing, "deployments", &body);
        match asked.await {
            Err(error) if error.why == Why::Unanswered => {}
            answer => return Ok(answer?.id),
        }
        tokio::time::sleep(PAUSE).await;
        match self.find().await? {
            Some(id) => Ok(id),
            None => {
                let asked = self.client.post::<Created>(doing, "deployments", &body);
                Ok(asked.await?.id)
            }
        }
    }

    /// The deployment that was created without an answer.
    async fn find(&self) -> Result<Option<u64>, NotDone> {
        let size = LOOKED_AT.to_string();
        let said = &self.said;
        let query = [
            ("sha", said.sha.as_str()),
            ("environment", &said.environment),
            ("per_page", &size),
        ];
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let path = format!("deployments?{query}");
        let listed: Vec<Created> = self.client.get("list the deployments", &path).await?;
        let ours = listed
            .iter()
            .find(|one| one.payload.get("plimsoll").and_then(Value::as_str) == Some(&said.mark));
        Ok(ours.map(|one| one.id))
    }

    /// Sets a status, and once more where it isn't known to be set.
    async fn set(
        &self,
        id: u64,
        state: &str,
        description: &str,
        address: Option<String>,
    ) -> Result<(), NotDone> {
        let doing = "set the deployment's status";
        let path = format!("deployments/{id}/statuses");
        let mut body = json!({"state": state, "description": description});
        let url = self.said.url.clone().or(address);
        for (name, value) in [
            ("log_url", self.said.log_url.clone()),
            ("environment_url", url),
        ] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        match self.client.post::<Status>(doing, &path, &body).await {
            Err(error) if error.why == Why::Unanswered => {}
            answer => return answer.map(|_| ()),
        }
        tokio::time::sleep(PAUSE).await;
        let newest = format!("{path}?per_page=1");
        let newest: Vec<Status> = self
            .client
            .get("list the deployment's statuses", &newest)
            .await?;
        if newest.first().is_some_and(|status| status.state == state) {
            return Ok(());
        }
        self.client
            .post::<Status>(doing, &path, &body)
            .await
            .map(|_| ())
    }
}
