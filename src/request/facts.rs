//! What the surroundings of a run say: picked out of the environment, which comes in as pairs.

/// What the surroundings of the run say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `GITHUB_SHA`.
    pub sha: Option<String>,
    /// `GITHUB_REPOSITORY`, `owner/name`.
    pub repository: Option<String>,
    /// `GITHUB_WORKFLOW`.
    pub workflow: Option<String>,
    /// `GITHUB_ACTOR`.
    pub actor: Option<String>,
    /// `GITHUB_REF`.
    pub git_ref: Option<String>,
    /// `GITHUB_RUN_ID`.
    pub run_id: Option<String>,
    /// `GITHUB_RUN_ATTEMPT`.
    pub run_attempt: Option<String>,
    /// `GITHUB_API_URL`, another one on GitHub Enterprise Server.
    pub api_url: Option<String>,
    /// `GITHUB_SERVER_URL`, where people look.
    pub server_url: Option<String>,
    /// `GITHUB_EVENT_PATH`, the file with what the run was started by.
    pub event_path: Option<String>,
    /// `GITHUB_STATE`, the file with what the action's process after the job is to know.
    pub state_path: Option<String>,
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
}

impl Facts {
    /// Picks the facts out of an environment. An empty variable counts as absent.
    pub fn from_env(env: impl IntoIterator<Item = (String, String)>) -> Facts {
        let mut facts = Facts::default();
        let mut default_region = None;
        for (name, value) in env {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match name.as_str() {
                "GITHUB_SHA" => facts.sha = value,
                "GITHUB_REPOSITORY" => facts.repository = value,
                "GITHUB_WORKFLOW" => facts.workflow = value,
                "GITHUB_ACTOR" => facts.actor = value,
                "GITHUB_REF" => facts.git_ref = value,
                "GITHUB_RUN_ID" => facts.run_id = value,
                "GITHUB_RUN_ATTEMPT" => facts.run_attempt = value,
                "GITHUB_API_URL" => facts.api_url = value,
                "GITHUB_SERVER_URL" => facts.server_url = value,
                "GITHUB_EVENT_PATH" => facts.event_path = value,
                "GITHUB_STATE" => facts.state_path = value,
                "AWS_REGION" => facts.region = value,
                "AWS_DEFAULT_REGION" => default_region = value,
                _ => {}
            }
        }
        facts.region = facts.region.or(default_region);
        facts
    }
}
