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
fn verdicts<const N: usize>(looks: [(u64, Look); N]) -> [Option<Verdict>; N] {
    let mut state = state();
    looks.map(|(at, look)| step(&mut state, &look, START.plus(Duration::from_secs(at))).verdict)
}

const SUCCESS: Option<Verdict> = Some(Verdict::Succeeded);

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
    let half = || Look {
        failed: Some("ThrottlingException".to_owned()),
        ..complete(1, 1, 0, None)
    };
    let [_, soon, later] = verdicts([
        (60, under_way(1, 1, Some(vec![crashed(), up(1, 55)]))),
        (100, half()),
        (140, half()),
    ]);
    assert_eq!((soon, later), (None, SUCCESS));
    let [failed_before, later] = verdicts([
        (100, complete(1, 1, 2, None)),
        (181, complete(1, 1, 2, None)),
    ]);
    assert_eq!((failed_before, later), (None, SUCCESS), "three minutes");
    assert_eq!(verdicts([(60, complete(1, 1, 0, None))]), [SUCCESS]);
    assert_eq!(verdicts([(60, half())]), [SUCCESS]);
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
