//! The edge to GitHub: what a run tells it, a deployment with its statuses and a comment.
//!
//! GitHub is a guest: whatever it does costs one warning and a few seconds, never the outcome.
//! Nothing here decides about a rollout, and nothing of what GitHub answers goes into the report.

mod address;
mod client;
mod comment;
mod deployment;
mod will;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;

use crate::redact::Redactor;
use crate::report::{Outcome, Report};
use crate::request::{Facts, Request, Role};
use crate::run::{Command, Journal, RunContext};
use crate::runner::token;
use client::{Client, NotDone};
use comment::Comment;
use deployment::{Deployment, DeploymentWords};
use will::{Drawer, Will};

/// All that is reported at one time: two tries of a request that doesn't answer, and no more. People
/// wait for their deploy meanwhile.
const MOST: Duration = Duration::from_secs(5);

/// What a run tells GitHub.
#[derive(Debug, Default)]
pub struct GitHub {
    deployment: Option<Deployment>,
    comment: Option<Comment>,
    /// What was asked for and can't be done; said at the beginning.
    missing: Option<String>,
    /// One warning about the deployment is enough.
    warned: bool,
}

impl GitHub {
    /// What `request` wants GitHub to know, over `connector`. Must be called inside the runtime.
    pub fn of(
        request: &Request,
        command: Command,
        facts: &Facts,
        connector: &SharedHttpConnector,
    ) -> GitHub {
        let wanted = &request.github;
        // A plan deploys nothing, and neither does a registration.
        let deploys = !request.dry_run && !request.register_only;
        let environment = wanted.environment.as_ref().filter(|_| deploys);
        if command != Command::Deploy || (environment.is_none() && !wanted.comment) {
            return GitHub::default();
        }
        let client = match Client::of(wanted.token.as_ref(), facts, connector) {
            Ok(client) => client,
            Err(missing) => {
                return GitHub {
                    missing: Some(missing),
                    ..GitHub::default()
                };
            }
        };
        let names = words::names(&request.services);
        let account = request.role.as_ref().map(Role::account);
        let place = [
            wanted.environment.as_deref(),
            account,
            request.region.as_deref(),
        ];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let comment = wanted.comment.then(|| Comment {
            client: client.clone(),
            event: facts.event_path.clone(),
            marker: words::marker(&names, &place),
            environment: wanted.environment.clone(),
        });
        let mut github = GitHub {
            comment,
            ..GitHub::default()
        };
        if environment.is_some() {
            match DeploymentWords::of(wanted, facts, &names, token::random()) {
                Some(words) => {
                    let drawer = Drawer(facts.state_path.as_ref().map(PathBuf::from));
                    github.deployment = Some(Deployment::new(client, words, drawer));
                }
                None => {
                    let text = "there is no GitHub deployment, because `GITHUB_SHA` isn't set";
                    github.missing = Some(text.to_owned());
                }
            }
        }
        github
    }

    /// Creates the deployment, before anything is changed.
    pub async fn begin(&mut self, journal: &mut Journal) {
        if let Some(missing) = self.missing.take() {
            journal.warning(&missing);
        }
        let Some(deployment) = &mut self.deployment else {
            return;
        };
        if let Err(error) = within(deployment.begin()).await {
            self.warned = true;
            journal.warning(&error.warning("deployments"));
        }
    }

    /// Tells how the run ended; everything else of the run is done by then.
    pub async fn end(&mut self, context: &RunContext, journal: &mut Journal) {
        let report = &journal.shown();
        let ended = words::Ended::of(report);
        let aws = &context.aws;
        let (deployment, comment) = (&mut self.deployment, &self.comment);
        let status = async {
            let Some(deployment) = deployment else {
                return Ok(());
            };
            let found = match deployment.wants_address() && ended.is_up {
                true => address::of(aws, report).await,
                false => None,
            };
            within(deployment.end(&ended, found)).await
        };
        let written = async {
            match comment {
                Some(comment) => within(comment.write(report)).await,
                None => Ok(false),
            }
        };
        let (status, written) = tokio::join!(status, written);
        if let Err(error) = status {
            if self.warned {
                tracing::debug!(%error, "the deployment's last status is missing");
            } else {
                journal.warning(&error.warning("deployments"));
            }
        }
        match written {
            Ok(true) => journal.line("the pull request's comment is up to date"),
            Ok(false) => {}
            Err(error) => journal.warning(&error.warning("pull-requests")),
        }
    }

    /// After a signal: the deployment's last status and nothing else. What is to be warned about
    /// comes back.
    pub async fn cancelled(&mut self, outcome: Outcome) -> Option<String> {
        let deployment = self.deployment.as_mut()?;
        let report = Report {
            outcome: Some(outcome),
            reason: "the run was cancelled".to_owned(),
            ..Report::default()
        };
        // There is nothing from outside in it.
        let report = report.shown(&Redactor::default());
        let ended = within(deployment.end(&words::Ended::of(&report), None)).await;
        let error = ended.err().filter(|_| !self.warned)?;
        Some(error.warning("deployments"))
    }
}

/// Tells what an earlier process of the step could not, as far as `env` has it. What is to be warned
/// about comes back.
pub async fn make_up(
    request: &Request,
    facts: &Facts,
    env: &[(String, String)],
    connector: &SharedHttpConnector,
) -> Option<String> {
    let will = Will::left(env)?;
    let ended = will.ended()?;
    let wanted = &request.github;
    let client = Client::of(wanted.token.as_ref(), facts, connector).ok()?;
    let names = words::names(&request.services);
    let said = DeploymentWords::of(wanted, facts, &names, will.mark)?;
    let error = within(Deployment::left(client, said).end(&ended, None)).await;
    Some(error.err()?.warning("deployments"))
}

/// At most `MOST` long.
async fn within<T>(asked: impl Future<Output = Result<T, NotDone>>) -> Result<T, NotDone> {
    tokio::time::timeout(MOST, asked)
        .await
        .unwrap_or_else(|_| Err(NotDone::late()))
}
