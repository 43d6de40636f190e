//! Starting one task of a deployment: which provider, where, and how it will behave.

use std::sync::Arc;

use super::World;
use super::needs::Needs;
use super::placement::Placing;
use super::service::Service;
use super::spec::{Exit, TaskBehaviour};
use super::task::{Status, Task};

/// ECS keeps at most so many tasks in PROVISIONING per cluster.
const PROVISIONING_LIMIT: usize = 500;

/// Why a task could not be started.
#[derive(Clone, Debug)]
pub(crate) enum NoStart {
    /// Nowhere to go, through this provider if there is one.
    Placing(Placing, Option<String>),
    /// The tail of `was unable to place a task. Reason: …`.
    Reason(&'static str),
    /// The cluster has too many tasks in PROVISIONING.
    ProvisioningLimit,
}

const TASK_QUOTA: &str = "You've reached the limit on the number of tasks you can run concurrently. \
    For more information, see the Troubleshooting section.";
const VCPU_QUOTA: &str = "You\u{2019}ve reached the limit on the number of vCPUs you can run concurrently. \
    For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
const UNAVAILABLE: &str = "Capacity is unavailable at this time. Please try again later or in a different availability zone.";

impl World {
    /// Starts one task of the service's deployment number `which`; its id, or why not.
    pub(crate) fn start_task(&mut self, index: usize, which: usize) -> Result<String, NoStart> {
        let begun = self.begin(&self.services[index], which)?;
        Ok(self.launch(begun))
    }

    /// A task of the service's deployment number `which`, with the instance that it goes to.
    pub(super) fn begin(
        &self,
        service: &Service,
        which: usize,
    ) -> Result<(Task, Option<String>), NoStart> {
        let deployment = &service.deployments[which];
        let needs = self
            .needs_of(&deployment.task_definition)
            .unwrap_or_default();
        let provider = self.choose_provider(service);
        let fargate = match provider.as_deref() {
            Some(name) => name.starts_with("FARGATE"),
            None => service.launch_type == "FARGATE",
        };
        let mut instance = None;
        let mut status = Status::Pending;
        if fargate {
            self.fargate_allows(&needs)?;
            status = Status::Provisioning;
        } else {
            let managed = provider.as_deref().is_some_and(|name| self.scales(name));
            match self.place(service, &needs, provider.as_deref()) {
                Placing::On(id) => instance = Some(id),
                _ if managed => {
                    self.provisioning_allows(&service.cluster)?;
                    status = Status::Provisioning;
                }
                placing => return Err(NoStart::Placing(placing, provider)),
            }
        }
        let mut task = self.new_task(service, which, Arc::new(needs));
        task.status = status;
        task.provider = provider;
        let launch_type = if fargate { "FARGATE" } else { "EC2" };
        launch_type.clone_into(&mut task.launch_type);
        if fargate {
            task.due = Some(self.now + self.fargate.eni_secs * 1000);
        }
        Ok((task, instance))
    }

    /// From here on the task is one of the world's; its id.
    pub(super) fn launch(&mut self, (mut task, instance): (Task, Option<String>)) -> String {
        let id = self.ids.hex32();
        task.id.clone_from(&id);
        self.tasks.push(task);
        let position = self.tasks.len() - 1;
        match instance {
            Some(instance) => self.settle_on(position, &instance),
            None if self.tasks[position].launch_type == "FARGATE" => {
                self.take_address(position);
            }
            None => {}
        }
        id
    }

    pub(super) fn new_task(&self, service: &Service, which: usize, needs: Arc<Needs>) -> Task {
        let deployment = &service.deployments[which];
        let behaviour = self.behaviour_of(&deployment.task_definition, &needs);
        let digests = needs
            .images
            .iter()
            .map(|(_, image)| self.digest_of(image).unwrap_or_default());
        Task {
            id: String::new(),
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            group: format!("service:{}", service.name),
            started_by: deployment.id.clone(),
            deployment: deployment.id.clone(),
            task_definition: deployment.task_definition.clone(),
            instance: None,
            provider: None,
            launch_type: String::new(),
            az: None,
            network: service.network.clone(),
            interface: None,
            status: Status::Pending,
            healthy: None,
            created: self.now,
            started: None,
            stopping: None,
            stopped: None,
            stop_code: None,
            stopped_reason: String::new(),
            exit_code: None,
            container_reason: String::new(),
            digests: digests.collect(),
            target_groups: service.target_groups.clone(),
            drain_ms: service.drain_secs * 1000,
            grace_ms: service.grace_secs * 1000,
            behaviour,
            needs,
            due: None,
            holds: false,
            was_healthy: false,
            protected_until: None,
            counted: false,
        }
    }

    /// Puts a task on an instance; from here on the agent has it, if its subnet has an address.
    pub(crate) fn settle_on(&mut self, position: usize, instance: &str) {
        let Some(found) = self.instance(instance).cloned() else {
            return;
        };
        let architecture = found
            .attributes
            .get("ecs.cpu-architecture")
            .cloned()
            .flatten()
            .unwrap_or_default();
        let wrong = self.tasks[position].needs.images.iter().find(|(_, image)| {
            self.architecture_of(image).is_some_and(|built| {
                let built = if built == "amd64" {
                    "x86_64"
                } else {
                    built.as_str()
                };
                built != architecture
            })
        });
        if wrong.is_some() {
            self.tasks[position].behaviour.exit = Some(Exit {
                after_secs: 0,
                code: 255,
                reason: String::new(),
            });
        }
        let task = &mut self.tasks[position];
        task.instance = Some(found.id);
        task.az = Some(found.az);
        task.status = Status::Pending;
        task.due = None;
        if !self.take_address(position) {
            self.tasks[position].ends_without_address(self.now);
        }
    }

    /// Base first, then the provider that is furthest behind its weight.
    fn choose_provider(&self, service: &Service) -> Option<String> {
        let count = |name: &str| {
            let of_it = |task: &&Task| service.owns(task) && task.status.alive();
            self.tasks
                .iter()
                .filter(of_it)
                .filter(|task| task.provider.as_deref() == Some(name))
                .count()
        };
        let behind = service
            .capacity_providers
            .iter()
            .find(|(name, _, base)| count(name) < *base as usize);
        let weighed = || {
            let load = |(name, weight, _): &&(String, u32, u32)| {
                count(name) * 1000 / (*weight).max(1) as usize
            };
            service
                .capacity_providers
                .iter()
                .filter(|(_, weight, _)| *weight > 0)
                .min_by_key(load)
        };
        behind
            .or_else(weighed)
            .or(service.capacity_providers.first())
            .map(|(name, ..)| name.clone())
    }

    fn fargate_allows(&self, needs: &Needs) -> Result<(), NoStart> {
        let there = self
            .tasks
            .iter()
            .filter(|task| task.launch_type == "FARGATE" && task.status != Status::Stopped);
        let (tasks, cpu) = there.fold((0, 0), |(tasks, cpu), task| {
            (tasks + 1, cpu + task.needs.cpu)
        });
        if self.fargate.unavailable {
            Err(NoStart::Reason(UNAVAILABLE))
        } else if tasks + 1 > self.fargate.task_quota {
            Err(NoStart::Reason(TASK_QUOTA))
        } else if cpu + needs.cpu > self.fargate.cpu_quota {
            Err(NoStart::Reason(VCPU_QUOTA))
        } else {
            Ok(())
        }
    }

    fn provisioning_allows(&self, cluster: &str) -> Result<(), NoStart> {
        let waiting = |task: &&Task| task.cluster == cluster && task.status == Status::Provisioning;
        if self.tasks.iter().filter(waiting).count() >= PROVISIONING_LIMIT {
            return Err(NoStart::ProvisioningLimit);
        }
        Ok(())
    }

    /// The behaviour set last whose matcher names the revision, its family or part of an image;
    /// an image that the account's registry doesn't have can't be pulled.
    fn behaviour_of(&self, task_definition: &str, needs: &Needs) -> TaskBehaviour {
        let revision = task_definition.rsplit('/').next().unwrap_or_default();
        let family = revision.split(':').next().unwrap_or_default();
        let fits = |matcher: &str| {
            matcher == task_definition
                || matcher == revision
                || matcher == family
                || needs
                    .images
                    .iter()
                    .any(|(_, image)| image.contains(matcher))
        };
        let set = self
            .behaviours
            .iter()
            .rev()
            .find(|(matcher, _)| fits(matcher));
        let mut behaviour = set
            .map(|(_, behaviour)| behaviour.clone())
            .unwrap_or_default();
        if let Some((_, image)) = needs
            .images
            .iter()
            .find(|(_, image)| self.is_missing(image))
        {
            behaviour.pull_error = Some(format!(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
                 failed to resolve ref {image}: {image}: not found"
            ));
        }
        behaviour
    }
}
