//! What an instance has left, as far as that is known.
//!
//! Every amount is a [`Range`]: what there is at least and at most. Where AWS said it they are
//! equal; where it is missing, of an unknown kind, or not to be read, they are far apart, so that
//! nothing is ever proven by what is not known. Resources are looked up by name.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::eni_limits::EniLimits;
use super::known::{BOUNDLESS, Known, Range};
use crate::snapshot::{Instance, Task, TaskStatus};

/// What one instance has left for tasks.
#[derive(Clone, Debug)]
pub struct Room<'a> {
    /// The container instance as it was read.
    pub instance: &'a Instance,
    /// The instance type, where the instance says so.
    pub kind: Option<&'a str>,
    /// CPU units.
    pub cpu: Range,
    /// MiB.
    pub memory: Range,
    /// Physical GPUs.
    pub gpus: Range,
    /// Fixed host ports that are taken.
    pub tcp_taken: Cow<'a, BTreeSet<u16>>,
    /// The same for UDP.
    pub udp_taken: Cow<'a, BTreeSet<u16>>,
    /// How many tasks are on their way down; what they hold is free, or will be.
    pub leaving: u32,
    /// Slots for tasks with a network interface of their own. Those of stopping tasks count as
    /// free: they will be.
    pub enis: Range,
    /// How many of those slots are still held by tasks that are on their way down.
    pub enis_leaving: u32,
    /// All slots of the instance; absent where the instance type's limit is not known.
    pub eni_limit: Option<u32>,
    /// Whether ECS places tasks on it: `ACTIVE`, with its agent connected.
    pub open: Known,
    /// Whether the CPU, memory or GPUs that are left could not be read.
    pub unread: bool,
}

impl<'a> Room<'a> {
    /// `own` are all known tasks on the instance, of any service or none.
    pub fn of<'t>(
        instance: &'a Instance,
        own: impl IntoIterator<Item = &'t Task>,
        limits: &EniLimits,
    ) -> Room<'a> {
        let (left, all) = (&instance.remaining, &instance.registered);
        let gpus = match (left.gpus, all.gpus) {
            (Some(count), _) => Range::known(i64::from(count)),
            // An instance without GPUs names none.
            (None, None) => Range::known(0),
            (None, Some(count)) => Range {
                least: 0,
                most: i64::from(count),
            },
        };
        let (cpu, memory) = (amount(left.cpu, all.cpu), amount(left.memory, all.memory));
        let unread = [cpu, memory, gpus]
            .iter()
            .any(|range| range.exact().is_none());
        let mut room = Room {
            instance,
            kind: instance.instance_type(),
            cpu,
            memory,
            gpus,
            tcp_taken: Cow::Borrowed(&left.tcp_ports),
            udp_taken: Cow::Borrowed(&left.udp_ports),
            leaving: 0,
            enis: Range {
                least: 0,
                most: BOUNDLESS,
            },
            enis_leaving: 0,
            eni_limit: eni_limit(instance, limits),
            open: open(instance),
            unread,
        };
        room.count_tasks(own);
        room
    }

    /// Takes an agent for lost that stayed unconnected over several looks.
    pub fn confirm_agent(&mut self, lost: &BTreeSet<String>) {
        if self.open == Known::Unknown
            && self.instance.status == "ACTIVE"
            && lost.contains(&self.instance.arn)
        {
            self.open = Known::No;
        }
    }

    /// ECS counts what a stopping task holds as free already, but the task and its instance may
    /// have been read at two moments: it may still have to come back.
    fn expect_back(&mut self, task: &Task) {
        let all = &self.instance.registered;
        let back = |range: &mut Range, part: Option<i64>, all: Option<i64>| {
            let all = all.unwrap_or(BOUNDLESS);
            let part = part.map_or(BOUNDLESS, |part| part.clamp(0, BOUNDLESS));
            range.most = range.most.max((range.most + part).min(all));
        };
        back(&mut self.cpu, task.cpu, all.cpu);
        back(&mut self.memory, task.memory, all.memory);
        self.gpus.most = self.gpus.most.max(all.gpus.map_or(0, i64::from));
    }

    fn count_tasks<'t>(&mut self, own: impl IntoIterator<Item = &'t Task>) {
        let (mut seen, mut held, mut leaving) = (0_u32, 0_u32, 0_u32);
        for task in own {
            let going = task.last_status.is_stopping() || task.desired_status == "STOPPED";
            let gone = task.last_status == TaskStatus::Stopped;
            seen += u32::from(!going && !gone);
            held += u32::from(task.has_eni && !going && !gone);
            leaving += u32::from(task.has_eni && going && !gone);
            if going && !gone {
                self.leaving += 1;
                self.expect_back(task);
            }
        }
        self.enis_leaving = leaving;
        if let Some(limit) = self.eni_limit {
            let counted = self
                .instance
                .running_tasks
                .saturating_add(self.instance.pending_tasks);
            // Tasks that the instance counts and nobody described may have an interface or not.
            let unseen = i64::from(counted.saturating_sub(seen));
            let most = i64::from(limit) - i64::from(held);
            self.enis = Range {
                least: most - unseen,
                most,
            };
        }
    }
}

/// The rooms of all instances, in their order. Linear in instances and tasks.
pub fn rooms<'a>(instances: &'a [Instance], tasks: &[Task], limits: &EniLimits) -> Vec<Room<'a>> {
    let mut by_instance: HashMap<&str, Vec<&Task>> = HashMap::new();
    for task in tasks {
        if let Some(instance) = task.instance.as_deref() {
            by_instance.entry(instance).or_default().push(task);
        }
    }
    instances
        .iter()
        .map(|instance| {
            let own = by_instance
                .get(instance.arn.as_str())
                .map_or(&[][..], Vec::as_slice);
            Room::of(instance, own.iter().copied(), limits)
        })
        .collect()
}

fn amount(left: Option<i64>, registered: Option<i64>) -> Range {
    match left {
        Some(amount) => Range::known(amount),
        None => Range {
            least: 0,
            most: registered.map_or(BOUNDLESS, |all| all.clamp(0, BOUNDLESS)),
        },
    }
}

fn eni_limit(instance: &Instance, limits: &EniLimits) -> Option<u32> {
    // Only instances that were launched after opting in to trunking carry the trunk's id.
    let trunk = instance.attributes.contains_key("ecs.awsvpc-trunk-id");
    limits.slots(instance.instance_type()?, trunk)
}

fn open(instance: &Instance) -> Known {
    match instance.status.as_str() {
        "ACTIVE" if instance.agent_connected => Known::Yes,
        "DRAINING" | "DEREGISTERING" | "INACTIVE" | "REGISTRATION_FAILED" => Known::No,
        // An agent reconnects several times an hour: one look without connection is no outage.
        _ => Known::Unknown,
    }
}
