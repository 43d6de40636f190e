//! What the options of the rollout do, and what is no stillness.

use plimsoll_sim::{Breaker, ProviderSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::rollbacks::runs;
use crate::setting::{crash, definition, grouped, images, instance, redeploy, roomy, service};

#[tokio::test(start_paused = true)]
async fn the_pace_is_kept() {
    let slow = || {
        let story = redeploy(|world| roomy(world, 1));
        story.sim.with(|world| {
            world.behaviour(
                "api@",
                TaskBehaviour {
                    pull_secs: 900,
                    ..TaskBehaviour::default()
                },
            );
        });
        story
    };
    for (interval, seconds) in [("1s", 1), ("5s", 5), ("15s", 15)] {
        let told = slow().input("poll-interval", interval).deploy().await;
        assert_eq!(told.outcome(), "succeeded", "{}", told.log);
        let looks: Vec<i64> = told
            .sim
            .calls()
            .iter()
            .filter(|call| call.operation == "DescribeServices")
            .map(|call| call.at)
            .collect();
        // The first two are the look before the update and the first after it.
        let gaps: Vec<i64> = looks
            .windows(2)
            .skip(1)
            .map(|two| (two[1] - two[0]) / 1000)
            .collect();
        let (least, most) = (*gaps.iter().min().unwrap(), *gaps.iter().max().unwrap());
        assert!(
            least >= seconds && most <= 15,
            "{interval}: {least} to {most} s"
        );
    }
}

async fn no_stillness(what: &str, least: u64, story: Story) -> Told {
    let told = story.input("stuck-after", "30s").deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{what}\n{}", told.log);
    assert!(told.seconds >= least, "{what}: {} s", told.seconds);
    told
}

#[tokio::test(start_paused = true)]
async fn what_takes_its_time_is_not_stuck() {
    let with = |desired: u32, spec: ServiceSpec, behaviour: TaskBehaviour| {
        redeploy(move |world: &mut World| {
            images(world);
            instance(world);
            instance(world);
            world.behaviour("api@", behaviour);
            service(
                world,
                definition("api", 256, 512),
                ServiceSpec { desired, ..spec },
            );
        })
    };
    let front = || ServiceSpec {
        target_groups: vec![
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123".to_owned(),
        ],
        ..ServiceSpec::default()
    };
    no_stillness("draining", 300, with(2, front(), TaskBehaviour::default())).await;
    let tight = ServiceSpec {
        minimum_healthy_percent: 50,
        maximum_percent: 100,
        ..front()
    };
    no_stillness(
        "draining in waves",
        300,
        with(2, tight, TaskBehaviour::default()),
    )
    .await;
    no_stillness(
        "a slow pull",
        1200,
        with(
            1,
            ServiceSpec::default(),
            TaskBehaviour {
                pull_secs: 1200,
                ..TaskBehaviour::default()
            },
        ),
    )
    .await;
    let grace = ServiceSpec {
        health_check_grace_secs: 600,
        ..front()
    };
    no_stillness(
        "slow health",
        500,
        with(
            1,
            grace,
            TaskBehaviour {
                healthy_after_secs: 500,
                ..TaskBehaviour::default()
            },
        ),
    )
    .await;
    no_stillness(
        "slow to stop",
        60,
        with(
            1,
            ServiceSpec::default(),
            TaskBehaviour {
                stop_secs: 30,
                ..TaskBehaviour::default()
            },
        ),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_provider_at_its_maximum_is_stuck() {
    let story = || {
        redeploy(|world| {
            let group = ProviderSpec {
                max: 1,
                ..ProviderSpec::default()
            };
            grouped(world, group);
        })
        .input("capacity-check", "off")
    };
    // The group's maximum proves it at once; where it may not be read, stillness has to.
    let told = story().deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.seconds <= 60, "{} s", told.seconds);
    let told = story()
        .deny("autoscaling:DescribeAutoScalingGroups")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.log.contains("in PROVISIONING"), "{}", told.log);
    assert!(told.seconds <= 15 * 60, "{} s", told.seconds);
    assert_eq!(
        told.kinds().first(),
        Some(&"capacity-provider"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_stops_it_or_an_alarm_does() {
    let story = |what: fn(&mut World)| {
        let story = redeploy(|world| roomy(world, 2));
        story.sim.with(|world| world.script(START + 25_000, what));
        story
    };
    let stop = |world: &mut World| world.stop_deployment("web", "api").unwrap();
    let alarm = |world: &mut World| world.alarm("web", "api");
    for denied in ["", "ecs:ListServiceDeployments"] {
        let told = story(stop).deny(denied).deploy().await;
        assert_eq!(
            (told.outcome(), runs(&told).as_str()),
            ("rolled-back", "api:1"),
            "{}",
            told.log
        );
        let told = story(alarm).deny(denied).deploy().await;
        assert_eq!(
            (told.outcome(), runs(&told).as_str()),
            ("rolled-back", "api:1"),
            "{}",
            told.log
        );
    }
    let told = story(stop).deploy().await;
    assert!(
        told.report
            .reason
            .contains("StopServiceDeployment was called"),
        "{}",
        told.report.reason
    );
    let told = story(alarm).deploy().await;
    assert!(
        told.report.reason.contains("alarm"),
        "{}",
        told.report.reason
    );
    // A breaker that doesn't roll back.
    let told = redeploy(|world| {
        images(world);
        instance(world);
        crash(world, "api:2", 1);
        let breaker = Some(Breaker {
            rollback: false,
            ..Breaker::default()
        });
        service(
            world,
            definition("api", 256, 512),
            ServiceSpec {
                breaker,
                ..ServiceSpec::default()
            },
        );
    })
    .deploy()
    .await;
    assert_eq!(
        (told.outcome(), told.kinds().first()),
        ("failed", Some(&"container-exit")),
        "{}",
        told.log
    );
    // The service is deleted in the middle of it.
    let told =
        story(|world| world.service_mut("web", "api").unwrap().status = "DRAINING".to_owned())
            .deploy()
            .await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert!(
        told.report.reason.contains("deleted"),
        "{}",
        told.report.reason
    );
}

/// One instance holds the old task and has no room; the other one's agent goes away.
fn agent(back_after: Option<i64>) -> Story {
    let mut ids = Vec::new();
    let story = redeploy(|world| {
        images(world);
        ids.push(instance(world));
        ids.push(instance(world));
        service(world, definition("api", 1536, 4096), ServiceSpec::default());
    });
    let away = story.sim.with(|world| {
        let held = world.tasks()[0].instance.clone();
        ids.into_iter()
            .find(|id| Some(id) != held.as_ref())
            .unwrap()
    });
    story.sim.with(|world| {
        let id = away.clone();
        world.script(START + 1_000, move |world| {
            world.instance_mut(&id).unwrap().agent_connected = false;
        });
        if let Some(seconds) = back_after {
            world.script(START + seconds * 1000, move |world| {
                world.instance_mut(&away).unwrap().agent_connected = true;
            });
        }
    });
    story
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_away_for_a_moment_proves_nothing() {
    let told = agent(Some(45)).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let told = agent(None).deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.kinds().contains(&"agent"), "{}", told.log);
    assert!((90..=200).contains(&told.seconds), "{} s", told.seconds);
}

#[tokio::test(start_paused = true)]
async fn one_event_decides_nothing() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        service(world, definition("api", 1024, 2048), ServiceSpec::default());
        let mut other = ServiceSpec {
            name: "batch".to_owned(),
            ..ServiceSpec::default()
        };
        other.task_definition = world.add_task_definition(definition("batch", 1024, 2048));
        world.create_service(other);
        world.script(START + 9_000, |world| {
            world
                .update_service("web", "batch", &json!({"desiredCount": 0}))
                .unwrap();
        });
    })
    .input("capacity-check", "warn")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.log.contains("unable to place a task"), "{}", told.log);
}
