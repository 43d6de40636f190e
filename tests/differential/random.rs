//! Random worlds: forecast, run, compared.

use std::time::Instant;

use plimsoll::capacity::Verdict;

use crate::dice::Dice;
use crate::plan::{Machine, Party, Plan, Pool, Size, State};
use crate::remedy;
use crate::run::hold;
use crate::tally::Tally;

/// Worlds a run, where `PLIMSOLL_WORLDS` doesn't say otherwise.
const WORLDS: u64 = 20_000;
/// The first world's seed, where `PLIMSOLL_SEED` doesn't say otherwise.
const SEED: u64 = 20_261_124;
/// One blocked world in so many has its remedies applied: each is a world of its own.
const REMEDIES_EACH: u64 = 4;
/// One world in so many is looked at under way.
const LOOKS_EACH: u64 = 4;
/// Disagreements that are told; the first ones tell most.
const TOLD: usize = 5;

#[test]
fn random_worlds_end_as_forecast() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |text| text.parse().expect(name))
    };
    let (seed, worlds) = (
        number("PLIMSOLL_SEED", SEED),
        number("PLIMSOLL_WORLDS", WORLDS),
    );
    let begun = Instant::now();
    let threads = std::thread::available_parallelism()
        .map_or(1, |count| count.get() as u64)
        .min(8);
    let parts: Vec<(Tally, Vec<String>)> = std::thread::scope(|scope| {
        let part = |thread: u64| {
            scope.spawn(move || {
                (thread..worlds).step_by(threads as usize).fold(
                    (Tally::default(), Vec::new()),
                    |(mut tally, mut wrong), at| {
                        if let Err(what) = one(seed.wrapping_add(at), &mut tally) {
                            wrong.push(what);
                        }
                        (tally, wrong)
                    },
                )
            })
        };
        let handles: Vec<_> = (0..threads).map(part).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("a thread"))
            .collect()
    });
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for (part, told) in parts {
        tally.add(&part);
        wrong.extend(told);
    }
    if !wrong.is_empty() {
        let count = wrong.len();
        wrong.sort_by_key(String::len);
        wrong.truncate(TOLD);
        panic!(
            "{count} disagreements in {worlds} worlds from seed {seed}:\n\n{}",
            wrong.join("\n\n")
        );
    }
    eprintln!(
        "random, seed {seed}, {:.1} s: {tally}",
        begun.elapsed().as_secs_f64()
    );
    if worlds >= WORLDS {
        // A forecast that never says anything would agree with every world.
        assert!(tally.of("fits") * 5 > tally.worlds, "{tally}");
        assert!(tally.of("blocked") * 10 > tally.worlds, "{tally}");
        assert!(tally.remedies > 100, "{tally}");
    }
}

fn one(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let plan = world(&mut dice);
    let looks: Vec<i64> = if seed.is_multiple_of(LOOKS_EACH) {
        (0..3).map(|_| 1 + dice.below(60) as i64).collect()
    } else {
        Vec::new()
    };
    let told = |what: String| format!("seed {seed}: {what}\n{plan:?}");
    let (forecasts, ran, glances) = hold(&plan, &looks).map_err(told)?;
    tally.count(&forecasts, &ran, &glances);
    if let [forecast] = forecasts.as_slice()
        && forecast.verdict == Verdict::Blocked
        && seed.is_multiple_of(REMEDIES_EACH)
    {
        for remedy in &forecast.remedies {
            remedy::helps(&plan, remedy).map_err(told)?;
            tally.remedies += 1;
        }
    }
    Ok(())
}

pub(crate) fn world(dice: &mut Dice) -> Plan {
    let mut plan = match dice.below(20) {
        0 => return on_fargate(dice),
        1 => return daemon(dice),
        2 | 3 => pooled(dice),
        _ => Plan::default(),
    };
    let kinds: &[&str] = match dice.below(4) {
        0 => &["m5.large", "g4dn.xlarge"],
        1 => &["m5.large", "t4g.large"],
        2 => &["t3.small", "c5.large", "m5.large"],
        _ => &["m5.large"],
    };
    let odd = dice.one_in(3);
    let roomy = dice.one_in(2);
    for _ in 0..usize::from(roomy) + dice.below(5) {
        let machine = machine(dice, kinds, odd);
        plan.machines.push(machine);
    }
    if plan.machines.is_empty() && plan.pools.is_empty() {
        plan.machines.push(Machine::default());
    }
    for name in ["cache", "queue"].into_iter().take(dice.below(3)) {
        let old = size(dice, (kinds, roomy));
        // What stays has all that it asks for, on instances that stay.
        plan.others.push(Party {
            name,
            desired: dice.below(4) as u32,
            old: old.clone(),
            new: old,
            ..Party::default()
        });
    }
    let several = if dice.one_in(6) { 2 + dice.below(2) } else { 1 };
    for name in ["api", "web", "jobs"].into_iter().take(several) {
        let party = party(dice, (name, kinds, roomy), &plan);
        plan.deployed.push(party);
    }
    steady(&mut plan);
    plan
}

/// Other services neither want tasks that they don't have nor lose any while the rollout runs:
/// nothing else is to interfere.
fn steady(plan: &mut Plan) {
    let states: Vec<State> = plan.machines.iter().map(|one| one.state).collect();
    for machine in &mut plan.machines {
        machine.state = State::Open;
    }
    let world = plan.build();
    for other in &mut plan.others {
        let running = world
            .tasks()
            .iter()
            .filter(|task| task.service == other.name)
            .count();
        other.desired = running as u32;
    }
    let hosts: Vec<bool> = world
        .instances()
        .iter()
        .map(|one| {
            world.tasks().iter().any(|task| {
                task.instance.as_ref() == Some(&one.id)
                    && plan.others.iter().any(|other| other.name == task.service)
            })
        })
        .collect();
    let offset = hosts.len() - states.len();
    for (at, (machine, state)) in plan.machines.iter_mut().zip(states).enumerate() {
        machine.state = if state == State::Draining && hosts[offset + at] {
            State::Lost
        } else {
            state
        };
    }
}

fn machine(dice: &mut Dice, kinds: &[&'static str], odd: bool) -> Machine {
    Machine {
        kind: dice.pick(kinds),
        size: (0, 0),
        zone: dice.pick(&["eu-west-1a", "eu-west-1a", "eu-west-1b"]),
        tier: (odd && dice.one_in(2)).then(|| dice.pick(&["gold", "iron"])),
        provider: None,
        state: match dice.below(18) {
            0 => State::Draining,
            1 => State::Lost,
            _ => State::Open,
        },
    }
}

fn size(dice: &mut Dice, (kinds, roomy): (&[&str], bool)) -> Size {
    let (cpu, memory): (&[i64], &[i64]) = match roomy {
        true => (&[0, 64, 128, 256], &[128, 256, 512, 900]),
        false => (
            &[0, 128, 256, 512, 700, 1024, 1100, 2048],
            &[256, 512, 900, 1500, 1900, 3000, 3800, 4000, 7700],
        ),
    };
    Size {
        cpu: dice.pick(cpu),
        memory: dice.pick(memory),
        tcp: dice.one_in(6).then(|| dice.pick(&[80, 80, 8125, 8125, 22])),
        udp: dice.one_in(9).then(|| dice.pick(&[8125, 514])),
        awsvpc: false,
        gpus: u32::from(kinds.contains(&"g4dn.xlarge") && dice.one_in(3)),
        architecture: (kinds.contains(&"t4g.large") && dice.one_in(2))
            .then(|| dice.pick(&["X86_64", "ARM64"])),
        tier: dice.one_in(20).then_some("gold"),
        checked: !dice.one_in(4),
    }
}

fn party(
    dice: &mut Dice,
    (name, kinds, roomy): (&'static str, &[&str], bool),
    plan: &Plan,
) -> Party {
    let awsvpc = dice.one_in(6);
    let bare = |mut size: Size| {
        if awsvpc {
            (size.awsvpc, size.tcp, size.udp) = (true, None, None);
        }
        size
    };
    let old = bare(size(dice, (kinds, roomy)));
    let mut new = if dice.one_in(3) {
        bare(size(dice, (kinds, roomy)))
    } else {
        old.clone()
    };
    if dice.one_in(6) {
        new.memory = old.memory + dice.pick(&[-200, 100, 700]);
    }
    new.memory = new.memory.max(4);
    let rebalancing = dice.one_in(8);
    let mut percentages = if dice.one_in(30) {
        (100, 100)
    } else {
        dice.pick(&[
            (100, 200),
            (100, 200),
            (50, 200),
            (0, 100),
            (50, 100),
            (50, 150),
            (100, 150),
            (66, 133),
            (75, 125),
            (0, 200),
            (100, 125),
            (34, 101),
        ])
    };
    if rebalancing && percentages.1 <= 100 {
        percentages.1 = 150;
    }
    let pools: Vec<&'static str> = plan.pools.iter().map(|pool| pool.name).collect();
    let providers = match pools.len() {
        0 => Vec::new(),
        1 => vec![(pools[0], 1, 0)],
        _ => match dice.below(3) {
            0 => vec![(pools[0], 1, 0)],
            1 => vec![(pools[0], 1, 0), (pools[1], 1, 0)],
            _ => vec![(pools[0], 0, 1), (pools[1], 3, 0)],
        },
    };
    Party {
        name,
        desired: dice.pick(&[0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12]),
        percentages,
        old,
        new,
        distinct: dice.one_in(10),
        tier: dice.one_in(20).then(|| dice.pick(&["gold", "iron"])),
        providers,
        balanced: dice.one_in(5),
        rebalancing,
        strategy: dice.pick(&[
            None,
            None,
            None,
            Some(("binpack", "memory")),
            Some(("binpack", "cpu")),
            Some(("spread", "attribute:ecs.availability-zone")),
            Some(("random", "")),
        ]),
        daemon: false,
        fargate: false,
    }
}

fn pooled(dice: &mut Dice) -> Plan {
    let mut pools = Vec::new();
    for name in ["workers", "spot"].into_iter().take(1 + dice.below(2)) {
        let desired = dice.below(3) as u32;
        pools.push(Pool {
            name,
            managed: dice.one_in(2),
            kind: dice.pick(&["m5.large", "c5.large"]),
            desired,
            max: desired + dice.below(3) as u32,
        });
    }
    Plan {
        pools,
        ..Plan::default()
    }
}

fn daemon(dice: &mut Dice) -> Plan {
    let kinds = &["m5.large", "c5.large"];
    let mut plan = Plan::default();
    for _ in 0..1 + dice.below(4) {
        let machine = machine(dice, kinds, false);
        plan.machines.push(machine);
    }
    let roomy = dice.one_in(2);
    let old = size(dice, (kinds, roomy));
    plan.others.push(Party {
        name: "cache",
        desired: dice.below(4) as u32,
        old: old.clone(),
        new: old,
        ..Party::default()
    });
    let mut party = party(dice, ("api", kinds, roomy), &plan);
    (
        party.daemon,
        party.distinct,
        party.rebalancing,
        party.strategy,
        party.desired,
    ) = (true, false, false, None, 0);
    party.percentages = (dice.pick(&[0, 50, 100]), 100);
    plan.deployed.push(party);
    steady(&mut plan);
    plan
}

fn on_fargate(dice: &mut Dice) -> Plan {
    let size = |dice: &mut Dice| {
        let (cpu, memory) = dice.pick(&[(256, 512), (512, 1024), (1024, 2048), (2048, 4096)]);
        Size {
            cpu,
            memory,
            awsvpc: true,
            checked: true,
            ..Size::default()
        }
    };
    let old = size(dice);
    let new = if dice.one_in(2) {
        old.clone()
    } else {
        size(dice)
    };
    let percentages = dice.pick(&[
        (100, 200),
        (50, 200),
        (0, 100),
        (50, 100),
        (100, 100),
        (100, 150),
    ]);
    let party = Party {
        desired: 1 + dice.below(5) as u32,
        percentages,
        old,
        new,
        fargate: true,
        ..Party::default()
    };
    Plan {
        deployed: vec![party],
        quota: Some(dice.pick(&[1024, 2048, 4096, 8192, 16384])),
        ..Plan::default()
    }
}
