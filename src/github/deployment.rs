//! The deployment of a run: created before anything is changed, ended once.
//!
//! Its statuses say what the run says; nothing is decided here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, NotDone, PAUSE, Why};
use super::will::{Drawer, Will};
use super::words::{self, Ended};
use crate::request::Facts;

/// Deployments of the same commit and environment among which a lost one is looked for.
const LOOKED_AT: usize = 30;

/// What is reported of the deployment.
#[derive(Debug)]
pub(super) struct Told {
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

impl Told {
    pub(super) fn of(
        environment: &str,
        sha: &str,
        names: &str,
        facts: &Facts,
        url: Option<String>,
        mark: String,
    ) -> Told {
        Told {
            environment: environment.to_owned(),
            sha: sha.to_owned(),
            description: words::description(&format!("Plimsoll deploys {names}")),
            log_url: log_url(facts),
            url,
            mark,
        }
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
    told: Told,
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
    pub(super) fn new(client: Client, told: Told, drawer: Drawer) -> Deployment {
        Deployment {
            client,
            told,
            state: State::Planned,
            drawer,
        }
    }

    /// One that an earlier process asked for.
    pub(super) fn left(client: Client, told: Told) -> Deployment {
        Deployment {
            state: State::Asked,
            ..Deployment::new(client, told, Drawer::default())
        }
    }

    /// Whether there is a deployment that nobody named an address for.
    pub(super) fn wants_address(&self) -> bool {
        self.told.url.is_none() && matches!(self.state, State::Asked | State::Created(_))
    }

    /// Creates it and sets it `in_progress`.
    pub(super) async fn begin(&mut self) -> Result<(), NotDone> {
        self.state = State::Asked;
        self.drawer
            .keep(&Will::of(&self.told.mark, &Ended::cut_off()));
        let id = match self.create().await {
            Err(error) if matches!(error.why, Why::Refused(_) | Why::RateLimited) => {
                self.state = State::Over;
                self.drawer.clear();
                return Err(error);
            }
            created => created?,
        };
        self.state = State::Created(id);
        let description = self.told.description.clone();
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
        self.drawer.keep(&Will::of(&self.told.mark, ended));
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
        let told = &self.told;
        // The default branch isn't merged, no check is waited for: that is the workflow's to say.
        let body = json!({
            "ref": told.sha,
            "environment": told.environment,
            "description": told.description,
            "auto_merge": false,
            "required_contexts": [],
            "payload": {"plimsoll": told.mark},
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
        let told = &self.told;
        let query = [
            ("sha", told.sha.as_str()),
            ("environment", &told.environment),
            ("per_page", &size),
        ];
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let path = format!("deployments?{query}");
        let listed: Vec<Created> = self.client.get("list the deployments", &path).await?;
        let ours = listed
            .iter()
            .find(|one| one.payload.get("plimsoll").and_then(Value::as_str) == Some(&told.mark));
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
        let url = self.told.url.clone().or(address);
        for (name, value) in [
            ("log_url", self.told.log_url.clone()),
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
