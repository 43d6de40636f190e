//! What container logs and target health add to an explanation, and what is left without them.

use plimsoll_sim::{Breaker, Exit, Fault, FaultKind, ServiceSpec, TaskBehaviour};
use serde_json::{Value, json};

use crate::door::Story;
use crate::reads::causes;
use crate::setting::{definition, images, instance, redeploy, service};

/// A task definition whose one container logs to `/app/api`.
pub(crate) fn logging() -> Value {
    let mut document = definition("api", 256, 512);
    let options = json!({"awslogs-group": "/app/api", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"});
    document["containerDefinitions"][0]["logConfiguration"] =
        json!({"logDriver": "awslogs", "options": options});
    document
}

/// New tasks write a few lines and end with exit code 1.
fn crashing() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        let before = (1..=20).map(|number| format!("loading {number}"));
        let log = [
            "listening soon",
            "\u{1b}[31mFATAL\u{1b}[0m no DATABASE_URL",
            "::error::forged",
        ]
        .map(str::to_owned);
        let log = before.chain(log).collect();
        let exit = Some(Exit {
            after_secs: 3,
            code: 1,
            reason: String::new(),
        });
        world.behaviour(
            "api@",
            TaskBehaviour {
                exit,
                log,
                ..TaskBehaviour::default()
            },
        );
        let breaker = Some(Breaker::default());
        service(
            world,
            logging(),
            ServiceSpec {
                breaker,
                ..ServiceSpec::default()
            },
        );
    })
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_reported_with_the_last_lines_of_its_log() {
    let told = crashing().deploy().await;
    assert_eq!(
        (told.outcome(), told.kinds().first()),
        ("rolled-back", Some(&"container-exit")),
        "{}",
        told.log
    );
    let evidence = causes(&told);
    assert!(
        evidence.contains("log of `app`: ") && evidence.contains("no DATABASE_URL"),
        "{evidence}"
    );
    assert!(
        told.log.contains("log of `app`: ::error::forged"),
        "the very last line is shown: {}",
        told.log
    );
    assert!(
        !told.log.contains("loading 1\n") && told.log.contains("loading 20"),
        "{}",
        told.log
    );
    assert!(
        !told.log.contains('\u{1b}'),
        "control characters are escaped"
    );
    assert!(
        !told
            .log
            .lines()
            .any(|line| line.trim_start().starts_with("::")),
        "no line is a command: {}",
        told.log
    );
    assert!(
        told.calls("GetLogEvents") <= 2,
        "read once, for the verdict"
    );
}

#[tokio::test(start_paused = true)]
async fn without_its_log_a_crash_is_reported_as_before() {
    let story = crashing();
    story.sim.with(|world| world.deny("logs:GetLogEvents"));
    let told = story.deploy().await;
    assert_eq!(
        (told.outcome(), told.kinds().first()),
        ("rolled-back", Some(&"container-exit")),
        "{}",
        told.log
    );
    assert!(told.log.contains("aws logs tail"), "{}", told.log);
    assert_eq!(
        told.log.matches("logs:GetLogEvents").count(),
        1,
        "{}",
        told.log
    );
    assert_eq!(told.calls("GetLogEvents"), 1);
}

/// New tasks never answer the health check; ECS gives them two minutes of grace.
fn unhealthy(network: &str) -> Story {
    let network = network.to_owned();
    redeploy(move |world| {
        images(world);
        instance(world);
        instance(world);
        world.behaviour(
            "api@",
            TaskBehaviour {
                never_healthy: true,
                unhealthy_after_secs: 20,
                ..TaskBehaviour::default()
            },
        );
        let mut document = definition("api", 128, 256);
        document["networkMode"] = json!(network);
        if network == "awsvpc" {
            document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
        }
        let group =
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef"
                .to_owned();
        let breaker = Some(Breaker::default());
        let spec = ServiceSpec {
            target_groups: vec![group],
            health_check_grace_secs: 120,
            deregistration_delay_secs: 5,
            breaker,
            ..ServiceSpec::default()
        };
        service(world, document, spec);
    })
    .input("wait-for-minutes", "60")
}

#[tokio::test(start_paused = true)]
async fn unhealthy_targets_are_reported_with_their_reason() {
    for network in ["awsvpc", "bridge"] {
        let told = unhealthy(network).deploy().await;
        assert_eq!(
            (told.outcome(), told.kinds().first()),
            ("rolled-back", Some(&"load-balancer-health")),
            "{}",
            told.log
        );
        let evidence = causes(&told);
        assert!(
            evidence.contains(
                "unhealthy Target.ResponseCodeMismatch Health checks failed with these codes: [503]"
            ),
            "{evidence}"
        );
        assert!(
            !evidence.contains("isn't known"),
            "the task behind the target is known: {evidence}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_targets_health_its_verdict_stays() {
    let story = unhealthy("bridge");
    story
        .sim
        .with(|world| world.deny("elasticloadbalancing:DescribeTargetHealth"));
    let told = story.deploy().await;
    assert_eq!(
        (told.outcome(), told.kinds().first()),
        ("rolled-back", Some(&"load-balancer-health")),
        "{}",
        told.log
    );
    assert_eq!(
        told.log
            .matches("elasticloadbalancing:DescribeTargetHealth")
            .count(),
        1,
        "{}",
        told.log
    );
    assert_eq!(told.calls("DescribeTargetHealth"), 1);
}

#[tokio::test(start_paused = true)]
async fn evidence_that_fails_to_come_changes_no_verdict() {
    for kind in [FaultKind::ServerError, FaultKind::Throttle, FaultKind::Drop] {
        let story = crashing();
        story.sim.fault(Fault::new("GetLogEvents", 100, kind));
        let told = story.deploy().await;
        assert_eq!(
            (told.outcome(), told.kinds().first()),
            ("rolled-back", Some(&"container-exit")),
            "{}",
            told.log
        );
        assert!(
            told.calls("GetLogEvents") <= 6,
            "two logs, three tries each: {}",
            told.calls("GetLogEvents")
        );
    }
    let story = crashing();
    story
        .sim
        .fault(Fault::new("GetLogEvents", 2, FaultKind::Throttle));
    assert!(
        causes(&story.deploy().await).contains("no DATABASE_URL"),
        "a passing fault is tried again"
    );
}

/// A service behind a target group whose targets take `secs` until their health checks pass.
fn slow_to_get_healthy(secs: i64, spec: ServiceSpec) -> Story {
    let behaviour = TaskBehaviour {
        healthy_after_secs: secs,
        ..TaskBehaviour::default()
    };
    redeploy(|world| {
        images(world);
        instance(world);
        instance(world);
        let group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/1";
        let spec = ServiceSpec {
            target_groups: vec![group.to_owned()],
            ..spec
        };
        service(world, definition("api", 256, 512), spec);
        world.behaviour("api@", behaviour);
    })
}

/// Getting healthy is movement for as long as it takes, also past the time that most take.
#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_healthy_yet_is_no_standstill() {
    let told = slow_to_get_healthy(900, ServiceSpec::default())
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.seconds > 900, "{} s", told.seconds);
    // Where the targets may not be read there is only time to go by.
    let told = slow_to_get_healthy(900, ServiceSpec::default())
        .deny("elasticloadbalancing:DescribeTargetHealth")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
}

/// A subnet without a way to the load balancer's endpoint costs two waits, and not one at each look.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_answers_is_given_up() {
    let told = slow_to_get_healthy(60, ServiceSpec::default())
        .silent("DescribeTargetHealth")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let with_an_answer = slow_to_get_healthy(60, ServiceSpec::default())
        .deploy()
        .await;
    let more = told.seconds.saturating_sub(with_an_answer.seconds);
    assert!(more <= 45, "{more} s more");
    // The limit holds though nothing explains.
    let told = slow_to_get_healthy(7200, ServiceSpec::default())
        .silent("DescribeTargetHealth")
        .input("wait-for-minutes", "4")
        .deploy()
        .await;
    assert!(told.seconds <= 4 * 60 + 45, "{} s", told.seconds);
}
