//! Capacity, quotas and the deployment's own percentages.

use plimsoll::snapshot::{StrategyItem, TaskStatus};

use crate::world::World;

#[test]
fn fargate_capacity() {
    let spot = StrategyItem {
        provider: "FARGATE_SPOT".to_owned(),
        weight: 1,
        base: 0,
    };
    let world = World::new()
        .reason("Capacity is unavailable at this time. Please try again later or in a different availability zone")
        .with(|world| world.service.capacity_providers = vec![spot]);
    insta::assert_snapshot!(world.told(), @r"
    fargate-capacity: AWS has no Fargate Spot capacity for the task at this time
    | event 4m 50s ago: (service api) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.
    > add subnets in other Availability Zones (now `subnet-1`, `subnet-2`)
    > add `FARGATE` to the capacity provider strategy: Spot doesn't fall back to it
    > wait: ECS goes on trying by itself
    ");
}

#[test]
fn quota() {
    let world = World::new()
        .reason("You\u{2019}ve reached the limit on the number of vCPUs you can run concurrently");
    insta::assert_snapshot!(world.told(), @r"
    quota: the account's quota of vCPUs that Fargate may run at the same time is used up
    | event 4m 50s ago: (service api) was unable to place a task. Reason: You’ve reached the limit on the number of vCPUs you can run concurrently.
    > ask Service Quotas for a higher quota: L-3032A538 (Fargate On-Demand) or L-36FBB829 (Spot)
    > stop what isn't needed in this account and region
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    ");
}

#[test]
fn subnet_addresses() {
    let world = World::new().stopped(
        1,
        "TaskFailedToStart",
        "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
    );
    insta::assert_snapshot!(world.told(), @r"
    subnet-addresses: subnet `subnet-1` has no free address for the task's network interface
    | task `000000000000000000000000000000a0`: Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet
    > give the service more or larger subnets (`networkConfiguration.awsvpcConfiguration.subnets`)
    > free addresses there: stop tasks, delete network interfaces that nothing uses
    ");
}

#[test]
fn provisioning_limit() {
    let world = World::new().event(
        6,
        "was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.",
    );
    insta::assert_snapshot!(world.told(), @r"
    provisioning-limit: the cluster `web` has as many tasks in PROVISIONING as ECS allows (500)
    | event 4m 54s ago: (service api) was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.
    > find the services whose tasks wait for capacity, and give them instances or fewer tasks
    > ask Service Quotas for a higher quota: L-B7718569
    ");
}

#[test]
fn capacity_provider() {
    let activity = "Launching a new EC2 instance. Status Reason: There is no Spot capacity available that matches your request.";
    let world = World::new().group(2, 4, Some(activity)).with(|world| {
        let task = world.task(TaskStatus::Provisioning);
        world.tasks.push(task);
    });
    insta::assert_snapshot!(world.told(), @r"
    capacity-provider: 1 task waits for an instance, the first for 5m, and the Auto Scaling group fails to launch one
    | Auto Scaling group `web-asg`: 2 of at most 4 instances
    | scaling activity of `web-asg`: Launching a new EC2 instance. Status Reason: There is no Spot capacity available that matches your request.
    > add an instance to the Auto Scaling group `web-asg` (now 2 of at most 4)
    ");
}

#[test]
fn capacity_provider_of_managed_instances() {
    let world = World::new().reason(
        "ResourceInitializationError: Unable to launch instance(s) for capacity provider mi. \
         UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration",
    );
    insta::assert_snapshot!(world.told(), @r"
    capacity-provider: EC2 gives the capacity provider `mi` no instance
    | event 4m 50s ago: (service api) was unable to place a task. Reason: ResourceInitializationError: Unable to launch instance(s) for capacity provider mi. UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration.
    > widen the provider's instance requirements (types, vCPU, memory, zones): nothing meets them now
    ");
}

#[test]
fn deployment_configuration() {
    let world = World::new().with(|world| {
        world.service.configuration.maximum_percent = 125;
        world.service.az_rebalancing = true;
    });
    insta::assert_snapshot!(world.told(), @r"
    deployment-configuration: the percentages 100/125 leave no room to roll 3 tasks: at least 3 must run, at most 3 may
    | desired 3, running 3, of which 0 of this deployment; `minimumHealthyPercent` 100, `maximumPercent` 125
    > set `maximumPercent` to 134 or more (now 125); it needs room for one more task
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > keep `maximumPercent` above 100 while AZ rebalancing is on: ECS refuses anything else
    ");
}
