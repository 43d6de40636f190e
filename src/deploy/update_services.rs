//! Updating the services, one by one: what is sent, and what is to be followed then.

use serde_json::Value;

use super::changes::as_it_is;
use super::forecast::Outlook;
use super::lost_answer;
use super::register::{Registered, Revision};
use super::send_once::{self, Effect, NotUpdated, UpdateCall};
use crate::clock::Clock;
use crate::plan::Update;
use crate::report::{Outcome, PendingWrite};
use crate::rollout::Target;
use crate::run::{Journal, RunContext, ServiceEnd, UpdateState};
use crate::snapshot::{Deployment, RolloutState, Service, Timestamp};

/// What is said of a service that needs no update.
pub(super) const AS_IT_IS: &str =
    "the service already runs this revision, and its deployment is complete";

/// A deployment that is to be followed.
#[derive(Debug)]
pub(crate) struct Started {
    /// Which of the request's services it is, counted from zero.
    pub(crate) index: usize,
    pub(crate) target: Target,
    /// The revision's document.
    pub(crate) document: Value,
    /// Whether this run changed the service.
    pub(crate) changed: bool,
    /// Whether nobody knows if the rollout fits. One that was forecast to be blocked, and was let go
    /// on, gets its time: the user may know of room to come.
    pub(crate) doubted: bool,
}

/// What is still to be followed: a deployment that runs, or one that an update is to start.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    Started(Started),
    Update(QueuedUpdate<'a>),
}

impl Next<'_> {
    /// Which of the request's services it is, counted from zero.
    pub(super) fn index(&self) -> usize {
        match self {
            Next::Started(started) => started.index,
            Next::Update(waiting) => waiting.index,
        }
    }
}

/// An update that is still to be sent.
#[derive(Debug)]
pub(crate) struct QueuedUpdate<'a> {
    /// Which of the request's services it is, counted from zero.
    index: usize,
    service: &'a Service,
    revision: &'a Revision,
    update: &'a Update,
    doubted: bool,
}

/// What came of an update.
#[derive(Debug)]
pub(super) struct Updated {
    pub(super) next: AfterUpdate,
    /// ARN of the revision that the service got, as far as that is known.
    pub(super) revision: Option<String>,
    /// What the run goes by since its first change of a service; absent before that.
    pub(super) clock: Option<Clock>,
}

/// What is to be done for a service after its update.
#[derive(Debug)]
pub(super) enum AfterUpdate {
    Follow(Box<Started>),
    /// It needs no watch, or the update failed.
    Nothing(ServiceEnd),
}

/// The plan's updates, in the order of the request.
pub(super) fn queue<'a>(registered: &'a Registered<'_>, outlook: &Outlook) -> Vec<Next<'a>> {
    let Registered {
        found,
        plan,
        revisions,
    } = registered;
    let updates = found.services.iter().zip(&plan.updates).enumerate();
    let waiting = updates.map(|(index, (service, planned))| {
        Next::Update(QueuedUpdate {
            index,
            service,
            revision: &revisions[planned.definition],
            update: &planned.update,
            doubted: outlook.doubts(index),
        })
    });
    waiting.collect()
}

/// Updates one service. `clock` is what the run goes by since its first change of a service.
pub(super) async fn update(
    context: &RunContext,
    journal: &mut Journal,
    waiting: &QueuedUpdate<'_>,
    clock: Option<Clock>,
) -> Updated {
    let (index, service) = (waiting.index, waiting.service);
    let wait = context.request.rollout.wait;
    let revision = Some(waiting.revision.arn.clone());
    let update = Update {
        task_definition: revision.clone(),
        ..waiting.update.clone()
    };
    let (deployment, clock, changed) = match as_it_is(service, &update) {
        Some(deployment) if is_whole(service, deployment) && !wait => {
            return Updated {
                next: AfterUpdate::Nothing(ServiceEnd::new(Outcome::Unchanged, AS_IT_IS)),
                revision: None,
                clock,
            };
        }
        Some(deployment) => {
            if !is_whole(service, deployment) {
                journal.line(&under_way(service, deployment));
            }
            (deployment.clone(), clock, false)
        }
        None => {
            let change = UpdateCall {
                update: &update,
                before: service,
            };
            let sending = Sending {
                index,
                change,
                clock,
            };
            match send(context, journal, sending).await {
                Ok(sent) => (sent.deployment, Some(sent.clock), true),
                Err(updated) => return updated,
            }
        }
    };
    journal.deployment_is(index, &deployment.id, &waiting.revision.arn);
    let next = if wait {
        let now = clock.unwrap_or(context.clock).now();
        AfterUpdate::Follow(Box::new(Started {
            index,
            target: Target::of(service, &deployment, now),
            document: waiting.revision.document.clone(),
            changed,
            doubted: waiting.doubted,
        }))
    } else {
        let why = "the deployment is started; no wait was asked for";
        AfterUpdate::Nothing(ServiceEnd::new(Outcome::Started, why))
    };
    Updated {
        next,
        revision,
        clock,
    }
}

/// What is said of a deployment of the revision that isn't the run's own, and isn't whole.
fn under_way(service: &Service, deployment: &Deployment) -> String {
    let what = if deployment.rollout == Some(RolloutState::Completed) {
        let (running, desired) = (service.running, service.desired);
        format!(
            "this revision is deployed already, and {running} of {desired} tasks run: they are followed"
        )
    } else {
        "a rollout of this revision is under way already, and is followed".to_owned()
    };
    format!("service `{}`: {what}", service.name)
}

/// An UpdateService that is to be sent.
struct Sending<'a> {
    /// Which of the request's services it is, counted from zero.
    index: usize,
    change: UpdateCall<'a>,
    /// What the run goes by since its first change of a service.
    clock: Option<Clock>,
}

/// The deployment that an update has started, and what the run goes by from then on.
struct Sent {
    deployment: Deployment,
    clock: Clock,
}

/// Sends one UpdateService; the journal knows of it from before it is sent. Where there is nothing to
/// follow, what came of it.
async fn send(
    context: &RunContext,
    journal: &mut Journal,
    sending: Sending<'_>,
) -> Result<Sent, Updated> {
    let Sending {
        index,
        change,
        clock,
    } = sending;
    let before = change.before;
    let pending = PendingWrite {
        index,
        wanted: change.update.task_definition.clone().unwrap_or_default(),
        before: before.primary().map(|primary| primary.id.clone()),
        desired: before.desired,
    };
    journal.update_sent(pending.clone());
    let not = match send_once::update(context, journal, change).await {
        Ok(deployment) => {
            // The first one sets the clock; the watch goes by it from then on.
            let clock = clock.unwrap_or_else(|| {
                let clock = aligned(context.clock, before, &deployment);
                journal.set_clock(clock);
                clock
            });
            journal.update_is(index, &UpdateState::Made(deployment.clone()));
            journal.line(&started(before, &deployment));
            return Ok(Sent { deployment, clock });
        }
        Err(not) => not,
    };
    let state = match not.effect {
        Effect::Unknown => lost_answer::look_up(context, journal, &pending).await,
        Effect::None => UpdateState::NotMade,
        Effect::Taken => UpdateState::Taken(pending.wanted),
    };
    journal.update_is(index, &state);
    let wait = context.request.rollout.wait;
    Err(Updated {
        next: AfterUpdate::Nothing(not_followed(journal, not, wait)),
        clock: match state {
            UpdateState::NotMade => clock,
            _ => Some(clock.unwrap_or(context.clock)),
        },
        revision: match state {
            UpdateState::NotMade | UpdateState::Unknown => None,
            UpdateState::Taken(revision) => Some(revision),
            UpdateState::Made(deployment) => Some(deployment.task_definition),
        },
    })
}

/// How the deploy of a service ended whose update started nothing that can be followed.
fn not_followed(journal: &mut Journal, not: NotUpdated, wait: bool) -> ServiceEnd {
    let NotUpdated { failure, effect } = not;
    for item in failure.help {
        journal.advise(item);
    }
    if effect == Effect::Taken && !wait {
        let why = format!("{}; no wait was asked for", failure.reason);
        return ServiceEnd::new(Outcome::Started, why);
    }
    ServiceEnd::new(failure.outcome, failure.reason)
}

fn started(before: &Service, deployment: &Deployment) -> String {
    let name = &before.name;
    if is_new(before, deployment) {
        format!("service `{name}`: deployment {} started", deployment.id)
    } else {
        format!("service `{name}`: updated, which needs no new deployment")
    }
}

fn is_new(before: &Service, deployment: &Deployment) -> bool {
    before.deployments.iter().all(|old| old.id != deployment.id)
}

/// The run's clock set to AWS's by the deployment that AWS has just created: the age of tasks and
/// events is measured against it.
fn aligned(clock: Clock, before: &Service, deployment: &Deployment) -> Clock {
    if is_new(before, deployment) && deployment.created != Timestamp::default() {
        clock.set_to(deployment.created)
    } else {
        clock
    }
}

/// Whether a deployment is complete and all its tasks run.
fn is_whole(service: &Service, deployment: &Deployment) -> bool {
    let complete = deployment.rollout == Some(RolloutState::Completed);
    complete && service.running >= service.desired
}
