//! One task of the new revision before the rollout: a migration.

mod places;

use plimsoll_sim::{Exit, FaultKind, ServiceSpec, World};
use serde_json::{Value, json};

use crate::door::{Story, Told};
use crate::evidence::logging;
use crate::setting::{definition, images, instance, redeploy, service, story_of};

/// A service on one m5.large that logs, and a migration before its next revision.
fn migrating(prepare: impl FnOnce(&mut World)) -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        service(world, logging(), ServiceSpec::default());
        world.one_off.log = vec![
            "migrating 41".to_owned(),
            "::error::migrating 42".to_owned(),
        ];
        prepare(world);
    })
    .input("run-task", "true")
    .input("run-task-command", "bin/migrate 'up all'")
}

fn exits(code: i64) -> Option<Exit> {
    Some(Exit {
        after_secs: 5,
        code,
        reason: String::new(),
    })
}

/// The bodies of all RunTask calls.
fn asked(told: &Told) -> Vec<Value> {
    let calls = told.sim.calls().into_iter();
    calls
        .filter(|call| call.operation == "RunTask")
        .map(|call| call.body)
        .collect()
}

/// Nothing was updated, and the message names the revision that is left over.
fn failed(told: &Told) {
    assert_eq!(told.outcome(), "failed", "{}", told.log);
    assert_eq!(told.calls("UpdateService"), 0, "{}", told.log);
    assert!(!told.report.service_changed);
    assert!(told.log.contains("the service was not changed"));
    let help = told.report.help.join("\n");
    assert!(
        help.contains("task-definition/api:2` is registered and unused"),
        "{help}"
    );
    let report = plimsoll::report::json::render(&told.shown());
    assert_eq!(report["oneOffTask"]["outcome"], "failed", "{report:#}");
}

fn kinds(told: &Told) -> Vec<&'static str> {
    let one_off = told.report.one_off.as_ref().unwrap();
    one_off
        .causes
        .iter()
        .map(|cause| cause.kind.as_str())
        .collect()
}

/// The transcript, in which the task is called by no id: it changes with each request more.
fn transcript(told: &Told) -> String {
    let one_off = told.report.one_off.as_ref().unwrap();
    let id = one_off.task.as_ref().unwrap().id();
    story_of(told).replace(&id[..4], "TASK")
}

/// The transcript up to the rollout.
fn before_the_rollout(told: &Told) -> String {
    let story = transcript(told);
    let lines = story
        .lines()
        .take_while(|line| !line.contains("deployment"));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_ends_well_comes_before_the_rollout() {
    let told = migrating(|_| {}).deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let writes = ["RegisterTaskDefinition", "RunTask", "UpdateService"];
    let order: Vec<String> = told
        .sim
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .filter(|operation| writes.contains(&operation.as_str()))
        .collect();
    assert_eq!(order, writes);
    insta::assert_snapshot!(before_the_rollout(&told), @"
    0:00  one-off task: container `app` runs `bin/migrate up all` on EC2, for at most 10m, before any service is updated
    0:00  forecast: the rollout fits: 1 new task in 1 wave
    0:00    at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
    0:00    each new task needs 256 CPU units, 512 MiB
    0:00    instance             type      CPU free  MiB free  ENI free  GPU free
    0:00    i-0e6984080bab12a02  m5.large      1792      7252         2         0  takes one more
    0:00  one-off task TASK of api:2 started
    0:00  one-off task: PENDING
    0:10  one-off task: ACTIVATING
    0:15  one-off task: RUNNING
    0:20  one-off task: STOPPED
    0:20  Log of the one-off task, stream ecs/app/TASK of /app/api
    migrating 41
    : :error::migrating 42
    0:20  one-off task: container `app` ended with exit code 0, 5s after its start
    ");
    let mut body = asked(&told).remove(0);
    let token = body["clientToken"].take();
    assert_eq!(body["startedBy"].take(), token);
    insta::assert_snapshot!(body.to_string(), @r#"{"cluster":"web","count":1,"launchType":"EC2","overrides":{"containerOverrides":[{"name":"app","command":["bin/migrate","up all"]}]},"startedBy":null,"taskDefinition":"arn:aws:ecs:eu-west-1:111122223333:task-definition/api:2","clientToken":null}"#);
    let report = plimsoll::report::json::render(&told.shown());
    assert_eq!(report["oneOffTask"]["exitCode"], 0);
    assert_eq!(report["oneOffTask"]["log"][0], "migrating 41");
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_fails_lets_nothing_be_updated() {
    let told = migrating(|world| world.one_off.exit = exits(1))
        .deploy()
        .await;
    failed(&told);
    assert_eq!(kinds(&told), ["container-exit"]);
    insta::assert_snapshot!(transcript(&told), @"
      0:00  one-off task: container `app` runs `bin/migrate up all` on EC2, for at most 10m, before any service is updated
      0:00  forecast: the rollout fits: 1 new task in 1 wave
      0:00    at least 1 healthy (1 × 100 % rounded up), at most 2 running or pending (1 × 200 % rounded down)
      0:00    each new task needs 256 CPU units, 512 MiB
      0:00    instance             type      CPU free  MiB free  ENI free  GPU free
      0:00    i-0e6984080bab12a02  m5.large      1792      7252         2         0  takes one more
      0:00  one-off task TASK of api:2 started
      0:00  one-off task: PENDING
      0:10  one-off task: ACTIVATING
      0:15  one-off task: RUNNING
      0:20  one-off task: STOPPED
      0:20  Log of the one-off task, stream ecs/app/TASK of /app/api
      migrating 41
      : :error::migrating 42

    cause (container-exit): the essential container `app` ended with exit code 1, 5s after its start
      · task `TASK`, container `app`, exit code 1: Essential container in task exited
      · log of `app`: migrating 41
      · log of `app`: ::error::migrating 42
      → run the image `111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba79` elsewhere with the same settings
      → AWS's page: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html

    failed: the one-off task failed: container `app` of api:2 ended with exit code 1
    the service was not changed
    ");
    let summary = plimsoll::report::summary::render(&told.shown());
    assert!(summary.contains("**One-off task**: failed"), "{summary}");
    assert!(summary.contains("`migrating 41`"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_exit_code_is_a_failure() {
    let text =
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): toomanyrequests";
    let told = migrating(|world| world.one_off.pull_error = Some(text.to_owned()));
    let told = told.deploy().await;
    failed(&told);
    assert_eq!(kinds(&told).first(), Some(&"image-pull"));
    let reason = &told.report.reason;
    assert!(
        reason.contains("container `app` of api:2 has no exit code: CannotPull"),
        "{reason}"
    );

    let told = migrating(|_| {}).rewrite("DescribeTasks", "\"exitCode\":0", "\"other\":0");
    failed(&told.deploy().await);
}

/// Two essential containers, of which the second only ends when it is made to.
fn with_sidecar() -> Value {
    let mut document = definition("api", 256, 512);
    let sidecar = json!({"name": "proxy", "image": "example.com/proxy:1", "essential": true, "cpu": 10, "memory": 64});
    document["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(sidecar);
    document
}

#[tokio::test(start_paused = true)]
async fn the_exit_code_of_a_sidecar_does_not_count() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        service(world, with_sidecar(), ServiceSpec::default());
    });
    let told = told.input("run-task", "true").deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    let task = told.report.one_off.clone().unwrap().task.unwrap();
    let codes: Vec<Option<i64>> = task.containers.iter().map(|one| one.exit_code).collect();
    assert_eq!(codes, [Some(0), Some(143)], "the sidecar was killed");
    assert_eq!(asked(&told)[0]["overrides"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_outlives_the_container_it_is_for_is_stopped() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        let mut document = with_sidecar();
        document["containerDefinitions"][0]["essential"] = json!(false);
        service(world, document, ServiceSpec::default());
        world.one_off.exit = None;
    });
    // The stand-in's containers end together.
    let (open, ended) = (
        "\"name\":\"app\",\"image\"",
        "\"exitCode\":0,\"name\":\"app\",\"image\"",
    );
    let told = told
        .rewrite("DescribeTasks", open, ended)
        .input("run-task", "true")
        .input("run-task-container", "app")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(told.calls("StopTask"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_hangs_is_stopped() {
    let told = migrating(|world| world.one_off.exit = None)
        .input("run-task-timeout", "3m")
        .deploy()
        .await;
    failed(&told);
    assert_eq!(told.calls("StopTask"), 1);
    assert!((180..220).contains(&told.seconds), "{} s", told.seconds);
    insta::assert_snapshot!(told.report.reason, @"the one-off task failed: container `app` of api:2 was still RUNNING after 3m (`run-task-timeout`); it is stopped");
    let (open, log) = (told.report.one_off.unwrap().is_open(), told.log);
    assert!(!open && log.contains("migrating 41"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_can_not_be_stopped_is_said_to_go_on() {
    let told = migrating(|world| world.one_off.exit = None).deny("ecs:StopTask");
    let told = told.input("run-task-timeout", "1m").deploy().await;
    failed(&told);
    assert!(
        told.report
            .reason
            .ends_with("it could not be stopped and goes on")
    );
    assert!(told.log.contains("`ecs:StopTask`"), "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_starts_no_second_task() {
    let told = migrating(|_| {}).fault("RunTask", 1, FaultKind::LostAnswer);
    let told = told.deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(told.calls("RunTask"), 1, "it was looked up");

    for (kind, denied) in [
        (FaultKind::LostAnswer, "ecs:ListTasks"),
        (FaultKind::Drop, ""),
    ] {
        let told = migrating(|_| {}).fault("RunTask", 2, kind).deny(denied);
        let told = told.deploy().await;
        assert_eq!(told.outcome(), "succeeded", "{}", told.log);
        let asked = asked(&told);
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|body| *body == asked[0]), "{asked:?}");
        let of_family = |world: &mut World| {
            world
                .tasks()
                .iter()
                .filter(|task| task.group == "family:api")
                .count()
        };
        assert_eq!(told.sim.with(of_family), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_leaves_no_doubt_unsaid() {
    for kind in [FaultKind::Drop, FaultKind::ServerError] {
        let told = migrating(|_| {}).fault("RunTask", 100, kind).deploy().await;
        assert_eq!((told.outcome(), told.calls("UpdateService")), ("error", 0));
        let asked = asked(&told);
        assert!(asked.len() <= 8, "{} calls", asked.len());
        let token = asked[0]["startedBy"].as_str().unwrap();
        let help = told.report.help.join("\n");
        let words = format!("look for one with `startedBy` `{token}` in cluster `web`");
        assert!(help.contains(&words), "{help}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deaf_ecs_lengthens_no_timeout() {
    let told = migrating(|world| world.one_off.exit = None)
        .trouble("DescribeTasks", 30..3000, FaultKind::Drop)
        .input("run-task-timeout", "2m")
        .input("capacity-check", "off")
        .deploy()
        .await;
    failed(&told);
    assert_eq!(told.calls("StopTask"), 1);
    assert!((120..320).contains(&told.seconds), "{} s", told.seconds);
    assert!(told.report.reason.ends_with("it was asked to stop"));
}

/// An answer about a task without a name, or with another one, doesn't take the task's place: it is
/// still this run's own task that is stopped at the end of its time.
#[tokio::test(start_paused = true)]
async fn an_answer_about_another_task_is_none() {
    let told = migrating(|world| world.one_off.exit = None)
        .rewrite("DescribeTasks", "\"taskArn\"", "\"anotherArn\"")
        .input("run-task-timeout", "2m")
        .deploy()
        .await;
    failed(&told);
    assert_eq!(told.calls("StopTask"), 1);
    let reason = &told.report.reason;
    assert!(reason.ends_with("it was asked to stop"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn where_tasks_may_not_be_run_what_to_allow_is_named() {
    let told = migrating(|_| {}).deny("ecs:RunTask").deploy().await;
    assert_eq!((told.outcome(), told.calls("UpdateService")), ("error", 0));
    let help = told.report.help.join("\n");
    assert!(told.report.reason.contains("`ecs:RunTask`"), "{}", told.log);
    assert!(
        help.contains("allow `ecs:RunTask`") && help.contains("iam:PassRole"),
        "{help}"
    );
    assert!(help.contains("api:2` is registered and unused"), "{help}");

    let told = migrating(|_| {}).deny("ecs:DescribeTasks").deploy().await;
    let registered = told.calls("RegisterTaskDefinition");
    assert_eq!((told.outcome(), registered), ("error", 0));
    assert!(
        told.log.contains("allow `ecs:DescribeTasks`"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn without_its_log_the_exit_code_decides_all_the_same() {
    let told = migrating(|_| {}).deny("logs:GetLogEvents").deploy().await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(
        told.log
            .contains("`logs:GetLogEvents` is denied: the task's log isn't shown")
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_would_run_and_runs_nothing() {
    let told = migrating(|_| {}).input("dry-run", "true").deploy().await;
    assert_eq!((told.outcome(), told.calls("RunTask")), ("planned", 0));
    let line = told.log.lines().find(|line| line.contains("one-off task"));
    insta::assert_snapshot!(line.unwrap_or_default(), @"  0:00  one-off task: container `app` runs `bin/migrate up all` on EC2, for at most 10m, before any service is updated");
    let report = plimsoll::report::json::render(&told.shown());
    assert_eq!(report["oneOffTask"]["outcome"], "planned");
}

#[tokio::test(start_paused = true)]
async fn where_no_service_is_updated_nothing_runs() {
    let told = redeploy(|world| {
        images(world);
        instance(world);
        service(world, definition("api", 256, 512), ServiceSpec::default());
    });
    let told = told.input("repository", "").input("image-tag", "");
    let told = told.input("run-task", "true").deploy().await;
    assert_eq!((told.outcome(), told.calls("RunTask")), ("unchanged", 0));
    assert!(
        told.log.contains("one-off task: none is run"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn what_run_task_would_refuse_is_refused_before_anything_changes() {
    let cases = [
        ("run-task-subnets", "subnet-1", "network mode `awsvpc` only"),
        (
            "run-task-container",
            "db",
            "which the task definition doesn't have; it has `app`",
        ),
    ];
    for (input, value, words) in cases {
        let told = migrating(|_| {}).input(input, value).deploy().await;
        assert_eq!(
            (told.outcome(), told.calls("RegisterTaskDefinition")),
            ("invalid", 0)
        );
        assert!(told.report.reason.contains(words), "{}", told.report.reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_stops_its_migration_and_says_so() {
    let told = migrating(|world| world.one_off.exit = None)
        .cancelled_after(60)
        .await;
    assert_eq!(
        (told.outcome(), told.calls("UpdateService")),
        ("cancelled", 0)
    );
    assert_eq!(told.calls("StopTask"), 1);
    let reason = &told.report.reason;
    assert!(
        reason.contains("was asked to stop, before any service was changed"),
        "{reason}"
    );
    let stopped = told.sim.with(|world| {
        let mut tasks = world
            .tasks()
            .iter()
            .filter(|task| task.group == "family:api");
        tasks.all(|task| task.stopping.is_some())
    });
    assert!(stopped);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_finds_a_task_whose_start_was_not_answered() {
    let told = migrating(|world| world.one_off.exit = None)
        .input("capacity-check", "off")
        .trouble("ListTasks", 0..3, FaultKind::Drop)
        .trouble("RunTask", 0..60, FaultKind::LostAnswer)
        .cancelled_after(3)
        .await;
    assert_eq!(
        (told.outcome(), told.calls("StopTask")),
        ("cancelled", 1),
        "{}",
        told.log
    );
    let report = plimsoll::report::json::render(&told.shown());
    assert_eq!(report["oneOffTask"]["outcome"], "cancelled");
}
