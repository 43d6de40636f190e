//! Where a task goes, and what the closest instance lacks where it goes nowhere.
//!
//! Straightforward, as ECS documents it: filter by resources, then constraints, then pick by
//! strategy. One task at a time; nothing is planned ahead.

use std::collections::BTreeMap;

use super::World;
use super::instance::{Instance, Taken};
use super::needs::Needs;
use super::service::{Scheduling, Service};
use super::task::{Status, Task};
use crate::query::{self, Subject};

/// What an instance lacks, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lack {
    Agent,
    Attribute,
    Cpu,
    Memory,
    Ports,
    Eni,
    Gpu,
    MemberOf,
    Distinct,
}

impl Lack {
    /// The tail of `The closest matching (container-instance …) …`.
    pub(crate) fn closest(self) -> &'static str {
        match self {
            Lack::Agent => "doesn't have the agent connected",
            Lack::Attribute => "is missing an attribute required by your task",
            Lack::Cpu => "has insufficient CPU units available",
            Lack::Memory => "has insufficient memory available",
            Lack::Ports => "is already using a port required by your task",
            Lack::Eni => "encountered error \"RESOURCE:ENI\"",
            Lack::Gpu => "encountered error \"RESOURCE:GPU\"",
            Lack::MemberOf => "encountered error \"MemberOf placement constraint unsatisfied.\"",
            Lack::Distinct => {
                "encountered error \"DistinctInstance placement constraint unsatisfied.\""
            }
        }
    }

    /// What stands after `TaskFailedToStart: `.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Lack::Agent => "AGENT",
            Lack::Attribute => "ATTRIBUTE",
            Lack::Cpu => "RESOURCE:CPU",
            Lack::Memory => "RESOURCE:MEMORY",
            Lack::Ports => "RESOURCE:PORTS",
            Lack::Eni => "RESOURCE:ENI",
            Lack::Gpu => "RESOURCE:GPU",
            Lack::MemberOf => "MemberOf placement constraint unsatisfied",
            Lack::Distinct => "DistinctInstance placement constraint unsatisfied",
        }
    }
}

/// How placing one task ended.
#[derive(Clone, Debug)]
pub(crate) enum Placing {
    /// Id of the instance.
    On(String),
    /// The closest instance and what it lacks first.
    Nowhere(String, Lack),
    /// No instance to look at.
    NoInstances,
}

struct InstanceSubject<'a> {
    instance: &'a Instance,
    tasks: Vec<&'a Task>,
}

impl Subject for InstanceSubject<'_> {
    fn values(&self, name: &str) -> Option<Vec<String>> {
        if let Some(attribute) = name.strip_prefix("attribute:") {
            let value = self.instance.attributes.get(attribute)?;
            return Some(vec![value.clone().unwrap_or_default()]);
        }
        Some(match name {
            "agentConnected" => vec![self.instance.agent_connected.to_string()],
            "agentVersion" => vec!["1.96.0".to_owned()],
            "ec2InstanceId" => vec![self.instance.ec2_id.clone()],
            "registeredAt" => vec![self.instance.registered_at.to_string()],
            "runningTasksCount" => {
                vec![
                    self.tasks
                        .iter()
                        .filter(|task| task.status == Status::Running)
                        .count()
                        .to_string(),
                ]
            }
            "task:group" => {
                let alive = self.tasks.iter().filter(|task| task.status.alive());
                alive.map(|task| task.group.clone()).collect()
            }
            _ => return None,
        })
    }
}

impl World {
    /// Whether the expression holds for the instance; an expression that can't be read never does.
    pub(crate) fn matches(&self, instance: &Instance, expression: &str) -> bool {
        let tasks = self
            .tasks
            .iter()
            .filter(|task| task.instance.as_ref() == Some(&instance.id))
            .collect();
        let subject = InstanceSubject { instance, tasks };
        query::parse(expression).is_ok_and(|expression| expression.holds(&subject))
    }

    /// What the scheduler counts as taken: everything that isn't stopping, and the ENI of
    /// everything that isn't gone. Draining tasks count until they are made to stop, unless the
    /// world frees them at once.
    pub(crate) fn taken(&self, instance: &str) -> Taken {
        let mut taken = Taken::default();
        for task in self
            .tasks
            .iter()
            .filter(|task| task.instance.as_deref() == Some(instance))
        {
            let draining = task.status == Status::Deactivating && !self.frees_while_draining;
            if task.status.alive() || draining {
                taken.add(&task.needs);
            }
            if task.status != Status::Stopped && task.needs.awsvpc {
                taken.enis += 1;
            }
        }
        taken
    }

    /// Everything that the instance lacks for such a task, first things first.
    pub(crate) fn lacks(&self, instance: &Instance, needs: &Needs, service: &Service) -> Vec<Lack> {
        let mut lacks = Vec::new();
        let mut check = |lack: Lack, missing: bool| {
            if missing {
                lacks.push(lack);
            }
        };
        check(Lack::Agent, !instance.agent_connected);
        let has = |(name, value): &(String, Option<String>)| match instance.attributes.get(name) {
            Some(found) => value.is_none() || found == value,
            None => false,
        };
        let beside = self.reaches(service, needs, instance);
        check(
            Lack::Attribute,
            !beside || !needs.attributes.iter().all(has),
        );
        let taken = self.taken(&instance.id);
        check(Lack::Cpu, taken.cpu + needs.cpu > instance.cpu);
        check(Lack::Memory, taken.memory + needs.memory > instance.memory);
        let tcp_free =
            taken.tcp.is_disjoint(&needs.tcp) && instance.reserved_tcp.is_disjoint(&needs.tcp);
        check(Lack::Ports, !tcp_free || !taken.udp.is_disjoint(&needs.udp));
        check(Lack::Eni, needs.awsvpc && taken.enis >= instance.eni_limit);
        check(Lack::Gpu, taken.gpus + needs.gpus > instance.gpus);
        let members = needs.member_of.iter().chain(&service.member_of);
        check(
            Lack::MemberOf,
            !members
                .into_iter()
                .all(|expression| self.matches(instance, expression)),
        );
        let distinct = service.distinct && self.service_tasks_on(service, &instance.id) > 0;
        check(Lack::Distinct, distinct);
        lacks
    }

    fn service_tasks_on(&self, service: &Service, instance: &str) -> usize {
        let on = |task: &&Task| task.instance.as_deref() == Some(instance) && task.status.alive();
        self.tasks
            .iter()
            .filter(on)
            .filter(|task| service.owns(task))
            .count()
    }

    /// The instance for one more task of `service`, through `provider` if there is one.
    pub(crate) fn place(
        &self,
        service: &Service,
        needs: &Needs,
        provider: Option<&str>,
    ) -> Placing {
        let mut fitting = Vec::new();
        let mut closest: Option<(usize, &Instance, Lack)> = None;
        for instance in &self.instances {
            let eligible = instance.cluster == service.cluster
                && instance.status == "ACTIVE"
                && provider.is_none_or(|name| instance.capacity_provider.as_deref() == Some(name));
            if !eligible {
                continue;
            }
            let lacks = self.lacks(instance, needs, service);
            if service.scheduling == Scheduling::Daemon && lacks.contains(&Lack::Distinct) {
                continue;
            }
            match lacks.first() {
                None => fitting.push(instance),
                Some(first) if closest.is_none_or(|(count, ..)| lacks.len() < count) => {
                    closest = Some((lacks.len(), instance, *first));
                }
                Some(_) => {}
            }
        }
        if fitting.is_empty() {
            return match closest {
                Some((_, instance, lack)) => Placing::Nowhere(instance.id.clone(), lack),
                None => Placing::NoInstances,
            };
        }
        let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
        for task in self
            .tasks
            .iter()
            .filter(|task| service.owns(task) && task.status.alive())
        {
            *zones
                .entry(task.az.as_deref().unwrap_or_default())
                .or_default() += 1;
        }
        let random = self.ids.clone().next();
        let key = |instance: &Instance| self.preference(service, instance, &zones, random);
        match fitting.into_iter().min_by_key(|instance| key(instance)) {
            Some(instance) => Placing::On(instance.id.clone()),
            None => Placing::NoInstances,
        }
    }

    /// Smaller is better, one number per step of the strategy.
    fn preference(
        &self,
        service: &Service,
        instance: &Instance,
        zones: &BTreeMap<&str, usize>,
        random: u64,
    ) -> Vec<i64> {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let on_instance = whole(self.service_tasks_on(service, &instance.id));
        let in_zone = whole(zones.get(instance.az.as_str()).copied().unwrap_or(0));
        let taken = self.taken(&instance.id);
        let mut key = Vec::new();
        for step in &service.strategy {
            let field = step["field"].as_str().unwrap_or_default();
            key.push(match (step["type"].as_str().unwrap_or_default(), field) {
                ("binpack", "cpu") => instance.cpu - taken.cpu,
                ("binpack", _) => instance.memory - taken.memory,
                ("spread", "instanceId" | "host") => on_instance,
                ("spread", "attribute:ecs.availability-zone") => in_zone,
                _ => {
                    let mixed = instance.id.bytes().fold(random, |sum, byte| {
                        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
                    });
                    i64::try_from(mixed >> 2).unwrap_or(0)
                }
            });
        }
        if service.strategy.is_empty() {
            key.extend([in_zone, on_instance]);
        }
        key
    }
}
