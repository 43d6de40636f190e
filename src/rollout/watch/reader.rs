//! What one look reads: the services, their tasks, their service deployments and, where a rollout's
//! question is where a task could go, what the clusters have.
//!
//! All services are read together, in as few calls as it takes. It decides nothing about a rollout.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{evidence, is_passing};
use crate::aws::{Aws, AwsError, AwsErrorKind, TaskBook, Wanted};
use crate::capacity::TaskNeeds;
use crate::clock::Clock;
use crate::rollout::{Agents, Contender, Grounds, Look, State};
use crate::snapshot::{Service, ServiceDeployment, Task, Timestamp};

/// Without a sign of change a service's tasks are listed this often all the same: the counters and
/// events of a service may be older than its tasks.
const LIST_EVERY: Duration = Duration::from_secs(30);
/// Looks that ask for a service deployment that isn't listed. ECS keeps none of some services.
const LISTINGS_MAX: u32 = 12;
/// Service deployments that one look searches for; the watch does without them until then.
const LISTINGS_PER_LOOK: usize = 8;

const TASK_ACTIONS: [&str; 2] = ["ecs:ListTasks", "ecs:DescribeTasks"];
const DEPLOYMENT_ACTIONS: [&str; 2] = [
    "ecs:ListServiceDeployments",
    "ecs:DescribeServiceDeployments",
];

/// Reads looks, and remembers what needn't be read again.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) aws: Aws,
    pub(super) clock: Clock,
    /// Optional actions that are denied.
    pub(super) denied: BTreeSet<&'static str>,
    /// How often an optional action wasn't answered in time.
    pub(super) silences: BTreeMap<&'static str, u32>,
    /// By the state's index.
    pub(super) seen: BTreeMap<usize, evidence::Seen>,
    /// By cluster.
    books: BTreeMap<String, TaskBook>,
    /// What a service looked like when its tasks were last listed, by the state's index.
    signs: BTreeMap<usize, (Timestamp, String)>,
    /// By cluster.
    agents: BTreeMap<String, Agents>,
    /// The service deployments, by the state's index.
    listings: BTreeMap<usize, Listing>,
}

/// The search for a state's service deployment.
#[derive(Debug, Default)]
struct Listing {
    arn: Option<String>,
    asked: u32,
}

/// A part of a look: what was read, or why it could not be read for the moment.
type Part<T> = Result<T, String>;

impl Reader {
    pub(super) fn new(aws: Aws, clock: Clock) -> Reader {
        Reader {
            aws,
            clock,
            denied: BTreeSet::new(),
            silences: BTreeMap::new(),
            seen: BTreeMap::new(),
            books: BTreeMap::new(),
            signs: BTreeMap::new(),
            agents: BTreeMap::new(),
            listings: BTreeMap::new(),
        }
    }

    /// One look at each of the `open` states, in their order.
    pub(super) async fn look(
        &mut self,
        states: &[State],
        open: &[usize],
    ) -> Result<Vec<Look>, AwsError> {
        let mut services = self.services(states, open).await?;
        let mut tasks = self.tasks(states, open, &services).await?;
        let mut deployments = self.deployments(states, open).await?;
        let mut looks = Vec::with_capacity(open.len());
        for &index in open {
            let mut look = Look {
                service: services.remove(&index),
                ..Look::default()
            };
            match tasks.remove(&index) {
                Some(Ok(tasks)) => look.tasks = Some(tasks),
                Some(Err(why)) => look.failed = Some(why),
                None => {}
            }
            match &mut deployments {
                Ok(found) => look.service_deployment = found.remove(&index),
                Err(why) => look.failed = Some(why.clone()),
            }
            // Half a look would be taken for a whole one.
            if look.failed.is_some() {
                (look.tasks, look.service_deployment) = (None, None);
            }
            self.targets(index, &states[index], &mut look).await;
            self.protection(&states[index], &mut look).await;
            looks.push(look);
        }
        self.survey(states, open, &mut looks).await;
        for look in &mut looks {
            look.unread = self.denied.iter().copied().collect();
        }
        Ok(looks)
    }

    async fn services(
        &self,
        states: &[State],
        open: &[usize],
    ) -> Result<BTreeMap<usize, Service>, AwsError> {
        let mut services = BTreeMap::new();
        for (cluster, here) in by_cluster(states, open) {
            let names: Vec<&str> = here
                .iter()
                .map(|&index| states[index].target.service.as_str())
                .collect();
            let found = self.aws.services(cluster, &names).await?.found;
            let mut found: BTreeMap<String, Service> = found
                .into_iter()
                .map(|service| (service.name.clone(), service))
                .collect();
            for index in here {
                if let Some(service) = found.remove(&states[index].target.service) {
                    services.insert(index, service);
                }
            }
        }
        Ok(services)
    }

    /// The tasks of the services that were found, as far as they may be read.
    async fn tasks(
        &mut self,
        states: &[State],
        open: &[usize],
        services: &BTreeMap<usize, Service>,
    ) -> Result<BTreeMap<usize, Part<Vec<Task>>>, AwsError> {
        let mut all = BTreeMap::new();
        for (cluster, here) in by_cluster(states, open) {
            let found: Vec<(usize, &Service, String)> = here
                .into_iter()
                .filter_map(|index| Some((index, services.get(&index)?)))
                .map(|(index, service)| (index, service, sign(service)))
                .collect();
            if found.is_empty() || self.denies(&TASK_ACTIONS) {
                continue;
            }
            let now = self.clock.now();
            let wanted: Vec<Wanted<'_>> = found
                .iter()
                .map(|(index, service, sign)| Wanted {
                    service: &service.name,
                    listed: states[*index].wants_survey()
                        || self.signs.get(index).is_none_or(|(at, before)| {
                            before != sign || now.since(*at) >= LIST_EVERY
                        }),
                })
                .collect();
            let book = self.books.entry(cluster.to_owned()).or_default();
            let answer = book.read(&self.aws, cluster, &wanted).await;
            let listed: Vec<bool> = wanted.iter().map(|one| one.listed).collect();
            match self.optional(answer)? {
                Ok(Some(read)) => {
                    for (((index, _, sign), tasks), listed) in
                        found.into_iter().zip(read).zip(listed)
                    {
                        if listed {
                            self.signs.insert(index, (now, sign));
                        }
                        all.insert(index, Ok(tasks));
                    }
                }
                Ok(None) => {}
                Err(why) => {
                    all.extend(found.iter().map(|(index, ..)| (*index, Err(why.clone()))));
                }
            }
        }
        Ok(all)
    }

    /// The service deployments of the states, as far as ECS lists them and they may be read.
    async fn deployments(
        &mut self,
        states: &[State],
        open: &[usize],
    ) -> Result<Part<BTreeMap<usize, ServiceDeployment>>, AwsError> {
        let sought = open.iter().copied().filter(|index| {
            let listing = self.listings.get(index);
            listing.is_none_or(|one| one.arn.is_none() && one.asked < LISTINGS_MAX)
        });
        let sought: Vec<usize> = sought.take(LISTINGS_PER_LOOK).collect();
        for index in sought {
            if self.denies(&DEPLOYMENT_ACTIONS) {
                return Ok(Ok(BTreeMap::new()));
            }
            let target = &states[index].target;
            let answer = self.aws.service_deployment_arn(
                &target.cluster,
                &target.service,
                &target.deployment,
                target.created,
            );
            let answer = answer.await;
            match self.optional(answer)? {
                Ok(found) => {
                    let listing = self.listings.entry(index).or_default();
                    listing.asked += 1;
                    listing.arn = found.flatten();
                }
                Err(why) => return Ok(Err(why)),
            }
        }
        let wanted: BTreeMap<String, usize> = open
            .iter()
            .filter_map(|index| Some((self.listings.get(index)?.arn.clone()?, *index)))
            .collect();
        if wanted.is_empty() || self.denies(&DEPLOYMENT_ACTIONS) {
            return Ok(Ok(BTreeMap::new()));
        }
        let arns: Vec<String> = wanted.keys().cloned().collect();
        let answer = self.aws.service_deployments(&arns).await;
        Ok(self.optional(answer)?.map(|found| {
            found
                .into_iter()
                .flatten()
                .filter_map(|one| Some((*wanted.get(&one.arn)?, one)))
                .collect()
        }))
    }

    /// Reads each cluster once where a rollout's question is where a task could go.
    async fn survey(&mut self, states: &[State], open: &[usize], looks: &mut [Look]) {
        let asking = |index: usize| states[index].wants_survey();
        let clusters: BTreeSet<&str> = open
            .iter()
            .filter(|&&index| asking(index))
            .map(|&index| states[index].target.cluster.as_str())
            .collect();
        for cluster in clusters {
            let here: Vec<usize> = (0..open.len())
                .filter(|&place| states[open[place]].target.cluster == cluster)
                .filter(|&place| looks[place].service.is_some())
                .collect();
            let contenders: Vec<Contender> = here
                .iter()
                .filter_map(|&place| {
                    let state = &states[open[place]];
                    Some(Contender {
                        service: looks[place].service.clone()?,
                        needs: TaskNeeds::of(&state.document),
                        deployment: state.target.deployment.clone(),
                    })
                })
                .collect();
            let parties: Vec<_> = contenders
                .iter()
                .map(|one| (&one.service, &one.needs))
                .collect();
            let own: Option<Vec<Vec<Task>>> = here
                .iter()
                .map(|&place| looks[place].tasks.clone())
                .collect();
            let own = own.map(|tasks| tasks.into_iter().flatten().collect());
            let mut survey = Box::pin(self.aws.survey(cluster, &parties, own)).await;
            let agents = self.agents.entry(cluster.to_owned()).or_default();
            survey.agents_lost = agents.note(&survey.instances, self.clock.now());
            let grounds = Arc::new(Grounds::of(survey, &contenders));
            for &place in here.iter().filter(|place| asking(open[**place])) {
                looks[place].grounds = Some(grounds.clone());
            }
        }
    }

    fn denies(&self, actions: &[&str]) -> bool {
        actions.iter().any(|action| self.denied.contains(action))
    }

    /// A denied action is remembered and left out; what passes makes the look pass.
    fn optional<T>(&mut self, answer: Result<T, AwsError>) -> Result<Part<Option<T>>, AwsError> {
        match answer {
            Ok(value) => Ok(Ok(Some(value))),
            Err(error) if is_passing(&error) => Ok(Err(error.to_string())),
            Err(error) if error.kind == AwsErrorKind::Expired => Err(error),
            Err(error) => {
                if error.is_denied() {
                    self.denied.insert(error.action);
                }
                tracing::debug!(%error, "an optional read is left out");
                Ok(Ok(None))
            }
        }
    }
}

/// The open states of each cluster, in their order.
fn by_cluster<'s>(states: &'s [State], open: &[usize]) -> BTreeMap<&'s str, Vec<usize>> {
    let mut clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &index in open {
        let cluster = states[index].target.cluster.as_str();
        clusters.entry(cluster).or_default().push(index);
    }
    clusters
}

/// Whatever changes in a service when a task of its starts or stops.
fn sign(service: &Service) -> String {
    let newest = service.events.first().map(|event| event.id.as_str());
    let counts: Vec<_> = service
        .deployments
        .iter()
        .map(|one| (&one.id, one.running, one.pending, one.failed))
        .collect();
    format!(
        "{} {} {counts:?} {}",
        service.running,
        service.pending,
        newest.unwrap_or_default()
    )
}
