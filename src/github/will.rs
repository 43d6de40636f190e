//! What is still to be reported of a deployment when the process that created it can't do it any more.
//!
//! It is kept in the step's state, which the runner hands to the action's process after the job.
//! Nothing secret is in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::words::Ended;
use crate::runner::state;

/// The name in the step's state.
const NAME: &str = "github-deployment";

/// How a deployment is to end, if nobody says otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Will {
    /// By this the deployment is found.
    pub(super) mark: String,
    state: String,
    description: String,
}

impl Will {
    pub(super) fn of(mark: &str, ended: &Ended) -> Will {
        Will {
            mark: mark.to_owned(),
            state: ended.state.to_owned(),
            description: ended.description.clone(),
        }
    }

    /// What the first process left, where anything is left to tell.
    pub(super) fn left(env: &[(String, String)]) -> Option<Will> {
        serde_json::from_str(state::kept(env, NAME)?).ok()
    }

    /// None where it names a state that no deployment of ours ends with.
    pub(super) fn ended(&self) -> Option<Ended> {
        Ended::kept(&self.state, &self.description)
    }
}

/// Where wills are kept; nowhere outside of a runner.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawer(pub(super) Option<PathBuf>);

impl Drawer {
    pub(super) fn keep(&self, will: &Will) {
        self.put(&serde_json::to_string(will).unwrap_or_default());
    }

    /// All is reported.
    pub(super) fn clear(&self) {
        self.put("");
    }

    fn put(&self, text: &str) {
        if let Some(file) = &self.0 {
            state::keep(file, NAME, text);
        }
    }
}
