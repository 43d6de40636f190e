//! Percentages that would let a blocked rolling update finish.

use serde_json::json;

use super::checked::checked;
use crate::capacity::facts::deployment_bounds::{Bounds, Percentages};
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::prove::decide::decide_within;
use crate::capacity::prove::decision::Decision;
use crate::cause::Remedy;
use crate::snapshot::Scheduling;

/// The first pair that works, from the one that costs least.
pub(in crate::capacity) fn offer(
    placement: &ServicePlacement<'_, '_>,
    decision: &Decision,
) -> Option<Remedy> {
    let bounds = decision.bounds;
    let service = placement.deploy.service;
    let mut pairs = candidates(&bounds, service.az_rebalancing);
    // ECS takes no other maximum than 100 for a DAEMON service.
    pairs.retain(|pair| service.scheduling == Scheduling::Replica || pair.maximum == 100);
    pairs
        .into_iter()
        .find(|pair| decide_within(placement, *pair).verdict.is_fit())
        .map(|pair| {
            // ECS refuses a maximum of 100 % or less while it may rebalance zones.
            let switch = service.az_rebalancing && pair.maximum <= 100;
            describe(pair, &bounds, switch)
        })
}

/// Pairs of percentages, those that keep all tasks running first.
fn candidates(bounds: &Bounds, az_rebalancing: bool) -> Vec<Percentages> {
    let pair = |minimum, maximum| Percentages { minimum, maximum };
    let (minimum, maximum) = (bounds.minimum_percent, bounds.maximum_percent);
    let mut pairs = Vec::new();
    if maximum < 200 {
        pairs.push(pair(minimum, 200));
    }
    // One task fewer, then half of them.
    let desired = bounds.desired.max(1);
    for fewer in [(desired - 1) * 100 / desired, 50] {
        if fewer > 0 && fewer < minimum {
            pairs.push(pair(fewer, maximum));
            pairs.push(pair(fewer, 200));
        }
    }
    if az_rebalancing {
        pairs.push(pair(0, maximum.max(101)));
        pairs.push(pair(0, 200));
    }
    pairs.push(pair(0, 100));
    pairs.push(pair(0, 200));
    pairs.retain(|one| {
        *one != pair(minimum, maximum) && (!az_rebalancing || one.maximum > 100 || one.minimum == 0)
    });
    pairs
}

fn describe(pair: Percentages, before: &Bounds, switch: bool) -> Remedy {
    let Percentages { minimum, maximum } = pair;
    let mut change = json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
    let mut text = match (before.minimum_percent, before.maximum_percent) {
        (now, same) if same == maximum => {
            format!("set `minimumHealthyPercent` to {minimum} (now {now})")
        }
        (same, now) if same == minimum => format!("set `maximumPercent` to {maximum} (now {now})"),
        (now, too) => format!(
            "set `minimumHealthyPercent` to {minimum} and `maximumPercent` to {maximum} (now {now} and {too})"
        ),
    };
    if switch {
        change["availabilityZoneRebalancing"] = json!("DISABLED");
        text.push_str(
            " and `availabilityZoneRebalancing` to DISABLED, which a maximum of 100 asks for",
        );
    }
    let after = Bounds::within(before.desired, pair);
    let cost = if after.lower == 0 {
        "the service is down from the stop of the old tasks until the new ones are healthy"
            .to_owned()
    } else if after.lower < before.lower {
        format!(
            "as few as {} of {} tasks serve during a rollout",
            after.lower, after.desired
        )
    } else {
        format!("up to {} tasks run at once during a rollout", after.upper)
    };
    checked(text, change, Some(cost))
}
