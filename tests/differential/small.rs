//! All small worlds: up to three instances of two sizes, up to three tasks of two sizes, before
//! and after; what differs only in the order of the instances is run once.

use std::time::Instant;

use crate::plan::{Machine, Party, Plan, Size};
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
/// An instance holds two small tasks and no large one beside them, or a large and a small one.
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
                    for (tcp, awsvpc, distinct) in [
                        (None, false, false),
                        (Some(80), false, false),
                        (None, true, false),
                        (None, false, true),
                    ] {
                        let size = |at: usize| Size {
                            cpu: 10,
                            memory: TASKS[at],
                            tcp,
                            awsvpc,
                            checked: true,
                            ..Size::default()
                        };
                        plans.push(Plan {
                            machines: cluster
                                .iter()
                                .map(|memory| Machine {
                                    kind: "t2.micro",
                                    size: (1024, *memory),
                                    ..Machine::default()
                                })
                                .collect(),
                            deployed: vec![Party {
                                desired,
                                percentages,
                                old: size(old),
                                new: size(new),
                                distinct,
                                ..Party::default()
                            }],
                            ..Plan::default()
                        });
                    }
                }
            }
        }
    }
    plans
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
