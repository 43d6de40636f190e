use insta::assert_snapshot;
use serde_json::json;

use super::lines;
use crate::capacity::test_world::{World, instance_type, size};
use crate::report::forecast::to_json;

fn blocked() -> World {
    let needs = size(6144, 16384);
    let kind = instance_type("m5.2xlarge", 8192, 31744);
    World::new(2, 100, 200)
        .of_size(&needs)
        .instance(kind, 1)
        .instance(kind, 1)
}

#[test]
fn what_a_person_reads() {
    assert_snapshot!(lines(&blocked().forecast()).shown.join("\n"), @"
    blocked: the rollout can't finish: no instance has room for a new task while the old ones run, and ECS is not allowed to stop an old one first
      at least 2 healthy (2 × 100 % rounded up), at most 4 running or pending (2 × 200 % rounded down)
      each new task needs 6144 CPU units, 16384 MiB
      instance  type        CPU free  MiB free  ENI free  GPU free
      i-0i1     m5.2xlarge      2048     15360         3         0  6144 CPU units needed, 2048 free, 4096 short; 16384 MiB needed, 15360 free, 1024 short
      i-0i2     m5.2xlarge      2048     15360         3         0  6144 CPU units needed, 2048 free, 4096 short; 16384 MiB needed, 15360 free, 1024 short
      would help: set `minimumHealthyPercent` to 50 (now 100); cost: as few as 1 of 2 tasks serve during a rollout
      would help: give the task 2048 CPU units instead of 6144 and 15360 MiB instead of 16384; cost: each task then has less to work with
      would help: add 1 more instance of type m5.2xlarge to the cluster; cost: the price of that instance while it runs
    ");
}

#[test]
fn a_long_table_is_folded() {
    let mut world = blocked();
    for _ in 0..70 {
        world = world.instance(instance_type("t4g.large", 2048, 7813), 0);
    }
    let lines = lines(&world.forecast());
    let rows = lines
        .shown
        .iter()
        .filter(|line| line.contains("short"))
        .count();
    assert_eq!((rows, lines.folded.len()), (10, 41));
    assert_eq!(
        lines.folded.last().map(String::as_str),
        Some("  … and 22 further instances")
    );
}

#[test]
fn what_a_program_reads() {
    let report = to_json(&blocked().forecast());
    assert_eq!(report["verdict"], "blocked");
    assert_eq!(report["kind"], "cpu");
    assert_eq!((&report["lower"], &report["upper"]), (&json!(2), &json!(4)));
    assert_eq!(
        report["needs"],
        json!({"cpu": 6144, "memoryMiB": 16384, "ports": [], "enis": 0, "gpus": 0})
    );
    assert_eq!(
        report["blockers"][1],
        json!({"kind": "memory", "instance": "i1", "needed": 16384, "free": 15360, "short": 1024, "unit": "MiB"})
    );
    assert_eq!(report["instances"][0]["free"]["memoryMiB"], 15360);
    assert_eq!(
        report["remedies"][0]["change"],
        json!({"minimumHealthyPercent": 50, "maximumPercent": 200})
    );
}

/// `format!` panics at a width of more than 65,535.
#[test]
fn an_instance_with_a_name_of_any_length_stands_in_the_table() {
    let mut forecast = blocked().forecast();
    forecast.instances[0].ec2_instance_id = Some("i".repeat(70_000));
    let lines = lines(&forecast).shown;
    let rows: Vec<&String> = lines.iter().filter(|line| line.contains("short")).collect();
    assert_eq!(rows.len(), 2);
    assert!(
        rows[1].len() < 300,
        "the other rows stay in their columns: {}",
        rows[1].len()
    );
}
