//! The plan: what a run will change, with no choice left in it.
//!
//! A plan is made whole before anything is changed, printed by `dry-run`, and carried out by the
//! story without deciding anything. It knows no SDK, clock or file.

use std::time::Duration;

use serde_json::Value;

use crate::snapshot::{Network, StrategyItem};
use crate::taskdef::Change;

/// What a run is going to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Each distinct definition once.
    pub definitions: Vec<DefinitionPlan>,
    /// One per service, in the order of the request.
    pub updates: Vec<PlannedUpdate>,
    /// What runs to its end before any service is updated.
    pub one_off: Option<OneOff>,
}

/// What one service gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedUpdate {
    /// Which of the plan's `definitions` it gets, counted from zero.
    pub definition: usize,
    /// The call, still without the revision.
    pub update: Update,
}

/// One RunTask call: a single task of the first service's revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOff {
    /// Which of `definitions` it runs, counted from zero.
    pub definition: usize,
    /// Name or ARN.
    pub cluster: String,
    /// The container that gets the command, and whose exit code decides.
    pub container: String,
    /// Whether the task ends with it.
    pub essential: bool,
    /// In place of the definition's own.
    pub command: Option<Vec<String>>,
    /// `EC2`, `FARGATE`, …; absent where `providers` rule.
    pub launch_type: Option<String>,
    /// Empty where the launch type, or the cluster's default, rules.
    pub providers: Vec<StrategyItem>,
    /// For `awsvpc` only.
    pub network: Option<Network>,
    /// `memberOf` expressions.
    pub member_of: Vec<String>,
    /// It is stopped after so long.
    pub timeout: Duration,
}

impl OneOff {
    /// Whether it runs on Fargate.
    pub fn is_fargate(&self) -> bool {
        self.launch_type.as_deref() == Some("FARGATE")
            || self
                .providers
                .iter()
                .any(|item| item.provider.starts_with("FARGATE"))
    }
}

/// Which revision the services will run.
#[derive(Clone, Debug, PartialEq)]
pub enum DefinitionPlan {
    /// An existing revision, as it is.
    Existing {
        arn: String,
        /// As DescribeTaskDefinition has it.
        document: Value,
        /// Against the revision that runs.
        changes: Vec<Change>,
    },
    /// A new revision from this body.
    Register {
        family: String,
        /// What RegisterTaskDefinition gets.
        body: Value,
        /// Against the revision that runs.
        changes: Vec<Change>,
        /// The family's latest revision; 0 where there is none, or it isn't known.
        latest: i64,
    },
}

/// One UpdateService call: only what the user asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Name or ARN.
    pub cluster: String,
    /// Its name.
    pub service: String,
    /// Filled in once the revision is registered.
    pub task_definition: Option<String>,
    /// Tasks; absent where it stays as it is.
    pub desired_count: Option<i32>,
    /// Whether new tasks start though the revision runs already.
    pub force_new_deployment: bool,
    /// `TASK_DEFINITION`, `SERVICE` or `NONE`; absent where it stays as it is.
    pub propagate_tags: Option<String>,
    /// Whether ECS tags the tasks with their cluster and service; absent where it stays as it is.
    pub enable_ecs_managed_tags: Option<bool>,
}
