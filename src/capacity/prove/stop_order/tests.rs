use std::collections::BTreeSet;

use super::Stops;

/// Every reachable state, by brute force: whether some order ends, and whether one can't go on.
fn reference(stops: &Stops) -> (bool, bool) {
    let mut open = vec![vec![0; stops.chains.len()]];
    let mut seen = BTreeSet::new();
    let (mut ends, mut dead) = (false, false);
    while let Some(state) = open.pop() {
        if !seen.insert(state.clone()) {
            continue;
        }
        let taken = |at: usize| -> i64 { stops.chains[at][..state[at]].iter().sum() };
        let margin = stops.margin + (0..state.len()).map(taken).sum::<i64>();
        let next: Vec<usize> = (0..state.len())
            .filter(|at| state[*at] < stops.chains[*at].len())
            .collect();
        if next.is_empty() {
            ends = true;
        } else if margin < 0 {
            dead = true;
        } else {
            for at in next {
                let mut after = state.clone();
                after[at] += 1;
                open.push(after);
            }
        }
    }
    (ends, dead)
}

/// All chains of gains up to a length.
fn chains(length: usize) -> Vec<Vec<i64>> {
    let mut all = vec![vec![]];
    for at in 0..length {
        let longer: Vec<Vec<i64>> = all
            .iter()
            .filter(|chain| chain.len() == at)
            .flat_map(|chain| (-1..=2).map(move |gain| [chain.as_slice(), &[gain]].concat()))
            .collect();
        all.extend(longer);
    }
    all
}

fn check(stops: &Stops) {
    let (ends, dead) = reference(stops);
    assert_eq!(stops.some_order_ends(), ends, "some order of {stops:?}");
    assert_eq!(stops.every_order_ends(), !dead, "every order of {stops:?}");
    let whole: usize = stops.chains.iter().map(Vec::len).sum();
    if !ends {
        assert!(
            stops.furthest().iter().sum::<usize>() < whole,
            "furthest of {stops:?}"
        );
    }
}

#[test]
fn every_small_set_of_chains_agrees_with_brute_force() {
    let (long, short, tiny) = (chains(4), chains(2), chains(1));
    for margin in -1..=3 {
        for one in &long {
            for two in &tiny {
                check(&Stops {
                    margin,
                    chains: vec![one.clone(), two.clone()],
                });
            }
        }
        for one in &short {
            for two in &short {
                for three in &tiny {
                    check(&Stops {
                        margin,
                        chains: vec![one.clone(), two.clone(), three.clone()],
                    });
                }
            }
        }
    }
}
