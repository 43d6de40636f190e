//! One service's rollout held against each room: how many new tasks fit there, and how many more
//! with each old task that stops.
//!
//! Everything is reckoned twice. The *best* case takes what is not known as it would suit the
//! rollout (only what fails even so is proven to fail); the *worst* case takes it as it wouldn't.

use std::collections::{BTreeSet, HashMap};

use super::ground::{Deploy, Ground, Source};
use super::needs::{Gpus, TaskNeeds};
use super::room::{BOUNDLESS, Room, Tri};
use super::why::gpus_needed;
use crate::snapshot::{Constraint, Health, Task, TaskStatus};

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

/// A host port and its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Port {
    pub number: u16,
    pub udp: bool,
}

/// An instance with old tasks of this service.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// Its place among the rooms.
    pub room: usize,
    /// The old tasks that may stop there.
    pub old: Vec<Freed>,
    /// How many new tasks fit after none, one, two, … of them have stopped.
    pub best: Vec<i64>,
    pub worst: Vec<i64>,
    pub provider: Option<usize>,
}

/// What is not known, counted in instances (or tasks) that it bears on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Doubts {
    pub agents: u32,
    pub resources: u32,
    pub enis: u32,
    pub attributes: u32,
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
pub(super) struct Claim<'g, 'a> {
    pub ground: &'g Ground<'a>,
    pub deploy: &'g Deploy<'a>,
    pub rules: Rules<'g>,
    pub plots: Vec<Plot>,
    /// New tasks that fit on the instances without old tasks of this service.
    pub elsewhere_best: i64,
    /// The same in the worst case, for each capacity provider alone (one entry where none rules).
    pub elsewhere_worst: Vec<i64>,
    /// Old tasks that run and may be stopped one by one within the bounds.
    pub old: u32,
    /// Tasks of the new revision that have a place already, by room.
    pub placed: HashMap<usize, u32>,
    pub new: u32,
    pub doubts: Doubts,
    /// Instances of the service's capacity providers (all, where the launch type rules), whatever
    /// their state.
    pub reachable: u32,
}

/// What the service asks of an instance apart from room.
#[derive(Debug)]
pub(super) struct Rules<'g> {
    pub distinct: bool,
    pub attributes: Vec<(&'g [bool], bool)>,
    /// Whether there is any `memberOf`, and whether its answer stays the same while tasks move.
    pub member_of: Option<bool>,
    /// A constraint of a kind that is not known.
    pub other: bool,
    pub matching: Option<&'g BTreeSet<String>>,
    /// The capacity providers that take tasks; empty where the launch type rules.
    pub providers: Vec<&'g str>,
}

impl<'g> Rules<'g> {
    fn of(ground: &'g Ground<'_>, deploy: &Deploy<'g>) -> Rules<'g> {
        let constraints = || {
            deploy
                .service
                .constraints
                .iter()
                .chain(&deploy.needs.constraints)
        };
        let mut member_of: Option<bool> = None;
        for constraint in constraints() {
            if let Constraint::MemberOf(expression) = constraint {
                // What these name changes with each start and stop.
                let moving = ["task:", "TasksCount", "agentConnected"];
                let still = !moving.iter().any(|word| expression.contains(word));
                member_of = Some(member_of.unwrap_or(true) && still);
            }
        }
        let items = &deploy.service.capacity_providers;
        let weighted = items.iter().any(|item| item.weight > 0 || item.base > 0);
        let takes = items
            .iter()
            .filter(|item| !weighted || item.weight > 0 || item.base > 0);
        Rules {
            distinct: constraints().any(|one| *one == Constraint::DistinctInstance),
            attributes: ground.attributes(deploy.needs),
            member_of,
            other: constraints().any(|one| matches!(one, Constraint::Other(_))),
            matching: deploy.member_of,
            providers: takes.map(|item| item.provider.as_str()).collect(),
        }
    }

    /// Which of the providers the instance belongs to; `None` where it is of none of them.
    pub(super) fn provider(&self, room: &Room<'_>) -> Option<usize> {
        if self.providers.is_empty() {
            return Some(0);
        }
        let own = room.instance.capacity_provider.as_deref()?;
        self.providers
            .iter()
            .position(|name| crate::snapshot::last_part(name) == own)
    }

    pub(super) fn has_attributes(&self, at: usize) -> Tri {
        let missing = |(has, _): &&(&[bool], bool)| has.get(at) == Some(&false);
        self.attributes
            .iter()
            .filter(missing)
            .fold(Tri::Yes, |tri, (_, certain)| {
                tri.and(if *certain { Tri::No } else { Tri::Maybe })
            })
    }

    pub(super) fn matches(&self, room: &Room<'_>) -> Tri {
        let known = match (self.member_of, self.matching) {
            (None, _) => Tri::Yes,
            (Some(true), Some(set)) if set.contains(&room.instance.arn) => Tri::Yes,
            (Some(true), Some(_)) => Tri::No,
            _ => Tri::Maybe,
        };
        if self.other {
            known.and(Tri::Maybe)
        } else {
            known
        }
    }
}

impl<'g, 'a> Claim<'g, 'a> {
    /// Linear in instances and in the tasks of this service.
    pub(super) fn new(ground: &'g Ground<'a>, deploy: &'g Deploy<'a>) -> Claim<'g, 'a> {
        let rules = Rules::of(ground, deploy);
        let slots = rules.providers.len().max(1);
        let mut claim = Claim {
            ground,
            deploy,
            rules,
            plots: Vec::new(),
            elsewhere_best: 0,
            elsewhere_worst: vec![0; slots],
            old: 0,
            placed: HashMap::new(),
            new: 0,
            doubts: Doubts::default(),
            reachable: 0,
        };
        let own = claim.sort_tasks();
        for (at, room) in ground.rooms.iter().enumerate() {
            claim.weigh(at, room, own.get(&at).map_or(&[], Vec::as_slice));
        }
        claim
    }

    /// Whether a task belongs to the new revision.
    pub(super) fn is_new(&self, task: &Task) -> bool {
        self.deploy
            .target
            .is_some_and(|target| task.started_by == target)
    }

    /// The old tasks by room; counts the new ones, and what is in doubt.
    fn sort_tasks(&mut self) -> HashMap<usize, Vec<&'a Task>> {
        let mut own: HashMap<usize, Vec<&Task>> = HashMap::new();
        let mut running = 0;
        for task in self.ground.tasks_of(&self.deploy.service.name) {
            if is_going(task) {
                continue;
            }
            running += u32::from(task.last_status == TaskStatus::Running);
            let room = task
                .instance
                .as_deref()
                .and_then(|arn| self.ground.place.get(arn));
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
            if is_steady(task) {
                self.old += 1;
            } else {
                self.doubts.unsteady += 1;
            }
            match room {
                Some(room) => own.entry(*room).or_default().push(task),
                // On an instance that is not there: its stop frees nothing that is known.
                None if is_steady(task) => self.doubts.missing += 1,
                None => {}
            }
        }
        let uncounted = self.deploy.service.running.saturating_sub(running);
        self.old += uncounted;
        self.doubts.missing += uncounted;
        own
    }

    fn weigh(&mut self, at: usize, room: &Room<'_>, own: &[&Task]) {
        let provider = self.rules.provider(room);
        let allowed = self.allows(at);
        self.reachable += u32::from(provider.is_some());
        if allowed == Tri::No && own.is_empty() {
            return;
        }
        let needs = self.deploy.needs;
        let (steady, unsteady): (Vec<&Task>, Vec<&Task>) =
            own.iter().partition(|task| is_steady(task));
        let freed = |tasks: &[&Task]| -> Vec<Freed> {
            tasks.iter().map(|task| self.freed(task, room)).collect()
        };
        let (old, vanishing) = (freed(&steady), freed(&unsteady));
        let seats = self.seats(at, &old, &vanishing);
        let stops = 0..=old.len();
        let best: Vec<i64> = match allowed {
            Tri::No => stops.clone().map(|_| 0).collect(),
            _ => stops.clone().map(|stopped| seats.best(stopped)).collect(),
        };
        let worst: Vec<i64> = match allowed {
            Tri::Yes if needs.problems.is_empty() => {
                stops.map(|stopped| seats.worst(stopped)).collect()
            }
            _ => stops.map(|_| 0).collect(),
        };
        if best != worst {
            self.doubt(at, room, old.iter().chain(&vanishing));
        }
        if old.is_empty() {
            self.elsewhere_best += best[0];
            self.elsewhere_worst[provider.unwrap_or(0)] += worst[0];
        } else {
            self.plots.push(Plot {
                room: at,
                old,
                best,
                worst,
                provider,
            });
        }
    }

    /// Whether ECS would place a task on the instance if there were room.
    pub(super) fn allows(&self, at: usize) -> Tri {
        let room = &self.ground.rooms[at];
        match self.rules.provider(room) {
            Some(_) => room
                .open
                .and(self.rules.has_attributes(at))
                .and(self.rules.matches(room)),
            None => Tri::No,
        }
    }

    /// The seats on an instance as it is, in the best and in the worst case.
    pub(super) fn seats_at(&self, at: usize) -> (i64, i64) {
        let seats = self.seats(at, &[], &[]);
        match self.allows(at) {
            Tri::No => (0, 0),
            Tri::Maybe => (seats.best(0), 0),
            Tri::Yes => (seats.best(0), seats.worst(0)),
        }
    }

    /// The same once all old tasks of this service have left it.
    pub(super) fn seats_at_end(&self, at: usize, plot: Option<&Plot>) -> (i64, i64) {
        match plot {
            Some(plot) => (plot.best[plot.old.len()], plot.worst[plot.old.len()]),
            None => self.seats_at(at),
        }
    }

    fn seats<'s>(&'s self, at: usize, old: &'s [Freed], vanishing: &'s [Freed]) -> Seats<'s> {
        Seats {
            needs: self.deploy.needs,
            room: &self.ground.rooms[at],
            old,
            vanishing,
            distinct: self.rules.distinct,
            beside: self.placed.get(&at).is_some_and(|count| *count > 0),
            cap: i64::from(self.deploy.service.desired).max(1),
        }
    }

    /// Notes why the best and the worst case differ on an instance.
    fn doubt<'f>(&mut self, at: usize, room: &Room<'_>, old: impl Iterator<Item = &'f Freed>) {
        let doubts = &mut self.doubts;
        if room.open == Tri::Maybe {
            doubts.agents += 1;
        } else if self.rules.has_attributes(at) == Tri::Maybe {
            doubts.attributes += 1;
        } else if self.rules.matches(room) == Tri::Maybe {
            doubts.constraints += 1;
        } else if room.unread {
            doubts.resources += 1;
        } else if self.deploy.needs.enis > 0 && room.enis.exact().is_none() {
            doubts.enis += 1;
        } else if old
            .into_iter()
            .any(|one| one.cpu.0 != one.cpu.1 || one.any_port)
        {
            doubts.old_sizes += 1;
        }
    }

    fn freed(&self, task: &Task, room: &Room<'_>) -> Freed {
        let enis = i64::from(task.has_eni);
        match self
            .deploy
            .old_needs
            .get(&task.task_definition)
            .filter(|old| old.problems.is_empty())
        {
            Some(old) => {
                let gpus = gpus_needed(old, room);
                Freed {
                    cpu: (old.cpu, old.cpu),
                    memory: (old.memory, old.memory),
                    gpus: (gpus, gpus),
                    enis,
                    ports: shared_ports(old, self.deploy.needs),
                    any_port: false,
                }
            }
            None => Freed {
                cpu: (task.cpu.unwrap_or(BOUNDLESS), task.cpu.unwrap_or(0)),
                memory: (task.memory.unwrap_or(BOUNDLESS), task.memory.unwrap_or(0)),
                gpus: (room.instance.registered.gpus.map_or(0, i64::from), 0),
                enis,
                ports: Vec::new(),
                any_port: true,
            },
        }
    }

    /// New tasks that run and are not unhealthy.
    pub(super) fn healthy_new(&self) -> u32 {
        let own = self.ground.tasks_of(&self.deploy.service.name);
        let new = own
            .iter()
            .filter(|task| self.is_new(task) && !is_going(task) && is_steady(task));
        u32::try_from(new.count()).unwrap_or(u32::MAX)
    }

    /// New tasks that fit now, with no old one stopped yet, in the best case.
    pub(super) fn best_now(&self) -> i64 {
        self.plots.iter().fold(self.elsewhere_best, |sum, plot| {
            sum.saturating_add(plot.best[0])
        })
    }

    /// Whether everything that the best case rests on was read.
    pub(super) fn is_read(&self) -> bool {
        self.ground.has_read(Source::Instances) && self.ground.has_read(Source::Tasks)
    }
}

/// How many new tasks fit on one instance.
struct Seats<'s> {
    needs: &'s TaskNeeds,
    room: &'s Room<'s>,
    old: &'s [Freed],
    /// Old tasks that may be gone any moment, or stay.
    vanishing: &'s [Freed],
    distinct: bool,
    /// A new task of the service is there already.
    beside: bool,
    cap: i64,
}

impl Seats<'_> {
    /// After `stopped` old tasks have stopped: those whose stop helps most.
    fn best(&self, stopped: usize) -> i64 {
        let room = self.room;
        let most = |of: fn(&Freed) -> i64| self.back(stopped, of, true);
        let mut seats = self.cap;
        seats = seats.min(fit(
            room.cpu.most + most(|one| one.cpu.0),
            self.needs.cpu,
            true,
        ));
        seats = seats.min(fit(
            room.memory.most + most(|one| one.memory.0),
            self.needs.memory,
            true,
        ));
        seats = seats.min(fit(
            room.enis.most + most(|one| one.enis),
            self.needs.enis.into(),
            true,
        ));
        seats = seats.min(self.gpu_seats(room.gpus.most + most(|one| one.gpus.0), true));
        if self.needs.has_ports() {
            seats = seats.min(i64::from(self.port_may_be_free(stopped)));
        }
        if self.distinct {
            seats = seats.min(i64::from(!self.beside && stopped == self.old.len()));
        }
        seats.max(0)
    }

    /// After `stopped` old tasks have stopped: those whose stop helps least.
    fn worst(&self, stopped: usize) -> i64 {
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
        seats = seats.min(fit(
            room.enis.least + least(|one| one.enis),
            self.needs.enis.into(),
            false,
        ));
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
        if stopped == 0 && (!most || self.vanishing.is_empty()) {
            return 0;
        }
        let mut each: Vec<i64> = self.old.iter().map(of).collect();
        each.sort_unstable();
        let sum = |sum: i64, one: &i64| sum.saturating_add(*one).min(BOUNDLESS);
        match most {
            true => {
                let gone = self
                    .vanishing
                    .iter()
                    .map(of)
                    .fold(0, |total, one| sum(total, &one));
                each.iter().rev().take(stopped).fold(gone, sum)
            }
            false => each.iter().take(stopped).fold(0, sum),
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
        if taken.is_empty() || self.room.leaving > 0 {
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

/// On its way down, or gone.
pub(super) fn is_going(task: &Task) -> bool {
    task.last_status.is_stopping()
        || task.last_status == TaskStatus::Stopped
        || task.desired_status == "STOPPED"
}

/// Runs, and counts for the lower bound.
fn is_steady(task: &Task) -> bool {
    task.last_status == TaskStatus::Running && task.health != Health::Unhealthy
}
