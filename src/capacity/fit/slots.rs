//! How many new tasks fit on one instance, in the best and in the worst case.

use super::blockers::{Port, gpus_needed};
use super::held::{ReleasedResources, SiblingHoldings};
use crate::capacity::facts::known::BOUNDLESS;
use crate::capacity::facts::needs::{Gpus, TaskNeeds};
use crate::capacity::facts::room::Room;

/// How many new tasks fit on one instance.
pub(in crate::capacity) struct Slots<'s> {
    /// What a new task needs.
    pub needs: &'s TaskNeeds,
    /// What the instance has left.
    pub room: &'s Room<'s>,
    /// Old tasks of the service that may stop there.
    pub old: &'s [ReleasedResources],
    /// Old tasks that may be gone any moment, or stay.
    pub vanishing: &'s [ReleasedResources],
    /// What other services that are deployed too may give back.
    pub sibling_holdings: Option<SiblingHoldings>,
    /// Whether an instance takes one task of the service at most.
    pub distinct: bool,
    /// A new task of the service is there already.
    pub has_new: bool,
    /// No more new tasks than this are counted.
    pub cap: i64,
}

impl Slots<'_> {
    /// After `stopped` old tasks have stopped: those whose stop helps most.
    pub(in crate::capacity) fn best(&self, stopped: usize) -> i64 {
        let room = self.room;
        let sibling_holdings = self.sibling_holdings.unwrap_or_default();
        let most = |of: fn(&ReleasedResources) -> i64| self.back(stopped, of, true);
        let mut slots = self.cap;
        slots = slots.min(fit(
            room.cpu.most + sibling_holdings.cpu + most(|one| one.cpu.most),
            self.needs.cpu,
            true,
        ));
        slots = slots.min(fit(
            room.memory.most + sibling_holdings.memory + most(|one| one.memory.most),
            self.needs.memory,
            true,
        ));
        if slots <= 0 {
            return 0;
        }
        slots = slots.min(fit(
            room.enis.most + sibling_holdings.enis + most(|one| one.enis),
            self.needs.enis.into(),
            true,
        ));
        slots = slots.min(self.gpu_slots(
            room.gpus.most + sibling_holdings.gpus + most(|one| one.gpus.most),
            true,
        ));
        if self.needs.has_ports() {
            slots = slots.min(i64::from(self.port_may_be_free(stopped)));
        }
        if self.distinct {
            slots = slots.min(i64::from(!self.has_new && stopped == self.old.len()));
        }
        slots.max(0)
    }

    /// After `stopped` old tasks have stopped: those whose stop helps least.
    pub(in crate::capacity) fn worst(&self, stopped: usize) -> i64 {
        let room = self.room;
        let least = |of: fn(&ReleasedResources) -> i64| self.back(stopped, of, false);
        let mut slots = self.cap;
        slots = slots.min(fit(
            room.cpu.least + least(|one| one.cpu.least),
            self.needs.cpu,
            false,
        ));
        slots = slots.min(fit(
            room.memory.least + least(|one| one.memory.least),
            self.needs.memory,
            false,
        ));
        if slots <= 0 {
            return 0;
        }
        // A task without an interface of its own needs none, however many others may hold.
        if self.needs.enis > 0 {
            let free = room.enis.least + least(|one| one.enis);
            slots = slots.min(fit(free, self.needs.enis.into(), false));
        }
        slots = slots.min(self.gpu_slots(room.gpus.least + least(|one| one.gpus.least), false));
        if self.needs.has_ports() {
            slots = slots.min(i64::from(self.port_is_free(stopped)));
        }
        if self.distinct {
            let alone = !self.has_new && self.vanishing.is_empty() && stopped == self.old.len();
            slots = slots.min(i64::from(alone));
        }
        slots.max(0)
    }

    /// The sum of what `stopped` old tasks give back, the most or the least that it can be.
    fn back(&self, stopped: usize, of: fn(&ReleasedResources) -> i64, most: bool) -> i64 {
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

    fn gpu_slots(&self, free: i64, best: bool) -> i64 {
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
        let sibling_holdings = self
            .sibling_holdings
            .is_some_and(|sibling_holdings| sibling_holdings.tasks > 0);
        if taken.is_empty() || self.room.leaving > 0 || sibling_holdings {
            return true;
        }
        let holds = |one: &&ReleasedResources| one.ports.iter().any(|port| taken.contains(port));
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
