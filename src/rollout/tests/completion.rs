//! Deployments that ECS calls complete, as single looks show them.

use super::super::{Counted, Waiting};
use super::*;

/// Our deployment is complete, `running` of `desired`; the tasks may be unread.
fn complete(running: u32, desired: u32, failed: u32, tasks: Option<Vec<Task>>) -> Look {
    let mut look = look(Vec::new());
    let service = look.service.as_mut().unwrap();
    service.deployments.truncate(1);
    let ours = &mut service.deployments[0];
    (ours.running, ours.desired, ours.failed) = (running, desired, failed);
    ours.rollout = Some(RolloutState::Completed);
    look.tasks = tasks;
    look
}

/// The same, still in progress.
fn under_way(running: u32, desired: u32, tasks: Option<Vec<Task>>) -> Look {
    let mut look = complete(running, desired, 0, tasks);
    look.service.as_mut().unwrap().deployments[0].rollout = Some(RolloutState::InProgress);
    look
}

/// The same, without a part that could not be read for the moment.
fn half(look: Look) -> Look {
    Look {
        failed: Some("ThrottlingException".to_owned()),
        ..look
    }
}

fn up(number: u32, since: u64) -> Task {
    Task {
        arn: format!("arn:task/{number}"),
        started: Some(START.plus(Duration::from_secs(since))),
        ..task("2")
    }
}

/// One that ran for 50 s.
fn crashed() -> Task {
    Task {
        arn: "arn:task/crashed".to_owned(),
        last_status: TaskStatus::Stopped,
        desired_status: "STOPPED".to_owned(),
        stop_code: Some("EssentialContainerExited".to_owned()),
        stopped: Some(START.plus(Duration::from_secs(50))),
        ..task("2")
    }
}

/// What each look comes to, made at so many seconds.
fn verdicts<const N: usize>(looks: [(u64, Look); N]) -> [Option<RolloutVerdict>; N] {
    let mut state = state();
    looks.map(|(at, look)| step(&mut state, &look, START.plus(Duration::from_secs(at))).verdict)
}

const SUCCESS: Option<RolloutVerdict> = Some(RolloutVerdict::Succeeded);

/// With a Classic Load Balancer ECS keeps no state at all, and the counts have to do; where it keeps
/// one, an answer without it says nothing.
#[test]
fn a_rollout_state_that_is_missing_for_once_completes_nothing() {
    let stateless = || {
        let mut look = under_way(2, 2, None);
        look.service.as_mut().unwrap().deployments[0].rollout = None;
        look
    };
    let looks = [(10, under_way(1, 2, None)), (15, stateless())];
    assert_eq!(verdicts(looks), [None, None]);
    assert_eq!(verdicts([(15, stateless())]), [SUCCESS]);
}

#[test]
fn tasks_that_are_gone_are_waited_for() {
    let [before, lacking, again] = verdicts([
        (60, under_way(2, 2, Some(vec![up(1, 0), up(2, 0)]))),
        (65, complete(1, 2, 0, Some(vec![up(1, 0)]))),
        (120, complete(2, 2, 0, Some(vec![up(1, 0), up(3, 70)]))),
    ]);
    assert_eq!((before, lacking, again), (None, None, SUCCESS));
}

#[test]
fn a_count_that_was_raised_meanwhile_is_not_this_rollouts() {
    let [_, raised] = verdicts([
        (60, under_way(2, 2, Some(vec![up(1, 0), up(2, 0)]))),
        (65, complete(2, 6, 0, Some(vec![up(1, 0), up(2, 0)]))),
    ]);
    assert_eq!(raised, SUCCESS);
}

#[test]
fn tasks_have_to_get_older_than_those_that_failed() {
    let young = || Some(vec![crashed(), up(1, 55)]);
    let [first, second] = verdicts([
        (100, complete(1, 1, 0, young())),
        (131, complete(1, 1, 0, young())),
    ]);
    assert_eq!(
        (first, second),
        (None, SUCCESS),
        "75 s are half as long again"
    );
    let mut state = state();
    let step = step(
        &mut state,
        &complete(1, 1, 0, young()),
        START.plus(Duration::from_secs(100)),
    );
    assert_eq!(
        step.waiting,
        [Waiting::Trial {
            tasks: 1,
            above: Duration::from_secs(75),
            lived: Duration::from_secs(50)
        }]
    );
}

/// Where the tasks can't be read for the moment, or ever, time has to do.
#[test]
fn without_the_tasks_a_failure_is_outwaited() {
    let [.., soon, later] = verdicts([
        (60, under_way(1, 1, Some(vec![crashed(), up(1, 55)]))),
        (65, half(complete(1, 1, 0, None))),
        (70, half(complete(1, 1, 0, None))),
        (100, half(complete(1, 1, 0, None))),
        (140, half(complete(1, 1, 0, None))),
    ]);
    assert_eq!((soon, later), (None, SUCCESS));
    let [failed_before, later] = verdicts([
        (100, complete(1, 1, 2, None)),
        (181, complete(1, 1, 2, None)),
    ]);
    assert_eq!((failed_before, later), (None, SUCCESS), "three minutes");
    assert_eq!(verdicts([(60, complete(1, 1, 0, None))]), [SUCCESS]);
}

/// What a look lacks may hold what decides otherwise, so the next ones are waited for; a few.
#[test]
fn half_a_look_decides_nothing_for_a_few_looks() {
    let young = || complete(1, 1, 0, Some(vec![crashed(), up(1, 55)]));
    let all_there = || complete(1, 1, 0, Some(vec![up(1, 0)]));
    let unread = || half(complete(1, 1, 0, None));
    // The tasks that were missing show that the only one is as young as one that crashed.
    let [first, second, whole] = verdicts([(60, unread()), (65, unread()), (70, young())]);
    assert_eq!((first, second, whole), (None, None, None));
    let seen = verdicts([(60, unread()), (65, all_there())]);
    assert_eq!(seen, [None, SUCCESS]);
    let seen = verdicts([(60, unread()), (65, unread()), (70, unread())]);
    assert_eq!(
        seen,
        [None, None, SUCCESS],
        "the third goes on without them"
    );
    // One part fails in this look and another in the next: no look is whole, and each is half.
    let other = || half(all_there());
    let seen = verdicts([(60, unread()), (65, other()), (70, unread())]);
    assert_eq!(seen, [None, None, SUCCESS]);
    // There is no later look that could have it.
    assert_eq!(verdicts([(7200, unread())]), [SUCCESS]);
}

/// Another deployment is PRIMARY: whether that is a rollback the service deployment may tell.
#[test]
fn half_a_look_calls_nothing_superseded() {
    let replaced = || {
        let mut look = under_way(1, 1, None);
        let service = look.service.as_mut().unwrap();
        service.deployments[0].status = DeploymentStatus::Active;
        let other = deployment("3", DeploymentStatus::Primary, RolloutState::InProgress);
        service.deployments.insert(0, other);
        look
    };
    let rolling_back = || Look {
        service_deployment: Some(ServiceDeployment {
            status: "ROLLBACK_IN_PROGRESS".to_owned(),
            ..ServiceDeployment::default()
        }),
        ..replaced()
    };
    let seen = verdicts([(60, half(replaced())), (65, rolling_back())]);
    assert_eq!(seen, [None, None]);
    let seen = verdicts([(60, half(replaced())), (65, replaced())]);
    assert!(matches!(
        seen,
        [None, Some(RolloutVerdict::Superseded { .. })]
    ));
}

/// That the tasks can't be read any more, or can again, is no movement of the rollout.
#[test]
fn tasks_that_come_and_go_from_sight_are_no_movement() {
    let mut state = state();
    for second in (0..=600).step_by(5) {
        let mut look = look(Vec::new());
        if second % 60 >= 30 {
            look.tasks = None;
        }
        let step = step(&mut state, &look, START.plus(Duration::from_secs(second)));
        if step.verdict.is_some() {
            assert_eq!(step.verdict, Some(RolloutVerdict::Stuck { proven: false }));
            assert!((120..200).contains(&second), "after {second} s");
            return;
        }
    }
    panic!("never called stuck");
}

/// An emulator counts tasks that it never lists; so might an ECS whose lists lag.
#[test]
fn a_list_that_is_empty_proves_nothing_where_ecs_counts_tasks() {
    let told = |running: u32, tasks: Vec<Task>| {
        let mut state = state();
        state.target.counted = Some(Counted {
            desired: 2,
            whole: true,
        });
        let look = complete(running, 2, 0, Some(tasks));
        step(&mut state, &look, START.plus(Duration::from_secs(5)))
    };
    assert_eq!(told(2, Vec::new()).verdict, SUCCESS);
    assert_eq!(told(0, Vec::new()).verdict, None, "none is counted either");
    assert_eq!(told(2, vec![crashed()]).verdict, None, "one is listed");
}
