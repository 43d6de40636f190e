//! What tasks hold on an instance, and give back when they stop.

use std::collections::BTreeMap;

use super::blockers::{Port, gpus_needed};
use crate::capacity::facts::known::{BOUNDLESS, Range};
use crate::capacity::facts::needs::TaskNeeds;
use crate::capacity::facts::room::Room;
use crate::snapshot::Task;

/// What one old task gives back when it stops, in the best and in the worst case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::capacity) struct ReleasedResources {
    /// CPU units.
    pub cpu: Range,
    /// MiB.
    pub memory: Range,
    /// Physical GPUs.
    pub gpus: Range,
    /// Network interfaces of its own.
    pub enis: i64,
    /// The host ports that it holds and the new task asks for.
    pub ports: Vec<Port>,
    /// Whether it may hold further ones.
    pub any_port: bool,
}

impl ReleasedResources {
    /// What the task of a known or an unknown revision holds on its instance.
    pub(in crate::capacity) fn of(
        task: &Task,
        old_needs: &BTreeMap<String, TaskNeeds>,
        room: &Room<'_>,
        new: &TaskNeeds,
    ) -> ReleasedResources {
        let enis = i64::from(task.has_eni);
        let old = old_needs
            .get(&task.task_definition)
            .filter(|old| old.problems.is_empty());
        let Some(old) = old else {
            return ReleasedResources {
                cpu: perhaps(task.cpu),
                memory: perhaps(task.memory),
                gpus: Range {
                    least: 0,
                    most: room.instance.registered.gpus.map_or(0, i64::from),
                },
                enis,
                ports: Vec::new(),
                any_port: true,
            };
        };
        let gpus = gpus_needed(old, room);
        ReleasedResources {
            cpu: same(old.cpu),
            memory: same(old.memory),
            gpus: same(gpus),
            enis,
            ports: shared_ports(old, new),
            any_port: false,
        }
    }
}

/// What old tasks of services that are deployed together hold on one instance, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::capacity) struct SiblingHoldings {
    /// CPU units.
    pub cpu: i64,
    /// MiB.
    pub memory: i64,
    /// Physical GPUs.
    pub gpus: i64,
    /// Network interfaces.
    pub enis: i64,
    /// How many of them there are.
    pub tasks: i64,
}

impl SiblingHoldings {
    /// More than any task gives back.
    pub(in crate::capacity) const MOST: SiblingHoldings = SiblingHoldings {
        cpu: BOUNDLESS,
        memory: BOUNDLESS,
        gpus: BOUNDLESS,
        enis: BOUNDLESS,
        tasks: 0,
    };

    /// The less of both, for each resource.
    pub(in crate::capacity) fn least(self, freed: &ReleasedResources) -> SiblingHoldings {
        SiblingHoldings {
            cpu: self.cpu.min(freed.cpu.least),
            memory: self.memory.min(freed.memory.least),
            gpus: self.gpus.min(freed.gpus.least),
            enis: self.enis.min(freed.enis),
            tasks: 0,
        }
    }

    /// What one task gives back at most.
    pub(in crate::capacity) fn of(freed: &ReleasedResources) -> SiblingHoldings {
        SiblingHoldings {
            cpu: freed.cpu.most,
            memory: freed.memory.most,
            gpus: freed.gpus.most,
            enis: freed.enis,
            tasks: 1,
        }
    }

    pub(in crate::capacity) fn plus(self, other: SiblingHoldings) -> SiblingHoldings {
        SiblingHoldings {
            cpu: self.cpu.saturating_add(other.cpu),
            memory: self.memory.saturating_add(other.memory),
            gpus: self.gpus.saturating_add(other.gpus),
            enis: self.enis.saturating_add(other.enis),
            tasks: self.tasks.saturating_add(other.tasks),
        }
    }

    pub(in crate::capacity) fn less(self, own: SiblingHoldings) -> SiblingHoldings {
        SiblingHoldings {
            cpu: self.cpu.saturating_sub(own.cpu),
            memory: self.memory.saturating_sub(own.memory),
            gpus: self.gpus.saturating_sub(own.gpus),
            enis: self.enis.saturating_sub(own.enis),
            tasks: self.tasks.saturating_sub(own.tasks),
        }
    }
}

/// An amount of a task, of which none or any may be held where it is not known.
fn perhaps(amount: Option<i64>) -> Range {
    Range {
        least: amount.unwrap_or(0),
        most: amount.unwrap_or(BOUNDLESS),
    }
}

/// An amount that is known.
fn same(amount: i64) -> Range {
    Range {
        least: amount,
        most: amount,
    }
}

fn shared_ports(old: &TaskNeeds, new: &TaskNeeds) -> Vec<Port> {
    let tcp = old.tcp_ports.intersection(&new.tcp_ports).map(|port| Port {
        number: *port,
        udp: false,
    });
    let udp = old.udp_ports.intersection(&new.udp_ports).map(|port| Port {
        number: *port,
        udp: true,
    });
    tcp.chain(udp).collect()
}
