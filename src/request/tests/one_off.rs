//! `run-task` and what belongs to it.

use super::*;
use crate::snapshot::StrategyItem;

#[test]
fn a_one_off_task_takes_only_what_is_given() {
    assert_eq!(good(&[("service", "api")]).one_off, None);
    let all = [
        ("service", "api"),
        ("run-task", "true"),
        ("run-task-container", "app"),
        ("run-task-command", "bin/migrate 'up all'"),
        ("run-task-subnets", "subnet-1, subnet-2"),
        (
            "run-task-capacity-provider-strategy",
            r#"[{"capacityProvider": "FARGATE_SPOT", "weight": 2}]"#,
        ),
        ("run-task-timeout", "90s"),
    ];
    let one_off = good(&all).one_off.unwrap();
    assert_eq!(one_off.container.as_deref(), Some("app"));
    assert_eq!(one_off.command.unwrap(), ["bin/migrate", "up all"]);
    assert_eq!(one_off.subnets, ["subnet-1", "subnet-2"]);
    let spot = StrategyItem {
        provider: "FARGATE_SPOT".into(),
        weight: 2,
        base: 0,
    };
    assert_eq!(one_off.providers, [spot]);
    assert_eq!(one_off.timeout, Duration::from_secs(90));
    assert_eq!(
        (one_off.launch_type, one_off.assign_public_ip),
        (None, None)
    );
    let default = good(&[("service", "api"), ("run-task", "true")]);
    assert_eq!(default.one_off.unwrap().timeout, Duration::from_secs(600));
}

#[test]
fn a_one_off_task_that_can_not_be_is_a_problem() {
    check(
        &[
            ("service", "api"),
            ("register-only", "true"),
            ("run-task", "true"),
            ("run-task-subnets", "10.0.0.0/24"),
            ("run-task-assign-public-ip", "yes"),
            (
                "run-task-capacity-provider-strategy",
                r#"[{"capacityProvider": "workers", "weight": 1001}]"#,
            ),
            ("run-task-launch-type", "EC2"),
            ("run-task-timeout", "2s"),
        ],
        r"
        `run-task` is `true`: `register-only` stops before a task could run: set one of them
        `run-task-subnets` is `10.0.0.0/24`: an id such as `subnet-0123abcd` is needed
        `run-task-assign-public-ip` is `yes`: allowed are `ENABLED`, `DISABLED`
        `run-task-capacity-provider-strategy` is `workers`: `weight` is at most 1000, `base` at most 100000
        `run-task-launch-type` is `EC2`: a launch type and a capacity provider strategy exclude each other: leave `run-task-launch-type` out
        `run-task-timeout` is `2s`: a time such as `90s`, `2m` or `1h` is needed, from `10s` to `24h`; a bare number counts minutes
        ",
    );
    for bad in ["workers", "[]", r#"[{"provider": "x"}]"#] {
        let pairs = [
            ("service", "api"),
            ("run-task-capacity-provider-strategy", bad),
        ];
        Request::check(&raw(&pairs), &facts()).unwrap_err();
    }
}

#[test]
fn what_belongs_to_a_one_off_task_is_not_ignored_without_it() {
    for (name, value) in [
        ("run-task-container", "app"),
        ("run-task-command", "bin/migrate up"),
        ("run-task-subnets", "subnet-1"),
        ("run-task-security-groups", "sg-1"),
        ("run-task-assign-public-ip", "ENABLED"),
        ("run-task-launch-type", "EC2"),
        ("run-task-timeout", "15m"),
    ] {
        let expected = format!(
            "`{name}` is `{value}`: it belongs to `run-task`, which isn't given: set `run-task: true`, or `false` to leave the task out"
        );
        check(&[("service", "api"), (name, value)], &expected);
        // A workflow may switch it.
        let switched = [("service", "api"), (name, value), ("run-task", "false")];
        assert_eq!(good(&switched).one_off, None, "{name}");
    }
}
