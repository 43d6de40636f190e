//! How many places for tasks the services of one run may take from each other.

use super::cluster_index::ClusterIndex;
use super::held::SiblingHoldings;
use super::sibling::SiblingService;
use crate::capacity::facts::input::Deploy;
use crate::capacity::facts::known::Known;
use crate::capacity::facts::needs::{Gpus, TaskNeeds};
use crate::snapshot::Constraint;

/// How many slots of a service the others may take at most, in a moment in which nothing can
/// move any more; `allowed` says where the service's tasks may go.
///
/// There are two bounds, and the smaller one holds. Each new task takes a slot, or more where it
/// is larger. And in such a moment a rolling update has no more tasks than it wants, so that each
/// new one stands for an old one that has gone, and that one gave slots back.
pub(in crate::capacity) fn loss(
    index: &ClusterIndex<'_>,
    deploy: &Deploy<'_>,
    allowed: &[Known],
) -> i64 {
    let others = index.others(&deploy.service.name);
    let most = match deploy.needs.has_ports() {
        // With a fixed port an instance has one slot.
        true => 1,
        false => i64::from(deploy.service.desired).max(1),
    };
    let counts = Counts::of(index, deploy, allowed);
    let (mut taken, mut in_exchange) = (0_i64, 0_i64);
    for sibling in others {
        let each = slots_taken(sibling.needs, deploy.needs);
        let new = (sibling.desired - sibling.placed).max(0);
        taken = taken.saturating_add(each.min(most).saturating_mul(new));
        in_exchange = in_exchange.saturating_add(exchange(sibling, deploy.needs, &counts, each));
    }
    taken.min(in_exchange)
}

/// Where the room that an old task gives back counts as slots of the service.
enum Counts {
    Nowhere,
    Everywhere,
    /// For each room.
    At(Vec<bool>),
}

impl Counts {
    fn of(index: &ClusterIndex<'_>, deploy: &Deploy<'_>, allowed: &[Known]) -> Counts {
        let own = deploy.needs;
        let simple = !own.has_ports()
            && own.gpus != Gpus::All
            && !deploy
                .service
                .constraints
                .contains(&Constraint::DistinctInstance)
            && deploy.service.capacity_providers.len() <= 1;
        if !simple || index.siblings.len() < 2 {
            return Counts::Nowhere;
        }
        // Where the service may go, and nothing is overbooked.
        let rooms = index.rooms.iter().zip(allowed);
        let counts = rooms.map(|(room, allowed)| {
            *allowed == Known::Yes && room.cpu.least >= 0 && room.memory.least >= 0
        });
        let counts: Vec<bool> = counts.collect();
        match counts.contains(&false) {
            true => Counts::At(counts),
            false => Counts::Everywhere,
        }
    }

    fn all(&self, rooms: &[usize]) -> bool {
        match self {
            Counts::Nowhere => false,
            Counts::Everywhere => true,
            Counts::At(counts) => rooms.iter().all(|at| counts[*at]),
        }
    }
}

fn exchange(sibling: &SiblingService<'_>, own: &TaskNeeds, counts: &Counts, each: i64) -> i64 {
    let new = (sibling.desired - sibling.placed).max(0);
    let Some(gives) = sibling.gives else {
        return each.saturating_mul(new);
    };
    let back = match counts.all(&sibling.rooms) {
        true => slots_given(gives, own),
        false => 0,
    };
    let old = i64::try_from(sibling.rooms.len()).unwrap_or(i64::MAX);
    // With `gone` old tasks gone, so many new ones may have come; the sum is greatest at an end
    // or where the first of them comes.
    let sum = |gone: i64| {
        let come = (new - old + gone).clamp(0, new);
        each.saturating_mul(come)
            .saturating_sub(back.saturating_mul(gone))
    };
    let first = (old - new).clamp(0, old);
    sum(0).max(sum(first)).max(sum(old)).max(0)
}

/// How many slots one new task of another service takes at most.
pub(in crate::capacity) fn slots_taken(sibling: &TaskNeeds, own: &TaskNeeds) -> i64 {
    let ratio = |other: i64, own: i64| if own > 0 { (other + own - 1) / own } else { 0 };
    let gpus = match (sibling.gpus, own.gpus) {
        (Gpus::Count(0), _) | (_, Gpus::Count(0)) => 0,
        (Gpus::Count(other), Gpus::Count(own)) => ratio(other.into(), own.into()),
        // All GPUs of an instance: as many as it may have.
        _ => i64::from(u16::MAX),
    };
    let ports = !sibling.tcp_ports.is_disjoint(&own.tcp_ports)
        || !sibling.udp_ports.is_disjoint(&own.udp_ports);
    let ratios = [
        ratio(sibling.cpu, own.cpu),
        ratio(sibling.memory, own.memory),
        ratio(sibling.enis.into(), own.enis.into()),
        gpus,
        i64::from(ports),
    ];
    ratios.into_iter().max().unwrap_or(0).max(0)
}

/// How many slots one old task of another service gives back at least.
fn slots_given(gives: SiblingHoldings, own: &TaskNeeds) -> i64 {
    let gpus = match own.gpus {
        Gpus::Count(count) => i64::from(count),
        Gpus::All => return 0,
    };
    let pairs = [
        (gives.cpu, own.cpu),
        (gives.memory, own.memory),
        (gives.enis, i64::from(own.enis)),
        (gives.gpus, gpus),
    ];
    let given = pairs
        .into_iter()
        .filter(|(_, own)| *own > 0)
        .map(|(back, own)| back / own);
    given.min().unwrap_or(0).max(0)
}
