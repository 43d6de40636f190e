//! Worlds on which the forecast and the stand-in once disagreed, each with the side that was wrong.

use plimsoll::capacity::Forecast;
use plimsoll::wording;

use crate::plan::{Machine, Net, Party, Plan, Pool, Size, State};
use crate::remedy;
use crate::run::hold;

/// A task with a health check.
fn size(cpu: i64, memory: i64) -> Size {
    Size {
        cpu,
        memory,
        checked: true,
        ..Size::default()
    }
}

fn party(desired: u32, percentages: (u32, u32), both: &Size) -> Party {
    Party {
        desired,
        percentages,
        old: both.clone(),
        new: both.clone(),
        ..Party::default()
    }
}

fn closed(state: State) -> Machine {
    Machine {
        state,
        ..Machine::default()
    }
}

/// Looked at each second, forecast and world agree; the forecast's word.
fn check(plan: &Plan, word: &str) -> Forecast {
    let looks: Vec<i64> = (1..60).collect();
    let (mut forecasts, ..) =
        hold(plan, &looks).unwrap_or_else(|wrong| panic!("{wrong}\n{plan:#?}"));
    let forecast = forecasts.remove(0);
    assert_eq!(
        forecast.verdict.as_str(),
        word,
        "{}",
        wording::headline(&forecast)
    );
    forecast
}

/// The movement was wrong: a task on Fargate never has an instance, so that new tasks which ran
/// were wanted once more, and the rollout was called stuck within the quota.
#[test]
fn new_tasks_on_fargate_hold_their_part_of_the_quota() {
    for (desired, percentages, quota) in [
        (1, (50, 200), 1024),
        (4, (50, 200), 2048),
        (3, (50, 100), 4096),
    ] {
        let fargate = Party {
            fargate: true,
            ..party(
                desired,
                percentages,
                &Size {
                    awsvpc: true,
                    ..size(512, 1024)
                },
            )
        };
        check(
            &Plan {
                deployed: vec![fargate],
                quota: Some(quota),
                ..Plan::default()
            },
            "unknown",
        );
    }
}

/// The forecast was wrong: it fitted on none of the daemon's instances, because all agents were
/// lost. ECS goes by the status of an instance, and waits.
#[test]
fn a_daemon_waits_for_instances_cut_off() {
    let daemon = Party {
        daemon: true,
        ..party(0, (50, 100), &size(700, 3000))
    };
    check(
        &Plan {
            machines: vec![closed(State::Lost); 2],
            deployed: vec![daemon],
            ..Plan::default()
        },
        "unknown",
    );
}

/// The forecast was wrong: a daemon's task on a draining instance is one more than is wanted, and
/// lets another one stop, even with 100/100.
#[test]
fn a_daemons_task_that_leaves_lets_another_stop() {
    for percentages in [(100, 100), (50, 100)] {
        let daemon = Party {
            daemon: true,
            ..party(0, percentages, &size(512, 256))
        };
        let machines = vec![closed(State::Draining), closed(State::Open)];
        check(
            &Plan {
                machines,
                deployed: vec![daemon],
                ..Plan::default()
            },
            "unknown",
        );
    }
}

/// The remedy was wrong: of four more instances one went to an old task, which ECS moved off the
/// draining instance in its old revision, before it started the new ones.
#[test]
fn an_old_task_that_moves_takes_room_that_is_added() {
    let plan = Plan {
        machines: vec![closed(State::Draining)],
        deployed: vec![party(4, (100, 150), &size(2048, 512))],
        ..Plan::default()
    };
    for remedy in check(&plan, "blocked").remedies {
        remedy::helps(&plan, &remedy).unwrap();
    }
}

/// The remedy said too little: an instance of the type that is in the cluster but not in the
/// group of the service's capacity provider takes no task.
#[test]
fn instances_are_added_where_the_service_may_use_them() {
    let plan = Plan {
        machines: vec![Machine {
            kind: "c5.large",
            ..Machine::default()
        }],
        pools: vec![Pool {
            name: "workers",
            managed: false,
            kind: "c5.large",
            desired: 1,
            max: 1,
        }],
        deployed: vec![Party {
            providers: vec![("workers", 1, 0)],
            ..party(2, (100, 200), &size(512, 1500))
        }],
        ..Plan::default()
    };
    let remedies = check(&plan, "blocked").remedies;
    assert!(
        remedies
            .iter()
            .any(|one| one.change["capacityProvider"] == "workers"),
        "{remedies:?}"
    );
    for remedy in remedies {
        remedy::helps(&plan, &remedy).unwrap();
    }
}

/// A task with a network interface of its own, and a subnet with so many addresses.
fn interface() -> Size {
    Size {
        awsvpc: true,
        ..size(256, 512)
    }
}

fn subnet(id: &'static str, zone: &'static str, free: i64) -> Net {
    Net { id, zone, free }
}

/// The stand-in was wrong: it placed tasks on instances in zones without a subnet of theirs.
#[test]
fn a_task_stays_in_the_zones_of_its_subnets() {
    let machine = |zone| Machine {
        kind: "t2.micro",
        zone,
        ..Machine::default()
    };
    let plan = |subnets: Vec<&'static str>| Plan {
        machines: vec![machine("eu-west-1a"), machine("eu-west-1b")],
        deployed: vec![Party {
            subnets,
            ..party(1, (100, 200), &interface())
        }],
        subnets: vec![
            subnet("subnet-0a", "eu-west-1a", 9),
            subnet("subnet-0b", "eu-west-1b", 9),
        ],
        ..Plan::default()
    };
    // Each instance holds one such task.
    check(&plan(vec!["subnet-0a"]), "blocked");
    check(&plan(vec!["subnet-0a", "subnet-0b"]), "fits");
}

/// The forecast was wrong: it knew nothing of addresses on instances, and a rollout fitted that
/// could start no task.
#[test]
fn tasks_on_instances_take_addresses() {
    let plan = |free, percentages| Plan {
        machines: vec![Machine::default(); 3],
        deployed: vec![Party {
            subnets: vec!["subnet-0a"],
            ..party(2, percentages, &interface())
        }],
        subnets: vec![subnet("subnet-0a", "eu-west-1a", free)],
        ..Plan::default()
    };
    check(&plan(2, (100, 200)), "blocked");
    check(&plan(4, (100, 200)), "fits");
    // One at a time would do, and each may be tried before an address has come back.
    check(&plan(3, (100, 200)), "unknown");
    check(&plan(2, (50, 100)), "unknown");
}

/// The forecast was wrong: what another service of the run gives back let the blocked one end.
#[test]
fn services_on_fargate_give_each_other_their_addresses() {
    let on_fargate = |name, percentages| Party {
        name,
        fargate: true,
        subnets: vec!["subnet-0a"],
        ..party(
            1,
            percentages,
            &Size {
                cpu: 256,
                memory: 512,
                ..interface()
            },
        )
    };
    let plan = Plan {
        deployed: vec![on_fargate("api", (100, 200)), on_fargate("web", (0, 100))],
        quota: Some(16384),
        subnets: vec![subnet("subnet-0a", "eu-west-1a", 2)],
        ..Plan::default()
    };
    check(&plan, "unknown");
}

/// The forecast said too little: none of the two may stop a task, so neither makes room within
/// the quota for the other.
#[test]
fn services_that_hold_all_of_the_quota_prove_each_other_stuck() {
    let on_fargate = |name, desired| Party {
        name,
        fargate: true,
        ..party(
            desired,
            (100, 200),
            &Size {
                memory: 1024,
                cpu: 512,
                ..interface()
            },
        )
    };
    let plan = Plan {
        deployed: vec![on_fargate("api", 2), on_fargate("web", 2)],
        quota: Some(2048),
        ..Plan::default()
    };
    check(&plan, "blocked");
}

/// The forecast was wrong: tasks that Fargate had started without an address for them were held
/// to keep their part of the quota.
#[test]
fn a_start_without_an_address_gives_its_part_of_the_quota_back() {
    let on_fargate = |name, cpu, percentages, subnet| Party {
        name,
        fargate: true,
        subnets: vec![subnet],
        old: Size {
            cpu,
            memory: 2 * cpu,
            ..interface()
        },
        new: Size {
            cpu: 1024,
            memory: 2048,
            ..interface()
        },
        ..party(4, percentages, &interface())
    };
    let plan = Plan {
        deployed: vec![
            on_fargate("web", 256, (50, 100), "subnet-0b"),
            on_fargate("api", 1024, (50, 200), "subnet-0a"),
        ],
        quota: Some(5120),
        subnets: vec![
            subnet("subnet-0a", "eu-west-1a", 0),
            subnet("subnet-0b", "eu-west-1b", 9),
        ],
        ..Plan::default()
    };
    check(&plan, "unknown");
}

/// The remedy was wrong: one more instance brings no addresses.
#[test]
fn instances_are_no_remedy_without_addresses() {
    let plan = |spare: i64| Plan {
        machines: vec![
            closed(State::Lost),
            Machine {
                zone: "eu-west-1b",
                ..Machine::default()
            },
        ],
        deployed: vec![Party {
            subnets: vec!["subnet-0a"],
            ..party(2, (100, 200), &interface())
        }],
        subnets: vec![subnet("subnet-0a", "eu-west-1a", 2 + spare)],
        ..Plan::default()
    };
    assert_eq!(check(&plan(0), "blocked").remedies, []);
    let remedies = check(&plan(2), "blocked").remedies;
    assert!(!remedies.is_empty());
    for remedy in remedies {
        remedy::helps(&plan(2), &remedy).unwrap();
    }
}

/// The forecast was wrong: it held the addresses against the instances that there were, though the
/// group could bring another one.
#[test]
fn a_group_that_grows_brings_room_for_the_addresses() {
    let plan = Plan {
        pools: vec![Pool {
            name: "workers",
            managed: true,
            kind: "m5.large",
            desired: 2,
            max: 3,
        }],
        deployed: vec![Party {
            providers: vec![("workers", 1, 0)],
            subnets: vec!["subnet-0a"],
            ..party(5, (50, 150), &interface())
        }],
        subnets: vec![subnet("subnet-0a", "eu-west-1a", 7)],
        ..Plan::default()
    };
    check(&plan, "unknown");
}

/// The proof was wrong: once the rollout of another service of the run was through, ECS moved one
/// of its tasks to another zone, and that made room. (The stand-in rebalances since.)
#[test]
fn a_service_that_is_rebalanced_makes_room_for_another() {
    let machine = |(zone, kind)| Machine {
        zone,
        kind,
        ..Machine::default()
    };
    let on_arm = |size: Size| Size {
        architecture: Some("ARM64"),
        ..size
    };
    let moving = Party {
        new: size(1024, 256),
        balanced: true,
        rebalancing: true,
        ..party(3, (50, 150), &size(256, 3800))
    };
    let idle = Party {
        name: "web",
        new: on_arm(size(2048, 900)),
        ..party(12, (0, 100), &size(1100, 4000))
    };
    let waiting = Party {
        name: "jobs",
        new: size(512, 4000),
        ..party(3, (0, 100), &on_arm(size(256, 900)))
    };
    let machines = [
        ("eu-west-1c", "m5.large"),
        ("eu-west-1b", "m5.large"),
        ("eu-west-1a", "t4g.large"),
    ];
    let plan = Plan {
        machines: machines.map(machine).into(),
        others: vec![Party {
            name: "cache",
            ..party(3, (100, 200), &size(0, 1500))
        }],
        deployed: vec![moving, idle, waiting],
        ..Plan::default()
    };
    check(&plan, "unknown");
}
