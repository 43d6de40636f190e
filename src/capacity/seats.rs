//! How many new tasks fit on one instance, in the best and in the worst case.

use std::collections::BTreeMap;

use super::needs::{Gpus, TaskNeeds};
use super::room::{BOUNDLESS, Room};
use super::why::{Port, gpus_needed};
use crate::snapshot::Task;

/// What one old task gives back when it stops, in the best and in the worst case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Freed {
    pub cpu: (i64, i64),
    pub memory: (i64, i64),
    pub gpus: (i64, i64),
    pub enis: i64,
    /// The host ports that it holds and the new task asks for.
    pub ports: Vec<Port>,
    /// Whether it may hold further ones.
    pub any_port: bool,
}

impl Freed {
    /// What the task of a known or an unknown revision holds on its instance.
    pub(super) fn of(
        task: &Task,
        old_needs: &BTreeMap<String, TaskNeeds>,
        (room, new): (&Room<'_>, &TaskNeeds),
    ) -> Freed {
        let enis = i64::from(task.has_eni);
        let old = old_needs
            .get(&task.task_definition)
            .filter(|old| old.problems.is_empty());
        let Some(old) = old else {
            return Freed {
                cpu: (task.cpu.unwrap_or(BOUNDLESS), task.cpu.unwrap_or(0)),
                memory: (task.memory.unwrap_or(BOUNDLESS), task.memory.unwrap_or(0)),
                gpus: (room.instance.registered.gpus.map_or(0, i64::from), 0),
                enis,
                ports: Vec::new(),
                any_port: true,
            };
        };
        let gpus = gpus_needed(old, room);
        Freed {
            cpu: (old.cpu, old.cpu),
            memory: (old.memory, old.memory),
            gpus: (gpus, gpus),
            enis,
            ports: shared_ports(old, new),
            any_port: false,
        }
    }
}

/// What old tasks of services that are deployed together hold on one instance, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rival {
    pub(super) cpu: i64,
    pub(super) memory: i64,
    pub(super) gpus: i64,
    pub(super) enis: i64,
    /// How many of them there are.
    pub(super) tasks: i64,
}

impl Rival {
    /// More than any task gives back.
    pub(super) const MOST: Rival = Rival {
        cpu: BOUNDLESS,
        memory: BOUNDLESS,
        gpus: BOUNDLESS,
        enis: BOUNDLESS,
        tasks: 0,
    };

    /// The less of both, for each resource.
    pub(super) fn least(self, freed: &Freed) -> Rival {
        Rival {
            cpu: self.cpu.min(freed.cpu.1),
            memory: self.memory.min(freed.memory.1),
            gpus: self.gpus.min(freed.gpus.1),
            enis: self.enis.min(freed.enis),
            tasks: 0,
        }
    }

    /// What one task gives back at most.
    pub(super) fn of(freed: &Freed) -> Rival {
        Rival {
            cpu: freed.cpu.0,
            memory: freed.memory.0,
            gpus: freed.gpus.0,
            enis: freed.enis,
            tasks: 1,
        }
    }

    pub(super) fn plus(self, other: Rival) -> Rival {
        Rival {
            cpu: self.cpu.saturating_add(other.cpu),
            memory: self.memory.saturating_add(other.memory),
            gpus: self.gpus.saturating_add(other.gpus),
            enis: self.enis.saturating_add(other.enis),
            tasks: self.tasks.saturating_add(other.tasks),
        }
    }

    pub(super) fn less(self, own: Rival) -> Rival {
        Rival {
            cpu: self.cpu.saturating_sub(own.cpu),
            memory: self.memory.saturating_sub(own.memory),
            gpus: self.gpus.saturating_sub(own.gpus),
            enis: self.enis.saturating_sub(own.enis),
            tasks: self.tasks.saturating_sub(own.tasks),
        }
    }
}

/// How many new tasks fit on one instance.
pub(super) struct Seats<'s> {
    pub(super) needs: &'s TaskNeeds,
    pub(super) room: &'s Room<'s>,
    pub(super) old: &'s [Freed],
    /// Old tasks that may be gone any moment, or stay.
    pub(super) vanishing: &'s [Freed],
    /// What other services that are deployed too may give back.
    pub(super) rivals: Option<Rival>,
    pub(super) distinct: bool,
    /// A new task of the service is there already.
    pub(super) beside: bool,
    pub(super) cap: i64,
}

impl Seats<'_> {
    /// After `stopped` old tasks have stopped: those whose stop helps most.
    pub(super) fn best(&self, stopped: usize) -> i64 {
        let room = self.room;
        let rivals = self.rivals.unwrap_or_default();
        let most = |of: fn(&Freed) -> i64| self.back(stopped, of, true);
        let mut seats = self.cap;
        seats = seats.min(fit(
            room.cpu.most + rivals.cpu + most(|one| one.cpu.0),
            self.needs.cpu,
            true,
        ));
        seats = seats.min(fit(
            room.memory.most + rivals.memory + most(|one| one.memory.0),
            self.needs.memory,
            true,
        ));
        if seats <= 0 {
            return 0;
        }
        seats = seats.min(fit(
            room.enis.most + rivals.enis + most(|one| one.enis),
            self.needs.enis.into(),
            true,
        ));
        seats =
            seats.min(self.gpu_seats(room.gpus.most + rivals.gpus + most(|one| one.gpus.0), true));
        if self.needs.has_ports() {
            seats = seats.min(i64::from(self.port_may_be_free(stopped)));
        }
        if self.distinct {
            seats = seats.min(i64::from(!self.beside && stopped == self.old.len()));
        }
        seats.max(0)
    }

    /// After `stopped` old tasks have stopped: those whose stop helps least.
    pub(super) fn worst(&self, stopped: usize) -> i64 {
        let room = self.room;
        let least = |of: fn(&Freed) -> i64| self.back(stopped, of, false);
        let mut seats = self.cap;
        seats = seats.min(fit(
            room.cpu.least + least(|one| one.cpu.1),
            self.needs.cpu,
            false,
        ));
        seats = seats.min(fit(
            room.memory.least + least(|one| one.memory.1),
            self.needs.memory,
            false,
        ));
        if seats <= 0 {
            return 0;
        }
        // Interfaces are no matter of a task without one, however many others may hold.
        if self.needs.enis > 0 {
            let free = room.enis.least + least(|one| one.enis);
            seats = seats.min(fit(free, self.needs.enis.into(), false));
        }
        seats = seats.min(self.gpu_seats(room.gpus.least + least(|one| one.gpus.1), false));
        if self.needs.has_ports() {
            seats = seats.min(i64::from(self.port_is_free(stopped)));
        }
        if self.distinct {
            let alone = !self.beside && self.vanishing.is_empty() && stopped == self.old.len();
            seats = seats.min(i64::from(alone));
        }
        seats.max(0)
    }

    /// The sum of what `stopped` old tasks give back, the most or the least that it can be.
    fn back(&self, stopped: usize, of: fn(&Freed) -> i64, most: bool) -> i64 {
        let sum = |sum: i64, one: i64| sum.saturating_add(one).min(BOUNDLESS);
        let gone = match most {
            true => self.vanishing.iter().map(of).fold(0, sum),
            false => 0,
        };
        // Which of them stop only matters where some stay; mostly there are one or two.
        if stopped == 0 || stopped == self.old.len() {
            return self.old.iter().take(stopped).map(of).fold(gone, sum);
        }
        let mut each: Vec<i64> = self.old.iter().map(of).collect();
        each.sort_unstable();
        match most {
            true => each.into_iter().rev().take(stopped).fold(gone, sum),
            false => each.into_iter().take(stopped).fold(gone, sum),
        }
    }

    fn gpu_seats(&self, free: i64, best: bool) -> i64 {
        match self.needs.gpus {
            Gpus::Count(count) => fit(free, count.into(), best),
            Gpus::All => i64::from(free >= gpus_needed(self.needs, self.room)),
        }
    }

    /// The ports that are asked for and taken.
    fn collisions(&self) -> Vec<Port> {
        let (tcp, udp) = (&self.room.tcp_taken, &self.room.udp_taken);
        let tcp = self.needs.tcp_ports.intersection(tcp).map(|port| Port {
            number: *port,
            udp: false,
        });
        let udp = self.needs.udp_ports.intersection(udp).map(|port| Port {
            number: *port,
            udp: true,
        });
        tcp.chain(udp).collect()
    }

    fn port_may_be_free(&self, stopped: usize) -> bool {
        let taken = self.collisions();
        let rivals = self.rivals.is_some_and(|rivals| rivals.tasks > 0);
        if taken.is_empty() || self.room.leaving > 0 || rivals {
            return true;
        }
        let holds = |one: &&Freed| one.ports.iter().any(|port| taken.contains(port));
        // Each task that surely holds one of them must have stopped.
        let holders = self.old.iter().filter(holds).count();
        let given = |port: &Port| {
            let in_old = self
                .old
                .iter()
                .chain(self.vanishing)
                .any(|one| one.ports.contains(port));
            in_old || self.vanishing.iter().any(|one| one.any_port)
        };
        let all_given = taken.iter().all(given);
        let perhaps = stopped > 0 && self.old.iter().any(|one| one.any_port);
        stopped >= holders && (all_given || perhaps)
    }

    fn port_is_free(&self, stopped: usize) -> bool {
        let held = |port: &Port| self.old.iter().any(|one| one.ports.contains(port));
        let taken = self.collisions();
        taken.is_empty() || (stopped == self.old.len() && taken.iter().all(held))
    }
}

/// How often `need` goes into `free`. What asks for nothing always fits in the best case; in the
/// worst case not on an instance that is overbooked.
fn fit(free: i64, need: i64, best: bool) -> i64 {
    match need {
        ..=0 if best || free >= 0 => BOUNDLESS,
        ..=0 => 0,
        _ => free.max(0) / need,
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
