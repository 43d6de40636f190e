//! Putting the previous revision back, where the request asks for it.
//!
//! Only a deployment of this run is rolled back, and only while it is the service's current one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::execute;
use crate::aws::Aws;
use crate::durations;
use crate::plan::Update;
use crate::report::{Outcome, ServiceReport};
use crate::request::{OnFailure, OnStuck, Request};
use crate::rollout::State;
use crate::run::Run;
use crate::snapshot::{Deployment, RolloutState, Service, Timestamp, last_part};

/// How long the rollback itself is waited for.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(15 * 60);
/// For the way by which ECS itself rolls back; there is another one.
const LISTING: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How far the clocks of the runner and of AWS may be apart.
const CLOCK_SKEW_MS: i64 = 5 * 60 * 1000;

/// A rollback that was begun.
#[derive(Debug)]
pub(super) struct Back {
    /// Which of the report's services it is.
    index: usize,
    cluster: String,
    service: String,
    /// The deployment that is taken back.
    deployment: String,
    /// ARN of the revision that is put back.
    previous: String,
    deadline: Timestamp,
}

/// After a stuck or failed rollout: begins to roll back if `on-stuck` or `on-failure` says so.
pub(super) async fn where_asked(
    run: &mut Run,
    request: &Request,
    index: usize,
    state: &State,
) -> Option<Back> {
    let asked = match run.report.services[index].outcome {
        Some(Outcome::Stuck) => request.rollout.on_stuck == OnStuck::Rollback,
        Some(Outcome::Failed) => request.rollout.on_failure == OnFailure::Rollback,
        _ => false,
    };
    if !asked || !run.report.services[index].changed {
        return None;
    }
    match begin(run, index, state).await {
        Ok(back) => Some(back),
        Err(problem) => {
            failed(run, index, &problem);
            None
        }
    }
}

/// Waits until all that was begun has come to its end.
pub(super) async fn to_the_end(run: &mut Run, mut backs: Vec<Back>) {
    while !backs.is_empty() {
        tokio::time::sleep(LOOK_EVERY).await;
        let clusters: BTreeSet<String> = backs.iter().map(|back| back.cluster.clone()).collect();
        for cluster in clusters {
            let here = backs.iter().filter(|back| back.cluster == cluster);
            let names: Vec<&str> = here.map(|back| back.service.as_str()).collect();
            let Ok(now) = run.aws.services(&cluster, &names).await else {
                continue;
            };
            backs.retain(|back| {
                let of_it = |one: &&Service| back.cluster == cluster && one.name == back.service;
                let found = now.found.iter().find(of_it);
                let done = found.is_some_and(|one| is_back(one, &back.previous, &back.deployment));
                if done {
                    let report = &mut run.report.services[back.index];
                    report.outcome = Some(Outcome::RolledBack);
                    report.reason = format!(
                        "{} is back, because {}",
                        last_part(&back.previous),
                        report.reason
                    );
                }
                !done
            });
        }
        let now = run.clock.now();
        let (late, rest) = backs.into_iter().partition(|back| now >= back.deadline);
        backs = rest;
        let late: Vec<Back> = late;
        for back in late {
            let limit = durations::limit(ROLLBACK_LIMIT);
            let problem = format!("it was still under way after {limit}");
            failed(run, back.index, &problem);
        }
    }
}

fn failed(run: &mut Run, index: usize, problem: &str) {
    run.console
        .warning(&format!("the rollback did not work: {problem}"));
    let reason = &mut run.report.services[index].reason;
    reason.push_str(&format!("; the rollback did not work: {problem}"));
}

/// Asks for the rollback, if the deployment is still the service's current one.
async fn begin(run: &mut Run, index: usize, state: &State) -> Result<Back, String> {
    let target = &state.target;
    let previous = target
        .previous
        .clone()
        .ok_or("there is no revision that was complete before")?;
    let now = run
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
    start(run, state, (&previous, &service)).await?;
    run.console
        .line(&format!("rolling back to {}", last_part(&previous)));
    Ok(Back {
        index,
        cluster: target.cluster.clone(),
        service: target.service.clone(),
        deployment: target.deployment.clone(),
        previous,
        deadline: run.clock.now().plus(ROLLBACK_LIMIT),
    })
}

/// Whether the previous revision serves again: its deployment is complete, or no other revision has
/// a task and its own are all there. (Tasks of the deployment before go on as they are; that ECS
/// also wants to start new ones of the same revision, perhaps without a place, is no matter.)
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

/// ECS's own rollback where it can be asked for, else an update to the former revision.
async fn start(
    run: &mut Run,
    state: &State,
    (previous, service): (&str, &Service),
) -> Result<(), String> {
    let target = &state.target;
    let reads = run.aws.optional_within(LISTING);
    let known = reads.aws.service_deployment_arn(
        &target.cluster,
        &target.service,
        &target.deployment,
        target.created,
    );
    let known = reads.ask(&["ecs:ListServiceDeployments"], known).await;
    if let Ok(Some(known)) = known {
        match run.aws.roll_back(&known).await {
            Ok(()) => return Ok(()),
            Err(error) => run.console.line(&format!("ECS does not roll back by itself ({error}): the former revision is put back by an update")),
        }
    }
    let update = Update {
        cluster: target.cluster.clone(),
        service: target.service.clone(),
        task_definition: Some(previous.to_owned()),
        ..Update::default()
    };
    execute::update(run, &update, service)
        .await
        .map(|_| ())
        .map_err(|refused| refused.failure.reason)
}

/// `on-cancel: rollback`: asks ECS to roll back, and doesn't wait for it.
///
/// # Errors
/// Why that could not be asked for, in a few words.
pub(super) async fn on_the_way_out(
    aws: &Aws,
    started: Timestamp,
    service: &ServiceReport,
) -> Result<(), String> {
    let since = Timestamp(started.0 - CLOCK_SKEW_MS);
    let known = aws
        .service_deployment_arn(
            &service.cluster,
            &service.service,
            &service.deployment_id,
            since,
        )
        .await
        .map_err(|error| error.to_string())?
        .ok_or("ECS doesn't list the deployment yet")?;
    let asked = aws.roll_back(&known).await;
    asked.map_err(|error| error.to_string())
}
