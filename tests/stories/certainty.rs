//! How soon a verdict follows its certainty, in looks: over generated rollouts in virtual time.
//!
//! `cargo test --test stories certainty -- --nocapture` prints the table.

use std::collections::BTreeMap;

use plimsoll_sim::{Breaker, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::{START, Told};
use crate::setting::{crash, definition, images, instance, redeploy, roomy, service};

const ROLLOUTS: u64 = 320;

/// A small generator of numbers: the same seed, the same rollouts.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// When the world was certain of how it would end; `None` where it didn't come to it.
type Certain = fn(&World) -> Option<i64>;

struct Rollout {
    outcome: &'static str,
    build: Box<dyn FnOnce(&mut World)>,
    certain: Certain,
}

fn completed(world: &World) -> Option<i64> {
    world
        .events("web", "api")
        .iter()
        .find(|event| event.message.contains("deployment completed") && event.at > START)
        .map(|event| event.at)
}

fn third_failure(world: &World) -> Option<i64> {
    let mut stopped: Vec<i64> = world
        .tasks()
        .iter()
        .filter(|task| {
            task.task_definition.ends_with(":2")
                && task.stop_code == Some("EssentialContainerExited")
        })
        .filter_map(|task| task.stopped)
        .collect();
    stopped.sort_unstable();
    stopped.get(2).copied()
}

fn rollout(numbers: &mut Numbers) -> Rollout {
    let desired = u32::try_from(1 + numbers.below(4)).unwrap();
    let pull_secs = i64::try_from(1 + numbers.below(120)).unwrap();
    let slow = TaskBehaviour {
        pull_secs,
        ..TaskBehaviour::default()
    };
    match numbers.below(5) {
        0 => Rollout {
            outcome: "succeeded",
            build: Box::new(move |world| {
                world.behaviour("api@", slow);
                roomy(world, desired);
            }),
            certain: completed,
        },
        1 => Rollout {
            outcome: "rolled-back",
            build: Box::new(move |world| {
                images(world);
                instance(world);
                crash(world, "api@", 1);
                service(
                    world,
                    definition("api", 128, 256),
                    ServiceSpec {
                        desired,
                        breaker: Some(Breaker::default()),
                        ..ServiceSpec::default()
                    },
                );
            }),
            certain: completed,
        },
        2 => Rollout {
            outcome: "failed",
            build: Box::new(move |world| {
                images(world);
                instance(world);
                crash(world, "api@", 2);
                service(
                    world,
                    definition("api", 128, 256),
                    ServiceSpec {
                        desired,
                        ..ServiceSpec::default()
                    },
                );
            }),
            certain: third_failure,
        },
        3 => Rollout {
            outcome: "stuck",
            build: Box::new(move |world| {
                images(world);
                instance(world);
                // Room for the old tasks, and for no new one next to them.
                let memory = 7000 / i64::from(desired);
                service(
                    world,
                    definition("api", 64, memory),
                    ServiceSpec {
                        desired,
                        ..ServiceSpec::default()
                    },
                );
            }),
            certain: |_| Some(START),
        },
        _ => Rollout {
            outcome: "superseded",
            build: Box::new(move |world| {
                world.behaviour("api@", slow);
                roomy(world, desired);
                world.script(START + 10_000, |world| {
                    let arn = world.add_task_definition(definition("api", 64, 128));
                    world
                        .update_service("web", "api", &json!({"taskDefinition": arn}))
                        .unwrap();
                });
            }),
            certain: |_| Some(START + 10_000),
        },
    }
}

/// Looks from the certainty to the verdict, the one that gave it included.
fn looks(told: &Told, certain: i64) -> usize {
    told.sim
        .calls()
        .iter()
        .filter(|call| call.operation == "DescribeServices" && call.at >= certain)
        .count()
}

#[tokio::test(start_paused = true)]
async fn certainty_is_followed_by_the_verdict_within_a_few_looks() {
    let mut numbers = Numbers(20_261_124);
    let mut waits: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for number in 0..ROLLOUTS {
        let Rollout {
            outcome,
            build,
            certain,
        } = rollout(&mut numbers);
        let told = redeploy(build)
            .input("capacity-check", "off")
            .deploy()
            .await;
        assert_eq!(told.outcome(), outcome, "rollout {number}: {}", told.log);
        let certain = told
            .sim
            .with(|world| certain(world))
            .expect("the world came to its end");
        waits
            .entry(outcome)
            .or_default()
            .push(looks(&told, certain));
    }
    println!("looks from certainty to verdict, {ROLLOUTS} rollouts");
    for (outcome, mut looks) in waits {
        looks.sort_unstable();
        let (median, most) = (looks[looks.len() / 2], looks[looks.len() - 1]);
        println!(
            "{outcome:12} {:4} rollouts  median {median}  most {most}",
            looks.len()
        );
        // A proof takes two looks in a row, after one that asks for it and the one that finds the
        // services; all else is seen by the next look.
        let bound = if outcome == "stuck" { 6 } else { 2 };
        assert!(most <= bound, "{outcome}: {most} looks");
    }
}
