//! Rollouts in more than one step, and old tasks that move while they last.

use insta::assert_snapshot;

use super::cases::{T4G, check};
use crate::capacity::test_world::{World, instance_type, size};
use crate::capacity::{Fit, ForecastVerdict};
use crate::wording;

#[test]
fn a_rollout_in_waves() {
    let world = World::new(4, 50, 100)
        .of_size(&size(1024, 1024))
        .instance(instance_type("m", 4096, 9000), 4);
    let forecast = world.forecast();
    let ForecastVerdict::Fits(Fit {
        waves, tightest, ..
    }) = &forecast.verdict
    else {
        panic!("{forecast:?}")
    };
    let tightest = tightest.unwrap();
    assert_eq!(
        (*waves, tightest.old, tightest.new, tightest.spare),
        (2, 2, 2, 0)
    );
    assert_snapshot!(wording::headline(&forecast), @"the rollout fits: 4 new tasks in 2 waves");
}

#[test]
fn old_tasks_that_drain_may_take_room_first() {
    let world = |drains: bool| {
        let mut world = World::new(2, 100, 200)
            .of_size(&size(16, 4000))
            .instance(T4G, 1)
            .instance(T4G, 0)
            .instance(T4G, 0);
        world.service.desired = 2;
        if drains {
            "DRAINING".clone_into(&mut world.instances[0].status);
        }
        world
    };
    check(&world(false), "fits");
    // Two slots and two new tasks; but the old one may be started again on one of them.
    check(&world(true), "unknown");
    // Where it can go nowhere, nothing moves.
    let mut nowhere = world(true);
    for instance in &mut nowhere.instances {
        "DRAINING".clone_into(&mut instance.status);
    }
    check(&nowhere, "blocked");
}
