//! ECS's own order: start as many as the upper bound and the room let, then stop as many as the
//! lower bound lets, on the instance with the most old tasks first.
//!
//! Only for saying how a rollout that fits will go; the proof does not rest on it.

use std::collections::BinaryHeap;

use super::decision::Tightest;
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::fit::service_placement::ServicePlacement;

/// How many waves of starts it takes, and the tightest moment.
pub(in crate::capacity) fn walk(
    placement: &ServicePlacement<'_, '_>,
    bounds: &Bounds,
) -> (u32, Option<Tightest>) {
    let mut stopped: Vec<usize> = vec![0; placement.hosts.len()];
    let fullest = |at: usize, stopped: &[usize]| (placement.hosts[at].old.len() - stopped[at], at);
    let mut heap: BinaryHeap<(usize, usize)> = (0..placement.hosts.len())
        .map(|at| fullest(at, &stopped))
        .collect();
    let (desired, upper, lower) = (
        i64::from(bounds.desired),
        i64::from(bounds.upper),
        i64::from(bounds.lower),
    );
    let (mut old, mut new) = (i64::from(placement.old), i64::from(placement.new));
    let mut slots = placement.best_now();
    let (mut waves, mut tightest): (u32, Option<Tightest>) = (0, None);
    // Each round starts or stops at least one task, so there are at most this many.
    for _ in 0..=(old + desired) {
        let starts = (upper - old - new).min(desired - new).min(slots).max(0);
        new += starts;
        slots -= starts;
        waves += u32::from(starts > 0);
        if starts > 0 && tightest.is_none_or(|tightest| slots < tightest.spare) {
            let count = |number: i64| u32::try_from(number).unwrap_or(0);
            tightest = Some(Tightest {
                old: count(old),
                new: count(new),
                spare: slots,
            });
        }
        let stops = old.min(old + new - lower).max(0);
        for _ in 0..stops {
            let Some((left, at)) = heap.pop().filter(|(left, _)| *left > 0) else {
                break;
            };
            let before = placement.hosts[at].best[stopped[at]];
            stopped[at] += 1;
            slots += placement.hosts[at].best[stopped[at]] - before;
            heap.push((left - 1, at));
        }
        old -= stops;
        if starts == 0 && stops == 0 {
            break;
        }
    }
    (waves, tightest)
}
