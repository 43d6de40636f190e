//! The plan: what a run will change, with no choice left in it.
//!
//! A plan is made whole before anything is changed, printed by `dry-run`, and carried out by the
//! story without deciding anything. It knows no SDK, clock or file.

use serde_json::Value;

use crate::taskdef::Change;

/// What a run is going to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Each distinct definition once.
    pub definitions: Vec<DefinitionPlan>,
    /// One per service: which of `definitions` it gets, and the call.
    pub updates: Vec<(usize, Update)>,
}

/// Which revision the services will run.
#[derive(Clone, Debug, PartialEq)]
pub enum DefinitionPlan {
    /// An existing revision, as it is.
    Existing {
        arn: String,
        document: Value,
        /// Against the revision that runs.
        changes: Vec<Change>,
    },
    /// A new revision from this body.
    Register {
        family: String,
        body: Value,
        changes: Vec<Change>,
        /// The family's latest revision; 0 where there is none, or it isn't known.
        latest: i64,
    },
}

/// One UpdateService call: only what the user asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    pub cluster: String,
    pub service: String,
    /// Filled in once the revision is registered.
    pub task_definition: Option<String>,
    pub desired_count: Option<i32>,
    pub force_new_deployment: bool,
    pub propagate_tags: Option<String>,
    pub enable_ecs_managed_tags: Option<bool>,
}
