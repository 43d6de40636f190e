use serde_json::json;

use crate::capacity::test_world::{InstanceType, World, instance_type, size};

fn check(world: &World, want: &[serde_json::Value]) {
    let forecast = world.forecast();
    let got: Vec<_> = forecast
        .remedies
        .iter()
        .map(|remedy| remedy.change.clone())
        .collect();
    assert_eq!(got, want, "{}", crate::wording::headline(&forecast));
    assert!(forecast.remedies.iter().all(|remedy| remedy.checked));
}

const KIND: InstanceType<'static> = instance_type("m5.large", 2048, 7800);

#[test]
fn each_kind_of_remedy() {
    let one_more = json!({"addInstances": 1, "instanceType": "m5.large"});
    // A fixed port, in the bridge mode: the port itself is the smallest change after the percentages.
    let mut port = World::new(1, 100, 200);
    port.needs = size(16, 16);
    port.needs.tcp_ports.insert(80);
    port.needs.network_mode = "bridge".to_owned();
    port.old_needs = port.needs.clone();
    let mut port = port.instance(KIND, 1);
    let none_down = json!({"minimumHealthyPercent": 0, "maximumPercent": 100});
    check(
        &port,
        &[none_down.clone(), json!({"hostPort": 0}), one_more.clone()],
    );
    // On the host's own network there is no dynamic port.
    port.needs.network_mode = "host".to_owned();
    check(&port, &[none_down, one_more.clone()]);
    // More tasks than there is room for, whatever the order.
    let many = World::new(3, 0, 100)
        .of_size(&size(16, 4000))
        .instance(KIND, 1);
    check(
        &many,
        &[json!({"addInstances": 2, "instanceType": "m5.large"})],
    );
}

#[test]
fn a_maximum_of_100_never_stands_beside_az_rebalancing() {
    let mut world = World::new(1, 100, 150)
        .of_size(&size(16, 16))
        .instance(KIND, 1);
    world.service.az_rebalancing = true;
    check(
        &world,
        &[json!({"minimumHealthyPercent": 100, "maximumPercent": 200})],
    );
    let mut full = World::new(1, 100, 200)
        .of_size(&size(2048, 16))
        .instance(KIND, 1);
    full.service.az_rebalancing = true;
    let change = &full.forecast().remedies[0].change;
    assert_eq!(
        *change,
        json!({"minimumHealthyPercent": 0, "maximumPercent": 200})
    );
}

#[test]
fn the_pair_that_keeps_most_tasks_running() {
    let kind = instance_type("m5.large", 3 * 512, 7800);
    let world = World::new(3, 100, 200)
        .of_size(&size(512, 16))
        .instance(kind, 3);
    let remedy = &world.forecast().remedies[0];
    assert_eq!(
        remedy.change,
        json!({"minimumHealthyPercent": 66, "maximumPercent": 200})
    );
    assert_eq!(
        remedy.cost.as_deref(),
        Some("as few as 2 of 3 tasks serve during a rollout")
    );
}
