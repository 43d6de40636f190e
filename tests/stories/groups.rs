//! The forecast where ECS scales an Auto Scaling group: what is said of one that can't help.

use plimsoll_sim::ProviderSpec;

use crate::door::{Story, Told};
use crate::setting::{grouped, redeploy, story_of};

/// One task of 1536 units on the one m5.large of a group that may have `max` instances.
fn scaled(max: u32, types: &[&str]) -> Story {
    let types: Vec<String> = types.iter().map(|&name| name.to_owned()).collect();
    redeploy(move |world| {
        let group = ProviderSpec {
            max,
            types,
            ..ProviderSpec::default()
        };
        grouped(world, group);
    })
}

fn report(told: &Told) -> String {
    assert_eq!(told.outcome(), "blocked", "{}", told.log);
    assert_eq!(told.calls("RegisterTaskDefinition"), 0);
    story_of(told).replace("  0:00  ", "")
}

#[tokio::test(start_paused = true)]
async fn a_group_at_its_maximum() {
    let told = scaled(1, &[]).deploy().await;
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      the Auto Scaling group `workers` of the capacity provider `workers` is at its maximum: 1 of 1 instances
      each new task needs 1536 CPU units, 4096 MiB
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large       512      3668         2         0  1536 CPU units needed, 512 free, 1024 short; 4096 MiB needed, 3668 free, 428 short
      would help: set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
      would help: give the task 512 CPU units instead of 1536 and 3668 MiB instead of 4096; cost: each task then has less to work with
      would help: raise the maximum of the Auto Scaling group `workers` (capacity provider `workers`) from 1 to 2; cost: the price of that instance while it runs

    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 1536 CPU units needed, 512 free, 1024 short)
    the service was not changed
    ");
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_smallest_type_is_too_small() {
    let told = scaled(3, &["t3.small", "m5.large"]).deploy().await;
    insta::assert_snapshot!(report(&told), @"
    forecast: blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      the capacity provider `workers` doesn't scale for this task: it is larger (1536 CPU units, 4096 MiB) than the group's smallest instance type, `t3.small` (2048 CPU units, 2048 MiB)
      each new task needs 1536 CPU units, 4096 MiB
      instance             type      CPU free  MiB free  ENI free  GPU free
      i-0e6984080bab12a02  m5.large       512      3668         2         0  1536 CPU units needed, 512 free, 1024 short; 4096 MiB needed, 3668 free, 428 short
      would help: set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200); cost: the service is down from the stop of the old tasks until the new ones are healthy
      would help: give the task 512 CPU units instead of 1536 and 3668 MiB instead of 4096; cost: each task then has less to work with
      would help: take `t3.small` out of the instance types of the Auto Scaling group `workers` (capacity provider `workers`); cost: the price of that instance while it runs

    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first (i-0e6984080bab12a02: 1536 CPU units needed, 512 free, 1024 short)
    the service was not changed
    ");
}

/// AWS adds kinds of capacity providers. One without an Auto Scaling group may bring instances, so
/// nothing is proven.
#[tokio::test(start_paused = true)]
async fn a_capacity_provider_of_an_unknown_kind_may_grow() {
    let story = scaled(1, &[]).rewrite(
        "DescribeCapacityProviders",
        "\"autoScalingGroupProvider\"",
        "\"providerOfNextYear\"",
    );
    let told = story.deploy().await;
    assert!(told.log.contains("0:00  forecast: unknown"), "{}", told.log);
    assert_eq!(told.calls("UpdateService"), 1);
}
