//! Random worlds, each made from its dice alone.

use plimsoll_sim::Status;

use crate::dice::Dice;
use crate::plan::{Machine, Net, Party, Plan, Pool, Size, State};

/// Addresses of a subnet that never runs out.
const AMPLE: i64 = 250;

pub(crate) fn world(dice: &mut Dice) -> Plan {
    let mut plan = match dice.below(20) {
        0 | 4 => return on_fargate(dice),
        1 => return daemon(dice),
        2 | 3 => pooled(dice),
        _ => Plan {
            subnets: subnets(),
            ..Plan::default()
        },
    };
    let kinds: &[&str] = match dice.below(5) {
        0 => &["m5.large", "g4dn.xlarge"],
        1 => &["m5.large", "t4g.large"],
        2 => &["t3.small", "c5.large", "m5.large"],
        // These hold more than two network interfaces of tasks.
        3 => &["m5.4xlarge", "m5.xlarge"],
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
        let mut old = size(dice, (kinds, roomy));
        if dice.one_in(6) {
            (old.awsvpc, old.tcp, old.udp) = (true, None, None);
        }
        // What stays has all that it asks for, on instances that stay.
        plan.others.push(Party {
            name,
            desired: dice.below(4) as u32,
            old: old.clone(),
            new: old,
            subnets: vec!["subnet-0e", "subnet-0f"],
            ..Party::default()
        });
    }
    let several = if dice.one_in(6) { 2 + dice.below(2) } else { 1 };
    for name in ["api", "web", "jobs"].into_iter().take(several) {
        let party = party(dice, (name, kinds, roomy), &plan);
        plan.deployed.push(party);
    }
    steady(&mut plan);
    tighten(dice, &mut plan);
    plan
}

/// Subnets in two zones, and two that only the services have which stay.
fn subnets() -> Vec<Net> {
    let net = |(id, zone)| Net {
        id,
        zone,
        free: AMPLE,
    };
    let all = [
        ("subnet-0a", "eu-west-1a"),
        ("subnet-0b", "eu-west-1b"),
        ("subnet-0d", "eu-west-1a"),
        ("subnet-0e", "eu-west-1a"),
        ("subnet-0f", "eu-west-1b"),
    ];
    all.map(net).to_vec()
}

fn some_subnets(dice: &mut Dice) -> Vec<&'static str> {
    let (a, b, d) = ("subnet-0a", "subnet-0b", "subnet-0d");
    dice.pick(&[
        vec![a],
        vec![a],
        vec![b],
        vec![a, b],
        vec![a, b],
        vec![a, d],
        vec![a, b, d],
    ])
}

/// Leaves few addresses in some subnets, mostly besides those that the old tasks have.
fn tighten(dice: &mut Dice, plan: &mut Plan) {
    let world = plan.build();
    for (net, now) in plan.subnets.iter_mut().zip(&world.subnets).take(3) {
        if dice.one_in(2) {
            continue;
        }
        let held = if dice.one_in(6) { 0 } else { AMPLE - now.free };
        net.free = held + dice.pick(&[0, 0, 1, 1, 2, 3, 5, 9]);
    }
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
            .filter(|task| task.service == other.name && task.status == Status::Running)
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
        zone: dice.pick(&["eu-west-1a", "eu-west-1a", "eu-west-1b", "eu-west-1c"]),
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
    let awsvpc = dice.one_in(if kinds.contains(&"m5.4xlarge") { 2 } else { 5 });
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
        subnets: some_subnets(dice),
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
        subnets: subnets(),
        ..Plan::default()
    }
}

fn daemon(dice: &mut Dice) -> Plan {
    let kinds = &["m5.large", "c5.large"];
    let mut plan = Plan {
        subnets: subnets(),
        ..Plan::default()
    };
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
    tighten(dice, &mut plan);
    plan
}

fn on_fargate(dice: &mut Dice) -> Plan {
    let several = if dice.one_in(3) { 2 } else { 1 };
    let names = ["api", "web"].into_iter().take(several);
    let mut plan = Plan {
        deployed: names.map(|name| fargate_party(dice, name)).collect(),
        quota: Some(dice.pick(&[1024, 2048, 4096, 8192, 16384])),
        subnets: subnets(),
        ..Plan::default()
    };
    tighten(dice, &mut plan);
    plan
}

fn fargate_party(dice: &mut Dice, name: &'static str) -> Party {
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
    Party {
        name,
        desired: 1 + dice.below(5) as u32,
        percentages,
        old,
        new,
        fargate: true,
        subnets: some_subnets(dice),
        ..Party::default()
    }
}
