//! What the options of the rollout do, and what is no stillness.

use plimsoll_sim::{Breaker, InstanceSpec, ProviderSpec, ServiceSpec, TaskBehaviour, World};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{crash, definition, images, instance, redeploy, roomy, service};

/// A fixed port that the one instance's old task holds: stuck, proven.
fn jammed() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        let mut document = definition("api", 256, 512);
        document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(8080);
        service(world, document, ServiceSpec::default());
    })
    .input("capacity-check", "off")
}

fn failing() -> Story {
    let story = redeploy(|world| roomy(world, 1));
    story.sim.with(|world| crash(world, "api:2", 1));
    story
}

/// The revision that the service is steered to, and whether all its tasks are of it.
fn runs(told: &Told) -> String {
    told.sim.with(|world| {
        world
            .service("web", "api")
            .unwrap()
            .task_definition
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    })
}

/// The story's end is the same whatever of it is denied; `1` is back, and the report says so.
async fn rolled_back(story: Story, way: &str) -> Told {
    let told = story.deploy().await;
    assert_eq!(
        (told.outcome(), told.report.exit_code()),
        ("rolled-back", 5),
        "{}",
        told.log
    );
    assert_eq!(runs(&told), "api:1");
    assert!(
        told.report.service_changed
            && told
                .report
                .reason
                .starts_with("api:1 is back, because the rollout of api:2"),
        "{}",
        told.report.reason
    );
    assert!(told.calls(way) >= 1, "{way}");
    assert!(
        !told.kinds().is_empty(),
        "the cause stands beside the rollback\n{}",
        told.log
    );
    told
}

#[tokio::test(start_paused = true)]
async fn a_stuck_rollout_fails_or_is_rolled_back() {
    let told = jammed().deploy().await;
    assert_eq!(
        (
            told.outcome(),
            runs(&told).as_str(),
            told.calls("StopServiceDeployment")
        ),
        ("stuck", "api:2", 0)
    );
    let told = rolled_back(
        jammed().input("on-stuck", "rollback"),
        "StopServiceDeployment",
    )
    .await;
    assert_eq!(told.calls("UpdateService"), 1);
    let told = rolled_back(
        jammed()
            .input("on-stuck", "rollback")
            .deny("ecs:StopServiceDeployment"),
        "UpdateService",
    )
    .await;
    assert_eq!(told.calls("UpdateService"), 2);
    rolled_back(
        jammed()
            .input("on-stuck", "rollback")
            .deny("ecs:ListServiceDeployments"),
        "UpdateService",
    )
    .await;
    // The update that puts it back is repeated as any other.
    let story = jammed()
        .input("on-stuck", "rollback")
        .deny("ecs:StopServiceDeployment");
    rolled_back(
        story.trouble("UpdateService", 5..31, plimsoll_sim::FaultKind::Throttle),
        "UpdateService",
    )
    .await;
    // `on-failure` is about failures.
    assert_eq!(
        jammed()
            .input("on-failure", "rollback")
            .deploy()
            .await
            .outcome(),
        "stuck"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollout_is_rolled_back_where_asked() {
    assert_eq!(failing().deploy().await.outcome(), "failed");
    assert_eq!(
        failing()
            .input("on-stuck", "rollback")
            .deploy()
            .await
            .outcome(),
        "failed"
    );
    rolled_back(
        failing().input("on-failure", "rollback"),
        "StopServiceDeployment",
    )
    .await;
    let told = failing()
        .input("on-failure", "rollback")
        .deny("ecs:StopServiceDeployment ecs:UpdateService")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "error", "nothing was even begun");
    // A rollback that can't be begun doesn't hide the failure.
    let story = failing()
        .input("on-failure", "rollback")
        .deny("ecs:StopServiceDeployment");
    story
        .sim
        .with(|world| world.script(START + 10_000, |world| world.deny("ecs:UpdateService")));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert!(
        told.report.reason.contains("the rollback did not work"),
        "{}",
        told.report.reason
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_on_when_stuck() {
    let told = jammed()
        .input("on-stuck", "wait")
        .input("wait-for-minutes", "6")
        .deploy()
        .await;
    assert_eq!(
        (told.outcome(), told.seconds),
        ("stuck", 360),
        "{}",
        told.log
    );
    assert_eq!(
        told.log.matches("the rollout is stuck").count(),
        1,
        "{}",
        told.log
    );
    assert_eq!(told.kinds().first(), Some(&"port"));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_somebody_else_is_never_touched() {
    // Ours fails, and another's has taken its place by then.
    let story = failing()
        .input("on-failure", "rollback")
        .input("on-stuck", "rollback");
    story.sim.with(|world| {
        world.script(START + 20_000, |world| {
            let arn = world.add_task_definition(definition("api", 128, 256));
            world
                .update_service("web", "api", &json!({"taskDefinition": arn}))
                .unwrap();
        });
    });
    let told = story.deploy().await;
    assert_eq!(
        (
            told.outcome(),
            told.calls("StopServiceDeployment"),
            told.calls("UpdateService")
        ),
        ("superseded", 0, 1)
    );
    // A rollout of just this that somebody else began fails: it is not this run's to roll back.
    let story = Story::new(|world| {
        roomy(world, 1);
        crash(world, "api:2", 1);
        world.add_task_definition(definition("api", 128, 256));
        world
            .update_service("web", "api", &json!({"taskDefinition": "api:2"}))
            .unwrap();
    })
    .input("task-definition", "api:2")
    .input("on-failure", "rollback");
    let told = story.deploy().await;
    assert_eq!(
        (
            told.outcome(),
            told.calls("StopServiceDeployment"),
            told.calls("UpdateService")
        ),
        ("failed", 0, 0),
        "{}",
        told.log
    );
    assert!(!told.report.service_changed);
}

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
            )
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
            images(world);
            world.add_capacity_provider(ProviderSpec {
                max: 1,
                instance: InstanceSpec {
                    capacity_provider: Some("workers".to_owned()),
                    ..InstanceSpec::default()
                },
                ..ProviderSpec::default()
            });
            let spec = ServiceSpec {
                capacity_providers: vec![("workers".to_owned(), 1, 0)],
                ..ServiceSpec::default()
            };
            service(world, definition("api", 1536, 4096), spec);
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
            world.instance_mut(&id).unwrap().agent_connected = false
        });
        if let Some(seconds) = back_after {
            world.script(START + seconds * 1000, move |world| {
                world.instance_mut(&away).unwrap().agent_connected = true
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
                .unwrap()
        });
    })
    .input("capacity-check", "warn")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.log.contains("unable to place a task"), "{}", told.log);
}
