//! Capacity providers: tasks that wait in PROVISIONING, and groups that grow for them.

use super::World;
use super::instance::{INSTANCE_TYPES, Instance, Taken};
use super::needs::Needs;
use super::placement::Placing;
use super::spec::{InstanceSpec, ProviderSpec};
use super::task::Status;

/// The metric that scales a group comes once a minute.
const ALARM_MS: i64 = 60_000;
/// A group without instances is first scaled to two.
const FROM_ZERO: u32 = 2;

/// One thing that a group did.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// `Successful` or `Failed`.
    pub status: &'static str,
    /// Why it failed; empty where it didn't.
    pub message: String,
    /// The group's desired size from then on.
    pub desired: u32,
}

/// A capacity provider and its Auto Scaling group.
#[derive(Clone, Debug)]
pub struct Provider {
    pub spec: ProviderSpec,
    /// `EC2_AUTOSCALING`, `FARGATE` or `FARGATE_SPOT`.
    pub kind: &'static str,
    /// The group's desired size.
    pub desired: u32,
    /// When the instances on their way will have registered.
    pub(crate) launching: Vec<i64>,
    /// When the group was made, in milliseconds since the epoch.
    pub created: i64,
    /// What the group did, oldest first.
    pub activities: Vec<Activity>,
    /// Since when tasks wait.
    waiting_since: Option<i64>,
}

impl World {
    /// Adds a capacity provider with its group; `desired` instances are there at once.
    pub fn add_capacity_provider(&mut self, spec: ProviderSpec) {
        let desired = spec.desired.max(spec.min);
        let kind = match spec.name.as_str() {
            "FARGATE" => "FARGATE",
            "FARGATE_SPOT" => "FARGATE_SPOT",
            _ => "EC2_AUTOSCALING",
        };
        if kind == "EC2_AUTOSCALING" {
            for _ in 0..desired {
                self.add_instance(launched(&spec));
            }
        }
        self.providers.push(Provider {
            spec,
            kind,
            desired,
            launching: Vec::new(),
            created: self.now,
            activities: Vec::new(),
            waiting_since: None,
        });
    }

    /// Whether ECS scales the group behind the provider.
    pub(crate) fn scales(&self, provider: &str) -> bool {
        self.providers
            .iter()
            .any(|one| one.spec.name == provider && one.spec.managed_scaling)
    }

    pub(super) fn run_providers(&mut self) {
        self.start_fargate();
        for index in 0..self.providers.len() {
            self.join_launched(index);
        }
        self.place_waiting();
        for index in 0..self.providers.len() {
            self.scale(index);
        }
    }

    /// Fargate tasks get their network interface.
    fn start_fargate(&mut self) {
        let now = self.now;
        for task in self
            .tasks
            .iter_mut()
            .filter(|task| task.launch_type == "FARGATE")
        {
            if task.status == Status::Provisioning && task.due.is_some_and(|due| due <= now) {
                if task.interface.as_ref().is_some_and(|one| !one.holds) {
                    task.ends_without_address(now);
                    continue;
                }
                task.status = Status::Pending;
                task.due = None;
            }
        }
    }

    fn join_launched(&mut self, index: usize) {
        let now = self.now;
        let provider = &mut self.providers[index];
        let there = provider.launching.iter().filter(|due| **due <= now).count();
        provider.launching.retain(|due| *due > now);
        let spec = launched(&provider.spec);
        for _ in 0..there {
            self.add_instance(spec.clone());
        }
    }

    /// Tasks in PROVISIONING go where there is room by now, or give up.
    fn place_waiting(&mut self) {
        let now = self.now;
        for position in 0..self.tasks.len() {
            let task = &self.tasks[position];
            if task.status != Status::Provisioning || task.launch_type == "FARGATE" {
                continue;
            }
            let (needs, provider) = (task.needs.clone(), task.provider.clone());
            let Some(service) = self.group_of(task) else {
                continue;
            };
            let patience = self
                .providers
                .iter()
                .find(|one| Some(&one.spec.name) == provider.as_ref());
            let patience = patience.map_or(0, |one| one.spec.provisioning_timeout_secs * 1000);
            let expired = now - task.created >= patience;
            match self.place(service, &needs, provider.as_deref()) {
                Placing::On(id) => self.settle_on(position, &id),
                placing if expired => {
                    let code = match placing {
                        Placing::Nowhere(_, lack) => lack.code(),
                        _ => "EMPTY CAPACITY PROVIDER",
                    };
                    let task = &mut self.tasks[position];
                    task.stopping = Some(now);
                    task.stop_code = Some("TaskFailedToStart");
                    task.stopped_reason = format!("TaskFailedToStart: {code}");
                    task.end(now);
                }
                _ => {}
            }
        }
    }

    /// Grows a group by what its waiting tasks need, if they fit what it launches.
    fn scale(&mut self, index: usize) {
        let now = self.now;
        let spec = self.providers[index].spec.clone();
        if !spec.managed_scaling || self.providers[index].kind != "EC2_AUTOSCALING" {
            return;
        }
        let empty = Instance::new(&launched(&spec), (String::new(), String::new()), now);
        let waiting = self.tasks.iter().filter(|task| {
            task.status == Status::Provisioning && task.provider.as_deref() == Some(&spec.name)
        });
        let waiting: Vec<&Needs> = waiting
            .map(|task| &*task.needs)
            .filter(|needs| could_hold(&empty, needs) && fits_smallest(&spec, needs))
            .collect();
        let wanted = instances_for(&empty, &waiting);
        let provider = &mut self.providers[index];
        if wanted == 0 {
            provider.waiting_since = None;
            return;
        }
        if now - *provider.waiting_since.get_or_insert(now) < ALARM_MS {
            return;
        }
        let coming = u32::try_from(provider.launching.len()).unwrap_or(u32::MAX);
        let wanted = if provider.desired == 0 {
            wanted.max(FROM_ZERO)
        } else {
            wanted
        };
        let more = wanted
            .saturating_sub(coming)
            .min(spec.max.saturating_sub(provider.desired));
        for _ in 0..more {
            provider.desired += 1;
            let (status, message) = match &spec.launch_error {
                Some(error) => ("Failed", error.clone()),
                None => ("Successful", String::new()),
            };
            provider.activities.push(Activity {
                at: now,
                status,
                message,
                desired: provider.desired,
            });
            if spec.launch_error.is_none() {
                let due = now + spec.registers_after_secs * 1000;
                provider.launching.push(due);
            }
        }
    }
}

fn launched(spec: &ProviderSpec) -> InstanceSpec {
    InstanceSpec {
        cluster: spec.cluster.clone(),
        capacity_provider: Some(spec.name.clone()),
        ..spec.instance.clone()
    }
}

/// ECS goes by the smallest type that the group names, and scales for nothing larger.
fn fits_smallest(spec: &ProviderSpec, needs: &Needs) -> bool {
    let known = |name: &String| INSTANCE_TYPES.iter().find(|known| known.0 == name);
    let smallest = spec
        .types
        .iter()
        .filter_map(known)
        .min_by_key(|known| (known.1, known.2));
    smallest.is_none_or(|known| needs.cpu <= known.1 && needs.memory <= known.2)
}

fn could_hold(empty: &Instance, needs: &Needs) -> bool {
    let has = |(name, value): &(String, Option<String>)| {
        empty
            .attributes
            .get(name)
            .is_some_and(|found| value.is_none() || found == value)
    };
    Taken::default().leaves_room(empty, needs)
        && needs.attributes.iter().all(has)
        && (!needs.awsvpc || empty.eni_limit > 0)
}

/// How many empty instances hold these tasks, one after the other.
fn instances_for(empty: &Instance, waiting: &[&Needs]) -> u32 {
    let mut count = 0;
    let mut taken: Option<Taken> = None;
    for needs in waiting {
        let enis = usize::from(needs.awsvpc);
        let fits = taken.as_ref().is_some_and(|taken| {
            taken.leaves_room(empty, needs) && taken.enis + enis <= empty.eni_limit
        });
        if !fits {
            count += 1;
            taken = Some(Taken::default());
        }
        if let Some(taken) = &mut taken {
            taken.add(needs);
            taken.enis += enis;
        }
    }
    count
}
