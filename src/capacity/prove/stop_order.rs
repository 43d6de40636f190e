//! Whether stops can be put in an order that reaches the end.
//!
//! All new tasks of a rollout are alike, so where one is placed takes nothing away from the
//! number that fits in the end, and starting one is never a mistake. What matters is the order
//! in which old tasks stop. With `K` old tasks left and room for `F` new ones next to them, one
//! more may stop exactly while `K + F` is above the lower bound. That surplus is the *margin*:
//! each stop takes one from it and gives back the new tasks that then fit on that instance.
//! An instance is thus a *chain* of gains to be taken from the front, and the question is a
//! scheduling problem with a known exact answer (chains under a cumulative cost): first the
//! stretches that don't lose, cheapest first; then the rest, looked at from the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The stops of one rollout, instance by instance.
#[derive(Clone, Debug, Default)]
pub(in crate::capacity) struct Stops {
    /// Old and new tasks that can run at the same time now, less the lower bound, less one.
    /// A stop is allowed at zero and above.
    pub margin: i64,
    /// For each instance with old tasks: what each stop in turn adds to the margin (−1 or more).
    pub chains: Vec<Vec<i64>>,
}

/// A stretch of one chain that doesn't lose: what it needs, what it brings, how long it is.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    needs: i64,
    brings: i64,
    length: usize,
}

impl Stops {
    /// Whether there is an order in which every old task stops.
    pub(in crate::capacity) fn some_order_ends(&self) -> bool {
        let (margin, taken) = self.take_gains();
        let total: i64 = self
            .chains
            .iter()
            .zip(&taken)
            .map(|(chain, from)| sum(&chain[*from..]))
            .sum();
        let rest: Vec<&[i64]> = self
            .chains
            .iter()
            .zip(&taken)
            .map(|(chain, from)| &chain[*from..])
            .collect();
        if rest.iter().all(|chain| chain.is_empty()) {
            return true;
        }
        // A stretch that would gain but can't be afforded now never can be.
        if rest.iter().any(|chain| forward(chain).is_some()) {
            return false;
        }
        ends_from_behind(margin + total, &rest)
    }

    /// Whether every order that the bounds allow ends with all old tasks stopped.
    pub(in crate::capacity) fn every_order_ends(&self) -> bool {
        let mut lowest = self.margin;
        // The state in which all have stopped is the end and asks for nothing: at least one
        // chain must stay unfinished at the lowest point.
        let mut detour = i64::MAX;
        for chain in self.chains.iter().filter(|chain| !chain.is_empty()) {
            let (before_last, all) = lowest_prefixes(chain);
            lowest += before_last.min(all);
            detour = detour.min((before_last - all).max(0));
        }
        detour == i64::MAX || lowest + detour >= 0
    }

    /// How many tasks of each chain have stopped when a best order can go no further.
    pub(in crate::capacity) fn furthest(&self) -> Vec<usize> {
        let (mut margin, mut taken) = self.take_gains();
        for (chain, from) in self.chains.iter().zip(&mut taken) {
            while margin >= 0 && *from < chain.len() {
                margin += chain[*from];
                *from += 1;
            }
        }
        taken
    }

    /// Takes all stretches that don't lose, the cheapest first: the margin then, and how far
    /// each chain went.
    fn take_gains(&self) -> (i64, Vec<usize>) {
        let mut margin = self.margin;
        let mut taken = vec![0; self.chains.len()];
        let mut open: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
        for (at, chain) in self.chains.iter().enumerate() {
            open.extend(forward(chain).map(|stretch| Reverse((stretch.needs, at))));
        }
        while let Some(Reverse((needs, at))) = open.pop() {
            if needs > margin {
                break;
            }
            let chain = &self.chains[at];
            if let Some(stretch) = forward(&chain[taken[at]..]) {
                margin += stretch.brings;
                taken[at] += stretch.length;
            }
            open.extend(forward(&chain[taken[at]..]).map(|next| Reverse((next.needs, at))));
        }
        (margin, taken)
    }
}

/// The shortest stretch from the front that doesn't lose.
fn forward(chain: &[i64]) -> Option<Stretch> {
    let (mut brings, mut needs) = (0, 0);
    for (at, gain) in chain.iter().enumerate() {
        // Before each stop the margin must not be below zero.
        needs = needs.max(-brings);
        brings += gain;
        if brings >= 0 {
            return Some(Stretch {
                needs,
                brings,
                length: at + 1,
            });
        }
    }
    None
}

/// The same looked at from the end, where stops are taken back one by one: every state but the
/// last one must have a margin of zero or more.
fn backward(chain: &[i64]) -> Option<Stretch> {
    let (mut brings, mut needs) = (0_i64, i64::MIN);
    for (at, gain) in chain.iter().rev().enumerate() {
        brings -= gain;
        needs = needs.max(-brings);
        if brings >= 0 {
            return Some(Stretch {
                needs,
                brings,
                length: at + 1,
            });
        }
    }
    None
}

fn ends_from_behind(mut margin: i64, chains: &[&[i64]]) -> bool {
    let mut left: Vec<usize> = chains.iter().map(|chain| chain.len()).collect();
    let mut open: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
    for (at, chain) in chains.iter().enumerate() {
        open.extend(backward(chain).map(|stretch| Reverse((stretch.needs, at))));
    }
    while let Some(Reverse((needs, at))) = open.pop() {
        if needs > margin {
            return false;
        }
        if let Some(stretch) = backward(&chains[at][..left[at]]) {
            margin += stretch.brings;
            left[at] -= stretch.length;
        }
        open.extend(backward(&chains[at][..left[at]]).map(|next| Reverse((next.needs, at))));
    }
    left.iter().all(|left| *left == 0)
}

/// The lowest sum of the chain's beginnings, without and with the whole chain.
fn lowest_prefixes(chain: &[i64]) -> (i64, i64) {
    let (mut at, mut before_last) = (0, 0);
    for gain in chain {
        before_last = before_last.min(at);
        at += gain;
    }
    (before_last, at)
}

fn sum(gains: &[i64]) -> i64 {
    gains.iter().sum()
}

#[cfg(test)]
mod tests;
