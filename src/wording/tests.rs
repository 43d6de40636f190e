use super::{Subject, as_cause, blocked, headline};
use crate::capacity::{
    Bounds, FargateSize, Forecast, ForecastVerdict, Obstacle, QuotaUsers, TaskNeeds,
};

fn forecast(obstacle: Obstacle) -> Forecast {
    Forecast {
        kind: obstacle.kind(),
        verdict: ForecastVerdict::Blocked(obstacle),
        basis: Vec::new(),
        bounds: Bounds::new(4, 100, 125),
        needs: TaskNeeds::default(),
        blockers: Vec::new(),
        instances: Vec::new(),
        left_out: 0,
        remedies: Vec::new(),
    }
}

/// The headline, the sentence that ends a run, the one that ends a watch, and a one-off task's.
fn said(obstacle: Obstacle) -> String {
    let forecast = forecast(obstacle);
    let watched = as_cause(&forecast, Subject::Rollout).unwrap();
    let task = Subject::OneOffTask {
        revision: "api:2",
        on_instances: false,
    };
    let one_off = as_cause(&forecast, task).unwrap();
    [
        headline(&forecast),
        blocked(&forecast).unwrap(),
        format!("the rollout of api:2 can't go on: {}", watched.clause()),
        one_off.message,
    ]
    .join("\n")
}

#[test]
fn a_quota_is_named_once_in_each_sentence() {
    let quota = Obstacle::FargateQuota {
        quota: 4096,
        in_use: 4096,
        users: QuotaUsers::Account,
        needed: 1024,
    };
    insta::assert_snapshot!(said(quota), @"
    the rollout can't finish within the account's Fargate quota: 4096 CPU units (4 vCPU), 4096 in use, 1024 needed for each new task
    the rollout can't finish within the account's Fargate quota: 4096 CPU units (4 vCPU), 4096 in use, 1024 needed for each new task
    the rollout of api:2 can't go on: the account's Fargate quota is too small: 4096 CPU units (4 vCPU), 4096 in use, 1024 needed for each new task
    the one-off task can't start within the account's Fargate quota: 4096 CPU units (4 vCPU), 4096 in use, 1024 needed for each new task
    ");
}

#[test]
fn a_size_that_fargate_lacks_needs_no_word_before_it() {
    let size = Obstacle::FargateSize {
        asked: FargateSize {
            cpu: 1024,
            memory: 1024,
        },
        next: Some(FargateSize {
            cpu: 1024,
            memory: 2048,
        }),
    };
    insta::assert_snapshot!(said(size), @"
    Fargate has no task size of 1024 CPU units with 1024 MiB; the smallest that holds it has 1024 CPU units and 2048 MiB
    the rollout can't finish: Fargate has no task size of 1024 CPU units with 1024 MiB; the smallest that holds it has 1024 CPU units and 2048 MiB
    the rollout of api:2 can't go on: Fargate has no task size of 1024 CPU units with 1024 MiB; the smallest that holds it has 1024 CPU units and 2048 MiB
    Fargate has no task size of 1024 CPU units with 1024 MiB; the smallest that holds it has 1024 CPU units and 2048 MiB
    ");
}

#[test]
fn every_sentence_of_an_obstacle_says_first_what_can_not_be() {
    let addresses = Obstacle::SubnetAddresses {
        zones: vec!["eu-west-1a".to_owned()],
        free: 0,
    };
    insta::assert_snapshot!(said(addresses), @"
    the rollout can't finish: the service's subnets in eu-west-1a have 0 addresses free, and each new task takes one
    the rollout can't finish: the service's subnets in eu-west-1a have 0 addresses free, and each new task takes one
    the rollout of api:2 can't go on: the service's subnets in eu-west-1a have 0 addresses free, and each new task takes one
    the one-off task can't start: the service's subnets in eu-west-1a have 0 addresses free, and each new task takes one
    ");
}
