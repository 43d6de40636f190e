//! Random worlds, random trouble: whatever happens, what is said is true and the run ends.

use plimsoll_sim::{
    Breaker, Exit, FaultKind, InstanceSpec, ProviderSpec, Rollout, ServiceSpec, Status,
    TaskBehaviour, World,
};
use serde_json::json;

use crate::door::{START, Story, Told};
use crate::setting::{definition, images, redeploy, service};

/// Runs, where `PLIMSOLL_WORLDS` doesn't say otherwise; the first one's seed is `PLIMSOLL_SEED`, or 0.
const RUNS: u64 = 80;
const LIMIT_SECONDS: u64 = 10 * 60;
/// What may be added before the wait, and by the last look, while AWS answers nothing.
const SLACK_SECONDS: u64 = 4 * 60;
const ROLLBACK_SECONDS: u64 = 16 * 60;
const HOUR_MS: i64 = 3_600_000;

/// A small generator of numbers: the same seed, the same run.
#[derive(Debug)]
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn of_seed(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5bd1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    pub(crate) fn secs(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).unwrap()
    }

    pub(crate) fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()].clone()
    }

    pub(crate) fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// What was drawn, as far as the checks need it.
struct Drawn {
    /// Tasks of the new revision start and stay up.
    good: bool,
    /// Somebody else intervenes.
    disturbed: bool,
    /// AWS fails now and then.
    troubled: bool,
    poll: u64,
}

fn build(world: &mut World, n: &mut Numbers, drawn: &mut Drawn) {
    images(world);
    let provided = n.one_in(5);
    if provided {
        world.add_capacity_provider(ProviderSpec {
            max: 1 + u32::try_from(n.below(4)).unwrap(),
            registers_after_secs: n.secs(240),
            launch_error: n
                .one_in(5)
                .then(|| "We currently do not have sufficient m5.large capacity".to_owned()),
            instance: InstanceSpec {
                capacity_provider: Some("workers".to_owned()),
                ..InstanceSpec::default()
            },
            ..ProviderSpec::default()
        });
    }
    for _ in 0..=n.below(3) {
        let ec2_type = n.of(&["m5.large", "m5.large", "m5.xlarge"]).to_owned();
        world.add_instance(InstanceSpec {
            ec2_type,
            ..InstanceSpec::default()
        });
    }
    let mut behaviour = TaskBehaviour {
        pull_secs: n.secs(200),
        stop_secs: n.secs(30),
        ..TaskBehaviour::default()
    };
    match n.below(8) {
        0 => {
            behaviour.exit = Some(Exit {
                after_secs: n.secs(150),
                code: n.of(&[1, 137]),
                reason: String::new(),
            });
        }
        1 => {
            behaviour.pull_error = Some(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s)"
                    .to_owned(),
            );
        }
        2 => behaviour.never_healthy = true,
        _ => {}
    }
    drawn.good =
        behaviour.exit.is_none() && behaviour.pull_error.is_none() && !behaviour.never_healthy;
    world.behaviour("api:2", behaviour);
    let mut document = definition(
        "api",
        n.of(&[128, 512, 1024, 1536]),
        n.of(&[256, 1024, 3072]),
    );
    if n.one_in(5) {
        document["containerDefinitions"][0]["portMappings"][0]["hostPort"] = json!(8080);
    }
    if n.one_in(4) {
        document["containerDefinitions"][0]["healthCheck"] =
            json!({"command": ["CMD-SHELL", "true"], "interval": 10, "retries": 3});
    }
    let (minimum_healthy_percent, maximum_percent) = n.of(&[
        (100, 200),
        (100, 200),
        (0, 100),
        (50, 150),
        (50, 100),
        (100, 150),
    ]);
    let target =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123".to_owned();
    let spec = ServiceSpec {
        desired: u32::try_from(n.below(4)).unwrap(),
        minimum_healthy_percent,
        maximum_percent,
        breaker: n.one_in(2).then(|| Breaker {
            rollback: n.one_in(2),
            ..Breaker::default()
        }),
        target_groups: if n.one_in(4) {
            vec![target]
        } else {
            Vec::new()
        },
        deregistration_delay_secs: n.of(&[0, 30, 300]),
        health_check_grace_secs: n.of(&[0, 0, 60, 240]),
        capacity_providers: provided
            .then(|| ("workers".to_owned(), 1, 0))
            .into_iter()
            .collect(),
        ..ServiceSpec::default()
    };
    service(world, document, spec);
    if n.one_in(6) {
        let strategy = n.of(&["BLUE_GREEN", "LINEAR", "CANARY"]);
        let changed = json!({"deploymentConfiguration": {"strategy": strategy, "bakeTimeInMinutes": n.below(3)}});
        world.update_service("web", "api", &changed).unwrap();
    }
    let at = START + 1000 * (5 + n.secs(200));
    let intervention = n.below(16);
    drawn.disturbed = intervention < 4;
    match intervention {
        0 => world.script(at, |world| {
            let arn = world.add_task_definition(definition("other", 64, 128));
            let _ = world.update_service("web", "api", &json!({"taskDefinition": arn}));
        }),
        1 => world.script(at, |world| drop(world.stop_deployment("web", "api"))),
        2 => world.script(at, |world| {
            let id = world.instances()[0].id.clone();
            world.terminate_instance(&id);
        }),
        3 => world.script(at, |world| {
            drop(world.update_service("web", "api", &json!({"desiredCount": 3})));
        }),
        _ => {}
    }
}

fn draw(seed: u64) -> (Story, Drawn) {
    let mut n = Numbers::of_seed(seed);
    let mut drawn = Drawn {
        good: true,
        disturbed: false,
        troubled: false,
        poll: n.of(&[2, 5, 5, 10]),
    };
    let mut story = redeploy(|world| build(world, &mut n, &mut drawn))
        .input("wait-for-minutes", "10")
        .input("poll-interval", &format!("{}s", drawn.poll))
        .input("capacity-check", n.of(&["off", "warn", "fail"]))
        .input("stuck-after", n.of(&["30s", "2m"]))
        .input("on-stuck", n.of(&["fail", "fail", "wait", "rollback"]))
        .input("on-failure", n.of(&["none", "rollback"]));
    if n.one_in(5) {
        story = story.input("desired-count", n.of(&["0", "1", "3"]));
    }
    let reads = [
        "*",
        "DescribeServices",
        "ListTasks",
        "DescribeTasks",
        "ListServiceDeployments",
        "ListContainerInstances",
    ];
    for _ in 0..n.below(4) {
        let from = n.secs(400);
        let kind = n.of(&[
            FaultKind::Throttle,
            FaultKind::ServerError,
            FaultKind::Drop,
            FaultKind::Garbage,
            FaultKind::Slow { by_ms: 60_000 },
        ]);
        story = story.trouble(n.of(&reads), from..from + 1 + n.secs(120), kind);
        drawn.troubled = true;
    }
    if n.one_in(3) {
        let kind = n.of(&[FaultKind::Stale { by_ms: 20_000 }, FaultKind::Missing]);
        let from = 1 + n.secs(120);
        story = story.trouble("DescribeServices", from..from + n.secs(40), kind);
        drawn.troubled = true;
    }
    for write in ["RegisterTaskDefinition", "UpdateService"] {
        if n.one_in(4) {
            let kind = n.of(&[FaultKind::LostAnswer, FaultKind::Drop, FaultKind::Throttle]);
            story = story.fault(write, 1, kind);
            drawn.troubled = true;
        }
    }
    for action in [
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:ListContainerInstances",
        "ecs:ListServiceDeployments",
        "ecs:StopServiceDeployment",
    ] {
        if n.one_in(10) {
            story = story.deny(action);
        }
    }
    (story, drawn)
}

/// Green is true: our revision is PRIMARY and complete, and its tasks run.
fn check_green(told: &Told, drawn: &Drawn, what: &str) {
    told.sim.with(|world| {
        let service = world.service("web", "api").unwrap();
        let primary = &service.deployments[0];
        assert!(primary.task_definition.ends_with("/api:2"), "{what}");
        assert_eq!(primary.rollout, Rollout::Completed, "{what}");
        let running = world
            .tasks()
            .iter()
            .filter(|task| {
                task.task_definition == primary.task_definition && task.status == Status::Running
            })
            .count();
        assert!(
            running >= service.desired || drawn.disturbed,
            "{what}: {running} of {}",
            service.desired
        );
    });
}

/// Red has a reason and a cause, and what is called certain stays true for an hour.
fn check_red(told: &Told, drawn: &Drawn, what: &str) {
    assert!(!told.report.reason.is_empty(), "{what}");
    let Some(service) = told.report.services.first() else {
        // AWS never answered, and nothing was done.
        assert!(drawn.troubled && told.outcome() == "error", "{what}");
        return assert!(!told.report.service_changed, "{what}");
    };
    if ["stuck", "failed", "rolled-back"].contains(&told.outcome()) {
        assert!(!service.causes.is_empty(), "{what}");
    }
    if told.outcome() == "failed" {
        // A breaker also counts tasks that found no place.
        let breaker = told.sim.with(|world| {
            world
                .service("web", "api")
                .unwrap()
                .configuration
                .breaker
                .is_some()
        });
        assert!(
            !drawn.good || drawn.disturbed || breaker,
            "good tasks were called failing\n{what}"
        );
    }
    if told.outcome() == "superseded" {
        assert!(drawn.disturbed, "{what}");
    }
    if told.outcome() == "stuck" && told.report.reason.contains("can't go on") && !drawn.disturbed {
        let ended = told.sim.with(|world| {
            world.advance_to(world.now() + HOUR_MS);
            let primary = &world.service("web", "api").unwrap().deployments[0];
            primary.rollout == Rollout::Completed && primary.task_definition.ends_with("/api:2")
        });
        assert!(!ended, "it could go on\n{what}");
    }
}

/// A number from the environment, which script/search sets.
pub(crate) fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect(name))
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_what_is_said_is_true() {
    let (first, runs) = (number("PLIMSOLL_SEED", 0), number("PLIMSOLL_WORLDS", RUNS));
    let mut outcomes = std::collections::BTreeMap::new();
    for seed in (first..).take(usize::try_from(runs).unwrap()) {
        let (story, drawn) = draw(seed);
        let told = story.deploy().await;
        let what = format!("seed {seed}, {} s\n{}", told.seconds, told.log);
        *outcomes.entry(told.outcome()).or_insert(0) += 1;
        let rolling_back =
            told.log.contains("rolling back to") || told.log.contains("the rollback did not work");
        let limit = LIMIT_SECONDS + SLACK_SECONDS + if rolling_back { ROLLBACK_SECONDS } else { 0 };
        assert!(told.seconds <= limit, "{what}");
        let started = told.sim.with(|world| {
            let service = world.service("web", "api").unwrap();
            service
                .revisions
                .iter()
                .filter(|one| {
                    one.task_definition.ends_with("/api:2")
                        || one.task_definition.ends_with("/api:3")
                })
                .count()
        });
        assert!(
            started <= 1,
            "{started} deployments of the new revision were begun\n{what}"
        );
        assert_eq!(told.report.service_changed, started == 1, "{what}");
        match told.outcome() {
            "succeeded" => check_green(&told, &drawn, &what),
            _ => check_red(&told, &drawn, &what),
        }
        if !drawn.troubled && !rolling_back {
            let looks: Vec<i64> = told
                .sim
                .calls()
                .iter()
                .filter(|call| call.operation == "DescribeServices")
                .map(|call| call.at)
                .collect();
            let too_soon = looks
                .windows(2)
                .skip(1)
                .filter(|two| two[1] - two[0] < i64::try_from(drawn.poll).unwrap() * 1000 - 10)
                .count();
            // The last look is made at the limit, however near the one before is.
            assert!(too_soon <= 1, "{what}");
        }
    }
    println!("outcomes of {runs} runs: {outcomes:?}");
    assert!(
        runs < RUNS || outcomes.len() >= 5,
        "the worlds are too much alike: {outcomes:?}"
    );
}
