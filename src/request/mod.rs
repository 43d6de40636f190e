//! What the user wants: inputs and flags as text, checked into a [`Request`].
//!
//! Pure: the environment comes in as pairs, facts of the run as [`Facts`]. A request is checked as
//! a whole, so that all problems are reported together. Nothing here asks AWS, Docker or the disk
//! whether what is named exists.

mod aws;
mod build;
pub mod cli;
mod edits;
mod facts;
mod github;
mod image;
pub mod inputs;
mod one_off;
pub mod options;
mod problem;
mod quoted;
mod raw;
mod reader;
mod service;
mod task_definition;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use aws::is_region;
pub use aws::{Role, account_of};
pub use build::BuildSpec;
pub(crate) use edits::is_role_arn;
pub use edits::{Edit, Edits, EnvFiles};
pub use facts::Facts;
pub use github::GitHubOptions;
pub use image::{ImageSource, Repository};
pub use one_off::OneOffOptions;
pub use options::{
    AssignPublicIp, CapacityCheck, LaunchType, Network, OnCancel, OnFailure, OnStuck, OnSuperseded,
    PropagateTags,
};
pub(crate) use problem::shown;
pub use problem::{Given, Problem};
pub use raw::{RawInputs, variable_of};
pub use service::{Place, ServiceRef};
pub use task_definition::TaskDefinitionSource;

use reader::Reader;

/// A checked request: every field holds what it says, whatever the text was.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Absent where neither the input nor the environment names one.
    pub region: Option<String>,
    /// Absent where the SDK's default chain is to find the credentials.
    pub role: Option<Role>,
    /// Twelve digits each; empty means any account.
    pub allowed_accounts: Vec<String>,
    /// What is deployed, or built.
    pub image: ImageSource,
    /// `platform`, where another than the default was given.
    pub platform: Option<String>,
    /// `repository`, whether or not the image comes from it.
    pub repository: Option<Repository>,
    /// What the new revision is made from.
    pub task_definition: TaskDefinitionSource,
    /// `container-name`; empty means that the definition decides.
    pub containers: Vec<String>,
    /// What is changed in it besides the image.
    pub edits: Edits,
    /// `register-only`.
    pub register_only: bool,
    /// Name or ARN, for whatever doesn't name its own.
    pub cluster: String,
    /// No two alike; empty with `register_only` alone.
    pub services: Vec<ServiceRef>,
    /// What UpdateService gets.
    pub update: UpdateOptions,
    /// Absent without `run-task`.
    pub one_off: Option<OneOffOptions>,
    /// How the rollout is judged and followed.
    pub rollout: RolloutOptions,
    /// `dry-run`.
    pub dry_run: bool,
    /// `strict`.
    pub strict: bool,
    /// What is reported to GitHub.
    pub github: GitHubOptions,
    /// `show-values`.
    pub show_values: bool,
    /// `job-summary`.
    pub job_summary: bool,
}

/// What UpdateService gets besides the revision: only what was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateOptions {
    /// `desired-count`, in tasks.
    pub desired_count: Option<u32>,
    /// `force-new-deployment`.
    pub force_new_deployment: Option<bool>,
    /// `propagate-tags`.
    pub propagate_tags: Option<PropagateTags>,
    /// `enable-ecs-managed-tags`.
    pub enable_ecs_managed_tags: Option<bool>,
}

/// How the rollout is judged and followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutOptions {
    /// `wait-for-service-stability`.
    pub wait: bool,
    /// `wait-for-minutes`.
    pub limit: Duration,
    /// `poll-interval`.
    pub poll: Duration,
    /// How many services roll at once; all where absent.
    pub max_parallel: Option<u32>,
    /// Whether one that doesn't end well leaves those untouched that aren't started yet.
    pub stop_on_failure: bool,
    /// `stuck-after`.
    pub stuck_after: Duration,
    /// `capacity-check`.
    pub capacity_check: CapacityCheck,
    /// `on-stuck`.
    pub on_stuck: OnStuck,
    /// `on-failure`.
    pub on_failure: OnFailure,
    /// `on-superseded`.
    pub on_superseded: OnSuperseded,
    /// `on-cancel`.
    pub on_cancel: OnCancel,
}

impl Request {
    /// Checks the inputs, one by one and against each other.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the table.
    pub fn check(raw: &RawInputs, facts: &Facts) -> Result<Request, Vec<Problem>> {
        let mut reader = Reader::new(raw);
        let r = &mut reader;
        let repository = image::repository(r);
        let cluster = service::cluster(r);
        let allowed_accounts = aws::accounts(r);
        let request = Request {
            region: aws::region(r, facts),
            role: aws::role(r, facts, &allowed_accounts),
            allowed_accounts,
            image: image::source(r, repository.as_ref(), facts),
            repository,
            platform: r
                .is_given("platform")
                .then(|| r.text("platform"))
                .flatten()
                .map(str::to_owned),
            task_definition: task_definition::source(r),
            containers: task_definition::containers(r),
            edits: edits::edits(r),
            register_only: r.flag("register-only"),
            services: service::services(r, &cluster),
            cluster,
            update: update(r),
            one_off: one_off::options(r),
            rollout: rollout(r),
            dry_run: r.flag("dry-run"),
            strict: r.flag("strict"),
            github: github::options(r),
            show_values: r.flag("show-values"),
            job_summary: r.flag("job-summary"),
        };
        reader.finish(request)
    }
}

fn update(r: &mut Reader<'_>) -> UpdateOptions {
    UpdateOptions {
        desired_count: r.count("desired-count"),
        force_new_deployment: r.optional_flag("force-new-deployment"),
        propagate_tags: r.choice("propagate-tags"),
        enable_ecs_managed_tags: r.optional_flag("enable-ecs-managed-tags"),
    }
}

fn rollout(r: &mut Reader<'_>) -> RolloutOptions {
    RolloutOptions {
        wait: r.flag("wait-for-service-stability"),
        limit: r.duration("wait-for-minutes"),
        poll: r.duration("poll-interval"),
        max_parallel: r.count_from_one("max-parallel"),
        stop_on_failure: r.flag("stop-on-failure"),
        stuck_after: r.duration("stuck-after"),
        capacity_check: r.choice("capacity-check").unwrap_or(CapacityCheck::Fail),
        on_stuck: r.choice("on-stuck").unwrap_or(OnStuck::Fail),
        on_failure: r.choice("on-failure").unwrap_or(OnFailure::None),
        on_superseded: r.choice("on-superseded").unwrap_or(OnSuperseded::Fail),
        on_cancel: r.choice("on-cancel").unwrap_or(OnCancel::Leave),
    }
}
