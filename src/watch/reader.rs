//! What one look reads: the services, their tasks, their service deployments and, where a rollout's
//! question is where a task could go, what the clusters have.
//!
//! All services are read together, in as few calls as it takes. Only DescribeServices is needed: a
//! look goes on without the rest, and says so once. It decides nothing about a rollout.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::targets::Targets;
use super::without::{DEPLOYMENTS, LIST_DEPLOYMENTS, PROTECTION, without};
use crate::aws::{Aws, AwsError, Missed, OptionalReads, TASKS, TaskBook, Wanted};
use crate::capacity::TaskNeeds;
use crate::clock::Clock;
use crate::rollout::{Agents, ClusterLook, Contender, Line, Look, State};
use crate::snapshot::{Service, ServiceDeployment, Task, Timestamp};

/// Without a sign of change a service's tasks are listed this often all the same: the counters and
/// events of a service may be older than its tasks.
const LIST_EVERY: Duration = Duration::from_secs(30);
/// Looks that ask for a service deployment that isn't listed. ECS keeps none of some services.
const LISTINGS_MAX: u32 = 12;
/// Service deployments that one look searches for; the watch does without them until then.
const LISTINGS_PER_LOOK: usize = 8;

/// All optional reads of one look together. It is what a look may be late, and looks are 5 s apart.
const OPTIONAL: Duration = Duration::from_secs(15);

/// Reads looks, and remembers what needn't be read again.
#[derive(Debug)]
pub(super) struct Reader {
    aws: Aws,
    pub(super) reads: OptionalReads,
    pub(super) clock: Clock,
    /// What is yet to be said of reads that can't be had.
    news: Vec<Line>,
    pub(super) targets: Targets,
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

/// A part of a look: what was read, nothing where that counts as not there, or why it could not be read
/// for the moment.
type Part<T> = Result<Option<T>, String>;

impl Reader {
    pub(super) fn new(aws: &Aws, clock: Clock) -> Reader {
        Reader {
            aws: aws.for_looks(),
            reads: aws.optional_within(OPTIONAL),
            clock,
            news: Vec::new(),
            targets: Targets::default(),
            books: BTreeMap::new(),
            signs: BTreeMap::new(),
            agents: BTreeMap::new(),
            listings: BTreeMap::new(),
        }
    }

    /// One look at each of the `open` states, in their order. What isn't needed takes no longer than
    /// `most`.
    ///
    /// # Errors
    /// The services can't be read.
    pub(super) async fn look(
        &mut self,
        states: &[State],
        open: &[usize],
        most: Duration,
    ) -> Result<Vec<Look>, AwsError> {
        let mut services = self.services(states, open).await?;
        self.reads.next_look(OPTIONAL.min(most));
        let mut tasks = self.tasks(states, open, &services).await;
        let mut deployments = self.deployments(states, open).await;
        let mut looks = Vec::with_capacity(open.len());
        for &index in open {
            let mut look = Look {
                service: services.remove(&index),
                ..Look::default()
            };
            match tasks.remove(&index) {
                Some(Ok(tasks)) => look.tasks = tasks,
                Some(Err(why)) => look.failed = Some(why),
                None => {}
            }
            match &mut deployments {
                Ok(found) => {
                    look.service_deployment = found.as_mut().and_then(|all| all.remove(&index));
                }
                Err(why) => look.failed = Some(why.clone()),
            }
            let now = self.clock.now();
            if self.targets.are_due(index, &states[index], &look, now) {
                let (reads, clock) = (&self.reads, self.clock);
                self.targets.read(index, &look, reads, clock).await;
            }
            self.targets.show(index, &mut look);
            self.protection(&states[index], &mut look).await;
            looks.push(look);
        }
        self.survey(states, open, &mut looks).await;
        for error in self.reads.gone() {
            self.name(&error);
        }
        Ok(looks)
    }

    /// Says once that an action can't be had, and what the watch does without it.
    pub(super) fn name(&mut self, error: &AwsError) {
        if let Some(without) = without(error.action)
            && self.reads.is_news(error)
        {
            let text = format!("{}: {without}", error.in_short());
            self.news.push(Line::warning(text));
        }
    }

    /// What there is to say of reads that can't be had, each time only what is new.
    pub(super) fn news(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.news)
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

    /// The tasks of the services that were found, as far as they can be had.
    async fn tasks(
        &mut self,
        states: &[State],
        open: &[usize],
        services: &BTreeMap<usize, Service>,
    ) -> BTreeMap<usize, Part<Vec<Task>>> {
        let mut all = BTreeMap::new();
        for (cluster, here) in by_cluster(states, open) {
            let found: Vec<(usize, &Service, String)> = here
                .into_iter()
                .filter_map(|index| Some((index, services.get(&index)?)))
                .map(|(index, service)| (index, service, sign(service)))
                .collect();
            if found.is_empty() {
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
            let read = book.read(&self.reads.aws, cluster, &wanted);
            let read = part(self.reads.ask(TASKS, read).await);
            let listed: Vec<bool> = wanted.iter().map(|one| one.listed).collect();
            let mut read = match read {
                Ok(read) => read.map(Vec::into_iter),
                Err(why) => {
                    all.extend(found.iter().map(|(index, ..)| (*index, Err(why.clone()))));
                    continue;
                }
            };
            for ((index, _, sign), listed) in found.into_iter().zip(listed) {
                let tasks = read.as_mut().and_then(Iterator::next);
                if listed && tasks.is_some() {
                    self.signs.insert(index, (now, sign));
                }
                all.insert(index, Ok(tasks));
            }
        }
        all
    }

    /// The service deployments of the states, as far as ECS lists them and they can be had.
    async fn deployments(
        &mut self,
        states: &[State],
        open: &[usize],
    ) -> Part<BTreeMap<usize, ServiceDeployment>> {
        let sought = open.iter().copied().filter(|index| {
            let listing = self.listings.get(index);
            listing.is_none_or(|one| one.arn.is_none() && one.asked < LISTINGS_MAX)
        });
        let sought: Vec<usize> = sought.take(LISTINGS_PER_LOOK).collect();
        for index in sought {
            let target = &states[index].target;
            let read = self.reads.aws.service_deployment_arn(
                &target.cluster,
                &target.service,
                &target.deployment,
                target.created,
            );
            let Some(found) = part(self.reads.ask(&[LIST_DEPLOYMENTS], read).await)? else {
                break;
            };
            let listing = self.listings.entry(index).or_default();
            listing.asked += 1;
            listing.arn = found;
        }
        let wanted: BTreeMap<String, usize> = open
            .iter()
            .filter_map(|index| Some((self.listings.get(index)?.arn.clone()?, *index)))
            .collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let arns: Vec<String> = wanted.keys().cloned().collect();
        let read = self.reads.aws.service_deployments(&arns);
        let found = part(self.reads.ask(&[DEPLOYMENTS], read).await)?;
        let found = found.into_iter().flatten();
        Ok(Some(
            found
                .filter_map(|one| Some((*wanted.get(&one.arn)?, one)))
                .collect(),
        ))
    }

    /// Adds which old tasks are protected, where ECS should have stopped them by now.
    async fn protection(&mut self, state: &State, look: &mut Look) {
        let old = look.old_tasks(&state.target);
        if !state.wants_protection() || old.is_empty() {
            return;
        }
        let read = self.reads.aws.protected_tasks(&state.target.cluster, &old);
        if let Ok(found) = self.reads.ask(&[PROTECTION], read).await {
            look.protect(found);
        }
    }

    /// Reads each cluster once where a rollout's question is where a task could go.
    async fn survey(&mut self, states: &[State], open: &[usize], looks: &mut [Look]) {
        // What isn't judged now needs no proof; the tasks would be asked for once more.
        if looks.iter().any(|look| look.failed.is_some()) {
            return;
        }
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
            let mut survey = Box::pin(self.reads.survey(cluster, &parties, own)).await;
            let agents = self.agents.entry(cluster.to_owned()).or_default();
            survey.agents_lost = agents.note(&survey.instances, self.clock.now());
            let cluster = Arc::new(ClusterLook::of(survey, &contenders));
            for &place in here.iter().filter(|place| asking(open[**place])) {
                looks[place].cluster = Some(cluster.clone());
            }
        }
    }
}

/// What is gone is left out of the look; what isn't makes it half a look.
fn part<T>(answer: Result<T, Missed>) -> Part<T> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(missed) if missed.is_gone => Ok(None),
        Err(missed) => Err(missed.error.to_string()),
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
