//! A task that starts and doesn't last, and what ECS makes of it.

use plimsoll::snapshot::{CircuitBreakerState, Hook, ServiceDeployment, TargetHealth, TaskStatus};

use crate::world::{BEGAN, OLD, World};

#[test]
fn container_exit() {
    let world = World::new()
        .exited(4, 1, "")
        .log(&["starting", "panic: no DATABASE_URL"]);
    insta::assert_snapshot!(world.told(), @"
    container-exit: the essential container `app` ended with exit code 1, 3s after its start
    | 4 tasks, container `app`, exit code 1: Essential container in task exited
    | log of `app`: starting
    | log of `app`: panic: no DATABASE_URL
    > run the image `000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c` elsewhere with the same settings
    ");
}

#[test]
fn container_exit_without_a_log() {
    let world = World::new().exited(1, 137, "");
    insta::assert_snapshot!(world.told(), @"
    container-exit: the essential container `app` ended with exit code 137, 3s after its start: it was killed (SIGKILL); AWS doesn't say that memory ran out
    | task `000000000000000000000000000000a0`, container `app`, exit code 137: Essential container in task exited
    > read its log: `aws logs tail /ecs/api --since 1h`
    > look for what killed it: a memory limit without a report, or an end slower than `stopTimeout`
    ");
}

#[test]
fn out_of_memory() {
    let world = World::new().exited(
        3,
        137,
        "OutOfMemoryError: Container killed due to memory usage",
    );
    insta::assert_snapshot!(world.told(), @r"
    out-of-memory: the container `app` was killed for using too much memory: its limit is 512 MiB
    | 3 tasks, container `app`, exit code 137: OutOfMemoryError: Container killed due to memory usage
    > raise `memory` of the container `app` (now 512 MiB)
    > or let the program use less, for instance with its runtime's own heap limit
    ");
}

#[test]
fn container_health() {
    let world = World::new().stopped(
        2,
        "ServiceSchedulerInitiated",
        "Task failed container health checks",
    );
    insta::assert_snapshot!(world.told(), @r"
    container-health: the health check of container `app` fails: `CMD-SHELL curl -f http://localhost:8080/ || exit 1`
    | 2 tasks: Task failed container health checks
    > make sure that the image has `curl`: small images don't
    > run the check's command in the container (`aws ecs execute-command`)
    > give a slow start more time: `startPeriod` and `retries` of the health check
    ");
}

#[test]
fn load_balancer_health() {
    let world = World::new()
        .stopped(1, "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/api/4d2246e3635cc45b)")
        .with(|world| {
            world.targets.push(TargetHealth {
                group: "arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/api/4d2246e3635cc45b".to_owned(),
                target: "10.0.0.29".to_owned(),
                port: 8080,
                state: "unhealthy".to_owned(),
                reason: "Target.Timeout".to_owned(),
                description: "Request timed out".to_owned(),
                ..TargetHealth::default()
            });
        });
    insta::assert_snapshot!(world.told(), @r"
    load-balancer-health: the load balancer finds container `app` on port `8080` unhealthy: `Target.Timeout`
    | task `000000000000000000000000000000a0`: Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/api/4d2246e3635cc45b)
    | target 10.0.0.29:8080 in `api`: unhealthy Target.Timeout Request timed out
    > check that the program listens on `0.0.0.0:8080`, and that the task's security group `sg-1` lets the load balancer in
    > give a slow start more time: raise `healthCheckGracePeriodSeconds` (now 0)
    ");
}

#[test]
fn spot_interruption() {
    let world = World::new().stopped(1, "SpotInterruption", "Your Spot Task was interrupted.");
    insta::assert_snapshot!(world.told(), @r"
    spot-interruption: AWS took the Spot capacity under the task back
    | task `000000000000000000000000000000a0`: Your Spot Task was interrupted.
    > let ECS start the task again, which it does by itself
    > give the strategy a `base` on capacity that isn't Spot
    ");
}

#[test]
fn circuit_breaker() {
    let world = World::new().with(|world| {
        world.whole = Some(ServiceDeployment {
            status: "ROLLBACK_SUCCESSFUL".to_owned(),
            reason:
                "Service deployment rolled back because the circuit breaker threshold was exceeded."
                    .to_owned(),
            circuit_breaker: Some(CircuitBreakerState {
                status: "TRIGGERED".to_owned(),
                failures: 3,
                threshold: 3,
            }),
            ..ServiceDeployment::default()
        });
    });
    insta::assert_snapshot!(world.told(), @r"
    circuit-breaker: the circuit breaker ended the deployment after 3 failed tasks (its threshold is 3)
    | deployment: Service deployment rolled back because the circuit breaker threshold was exceeded.
    > fix what makes the tasks fail; ECS counts it, it doesn't cause it
    ");
}

#[test]
fn alarm() {
    let world = World::new()
        .event(
            200,
            "(deployment ecs-svc/2222222222222222222) deployment failed: alarm detected.",
        )
        .with(|world| world.service.configuration.alarms = vec!["api-5xx".to_owned()]);
    insta::assert_snapshot!(world.told(), @r"
    alarm: one of the deployment's CloudWatch alarms went off: `api-5xx`
    | event 1m 40s ago: (service api) (deployment ecs-svc/2222222222222222222) deployment failed: alarm detected.
    > look at the alarm's metric since the deployment began; the new tasks may run and still do harm
    > change the alarm's threshold, or take it out of the deployment's alarms, if it is wrong
    ");
}

#[test]
fn lifecycle_hook() {
    let world = World::new().with(|world| {
        world.whole = Some(ServiceDeployment {
            arn: "arn:aws:ecs:eu-central-1:000000000000:service-deployment/web/api/d1".to_owned(),
            status: "IN_PROGRESS".to_owned(),
            hooks: vec![Hook {
                id: "approve".to_owned(),
                status: "AWAITING_ACTION".to_owned(),
                target: String::new(),
                expires: Some(plimsoll::snapshot::Timestamp(BEGAN.0 + 3_900_000)),
                timeout_action: "ROLLBACK".to_owned(),
            }],
            ..ServiceDeployment::default()
        });
    });
    insta::assert_snapshot!(world.told(), @r"
    lifecycle-hook: the deployment waits at the lifecycle hook `approve` for somebody to let it go on, for 1h yet, then ECS rolls back
    | lifecycle hook `approve`: AWAITING_ACTION
    > let it go on: `aws ecs continue-service-deployment --service-deployment-arn arn:aws:ecs:eu-central-1:000000000000:service-deployment/web/api/d1 --hook-id approve --action CONTINUE`
    ");
}

#[test]
fn task_protection() {
    let world = World::new()
        .event(100, "was unable to reach steady state because (taskSet ecs-svc/1111111111111111111) was unable to scale in due to (reason 2 tasks under protection)")
        .with(|world| {
            let mut task = world.task(TaskStatus::Running);
            task.started_by = OLD.to_owned();
            task.protected = true;
            world.tasks.push(task);
        });
    insta::assert_snapshot!(world.told(), @r"
    task-protection: task protection holds 1 old task, and ECS can't stop them
    | event 3m 20s ago: (service api) was unable to reach steady state because (taskSet ecs-svc/1111111111111111111) was unable to scale in due to (reason 2 tasks under protection)
    > wait until their work is done or the protection expires (two hours unless they ask for more)
    > or take the protection away: `aws ecs update-task-protection --cluster web --tasks 000000000000000000000000000000a0 --no-protection-enabled`
    ");
}

#[test]
fn throttled() {
    let world = World::new().event(200, "is unable to consistently start tasks successfully.");
    insta::assert_snapshot!(world.told(), @r"
    throttled: tasks fail before they run, so ECS waits longer and longer between them (up to 27 minutes)
    | event 1m 40s ago: (service api) is unable to consistently start tasks successfully.
    > fix what makes the tasks fail: a new task definition ends the waiting at once
    ");
}

#[test]
fn unknown() {
    let world = World::new().reason("something that AWS will say next year");
    insta::assert_snapshot!(world.told(), @r"
    unknown: AWS gives a reason that Plimsoll doesn't recognise: `(service api) was unable to place a task. Reason: something that AWS will say next year.`
    | event 4m 50s ago: (service api) was unable to place a task. Reason: something that AWS will say next year.
    > look at the stopped task and at the service's events in the ECS console
    ");
}
