//! The named cases: what a person meets, and what the forecast says of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::Value;

use crate::capacity::test_world::{InstanceType, World, instance_type, size};
use crate::capacity::{Source, TaskNeeds, Unread};
use crate::snapshot::{
    CapacityProvider, Constraint, Health, ScalingGroup, Scheduling, StrategyItem, TaskStatus,
};
use crate::wording;

const M5: InstanceType<'static> = instance_type("m5.2xlarge", 8192, 31744);
pub(in crate::capacity) const T4G: InstanceType<'static> = instance_type("t4g.large", 2048, 7813);

/// The forecast in few lines: verdict and headline, reasons, blockers, remedies.
fn told(world: &World) -> String {
    let forecast = world.forecast();
    let headline = wording::headline(&forecast);
    let mut text = format!("{}: {headline}\n", forecast.verdict.as_str());
    for reason in wording::reasons(&forecast) {
        let _ = writeln!(text, "- {reason}");
    }
    for blocker in &forecast.blockers {
        let _ = writeln!(
            text,
            "{} {}: {}",
            blocker.instance,
            blocker.kind.as_str(),
            wording::blocker(blocker)
        );
    }
    for remedy in &forecast.remedies {
        assert!(remedy.checked, "{remedy:?}");
        let _ = writeln!(text, "> {} {}", remedy.text, remedy.change);
    }
    text
}

pub(in crate::capacity) fn check(world: &World, want: &str) {
    assert_eq!(world.forecast().verdict.as_str(), want, "{}", told(world));
}

fn real() -> TaskNeeds {
    let document: Value =
        serde_json::from_str(include_str!("../../../../tests/data/task-definition.json")).unwrap();
    let mut needs = TaskNeeds::of(&document);
    // The instances of these worlds name few attributes.
    needs
        .attributes
        .retain(|required| required.name == "ecs.cpu-architecture");
    needs
}

#[test]
fn the_real_task_definition_on_one_instance() {
    let world = World::new(1, 100, 200).of_size(&real()).instance(M5, 1);
    assert_snapshot!(told(&world), @r#"
    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    i1 cpu: 6144 CPU units needed, 2048 free, 4096 short
    i1 memory: 16384 MiB needed, 15360 free, 1024 short
    > set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200) {"minimumHealthyPercent":0,"maximumPercent":100}
    > give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384 {"cpu":2048,"memory":15360}
    > add 1 more instance of type m5.2xlarge to the cluster {"addInstances":1,"instanceType":"m5.2xlarge"}
    "#);
}

#[test]
fn a_copy_that_is_larger_than_what_is_left() {
    let world = World::new(1, 100, 200)
        .of_size(&size(0, 4096))
        .instance(T4G, 1);
    assert_snapshot!(told(&world), @r#"
    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    i1 memory: 4096 MiB needed, 3717 free, 379 short
    > set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200) {"minimumHealthyPercent":0,"maximumPercent":100}
    > give the task 3717 MiB instead of 4096 {"memory":3717}
    > add 1 more instance of type t4g.large to the cluster {"addInstances":1,"instanceType":"t4g.large"}
    "#);
}

#[test]
fn enough_in_sum_but_on_no_instance() {
    let mut world = World::new(1, 100, 200)
        .of_size(&size(256, 1024))
        .instance(instance_type("m", 2048, 1500), 1);
    world = world
        .instance(instance_type("m", 2048, 900), 0)
        .instance(instance_type("m", 2048, 900), 0);
    assert_snapshot!(told(&world), @r#"
    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    i2 memory: 1024 MiB needed, 900 free, 124 short
    i3 memory: 1024 MiB needed, 900 free, 124 short
    i1 memory: 1024 MiB needed, 476 free, 548 short
    > set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200) {"minimumHealthyPercent":0,"maximumPercent":100}
    > give the task 900 MiB instead of 1024 {"memory":900}
    > add 1 more instance of type m to the cluster {"addInstances":1,"instanceType":"m"}
    "#);
}

#[test]
fn a_fixed_port_held_by_the_old_task() {
    let mut needs = size(256, 512);
    needs.tcp_ports = BTreeSet::from([80]);
    let mut world = World::new(1, 100, 200).of_size(&needs).instance(M5, 1);
    assert_snapshot!(told(&world), @r#"
    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    i1 port: host port 80/tcp is taken
    > set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200) {"minimumHealthyPercent":0,"maximumPercent":100}
    > add 1 more instance of type m5.2xlarge to the cluster {"addInstances":1,"instanceType":"m5.2xlarge"}
    "#);
    world.service.configuration.minimum_healthy_percent = 0;
    world.service.configuration.maximum_percent = 100;
    check(&world, "fits");
    // Held by another service's task, no stop of ours frees it.
    world.old_needs.tcp_ports.clear();
    check(&world, "blocked");
}

#[test]
fn slots_for_network_interfaces() {
    let needs = TaskNeeds {
        enis: 1,
        ..size(256, 512)
    };
    let kind = instance_type("m5.large", 2048, 7800);
    let mut world = World::new(2, 100, 200).of_size(&needs).instance(kind, 2);
    assert_snapshot!(told(&world), @r#"
    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
    - at least 2 healthy (2 × 100 % rounded up), at most 4 running or pending (2 × 200 % rounded down)
    i1 eni: 1 network interface needed, 0 free, 1 short
    > set `minimumHealthyPercent` to 50 (now 100) {"minimumHealthyPercent":50,"maximumPercent":200}
    > add 1 more instance of type m5.large to the cluster {"addInstances":1,"instanceType":"m5.large"}
    "#);
    world.instances[0]
        .attributes
        .insert("ecs.awsvpc-trunk-id".to_owned(), None);
    check(&world, "fits");
    // A type that no table knows proves nothing.
    let unknown = World::new(2, 100, 200)
        .of_size(&needs)
        .instance(instance_type("x99.large", 2048, 7800), 2);
    check(&unknown, "unknown");
    // Tasks that the instance counts and nobody described may hold interfaces.
    let mut unseen = World::new(1, 100, 200).of_size(&needs).instance(kind, 1);
    check(&unseen, "fits");
    unseen.instances[0].running_tasks += 1;
    check(&unseen, "unknown");
}

#[test]
fn another_architecture() {
    let mut world = World::new(1, 100, 200)
        .of_size(&real())
        .instance(instance_type("m5.4xlarge", 16384, 63000), 1);
    check(&world, "fits");
    world.needs.attributes[0].value = Some("arm64".to_owned());
    assert_snapshot!(told(&world), @"
    blocked: the rollout can't finish: no instance can take a new task, even with every old one gone
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    i1 attribute: attribute `ecs.cpu-architecture=arm64` asked for, `x86_64` there
    ");
    world.needs.attributes[0].certain = false;
    check(&world, "unknown");
}

#[test]
fn agents_and_draining() {
    let mut world = World::new(1, 100, 200)
        .of_size(&size(256, 512))
        .instance(M5, 1);
    world.instances[0].agent_connected = false;
    check(&world, "unknown");
    world.agents_lost = BTreeSet::from([world.instances[0].arn.clone()]);
    assert_snapshot!(told(&world), @r#"
    blocked: the rollout can't finish: no instance can take a new task, even with every old one gone
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    i1 agent: the agent is not connected
    > bring back the ECS agent of the container instance `i1` (i-0i1) (there, on Amazon Linux: `sudo systemctl restart ecs`) {"containerInstance":"i1","agentConnected":true}
    > add 1 more instance of type m5.2xlarge to the cluster {"addInstances":1,"instanceType":"m5.2xlarge"}
    "#);
    world.instances[0].agent_connected = true;
    world.agents_lost.clear();
    world.instances[0].status = "DRAINING".to_owned();
    assert_snapshot!(told(&world), @r#"
    blocked: the rollout can't finish: no instance can take a new task, even with every old one gone
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    i1 no-instances: the instance is DRAINING, not ACTIVE
    > set the container instance `i1` (i-0i1) back from DRAINING to ACTIVE (`aws ecs update-container-instances-state --status ACTIVE`) {"containerInstance":"i1","status":"ACTIVE"}
    > add 1 more instance of type m5.2xlarge to the cluster {"addInstances":1,"instanceType":"m5.2xlarge"}
    "#);
}

#[test]
fn percentages_that_forbid_themselves() {
    let with = |desired: u32, minimum: u32, maximum: u32| {
        World::new(desired, minimum, maximum)
            .of_size(&size(16, 16))
            .instance(M5, desired)
    };
    check(&with(4, 100, 100), "blocked");
    check(&with(1, 100, 150), "blocked");
    check(&with(1, 50, 150), "blocked");
    check(&with(1, 0, 100), "fits");
    check(&with(4, 100, 125), "fits");
    check(&with(0, 100, 100), "fits");
    assert_snapshot!(told(&with(3, 100, 125)), @r#"
    blocked: the rollout can't finish: with 100/125 and 3 wanted, ECS may neither stop an old task (at least 3 must run) nor start a new one (at most 3 may run)
    - at least 3 healthy (3 × 100 % rounded up), at most 3 running or pending (3 × 125 % rounded down)
    > set `maximumPercent` to 200 (now 125) {"minimumHealthyPercent":100,"maximumPercent":200}
    "#);
}

fn with_provider(group: Option<ScalingGroup>) -> World {
    let mut world = World::new(1, 100, 200)
        .of_size(&size(1024, 6000))
        .instance(T4G, 1);
    world.service.capacity_providers = vec![StrategyItem {
        provider: "pool".to_owned(),
        weight: 1,
        base: 0,
    }];
    world.instances[0].capacity_provider = Some("pool".to_owned());
    world.providers = vec![CapacityProvider {
        name: "pool".to_owned(),
        status: "ACTIVE".to_owned(),
        kind: "EC2_AUTOSCALING".to_owned(),
        managed_scaling: true,
        group_name: Some("pool-group".to_owned()),
        group,
    }];
    world
}

fn group(desired: u32, max: u32, kind: &str) -> ScalingGroup {
    let instance_types = vec![kind.to_owned()];
    ScalingGroup {
        name: "pool-group".to_owned(),
        max,
        desired,
        instance_types,
        ..ScalingGroup::default()
    }
}

#[test]
fn capacity_providers() {
    check(&with_provider(None), "unknown");
    check(&with_provider(Some(group(1, 2, "t4g.large"))), "unknown");
    // One instance of two is still on its way.
    check(&with_provider(Some(group(2, 2, "t4g.large"))), "unknown");
    assert_snapshot!(told(&with_provider(Some(group(1, 1, "t4g.large")))), @r#"
    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    - the Auto Scaling group `pool-group` of the capacity provider `pool` is at its maximum: 1 of 1 instances
    i1 memory: 6000 MiB needed, 1813 free, 4187 short
    > set `minimumHealthyPercent` to 0 and `maximumPercent` to 100 (now 100 and 200) {"minimumHealthyPercent":0,"maximumPercent":100}
    > give the task 1813 MiB instead of 6000 {"memory":1813}
    > raise the maximum of the Auto Scaling group `pool-group` (capacity provider `pool`) from 1 to 2 {"autoScalingGroup":"pool-group","maxSize":2}
    "#);
    let mut small = with_provider(Some(group(1, 2, "t4g.large")));
    small.needs.memory = 8000;
    assert_snapshot!(told(&small), @"
    blocked: the rollout can't finish: no instance can take a new task, even with every old one gone
    - at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    - the capacity provider `pool` doesn't scale for this task: it is larger (1024 CPU units, 8000 MiB) than the group's smallest instance type, `t4g.large` (2048 CPU units, 7813 MiB)
    i1 memory: 8000 MiB needed, 1813 free, 6187 short
    ");
    // No managed scaling, and an instance of another provider.
    let mut other = with_provider(None).instance(M5, 0);
    other.providers[0].managed_scaling = false;
    check(&other, "blocked");
    other.instances[1].capacity_provider = Some("pool".to_owned());
    check(&other, "fits");
}

#[test]
fn what_can_not_be_read_is_unknown() {
    let mut world = World::new(1, 100, 200).of_size(&size(256, 512));
    world.service.running = 1;
    check(&world, "unknown");
    world.unread = vec![Unread {
        what: Source::Instances,
        action: Some("ecs:ListContainerInstances".to_owned()),
        why: String::new(),
    }];
    assert_snapshot!(told(&world), @"
    unknown: whether the rollout fits can't be known: the container instances can't be read: `ecs:ListContainerInstances` is not allowed
    - the container instances can't be read: `ecs:ListContainerInstances` is not allowed
    ");
    // The percentages alone are proof enough.
    world.service.configuration.maximum_percent = 100;
    check(&world, "blocked");
    // Resources that are missing, and an old task that nobody described.
    let mut missing = World::new(1, 100, 200)
        .of_size(&size(256, 40000))
        .instance(M5, 1);
    check(&missing, "blocked");
    missing.instances[0].remaining.memory = None;
    missing.instances[0].registered.memory = None;
    check(&missing, "unknown");
    let mut changing = World::new(1, 100, 200)
        .of_size(&size(256, 40000))
        .instance(M5, 1);
    changing.tasks.clear();
    check(&changing, "unknown");
}

#[test]
fn constraints() {
    let mut world = World::new(1, 100, 200)
        .of_size(&size(16, 16))
        .instance(M5, 1);
    world.service.constraints = vec![Constraint::DistinctInstance];
    check(&world, "blocked");
    world.service.constraints = vec![Constraint::MemberOf("attribute:tier == web".to_owned())];
    check(&world, "unknown");
    world.member_of = Some(BTreeSet::new());
    check(&world, "blocked");
    world.member_of = Some(BTreeSet::from([world.instances[0].arn.clone()]));
    check(&world, "fits");
    // What moves with the tasks is not known for later.
    world.service.constraints = vec![Constraint::MemberOf("task:group == service:db".to_owned())];
    check(&world, "unknown");
}

#[test]
fn zones_of_the_subnets() {
    let needs = TaskNeeds {
        enis: 1,
        ..size(16, 16)
    };
    let mut world = World::new(1, 100, 200)
        .of_size(&needs)
        .instance(instance_type("m5.large", 2048, 7800), 1);
    world.zones = Some(BTreeSet::from(["eu-west-1a".to_owned()]));
    check(&world, "unknown");
    let zone = |zone: &str| ("ecs.availability-zone".to_owned(), Some(zone.to_owned()));
    world.instances[0].attributes.extend([zone("eu-west-1b")]);
    check(&world, "blocked");
    world.instances[0].attributes.extend([zone("eu-west-1a")]);
    check(&world, "fits");
}

#[test]
fn tasks_of_others_that_were_not_read() {
    let mut world = World::new(1, 100, 200)
        .of_size(&size(16, 16))
        .instance(instance_type("m5.large", 2048, 7800), 1);
    // They may hold more network interfaces than the instance has, which a task without one
    // doesn't mind.
    world.instances[0].running_tasks += 5;
    check(&world, "fits");
    world.needs.enis = 1;
    check(&world, "unknown");
}

#[test]
fn daemons_and_second_sets() {
    let mut daemon = World::new(2, 0, 100)
        .of_size(&size(16, 6000))
        .instance(T4G, 1)
        .instance(T4G, 1);
    daemon.service.scheduling = Scheduling::Daemon;
    check(&daemon, "fits");
    daemon.needs.memory = 8000;
    check(&daemon, "blocked");
    // Nothing may start next to what runs, and nothing may stop.
    daemon.needs.memory = 6000;
    daemon.service.configuration.minimum_healthy_percent = 100;
    assert_snapshot!(told(&daemon), @r#"
    blocked: the rollout can't finish: with 100/100 and 2 wanted, ECS may neither stop an old task (at least 2 must run) nor start a new one (at most 2 may run)
    - at least 2 healthy (2 × 100 % rounded up), at most 2 running or pending (2 × 100 % rounded down)
    > set `minimumHealthyPercent` to 50 (now 100) {"minimumHealthyPercent":50,"maximumPercent":100}
    "#);
    // That holds for any number of instances; half of them may only be too few.
    daemon.instances[0].agent_connected = false;
    check(&daemon, "blocked");
    daemon.service.configuration.minimum_healthy_percent = 51;
    check(&daemon, "unknown");
    daemon.instances[0].agent_connected = true;
    check(&daemon, "blocked");
    daemon.service.configuration.minimum_healthy_percent = 50;
    check(&daemon, "fits");
    // A task that is to leave its draining instance lets another one stop.
    let mut drains = daemon.clone();
    drains.service.configuration.minimum_healthy_percent = 100;
    check(&drains, "blocked");
    "DRAINING".clone_into(&mut drains.instances[0].status);
    check(&drains, "unknown");
    // One whose agent is lost is still to run its task.
    let mut cut_off = daemon.clone();
    cut_off.instances[0].agent_connected = false;
    cut_off.agents_lost.insert(cut_off.instances[0].arn.clone());
    check(&cut_off, "unknown");
    let mut green = World::new(2, 0, 100)
        .of_size(&size(16, 3000))
        .instance(T4G, 2);
    check(&green, "fits");
    green.service.configuration.strategy = "BLUE_GREEN".to_owned();
    check(&green, "blocked");
    let green = green.instance(T4G, 0);
    check(&green, "fits");
}

#[test]
fn old_tasks_that_are_not_steady() {
    // The old task is unhealthy: ECS may stop it, and then there is room.
    let mut world = World::new(1, 100, 200)
        .of_size(&size(16, 6000))
        .instance(T4G, 1);
    check(&world, "blocked");
    world.tasks[0].health = Health::Unhealthy;
    check(&world, "unknown");
    // A stopping one has given back what it held, save its port and its network interface.
    world.tasks[0].last_status = TaskStatus::Stopping;
    world.instances[0].remaining.memory = Some(7813);
    world.service.running = 0;
    check(&world, "fits");
    // Scale-in protection may hold a rollout up that fits.
    let mut held = World::new(1, 100, 200)
        .of_size(&size(16, 16))
        .instance(M5, 1);
    held.tasks[0].protected = true;
    check(&held, "unknown");
}
