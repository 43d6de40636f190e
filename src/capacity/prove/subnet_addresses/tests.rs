use std::collections::{BTreeMap, BTreeSet};

use crate::capacity::test_world::{World, instance_type, size};
use crate::capacity::{Addresses, TaskNeeds};
use crate::cause::CauseKind;
use crate::snapshot::TaskStatus;

const A: &str = "eu-west-1a";

/// `old` tasks with interfaces on an instance with room for six, and these free addresses.
fn world(percentages: (u32, u32), old: u32, subnets: &[(&str, Option<i64>)]) -> World {
    let needs = TaskNeeds {
        enis: 1,
        ..size(16, 16)
    };
    let mut world = World::new(old, percentages.0, percentages.1)
        .of_size(&needs)
        .instance(instance_type("m5.4xlarge", 16384, 63488), old);
    let zone = ("ecs.availability-zone".to_owned(), Some(A.to_owned()));
    world.instances[0].attributes.extend([zone]);
    world.zones = Some(BTreeSet::from([A.to_owned(), "eu-west-1b".to_owned()]));
    world.addresses = by_zone(subnets);
    world
}

fn by_zone(subnets: &[(&str, Option<i64>)]) -> Option<BTreeMap<String, Addresses>> {
    let owned = subnets
        .iter()
        .map(|(zone, free)| ((*zone).to_owned(), *free));
    Addresses::by_zone(owned)
}

fn check(world: &World, want: &str) {
    let forecast = world.forecast();
    assert_eq!(
        forecast.verdict.as_str(),
        want,
        "{}",
        crate::wording::headline(&forecast)
    );
}

#[test]
fn subnets_are_summed_up_by_zone() {
    let zones = by_zone(&[(A, Some(7)), ("eu-west-1b", Some(2)), (A, Some(3))]).unwrap();
    assert_eq!(zones[A], Addresses { all: 10, fewest: 3 });
    assert_eq!(zones["eu-west-1b"], Addresses { all: 2, fewest: 2 });
    // An IPv6-only subnet counts none and needs none: there may be as many as you like.
    assert_eq!(by_zone(&[(A, Some(7)), (A, None)]), None);
}

#[test]
fn a_zone_without_instances_helps_nobody() {
    let b = ("eu-west-1b", Some(250));
    let blocked = world((100, 200), 2, &[(A, Some(0)), b]);
    insta::assert_snapshot!(crate::wording::headline(&blocked.forecast()), @"the rollout can't finish: the service's subnets in eu-west-1a have 0 addresses free, and each new task takes one");
    assert_eq!(blocked.forecast().kind, Some(CauseKind::SubnetAddresses));
    assert!(blocked.forecast().blockers.is_empty() && blocked.forecast().remedies.is_empty());
    check(&world((100, 200), 2, &[(A, Some(2)), b]), "fits");
    // Enough in all, but not in the subnet that ECS may choose.
    check(
        &world((100, 200), 2, &[(A, Some(9)), (A, Some(1))]),
        "unknown",
    );
    // Each stop gives one back, some time later.
    check(&world((50, 100), 2, &[(A, Some(0))]), "unknown");
    // What isn't known is enough.
    check(&world((100, 200), 2, &[(A, None)]), "fits");
}

#[test]
fn what_a_stopping_task_holds_comes_back() {
    let mut world = world((100, 200), 2, &[(A, Some(0))]);
    check(&world, "blocked");
    let stopping = world.add_task("api");
    stopping.last_status = TaskStatus::Deprovisioning;
    "STOPPED".clone_into(&mut stopping.desired_status);
    world.service.running = 2;
    check(&world, "unknown");
}

#[test]
fn an_old_task_that_gets_steady_lets_another_one_stop() {
    // Two new ones fit in place of the old one; the other old one, elsewhere, is starting.
    let mut world = World::new(2, 50, 100)
        .of_size(&size(16, 4000))
        .instance(instance_type("m5.large", 2048, 4000), 1)
        .instance(instance_type("m5.large", 2048, 4000), 1);
    world.needs = size(16, 2000);
    let second = ("tier".to_owned(), None);
    world.instances[0].attributes.extend([second]);
    world.needs.attributes = vec![crate::capacity::RequiredAttribute {
        name: "tier".to_owned(),
        value: None,
        certain: true,
    }];
    world.tasks[1].last_status = TaskStatus::Pending;
    world.service.running = 1;
    check(&world, "unknown");
}
