//! One service's rollout held against each room: how many new tasks fit there, and how many more
//! with each old task that stops.
//!
//! Everything is calculated twice. The *best* case takes what is not known as it would suit the
//! rollout (only what fails even so is proven to fail); the *worst* case takes it as it wouldn't.

use std::collections::HashMap;

use super::cluster_index::ClusterIndex;
use super::held::{ReleasedResources, SiblingHoldings};
use super::placement_rules::PlacementRules;
use super::sibling_slots::{loss, slots_taken};
use super::slots::Slots;
use crate::capacity::facts::input::{Deploy, Source};
use crate::capacity::facts::known::{BOUNDLESS, Known};
use crate::capacity::facts::room::Room;
use crate::snapshot::{Scheduling, Task, TaskStatus};

/// An instance with old tasks of this service.
#[derive(Clone, Debug)]
pub(in crate::capacity) struct HostWithOldTasks {
    /// Its place among the rooms.
    pub room: usize,
    /// The old tasks that may stop there.
    pub old: Vec<ReleasedResources>,
    /// How many new tasks fit after none, one, two, … of them have stopped.
    pub best: Vec<i64>,
    /// The same in the worst case.
    pub worst: Vec<i64>,
    /// The place of its capacity provider among the service's; `None` where it is of none of them.
    pub provider: Option<usize>,
}

/// The old tasks of the service on one instance.
#[derive(Default)]
struct Present<'s> {
    /// Those that may stop.
    old: &'s [ReleasedResources],
    /// Those that may be gone any moment, or stay.
    vanishing: &'s [ReleasedResources],
    /// What all of them hold.
    held: SiblingHoldings,
}

/// What is not known, counted in instances (or tasks) that it bears on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::capacity) struct Doubts {
    /// Instances whose agent is disconnected, or that are registering.
    pub agents: u32,
    /// Instances whose resources can't be read.
    pub resources: u32,
    /// Instances with tasks on their way down, whose room may come back.
    pub leaving: u32,
    /// Instances of which the number of free network interfaces is not known.
    pub enis: u32,
    /// Instances that lack an attribute which may not be asked for.
    pub attributes: u32,
    /// Instances of which it is not known whether the placement constraints hold.
    pub constraints: u32,
    /// Old tasks whose own size or ports are not known.
    pub old_sizes: u32,
    /// Old tasks that are neither running nor on their way out, or that are unhealthy.
    pub unsteady: u32,
    /// Old tasks under scale-in protection.
    pub protected: u32,
    /// Running tasks that the service counts and nobody described.
    pub missing: u32,
    /// New tasks with no instance yet.
    pub unplaced: u32,
}

/// The rollout of one service, held against the rooms.
#[derive(Debug)]
pub(in crate::capacity) struct ServicePlacement<'g, 'a> {
    /// The cluster.
    pub index: &'g ClusterIndex<'a>,
    /// The service that is deployed.
    pub deploy: &'g Deploy<'a>,
    /// What it asks of an instance apart from room.
    pub rules: PlacementRules<'g>,
    /// The instances with old tasks of the service, in the order of the rooms.
    pub hosts: Vec<HostWithOldTasks>,
    /// New tasks that fit on the instances without old tasks of this service.
    pub elsewhere_best: i64,
    /// The same in the worst case, for each capacity provider alone (one entry where none rules).
    pub elsewhere_worst: Vec<i64>,
    /// Old tasks that run and may be stopped one by one within the bounds.
    pub old: u32,
    /// Tasks of the new revision that have a place already, by room.
    pub placed: HashMap<usize, u32>,
    /// How many these are in all.
    pub new: u32,
    /// What is not known.
    pub doubts: Doubts,
    /// Whether ECS would place a task on each instance if there were room.
    pub allowed: Vec<Known>,
    /// Whether the sum of the siblings' holdings has what the own old tasks hold.
    in_sibling_holdings: bool,
    /// What the own new tasks hold, where that sum has it too.
    own_moves: Option<&'g HashMap<usize, SiblingHoldings>>,
    /// How many slots the new tasks of siblings, and old tasks that move, may take at most.
    pub loss: i64,
    /// Old tasks on draining instances: ECS may start them again elsewhere, in their old revision.
    pub moving: u32,
    /// Instances of the service's capacity providers (all, where the launch type rules), whatever
    /// their state.
    pub reachable: u32,
    /// The instance that is taken for open, whatever its state.
    opened: Option<usize>,
}

impl<'g, 'a> ServicePlacement<'g, 'a> {
    /// Linear in instances and in the tasks of this service.
    pub(in crate::capacity) fn new(
        index: &'g ClusterIndex<'a>,
        deploy: &'g Deploy<'a>,
    ) -> ServicePlacement<'g, 'a> {
        Self::with_open(index, deploy, None)
    }

    /// The same with one instance open for tasks that may be closed.
    pub(in crate::capacity) fn with_open(
        index: &'g ClusterIndex<'a>,
        deploy: &'g Deploy<'a>,
        opened: Option<usize>,
    ) -> ServicePlacement<'g, 'a> {
        let rules = PlacementRules::of(index, deploy);
        let providers = rules.providers.len().max(1);
        let mut placement = ServicePlacement {
            index,
            deploy,
            rules,
            hosts: Vec::new(),
            elsewhere_best: 0,
            elsewhere_worst: vec![0; providers],
            old: 0,
            placed: HashMap::new(),
            new: 0,
            doubts: Doubts::default(),
            allowed: Vec::with_capacity(index.rooms.len()),
            in_sibling_holdings: index.sums_up(&deploy.service.name),
            own_moves: index.moves_of(&deploy.service.name),
            loss: 0,
            moving: 0,
            reachable: 0,
            opened,
        };
        let own = placement.sort_tasks();
        placement.loss = placement.moved(&own);
        let mut from = 0;
        for (at, room) in index.rooms.iter().enumerate() {
            let here = own[from..]
                .iter()
                .take_while(|(place, _)| *place == at)
                .count();
            placement.weigh(at, room, &own[from..from + here]);
            from += here;
        }
        let sibling_holdings = loss(index, deploy, &placement.allowed);
        placement.loss = placement.loss.saturating_add(sibling_holdings);
        placement
    }

    /// Whether a task belongs to the new revision.
    pub(in crate::capacity) fn is_new(&self, task: &Task) -> bool {
        self.deploy
            .target
            .is_some_and(|target| task.started_by == target)
    }

    /// The old tasks in the order of the rooms; counts the new ones, and what is in doubt.
    fn sort_tasks(&mut self) -> Vec<(usize, &'a Task)> {
        let mut own: Vec<(usize, &Task)> = Vec::new();
        let mut running = 0;
        for (task, room) in self.index.tasks_of(&self.deploy.service.name) {
            if task.is_going() {
                continue;
            }
            running += u32::from(task.last_status == TaskStatus::Running);
            if self.is_new(task) {
                // A task in PROVISIONING has no place yet: it is still to be started.
                self.new += u32::from(task.instance.is_some());
                self.doubts.unplaced += u32::from(task.instance.is_none());
                if let Some(room) = room {
                    *self.placed.entry(*room).or_default() += 1;
                }
                continue;
            }
            self.doubts.protected += u32::from(task.protected);
            if task.is_steady() {
                self.old += 1;
            } else {
                self.doubts.unsteady += 1;
            }
            match room {
                Some(room) => own.push((*room, task)),
                // On an instance that is not there: its stop frees nothing that is known.
                None if task.is_steady() => self.doubts.missing += 1,
                None => {}
            }
        }
        let uncounted = self.deploy.service.running.saturating_sub(running);
        self.old += uncounted;
        self.doubts.missing += uncounted;
        own.sort_by_key(|(room, _)| *room);
        own
    }

    /// Counts the old tasks that ECS moves off draining instances, and how many slots they may
    /// take elsewhere. A daemon's tasks stay with their instance.
    fn moved(&mut self, own: &[(usize, &Task)]) -> i64 {
        if self.deploy.service.scheduling == Scheduling::Daemon {
            return 0;
        }
        let mut taken = 0_i64;
        for (at, task) in own {
            let drains = self.index.rooms[*at].instance.status == "DRAINING";
            if !drains || self.opened == Some(*at) {
                continue;
            }
            self.moving += 1;
            let slots = match self.deploy.old_needs.get(&task.task_definition) {
                Some(old) => slots_taken(old, self.deploy.needs),
                None => BOUNDLESS,
            };
            taken = taken.saturating_add(slots.max(i64::from(self.rules.distinct)));
        }
        taken
    }

    /// Whether the instance takes tasks.
    fn open(&self, at: usize, room: &Room<'_>) -> Known {
        match self.opened == Some(at) {
            true => Known::Yes,
            false => room.open,
        }
    }

    fn weigh(&mut self, at: usize, room: &Room<'_>, own: &[(usize, &Task)]) {
        let provider = self.rules.provider(room);
        let allowed = match provider {
            Some(_) => self
                .open(at, room)
                .and(self.rules.has_attributes(at))
                .and(self.rules.matches(at))
                .and(self.rules.in_zone(room)),
            None => Known::No,
        };
        self.allowed.push(allowed);
        self.reachable += u32::from(provider.is_some());
        if allowed == Known::No && own.is_empty() {
            return;
        }
        if own.is_empty() {
            let (best, worst) = self.slots_at(at);
            if best != worst {
                self.doubt(at, room, [].iter());
            }
            self.elsewhere_best += best;
            self.elsewhere_worst[provider.unwrap_or(0)] += worst;
            return;
        }
        let needs = self.deploy.needs;
        let (mut old, mut vanishing) = (Vec::new(), Vec::new());
        let mut held = SiblingHoldings::default();
        for (_, task) in own {
            let freed = ReleasedResources::of(task, self.deploy.old_needs, room, needs);
            held = held.plus(SiblingHoldings::of(&freed));
            if task.is_steady() {
                old.push(freed);
            } else {
                vanishing.push(freed);
            }
        }
        let present = Present {
            old: &old,
            vanishing: &vanishing,
            held,
        };
        let slots = self.slots(at, &present);
        let stops = 0..=old.len();
        let best: Vec<i64> = match allowed {
            Known::No => stops.clone().map(|_| 0).collect(),
            _ => stops.clone().map(|stopped| slots.best(stopped)).collect(),
        };
        let worst: Vec<i64> = match allowed {
            Known::Yes if needs.problems.is_empty() => {
                stops.map(|stopped| slots.worst(stopped)).collect()
            }
            _ => stops.map(|_| 0).collect(),
        };
        if best != worst {
            self.doubt(at, room, old.iter().chain(&vanishing));
        }
        self.hosts.push(HostWithOldTasks {
            room: at,
            old,
            best,
            worst,
            provider,
        });
    }

    /// The slots on an instance as it is, in the best and in the worst case.
    pub(in crate::capacity) fn slots_at(&self, at: usize) -> (i64, i64) {
        let allowed = self.allowed[at];
        if allowed == Known::No {
            return (0, 0);
        }
        let slots = self.slots(at, &Present::default());
        self.both(&slots, allowed)
    }

    fn both(&self, slots: &Slots<'_>, allowed: Known) -> (i64, i64) {
        let best = match allowed {
            Known::No => 0,
            _ => slots.best(0),
        };
        match allowed {
            Known::Yes if best > 0 && self.deploy.needs.problems.is_empty() => {
                (best, slots.worst(0))
            }
            _ => (best, 0),
        }
    }

    /// The slots on a further, empty instance that meets the service's constraints.
    pub(in crate::capacity) fn slots_on_fresh(&self, fresh: &Room<'_>) -> (i64, i64) {
        let slots = Slots {
            needs: self.deploy.needs,
            room: fresh,
            old: &[],
            vanishing: &[],
            distinct: self.rules.distinct,
            sibling_holdings: None,
            has_new: false,
            cap: self.most_slots(),
        };
        self.both(&slots, fresh.open.and(self.rules.in_zone(fresh)))
    }

    /// No instance needs to hold more than all tasks, and those that others may put there.
    fn most_slots(&self) -> i64 {
        i64::from(self.deploy.service.desired)
            .max(1)
            .saturating_add(self.loss)
    }

    /// The same once all old tasks of this service have left it.
    pub(in crate::capacity) fn slots_at_end(
        &self,
        at: usize,
        host: Option<&HostWithOldTasks>,
    ) -> (i64, i64) {
        match host {
            Some(host) => (host.best[host.old.len()], host.worst[host.old.len()]),
            None => self.slots_at(at),
        }
    }

    #[inline]
    fn slots<'s>(&'s self, at: usize, present: &Present<'s>) -> Slots<'s> {
        // What the old tasks of other services of the same run hold: all but those of this service.
        let own = if self.in_sibling_holdings {
            present.held
        } else {
            SiblingHoldings::default()
        };
        let new = self.own_moves.and_then(|moves| moves.get(&at).copied());
        let sibling_holdings = self.index.sibling_holdings.get(at);
        let sibling_holdings =
            sibling_holdings.map(|all| all.less(own).less(new.unwrap_or_default()));
        Slots {
            needs: self.deploy.needs,
            room: &self.index.rooms[at],
            old: present.old,
            vanishing: present.vanishing,
            distinct: self.rules.distinct,
            sibling_holdings,
            has_new: !self.placed.is_empty() && self.placed.contains_key(&at),
            cap: self.most_slots(),
        }
    }

    /// Notes why the best and the worst case differ on an instance.
    fn doubt<'f>(
        &mut self,
        at: usize,
        room: &Room<'_>,
        old: impl Iterator<Item = &'f ReleasedResources>,
    ) {
        let open = self.open(at, room);
        let doubts = &mut self.doubts;
        if open == Known::Unknown {
            doubts.agents += 1;
        } else if self.rules.has_attributes(at) == Known::Unknown {
            doubts.attributes += 1;
        } else if self.rules.matches(at).and(self.rules.in_zone(room)) == Known::Unknown {
            doubts.constraints += 1;
        } else if room.unread {
            doubts.resources += 1;
        } else if room.leaving > 0 {
            doubts.leaving += 1;
        } else if self.deploy.needs.enis > 0 && room.enis.exact().is_none() {
            doubts.enis += 1;
        } else if old
            .into_iter()
            .any(|one| one.cpu.most != one.cpu.least || one.any_port)
        {
            doubts.old_sizes += 1;
        }
    }

    /// New tasks that run and are not unhealthy.
    pub(in crate::capacity) fn healthy_new(&self) -> u32 {
        let own = self.index.tasks_of(&self.deploy.service.name);
        let new = own
            .iter()
            .filter(|(task, _)| self.is_new(task) && !task.is_going() && task.is_steady());
        u32::try_from(new.count()).unwrap_or(u32::MAX)
    }

    /// New tasks that fit now, with no old one stopped yet, in the best case.
    pub(in crate::capacity) fn best_now(&self) -> i64 {
        self.hosts.iter().fold(self.elsewhere_best, |sum, host| {
            sum.saturating_add(host.best[0])
        })
    }

    /// Whether everything that the best case rests on was read.
    pub(in crate::capacity) fn is_read(&self) -> bool {
        self.index.has_read(Source::Instances) && self.index.has_read(Source::Tasks)
    }
}
