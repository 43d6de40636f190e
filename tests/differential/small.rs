//! All small worlds: up to three instances of two sizes, up to three tasks of two sizes, before
//! and after, of several shapes; what differs only in the order of the instances is run once.

use std::time::Instant;

use crate::plan::{Machine, Net, Party, Plan, Size};
use crate::run::hold;
use crate::tally::Tally;

const PERCENTAGES: [(u32, u32); 8] = [
    (0, 100),
    (50, 100),
    (100, 100),
    (0, 150),
    (50, 150),
    (100, 150),
    (50, 200),
    (100, 200),
];
/// An instance holds two small tasks and no large one next to them, or a large and a small one.
const INSTANCES: [i64; 2] = [1000, 1500];
const TASKS: [i64; 2] = [500, 1000];

/// One, two or three instances, the smaller ones first.
fn clusters() -> Vec<Vec<i64>> {
    let [small, large] = INSTANCES;
    let mut clusters = Vec::new();
    for count in 1..=3_usize {
        for larger in 0..=count {
            let mut cluster = vec![small; count - larger];
            cluster.extend(vec![large; larger]);
            clusters.push(cluster);
        }
    }
    clusters
}

fn plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for cluster in clusters() {
        for desired in 1..=3 {
            for percentages in PERCENTAGES {
                for (old, new) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    for shape in SHAPES {
                        let party = Party {
                            desired,
                            percentages,
                            old: shape.size(TASKS[old]),
                            new: shape.size(TASKS[new]),
                            distinct: shape.distinct,
                            ..Party::default()
                        };
                        plans.push(shape.plan(&cluster, party));
                    }
                }
            }
        }
    }
    plans
}

/// What else is asked for, and what there is of it.
#[derive(Clone, Copy)]
struct Shape {
    kind: &'static str,
    tcp: Option<u16>,
    awsvpc: bool,
    distinct: bool,
    /// Whether the last instance, where there are several, is in a zone without a subnet.
    apart: bool,
    /// Addresses free in the subnet besides one for each old task.
    spare: i64,
}

const PLAIN: Shape = Shape {
    kind: "t2.micro",
    tcp: None,
    awsvpc: false,
    distinct: false,
    apart: false,
    spare: 250,
};
const INTERFACES: Shape = Shape {
    awsvpc: true,
    ..PLAIN
};
/// An `m5.large` holds two network interfaces of tasks, a `t2.micro` one.
const SHAPES: [Shape; 7] = [
    PLAIN,
    Shape {
        tcp: Some(80),
        ..PLAIN
    },
    Shape {
        distinct: true,
        ..PLAIN
    },
    INTERFACES,
    Shape {
        kind: "m5.large",
        apart: true,
        ..INTERFACES
    },
    Shape {
        kind: "m5.large",
        spare: 0,
        ..INTERFACES
    },
    Shape {
        kind: "m5.large",
        spare: 1,
        ..INTERFACES
    },
];

impl Shape {
    fn size(self, memory: i64) -> Size {
        Size {
            cpu: 10,
            memory,
            tcp: self.tcp,
            awsvpc: self.awsvpc,
            checked: true,
            ..Size::default()
        }
    }

    fn plan(self, cluster: &[i64], party: Party) -> Plan {
        let last = cluster.len() - 1;
        let machine = |(at, memory): (usize, &i64)| Machine {
            kind: self.kind,
            size: (1024, *memory),
            zone: match self.apart && at == last && last > 0 {
                true => "eu-west-1b",
                false => "eu-west-1a",
            },
            ..Machine::default()
        };
        Plan {
            machines: cluster.iter().enumerate().map(machine).collect(),
            subnets: vec![Net {
                id: "subnet-0aaa",
                zone: "eu-west-1a",
                free: i64::from(party.desired) + self.spare,
            }],
            deployed: vec![party],
            ..Plan::default()
        }
    }
}

#[test]
fn all_small_worlds_end_as_forecast() {
    let begun = Instant::now();
    let plans = plans();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let part = |plans: &[Plan]| {
        let mut tally = Tally::default();
        for plan in plans {
            match hold(plan, &[9]) {
                Ok((forecasts, ran, glances)) => tally.count(&forecasts, &ran, &glances),
                Err(wrong) => panic!("{wrong}\n{plan:?}"),
            }
        }
        tally
    };
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let handles: Vec<_> = plans
            .chunks(plans.len().div_ceil(threads))
            .map(|plans| scope.spawn(|| part(plans)))
            .collect();
        for handle in handles {
            tally.add(&handle.join().expect("all agree"));
        }
    });
    eprintln!(
        "all small worlds, {:.1} s: {tally}",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(tally.worlds, plans.len());
}
