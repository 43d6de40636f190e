//! Putting the previous revision back, where the request asks for it.
//!
//! Only a deployment of this run is rolled back, and only while it is the service's current one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::send_once::{self, UpdateCall};
use crate::aws::Aws;
use crate::clock::Clock;
use crate::durations;
use crate::plan::Update;
use crate::report::Outcome;
use crate::request::{OnFailure, OnStuck, RolloutOptions};
use crate::rollout::Target;
use crate::run::{Journal, LeftRollout, RunContext, ServiceEnd};
use crate::snapshot::{Deployment, RolloutState, Service, Timestamp, last_part};

/// How long the rollback itself is waited for.
pub(super) const LIMIT: Duration = Duration::from_secs(15 * 60);
/// For the way by which ECS itself rolls back; there is another one.
const LISTING: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How far the clocks of the runner and of AWS may be apart.
const CLOCK_SKEW_MS: i64 = 5 * 60 * 1000;

/// A rollback that is waited for.
#[derive(Debug)]
pub(super) struct Back {
    /// Which of the request's services it is, counted from zero.
    pub(super) index: usize,
    pub(super) begun: Begun,
    /// How the deploy ended that is taken back.
    pub(super) before: ServiceEnd,
    /// By the clock that the run goes by.
    pub(super) deadline: Timestamp,
}

/// A rollback that was begun.
#[derive(Debug)]
pub(super) struct Begun {
    cluster: String,
    service: String,
    /// The deployment that is taken back.
    deployment: String,
    /// ARN of the revision that is put back.
    previous: String,
}

impl Begun {
    /// Whether the previous revision serves again, where the services are as `now` says.
    fn is_done(&self, cluster: &str, now: &[Service]) -> bool {
        let of_it = |one: &&Service| self.cluster == cluster && one.name == self.service;
        let found = now.iter().find(of_it);
        found.is_some_and(|one| is_back(one, &self.previous, &self.deployment))
    }
}

/// How the deploy of a service ended after its rollback.
#[derive(Debug)]
pub(super) struct AfterRollback {
    /// Which of the request's services it is, counted from zero.
    pub(super) index: usize,
    pub(super) end: ServiceEnd,
}

/// Whether `on-stuck` or `on-failure` asks for a rollback after this outcome.
pub(super) fn is_asked(options: &RolloutOptions, outcome: Outcome) -> bool {
    match outcome {
        Outcome::Stuck => options.on_stuck == OnStuck::Rollback,
        Outcome::Failed => options.on_failure == OnFailure::Rollback,
        _ => false,
    }
}

/// Waits until all that was begun has come to its end.
pub(super) async fn to_the_end(
    context: &RunContext,
    journal: &mut Journal,
    clock: Clock,
    mut backs: Vec<Back>,
) -> Vec<AfterRollback> {
    let mut all = Vec::new();
    while !backs.is_empty() {
        tokio::time::sleep(LOOK_EVERY).await;
        let clusters: BTreeSet<String> = backs
            .iter()
            .map(|back| back.begun.cluster.clone())
            .collect();
        for cluster in clusters {
            let here = backs.iter().filter(|back| back.begun.cluster == cluster);
            let names: Vec<&str> = here.map(|back| back.begun.service.as_str()).collect();
            let Ok(now) = context.aws.services(&cluster, &names).await else {
                continue;
            };
            let (done, rest): (Vec<Back>, Vec<Back>) = backs
                .into_iter()
                .partition(|back| back.begun.is_done(&cluster, &now.found));
            backs = rest;
            all.extend(done.into_iter().map(|back| worked(journal, back)));
        }
        let now = clock.now();
        let (late, rest): (Vec<Back>, Vec<Back>) =
            backs.into_iter().partition(|back| now >= back.deadline);
        backs = rest;
        for back in late {
            let limit = durations::limit(LIMIT);
            let problem = format!("it was still under way after {limit}");
            let end = failed(journal, back.before, &problem);
            journal.service_ended(back.index, &end);
            let index = back.index;
            all.push(AfterRollback { index, end });
        }
    }
    all
}

fn worked(journal: &mut Journal, back: Back) -> AfterRollback {
    let end = ServiceEnd {
        outcome: Outcome::RolledBack,
        reason: format!(
            "{} is back, because {}",
            last_part(&back.begun.previous),
            back.before.reason
        ),
        causes: back.before.causes,
        said_cause: back.before.said_cause,
    };
    journal.service_ended(back.index, &end);
    let index = back.index;
    AfterRollback { index, end }
}

/// Says that the rollback did not work; how the deploy ended, with that.
pub(super) fn failed(journal: &mut Journal, end: ServiceEnd, problem: &str) -> ServiceEnd {
    journal.warning(&format!("the rollback did not work: {problem}"));
    let reason = format!("{}; the rollback did not work: {problem}", end.reason);
    ServiceEnd { reason, ..end }
}

/// Asks for the rollback, if the deployment is still the service's current one.
///
/// # Errors
/// Why that could not be asked for, in a few words.
pub(super) async fn begin(
    context: &RunContext,
    journal: &mut Journal,
    target: &Target,
) -> Result<Begun, String> {
    let previous = target
        .previous
        .clone()
        .ok_or("there is no revision that was complete before")?;
    let now = context
        .aws
        .services(&target.cluster, &[&target.service])
        .await
        .map_err(|error| error.to_string())?;
    let service = now
        .found
        .into_iter()
        .next()
        .ok_or("the service is not there any more")?;
    if service.primary().map(|primary| &primary.id) != Some(&target.deployment) {
        return Err("another deployment is in its place already".to_owned());
    }
    ask(context, journal, target, &service).await?;
    journal.line(&format!("rolling back to {}", last_part(&previous)));
    Ok(Begun {
        cluster: target.cluster.clone(),
        service: target.service.clone(),
        deployment: target.deployment.clone(),
        previous,
    })
}

/// Whether the previous revision serves again: its deployment is complete, or no other revision has
/// a task and its own are all there. (Tasks of the deployment before go on as they are; that ECS
/// also wants to start new ones of the same revision, perhaps without a place, changes nothing.)
fn is_back(service: &Service, previous: &str, ours: &str) -> bool {
    let Some(primary) = service.primary() else {
        return false;
    };
    if primary.task_definition != previous || primary.id == ours {
        return false;
    }
    let (back, others): (Vec<&Deployment>, Vec<&Deployment>) = service
        .deployments
        .iter()
        .partition(|deployment| deployment.task_definition == previous);
    let running: u32 = back.iter().map(|deployment| deployment.running).sum();
    let gone = others
        .iter()
        .all(|other| other.running + other.pending == 0);
    primary.rollout == Some(RolloutState::Completed) || (gone && running >= service.desired)
}

/// ECS's own rollback where it can be asked for, else an update to the previous revision.
async fn ask(
    context: &RunContext,
    journal: &mut Journal,
    target: &Target,
    service: &Service,
) -> Result<(), String> {
    let reads = context.aws.optional_within(LISTING);
    let known = reads.aws.service_deployment_arn(
        &target.cluster,
        &target.service,
        &target.deployment,
        target.created,
    );
    let known = reads.ask(&["ecs:ListServiceDeployments"], known).await;
    if let Ok(Some(known)) = known {
        match context.aws.roll_back(&known).await {
            Ok(()) => return Ok(()),
            Err(error) => journal.line(&format!("ECS does not roll back by itself ({error}): the previous revision is put back by an update")),
        }
    }
    let update = Update {
        cluster: target.cluster.clone(),
        service: target.service.clone(),
        task_definition: target.previous.clone(),
        ..Update::default()
    };
    let change = UpdateCall {
        update: &update,
        before: service,
    };
    send_once::update(context, journal, change)
        .await
        .map(|_| ())
        .map_err(|refused| refused.failure.reason)
}

/// `on-cancel: rollback`: asks ECS to roll back, and doesn't wait for it. `started` is when the run
/// began.
///
/// # Errors
/// Why that could not be asked for, in a few words.
pub(super) async fn ask_on_the_way_out(
    aws: &Aws,
    started: Timestamp,
    left: &LeftRollout,
) -> Result<(), String> {
    let since = Timestamp::of_millis(started.0.saturating_sub(CLOCK_SKEW_MS));
    let known = aws
        .service_deployment_arn(&left.cluster, &left.service, &left.deployment_id, since)
        .await
        .map_err(|error| error.to_string())?
        .ok_or("ECS doesn't list the deployment yet")?;
    let asked = aws.roll_back(&known).await;
    asked.map_err(|error| error.to_string())
}
