//! The world: one value that moves only when somebody says what time it is.
//!
//! Seconds are its grain. Whatever happens between two calls happens second by second, in a
//! fixed order: what was scripted, capacity providers, tasks, services. It knows no wire.

mod alarms;
mod breaker;
mod configuration;
mod create;
mod daemon;
mod events;
mod fill;
mod github;
mod hooks;
mod images;
mod instance;
mod native;
mod needs;
mod network;
mod one_off;
mod placement;
mod protection;
mod rebalance;
mod required;
mod roles;
mod runner;
mod scaling;
mod scheduler;
mod service;
mod spec;
mod start;
mod stopping;
mod task;
mod taskdef;
#[cfg(test)]
mod tests;
mod update;

use std::collections::BTreeMap;
use std::fmt;

pub use configuration::{Alarms, Configuration, EarlySuccess, Strategy};
pub use events::Event;
pub use github::{GitHub, GitHubComment, GitHubDeployment};
pub use hooks::{Hook, HookSpec, LambdaAnswer, LambdaSpec};
pub use images::{DOCKER_MANIFEST, Image, Repository, digest};
pub(crate) use instance::INSTANCE_TYPES;
pub use instance::Instance;
pub use native::Stage;
pub(crate) use needs::list;
pub(crate) use one_off::RunTask;
pub(crate) use roles::{Assumption, Chained};
pub use roles::{RoleSpec, Session};
pub use runner::RunnerSpec;
pub use scaling::{Activity, Provider};
pub(crate) use service::Counts;
pub use service::{Deployment, Rollout, Scheduling, Service, ServiceDeployment, ServiceRevision};
pub use spec::{
    Breaker, DEREGISTRATION_DELAY_SECS, Exit, FargateSpec, InstanceSpec, ListenerSpec,
    LoadBalancerSpec, ProviderSpec, ServiceSpec, SubnetSpec, TaskBehaviour,
};
pub use task::{HEALTHY_WITHOUT_CHECK_MS, Status, Task};
pub(crate) use taskdef::Refusal;
pub use taskdef::TaskDefinition;
pub(crate) use update::Change;

use crate::ids::Ids;

/// The grain of time, in milliseconds.
const TICK_MS: i64 = 1_000;

/// The wait after a failed attempt to place a task, and the 27 minutes that ECS waits at most.
const BACK_OFF_SECS: (i64, i64) = (10, 27 * 60);

type Script = Box<dyn FnOnce(&mut World) + Send>;

/// Everything that the stand-in knows.
pub struct World {
    now: i64,
    pub(crate) ids: Ids,
    /// Ids of requests: how often somebody asks changes nothing in the world.
    pub(crate) requests: Ids,
    pub(crate) region: String,
    pub(crate) account: String,
    /// Names; a cluster has nothing else of its own.
    pub(crate) clusters: Vec<String>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) families: BTreeMap<String, Vec<TaskDefinition>>,
    pub(crate) services: Vec<Service>,
    pub(crate) tasks: Vec<Task>,
    /// The RunTask calls that started something.
    one_offs: Vec<one_off::OneOff>,
    /// How the tasks behave that RunTask starts: at first they end after five seconds, with 0.
    pub one_off: TaskBehaviour,
    pub(crate) repositories: Vec<Repository>,
    /// Prefix and upstream registry of ECR's pull-through cache rules.
    pub(crate) cache_rules: Vec<(String, String)>,
    pub(crate) registry_address: Option<String>,
    pub(crate) registry_password: Option<String>,
    behaviours: Vec<(String, TaskBehaviour)>,
    scripts: Vec<(i64, Script)>,
    /// Functions that hooks call, by ARN, and how they answer.
    lambdas: Vec<(String, LambdaSpec)>,
    /// Names of the CloudWatch alarms that are in ALARM.
    alarms: Vec<String>,
    /// Actions that the caller may not call, `ecs:ListTasks`.
    pub(crate) denied: Vec<String>,
    /// Issuers of OIDC tokens that IAM knows, each with its audiences.
    oidc_providers: Vec<(String, Vec<String>)>,
    roles: Vec<RoleSpec>,
    sessions: Vec<Session>,
    /// The job that a run is a step of.
    pub runner: RunnerSpec,
    pub subnets: Vec<SubnetSpec>,
    pub load_balancers: Vec<LoadBalancerSpec>,
    pub github: GitHub,
    /// What Fargate allows.
    pub fargate: FargateSpec,
    /// Whether a task that drains its connections counts as gone for placement already.
    pub frees_while_draining: bool,
    /// Seconds that ECS waits after a first failed attempt to place a task, doubled each time,
    /// and the most that it waits.
    pub back_off_secs: (i64, i64),
    /// Whether requests need an Authorization header.
    pub requires_signature: bool,
}

impl fmt::Debug for World {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("World")
            .field("now", &self.now)
            .field("instances", &self.instances)
            .field("services", &self.services)
            .field("tasks", &self.tasks)
            .finish_non_exhaustive()
    }
}

impl World {
    /// An empty account at a time in milliseconds since the epoch.
    pub fn new(start: i64) -> World {
        World {
            now: start,
            ids: Ids::seeded(7),
            requests: Ids::seeded(11),
            region: "eu-west-1".to_owned(),
            account: "111122223333".to_owned(),
            clusters: Vec::new(),
            instances: Vec::new(),
            providers: Vec::new(),
            families: BTreeMap::new(),
            services: Vec::new(),
            tasks: Vec::new(),
            one_offs: Vec::new(),
            one_off: one_off::ends_well(),
            repositories: Vec::new(),
            cache_rules: Vec::new(),
            registry_address: None,
            registry_password: None,
            behaviours: Vec::new(),
            scripts: Vec::new(),
            lambdas: Vec::new(),
            alarms: Vec::new(),
            denied: Vec::new(),
            oidc_providers: Vec::new(),
            roles: Vec::new(),
            sessions: Vec::new(),
            runner: RunnerSpec::default(),
            subnets: vec![SubnetSpec::default()],
            load_balancers: Vec::new(),
            github: GitHub::default(),
            fargate: FargateSpec::default(),
            frees_while_draining: false,
            back_off_secs: BACK_OFF_SECS,
            requires_signature: true,
        }
    }

    #[must_use]
    pub fn region(mut self, region: &str) -> World {
        region.clone_into(&mut self.region);
        self
    }

    #[must_use]
    pub fn account(mut self, account: &str) -> World {
        account.clone_into(&mut self.account);
        self
    }

    /// Another seed: other ids, other choices where ECS's are arbitrary.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> World {
        self.ids = Ids::seeded(seed);
        self
    }

    /// Milliseconds since the epoch.
    pub fn now(&self) -> i64 {
        self.now
    }

    pub fn add_cluster(&mut self, name: &str) {
        if !self.clusters.iter().any(|one| one == name) {
            self.clusters.push(name.to_owned());
        }
    }

    /// Registers an instance; its id comes back.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a spec is written where it is used"
    )]
    pub fn add_instance(&mut self, spec: InstanceSpec) -> String {
        let ids = (self.ids.hex32(), self.ids.ec2("i"));
        let instance = Instance::new(&spec, ids, self.now);
        let id = instance.id.clone();
        self.instances.push(instance);
        id
    }

    pub fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    /// For interventions: drain it, cut its agent off.
    pub fn instance_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|instance| instance.id == id)
    }

    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The instance goes away, and its tasks with it.
    pub fn terminate_instance(&mut self, id: &str) {
        let now = self.now;
        let Some(ec2_id) = self.instance(id).map(|instance| instance.ec2_id.clone()) else {
            return;
        };
        for task in self
            .tasks
            .iter_mut()
            .filter(|task| task.instance.as_deref() == Some(id))
        {
            if task.status != Status::Stopped {
                task.stopping.get_or_insert(now);
                task.stopped_reason = format!("Host EC2 (instance {ec2_id}) terminated.");
                task.end(now);
            }
        }
        self.instances.retain(|instance| instance.id != id);
    }

    pub fn service(&self, cluster: &str, name: &str) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| service.cluster == cluster && service.name == name)
    }

    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// For interventions in what no operation changes.
    pub fn service_mut(&mut self, cluster: &str, name: &str) -> Option<&mut Service> {
        self.services
            .iter_mut()
            .find(|service| service.cluster == cluster && service.name == name)
    }

    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// A service's events, newest first.
    pub fn events(&self, cluster: &str, name: &str) -> Vec<Event> {
        self.service(cluster, name)
            .map(|service| service.events.newest_first().cloned().collect())
            .unwrap_or_default()
    }

    /// Someone stops a task by hand.
    pub fn stop_task(&mut self, id: &str, reason: &str) {
        let now = self.now;
        if let Some(task) = self.tasks.iter_mut().find(|task| task.id == id) {
            task.stop(now, "UserInitiated", reason);
        }
    }

    /// How tasks behave whose image contains `matcher`, or whose family, `family:revision` or
    /// ARN it is. What is set last wins. Tasks that run already keep what they have.
    pub fn behaviour(&mut self, matcher: &str, behaviour: TaskBehaviour) {
        self.behaviours.push((matcher.to_owned(), behaviour));
    }

    /// Does something at a time, in milliseconds since the epoch.
    pub fn script(&mut self, at: i64, what: impl FnOnce(&mut World) + Send + 'static) {
        self.scripts.push((at, Box::new(what)));
    }

    /// The caller may not call this action, `ecs:ListTasks`, from now on.
    pub fn deny(&mut self, action: &str) {
        self.denied.push(action.to_owned());
    }

    /// Undoes [`World::deny`].
    pub fn allow(&mut self, action: &str) {
        self.denied.retain(|denied| denied != action);
    }

    /// Moves the world to a time; one in the past changes nothing.
    pub fn advance_to(&mut self, now: i64) {
        while self.now + TICK_MS <= now {
            self.now += TICK_MS;
            self.tick();
        }
    }

    fn tick(&mut self) {
        let now = self.now;
        let mut index = 0;
        while index < self.scripts.len() {
            if self.scripts[index].0 <= now {
                let (_, script) = self.scripts.remove(index);
                script(self);
            } else {
                index += 1;
            }
        }
        self.run_providers();
        self.move_tasks();
        self.drain_instances();
        self.run_services();
    }

    /// Tasks on DRAINING instances are stopped as far as the percentages allow; replacements are
    /// started by the scheduler like any other.
    fn drain_instances(&mut self) {
        let now = self.now;
        for index in 0..self.services.len() {
            let draining = self.draining();
            if draining.is_empty() {
                return;
            }
            let service = &self.services[index];
            if service.scheduling == Scheduling::Daemon {
                continue;
            }
            let draining = |task: &Task| {
                let on = task.instance.as_deref();
                task.status.alive()
                    && service.owns(task)
                    && on.is_some_and(|id| draining.contains(&id))
            };
            let found: Vec<usize> = (0..self.tasks.len())
                .filter(|at| draining(&self.tasks[*at]))
                .collect();
            let lower = service.configuration.lower(service.desired);
            let spare = self.service_counts(service).healthy.saturating_sub(lower);
            let count = found
                .iter()
                .filter(|at| self.tasks[**at].counts_healthy(now))
                .count();
            let chosen: Vec<usize> = if count > 0 {
                found.into_iter().take(spare).collect()
            } else {
                found
            };
            if !chosen.is_empty() {
                self.stop_chosen(index, &chosen);
            }
        }
    }

    pub(crate) fn arn(&self, rest: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{rest}", self.region, self.account)
    }
}

/// A time as the API writes it: seconds since the epoch with a fraction.
pub(crate) fn seconds(milliseconds: i64) -> serde_json::Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this century are exact in a double"
    )]
    let seconds = milliseconds as f64 / 1000.0;
    serde_json::json!(seconds)
}
