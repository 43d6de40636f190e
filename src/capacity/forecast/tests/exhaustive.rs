//! Every small world, against a search through all orders of starts and stops.

use std::collections::{BTreeSet, HashSet};

use crate::capacity::ForecastVerdict;
use crate::capacity::test_world::{World, instance_type, size};
use crate::snapshot::Constraint;

/// What besides CPU and memory decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feature {
    Plain,
    Port,
    Distinct,
    /// One slot for a network interface is free besides those of the old tasks.
    Eni,
}

#[derive(Clone, Debug)]
struct Tiny {
    /// For each instance: what is free, and how many old tasks run there.
    instances: Vec<(i64, usize)>,
    old: i64,
    new: i64,
    desired: usize,
    percent: (u32, u32),
    feature: Feature,
}

impl Tiny {
    fn world(&self) -> World {
        let mut world = World::new(
            u32::try_from(self.desired).unwrap(),
            self.percent.0,
            self.percent.1,
        );
        world.needs = size(self.new, 1);
        world.old_needs = size(self.old, 1);
        match self.feature {
            Feature::Plain => {}
            Feature::Port => {
                world.needs.tcp_ports = BTreeSet::from([80]);
                world.old_needs.tcp_ports = BTreeSet::from([80]);
            }
            Feature::Distinct => world.service.constraints.push(Constraint::DistinctInstance),
            Feature::Eni => {
                world.needs.enis = 1;
                world.old_needs.enis = 1;
            }
        }
        for (free, old) in &self.instances {
            let held = i64::try_from(*old).unwrap() * self.old;
            let kind = format!("slots{}", old + 1);
            world = world.instance(
                instance_type(&kind, free + held, 100),
                u32::try_from(*old).unwrap(),
            );
        }
        world
    }

    fn fits(&self, at: usize, old: usize, new: usize) -> bool {
        let (free, olds) = self.instances[at];
        let int = |count: usize| i64::try_from(count).unwrap();
        let room = free + int(olds - old) * self.old - int(new) * self.new >= self.new;
        room && match self.feature {
            Feature::Plain => true,
            Feature::Port | Feature::Distinct => old + new == 0,
            Feature::Eni => old + new < olds + 1,
        }
    }

    /// Whether some order ends, and whether some order can't go on before the end.
    fn search(&self) -> (bool, bool) {
        let of = |percent: u32| self.desired * percent as usize;
        let (lower, upper) = (of(self.percent.0).div_ceil(100), of(self.percent.1) / 100);
        let start: Vec<(usize, usize)> = self.instances.iter().map(|(_, old)| (*old, 0)).collect();
        let (mut open, mut seen) = (vec![start], HashSet::new());
        let (mut ends, mut dead) = (false, false);
        while let Some(state) = open.pop() {
            if !seen.insert(state.clone()) {
                continue;
            }
            let old: usize = state.iter().map(|one| one.0).sum();
            let new: usize = state.iter().map(|one| one.1).sum();
            let before = open.len();
            for at in 0..state.len() {
                let mut next = state.clone();
                if state[at].0 > 0 && old + new > lower {
                    next[at].0 -= 1;
                    open.push(next.clone());
                    next = state.clone();
                }
                if new < self.desired
                    && old + new < upper
                    && self.fits(at, state[at].0, state[at].1)
                {
                    next[at].1 += 1;
                    open.push(next);
                }
            }
            let done = old == 0 && new == self.desired;
            ends |= done;
            dead |= !done && open.len() == before;
        }
        (ends, dead)
    }
}

/// All sets of one to three instances with at most three old tasks.
fn clusters() -> Vec<Vec<(i64, usize)>> {
    let kinds: Vec<(i64, usize)> = (0..=3)
        .flat_map(|free| (0..=3).map(move |old| (free, old)))
        .collect();
    let mut all: Vec<Vec<(i64, usize)>> = Vec::new();
    let mut last: Vec<Vec<(i64, usize)>> = vec![Vec::new()];
    for _ in 0..3 {
        last = last
            .iter()
            .flat_map(|set| {
                let least = set.last().copied().unwrap_or((0, 0));
                let more = kinds.iter().filter(move |kind| **kind >= least);
                more.map(move |kind| [set.as_slice(), &[*kind]].concat())
            })
            .filter(|set| set.iter().map(|one| one.1).sum::<usize>() <= 3)
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

#[test]
fn every_small_world_agrees_with_a_search_through_all_orders() {
    let (mut worlds, mut unknown) = (0_u32, 0_u32);
    for instances in clusters() {
        let running: usize = instances.iter().map(|one| one.1).sum();
        for (old, new) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            for percent in [
                (0, 100),
                (50, 100),
                (50, 150),
                (66, 133),
                (100, 100),
                (100, 150),
                (100, 200),
            ] {
                for feature in [
                    Feature::Plain,
                    Feature::Port,
                    Feature::Distinct,
                    Feature::Eni,
                ] {
                    // One instance can't have given one port to two tasks.
                    let crowded = instances.iter().any(|one| one.1 > 1);
                    if crowded && matches!(feature, Feature::Port | Feature::Distinct) {
                        continue;
                    }
                    for desired in running.saturating_sub(1).max(1)..=(running + 1).min(3) {
                        let tiny = Tiny {
                            instances: instances.clone(),
                            old,
                            new,
                            desired,
                            percent,
                            feature,
                        };
                        let (ends, dead) = tiny.search();
                        let verdict = tiny.world().verdict();
                        let want = match (ends, dead) {
                            (false, _) => "blocked",
                            (true, false) => "fits",
                            // It depends on what ECS picks.
                            (true, true) => "unknown",
                        };
                        assert_eq!(verdict.as_str(), want, "{tiny:?}");
                        worlds += 1;
                        unknown += u32::from(verdict.is_unknown());
                    }
                }
            }
        }
    }
    println!("{worlds} worlds, {unknown} unknown");
    assert!(
        worlds > 40_000 && unknown * 100 < worlds,
        "{worlds} worlds, {unknown} unknown"
    );
}

/// What is hidden from the forecast must never let it contradict the truth.
#[test]
fn what_is_not_known_never_leads_to_a_wrong_verdict() {
    type Hide = fn(&mut World);
    let hides: [(&str, Hide); 6] = [
        ("resources", |world| world.instances[0].remaining.cpu = None),
        ("registered too", |world| {
            world.instances[0].remaining.memory = None;
            world.instances[0].registered.memory = None;
        }),
        ("a task", |world| drop(world.tasks.pop())),
        ("the old revision", |world| {
            world
                .tasks
                .iter_mut()
                .for_each(|task| task.task_definition = "another".to_owned());
        }),
        ("an instance with a task", |world| {
            let with = world.tasks[0].instance.clone().unwrap_or_default();
            world.instances.retain(|instance| instance.arn != with);
        }),
        ("the type", |world| {
            world
                .instances
                .iter_mut()
                .for_each(|one| one.attributes.clear());
        }),
    ];
    let mut known = 0_u32;
    for instances in clusters().into_iter().filter(|set| set.len() < 3) {
        let running: usize = instances.iter().map(|one| one.1).sum();
        for (percent, feature) in
            [(0, 100), (50, 150), (100, 200)]
                .into_iter()
                .flat_map(|percent| {
                    [Feature::Plain, Feature::Port, Feature::Eni].map(|feature| (percent, feature))
                })
        {
            let crowded = instances.iter().any(|one| one.1 > 1);
            if (crowded && feature == Feature::Port) || running == 0 {
                continue;
            }
            let tiny = Tiny {
                instances: instances.clone(),
                old: 1,
                new: 2,
                desired: running,
                percent,
                feature,
            };
            let (ends, dead) = tiny.search();
            for (hidden, hide) in hides {
                let mut world = tiny.world();
                hide(&mut world);
                let verdict = world.verdict();
                assert!(!ends || !verdict.is_blocked(), "{hidden} hidden: {tiny:?}");
                assert!(!dead || !verdict.is_fit(), "{hidden} hidden: {tiny:?}");
                known += u32::from(!verdict.is_unknown());
            }
        }
    }
    assert!(known > 0);
}

/// More room never hurts.
#[test]
fn room_that_is_added_never_blocks_what_fits() {
    for instances in clusters().into_iter().filter(|set| set.len() < 3) {
        for percent in [(0, 100), (50, 150), (100, 200)] {
            let desired = instances.iter().map(|one| one.1).sum::<usize>().max(1);
            let feature = Feature::Plain;
            let mut tiny = Tiny {
                instances: instances.clone(),
                old: 1,
                new: 2,
                desired,
                percent,
                feature,
            };
            let rank = |verdict: &ForecastVerdict| {
                ["blocked", "unknown", "fits"]
                    .iter()
                    .position(|word| *word == verdict.as_str())
            };
            let before = tiny.world().verdict();
            tiny.instances[0].0 += 1;
            assert!(rank(&before) <= rank(&tiny.world().verdict()), "{tiny:?}");
            tiny.instances.push((2, 0));
            assert!(rank(&before) <= rank(&tiny.world().verdict()), "{tiny:?}");
        }
    }
}
