//! Native blue/green, linear and canary deployments: a whole second set starts before the old
//! tasks stop.

use super::decision::{Decision, Fit, HowItFits, Obstacle, Tightest};
use super::doubts::doubt;
use super::rolling::{provable, wanted};
use super::subnet_addresses::too_few;
use crate::capacity::facts::deployment_bounds::Bounds;
use crate::capacity::fit::scaling::growth;
use crate::capacity::fit::service_placement::ServicePlacement;

/// The verdict on a second set.
pub(in crate::capacity) fn second_set(
    placement: &ServicePlacement<'_, '_>,
    bounds: Bounds,
) -> Decision {
    let strategy = || placement.deploy.service.configuration.strategy.clone();
    let grows = growth(
        placement.index,
        placement.deploy.service,
        placement.deploy.needs,
    );
    let doubt = doubt(placement, &grows);
    let wanted = wanted(placement, &bounds);
    let best = placement.best_now();
    if provable(placement, &grows) && best < wanted {
        let obstacle = Obstacle::SecondSet {
            strategy: strategy(),
            wanted,
            room: best,
        };
        let mut decision = Decision::blocked(bounds, obstacle);
        decision.stopped = vec![0; placement.hosts.len()];
        return decision;
    }
    if let Some(decision) = too_few(placement, bounds) {
        return decision;
    }
    let worst = |provider: usize| {
        let own = placement
            .hosts
            .iter()
            .filter(|host| host.provider == Some(provider));
        own.fold(placement.elsewhere_worst[provider], |sum, host| {
            sum + host.worst[0]
        })
    };
    if doubt.sure
        && (0..placement.elsewhere_worst.len())
            .all(|provider| worst(provider) >= wanted + placement.loss)
    {
        let tightest = Tightest {
            old: placement.old,
            new: bounds.desired,
            spare: (best - wanted).max(0),
        };
        let fit = Fit {
            how: HowItFits::SecondSet {
                tasks: wanted,
                strategy: strategy(),
            },
            waves: 1,
            tightest: Some(tightest),
        };
        return Decision::fits(bounds, fit);
    }
    Decision::unknown(bounds, doubt.uncertainties)
}
