//! One service's rollout held against each room: how many new tasks fit there, and how many more
//! with each old task that stops.
//!
//! Everything is reckoned twice. The *best* case takes what is not known as it would suit the
//! rollout (only what fails even so is proven to fail); the *worst* case takes it as it wouldn't.

use std::collections::HashMap;

use super::ground::{Deploy, Ground, Source};
use super::room::{BOUNDLESS, Room, Tri};
use super::rules::Rules;
use super::seats::{Freed, Rival, Seats};
use super::together::{loss, seats_taken};
use crate::snapshot::{Health, Scheduling, Task, TaskStatus};

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
    /// Instances with tasks on their way down, whose room may come back.
    pub leaving: u32,
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
    /// Whether ECS would place a task on each instance if there were room.
    pub allowed: Vec<Tri>,
    /// Whether the rivals' sum holds what the own old tasks hold.
    among_rivals: bool,
    /// What the own new tasks hold, where the rivals' sum has that too.
    own_moves: Option<&'g HashMap<usize, Rival>>,
    /// How many seats the new tasks of rivals, and old tasks that move, may take at most.
    pub loss: i64,
    /// Old tasks on draining instances: ECS may start them anew elsewhere, in their old revision.
    pub moving: u32,
    /// Instances of the service's capacity providers (all, where the launch type rules), whatever
    /// their state.
    pub reachable: u32,
    /// The instance that is taken for open, whatever its state.
    opened: Option<usize>,
}

impl<'g, 'a> Claim<'g, 'a> {
    /// Linear in instances and in the tasks of this service.
    pub(super) fn new(ground: &'g Ground<'a>, deploy: &'g Deploy<'a>) -> Claim<'g, 'a> {
        Self::with_open(ground, deploy, None)
    }

    /// The same with one instance open for tasks that may be closed.
    pub(super) fn with_open(
        ground: &'g Ground<'a>,
        deploy: &'g Deploy<'a>,
        opened: Option<usize>,
    ) -> Claim<'g, 'a> {
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
            allowed: Vec::with_capacity(ground.rooms.len()),
            among_rivals: ground.sums_up(&deploy.service.name),
            own_moves: ground.moves_of(&deploy.service.name),
            loss: 0,
            moving: 0,
            reachable: 0,
            opened,
        };
        let own = claim.sort_tasks();
        claim.loss = claim.moved(&own);
        let mut from = 0;
        for (at, room) in ground.rooms.iter().enumerate() {
            let here = own[from..]
                .iter()
                .take_while(|(place, _)| *place == at)
                .count();
            claim.weigh(at, room, &own[from..from + here]);
            from += here;
        }
        let rivals = loss(ground, deploy, &claim.allowed);
        claim.loss = claim.loss.saturating_add(rivals);
        claim
    }

    /// Whether a task belongs to the new revision.
    pub(super) fn is_new(&self, task: &Task) -> bool {
        self.deploy
            .target
            .is_some_and(|target| task.started_by == target)
    }

    /// The old tasks in the order of the rooms; counts the new ones, and what is in doubt.
    fn sort_tasks(&mut self) -> Vec<(usize, &'a Task)> {
        let mut own: Vec<(usize, &Task)> = Vec::new();
        let mut running = 0;
        for (task, room) in self.ground.tasks_of(&self.deploy.service.name) {
            if is_going(task) {
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
            if is_steady(task) {
                self.old += 1;
            } else {
                self.doubts.unsteady += 1;
            }
            match room {
                Some(room) => own.push((*room, task)),
                // On an instance that is not there: its stop frees nothing that is known.
                None if is_steady(task) => self.doubts.missing += 1,
                None => {}
            }
        }
        let uncounted = self.deploy.service.running.saturating_sub(running);
        self.old += uncounted;
        self.doubts.missing += uncounted;
        own.sort_by_key(|(room, _)| *room);
        own
    }

    /// Counts the old tasks that ECS moves off draining instances, and how many seats they may
    /// take elsewhere. A daemon's tasks stay with their instance.
    fn moved(&mut self, own: &[(usize, &Task)]) -> i64 {
        if self.deploy.service.scheduling == Scheduling::Daemon {
            return 0;
        }
        let mut taken = 0_i64;
        for (at, task) in own {
            let drains = self.ground.rooms[*at].instance.status == "DRAINING";
            if !drains || self.opened == Some(*at) {
                continue;
            }
            self.moving += 1;
            let seats = match self.deploy.old_needs.get(&task.task_definition) {
                Some(old) => seats_taken(old, self.deploy.needs),
                None => BOUNDLESS,
            };
            taken = taken.saturating_add(seats.max(i64::from(self.rules.distinct)));
        }
        taken
    }

    /// Whether the instance takes tasks.
    fn open(&self, at: usize, room: &Room<'_>) -> Tri {
        match self.opened == Some(at) {
            true => Tri::Yes,
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
            None => Tri::No,
        };
        self.allowed.push(allowed);
        self.reachable += u32::from(provider.is_some());
        if allowed == Tri::No && own.is_empty() {
            return;
        }
        if own.is_empty() {
            let (best, worst) = self.seats_at(at);
            if best != worst {
                self.doubt(at, room, [].iter());
            }
            self.elsewhere_best += best;
            self.elsewhere_worst[provider.unwrap_or(0)] += worst;
            return;
        }
        let needs = self.deploy.needs;
        let (mut old, mut vanishing) = (Vec::new(), Vec::new());
        let mut held = Rival::default();
        for (_, task) in own {
            let freed = Freed::of(task, self.deploy.old_needs, (room, needs));
            held = held.plus(Rival::of(&freed));
            if is_steady(task) {
                old.push(freed);
            } else {
                vanishing.push(freed);
            }
        }
        let seats = self.seats(at, (&old, &vanishing), held);
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
        self.plots.push(Plot {
            room: at,
            old,
            best,
            worst,
            provider,
        });
    }

    /// The seats on an instance as it is, in the best and in the worst case.
    pub(super) fn seats_at(&self, at: usize) -> (i64, i64) {
        let allowed = self.allowed[at];
        if allowed == Tri::No {
            return (0, 0);
        }
        let seats = self.seats(at, (&[], &[]), Rival::default());
        self.both(&seats, allowed)
    }

    fn both(&self, seats: &Seats<'_>, allowed: Tri) -> (i64, i64) {
        let best = match allowed {
            Tri::No => 0,
            _ => seats.best(0),
        };
        match allowed {
            Tri::Yes if best > 0 && self.deploy.needs.problems.is_empty() => (best, seats.worst(0)),
            _ => (best, 0),
        }
    }

    /// The seats on a further, empty instance that meets the service's constraints.
    pub(super) fn seats_on_fresh(&self, fresh: &Room<'_>) -> (i64, i64) {
        let seats = Seats {
            needs: self.deploy.needs,
            room: fresh,
            old: &[],
            vanishing: &[],
            distinct: self.rules.distinct,
            rivals: None,
            beside: false,
            cap: self.most_seats(),
        };
        self.both(&seats, fresh.open.and(self.rules.in_zone(fresh)))
    }

    /// No instance needs to hold more than all tasks, and those that others may put there.
    fn most_seats(&self) -> i64 {
        i64::from(self.deploy.service.desired)
            .max(1)
            .saturating_add(self.loss)
    }

    /// The same once all old tasks of this service have left it.
    pub(super) fn seats_at_end(&self, at: usize, plot: Option<&Plot>) -> (i64, i64) {
        match plot {
            Some(plot) => (plot.best[plot.old.len()], plot.worst[plot.old.len()]),
            None => self.seats_at(at),
        }
    }

    #[inline]
    fn seats<'s>(
        &'s self,
        at: usize,
        (old, vanishing): (&'s [Freed], &'s [Freed]),
        own: Rival,
    ) -> Seats<'s> {
        // What the old tasks of other services of the same run hold: all but the own ones.
        let own = if self.among_rivals {
            own
        } else {
            Rival::default()
        };
        let new = self.own_moves.and_then(|moves| moves.get(&at).copied());
        let rivals = self.ground.rivals.get(at);
        let rivals = rivals.map(|all| all.less(own).less(new.unwrap_or_default()));
        Seats {
            needs: self.deploy.needs,
            room: &self.ground.rooms[at],
            old,
            vanishing,
            distinct: self.rules.distinct,
            rivals,
            beside: !self.placed.is_empty() && self.placed.contains_key(&at),
            cap: self.most_seats(),
        }
    }

    /// Notes why the best and the worst case differ on an instance.
    fn doubt<'f>(&mut self, at: usize, room: &Room<'_>, old: impl Iterator<Item = &'f Freed>) {
        let open = self.open(at, room);
        let doubts = &mut self.doubts;
        if open == Tri::Maybe {
            doubts.agents += 1;
        } else if self.rules.has_attributes(at) == Tri::Maybe {
            doubts.attributes += 1;
        } else if self.rules.matches(at).and(self.rules.in_zone(room)) == Tri::Maybe {
            doubts.constraints += 1;
        } else if room.unread {
            doubts.resources += 1;
        } else if room.leaving > 0 {
            doubts.leaving += 1;
        } else if self.deploy.needs.enis > 0 && room.enis.exact().is_none() {
            doubts.enis += 1;
        } else if old
            .into_iter()
            .any(|one| one.cpu.0 != one.cpu.1 || one.any_port)
        {
            doubts.old_sizes += 1;
        }
    }

    /// New tasks that run and are not unhealthy.
    pub(super) fn healthy_new(&self) -> u32 {
        let own = self.ground.tasks_of(&self.deploy.service.name);
        let new = own
            .iter()
            .filter(|(task, _)| self.is_new(task) && !is_going(task) && is_steady(task));
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

/// On its way down, or gone.
pub(super) fn is_going(task: &Task) -> bool {
    task.last_status.is_stopping()
        || task.last_status == TaskStatus::Stopped
        || task.desired_status == "STOPPED"
}

/// Runs, and counts for the lower bound.
pub(super) fn is_steady(task: &Task) -> bool {
    task.last_status == TaskStatus::Running && task.health != Health::Unhealthy
}
