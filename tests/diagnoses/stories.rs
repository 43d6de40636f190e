//! One story for each kind of cause, named after it.

use plimsoll::diagnosis::TargetHealth;
use plimsoll::snapshot::{
    CircuitBreakerState, Constraint, Hook, ServiceDeployment, StrategyItem, TaskStatus,
};

use crate::world::{BEGAN, OLD, World};

#[test]
fn cpu() {
    let world = World::new().closest("has insufficient CPU units available");
    insta::assert_snapshot!(world.told(), @r"
    cpu: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), has too little CPU left
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) has insufficient CPU units available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > lower the task's `cpu` (now `512`)
    ");
}

#[test]
fn memory() {
    let world = World::new()
        .stopped(2, "TaskFailedToStart", "TaskFailedToStart: RESOURCE:MEMORY")
        .group(3, 3, None);
    insta::assert_snapshot!(world.told(), @r"
    memory: ECS found no container instance that has enough memory left
    | 2 tasks: TaskFailedToStart: RESOURCE:MEMORY
    > raise the maximum size of the Auto Scaling group `web-asg` (now 3)
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > lower the task's `memory` (now `1024`)
    ");
}

#[test]
fn port() {
    let world = World::new()
        .closest("is already using a port required by your task")
        .with(|world| world.service.desired = 1);
    insta::assert_snapshot!(world.told(), @r"
    port: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), has the host port `8080` in use already
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) is already using a port required by your task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 0 (now 100), so that ECS may stop an old task before it starts a new one [the service is down from stop to healthy]
    > leave `hostPort` out (or 0) and let the load balancer find the port, so that tasks can stand side by side
    ");
}

#[test]
fn eni() {
    let world = World::new().closest("encountered error \"RESOURCE:ENI\"");
    insta::assert_snapshot!(world.told(), @r#"
    eni: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), has no network interface left for the task
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) encountered error "RESOURCE:ENI". For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > turn the account setting `awsvpcTrunking` on where `t3.small` allows it, then launch instances anew
    "#);
}

#[test]
fn gpu() {
    let world = World::new().reason("TaskFailedToStart: RESOURCE:GPU");
    insta::assert_snapshot!(world.told(), @r"
    gpu: ECS found no container instance that has enough GPUs left
    | event 4m 50s ago: (service api) was unable to place a task. Reason: TaskFailedToStart: RESOURCE:GPU.
    > add a container instance to the cluster `web`
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    ");
}

#[test]
fn attribute() {
    let world = World::new()
        .closest("is missing an attribute required by your task")
        .with(|world| {
            let name = "ecs.capability.execution-role-awslogs".to_owned();
            world.instances[0].attributes.insert(name, None);
        });
    insta::assert_snapshot!(world.told(), @r"
    attribute: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), lacks what the task definition requires: `com.amazonaws.ecs.capability.logging-driver.awslogs`
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) is missing an attribute required by your task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > add `awslogs` to `ECS_AVAILABLE_LOGGING_DRIVERS` in `/etc/ecs/ecs.config`, or use another log driver
    ");
}

#[test]
fn constraint() {
    let world = World::new()
        .closest("encountered error \"MemberOf placement constraint unsatisfied.\"")
        .with(|world| {
            world.service.constraints =
                vec![Constraint::MemberOf("attribute:stack == prod".to_owned())]
        });
    insta::assert_snapshot!(world.told(), @r#"
    constraint: ECS placed no task: the closest container instance, `3f4de1c5ffdd4954af7e75b4be0c8841` (`t3.small`), doesn't satisfy the placement constraints: `attribute:stack == prod`
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) encountered error "MemberOf placement constraint unsatisfied.". For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > give an instance the attributes that the expression asks for, or change the expression
    > add a container instance to the cluster `web`
    "#);
}

#[test]
fn agent() {
    let world = World::new()
        .closest("doesn\u{2019}t have the agent connected")
        .with(|world| world.instances[0].agent_connected = false);
    insta::assert_snapshot!(world.told(), @r"
    agent: the ECS agent of `3f4de1c5ffdd4954af7e75b4be0c8841` wasn't connected when ECS looked
    | event 4m 50s ago: (service api) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f4de1c5ffdd4954af7e75b4be0c8841) doesn’t have the agent connected. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.
    > on the instance: `systemctl status ecs docker`, and `/var/log/ecs/ecs-agent.log`
    > check the instance's way to the ECS endpoints and its instance role
    > add a container instance to the cluster `web`
    ");
}

#[test]
fn no_instances() {
    let world = World::new().event(
        6,
        "was unable to place a task because no container instance met all of its requirements. \
         Reason: No Container Instances were found in your cluster.",
    );
    insta::assert_snapshot!(world.told(), @r"
    no-instances: the cluster `web` has no container instance that takes tasks
    | event 4m 54s ago: (service api) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.
    > add a container instance to the cluster `web`
    > where instances run but don't register: check `ECS_CLUSTER=web` in `/etc/ecs/ecs.config`, their instance role, and their way to the ECS endpoints
    ");
}

#[test]
fn fargate_capacity() {
    let spot = StrategyItem {
        provider: "FARGATE_SPOT".to_owned(),
        weight: 1,
        base: 0,
    };
    let world = World::new()
        .reason("Capacity is unavailable at this time. Please try again later or in a different availability zone")
        .with(|world| world.service.capacity_providers = vec![spot]);
    insta::assert_snapshot!(world.told(), @r"
    fargate-capacity: AWS has no Fargate Spot capacity for the task at this time
    | event 4m 50s ago: (service api) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.
    > add subnets in other Availability Zones (now `subnet-1`, `subnet-2`)
    > add `FARGATE` to the capacity provider strategy: Spot doesn't fall back to it
    > wait: ECS goes on trying by itself
    ");
}

#[test]
fn quota() {
    let world = World::new()
        .reason("You\u{2019}ve reached the limit on the number of vCPUs you can run concurrently");
    insta::assert_snapshot!(world.told(), @r"
    quota: the account's quota of vCPUs that Fargate may run at the same time is used up
    | event 4m 50s ago: (service api) was unable to place a task. Reason: You’ve reached the limit on the number of vCPUs you can run concurrently.
    > ask Service Quotas for a higher quota: L-3032A538 (Fargate On-Demand) or L-36FBB829 (Spot)
    > stop what isn't needed in this account and region
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    ");
}

#[test]
fn subnet_addresses() {
    let world = World::new().stopped(
        1,
        "TaskFailedToStart",
        "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
    );
    insta::assert_snapshot!(world.told(), @r"
    subnet-addresses: subnet `subnet-1` has no free address for the task's network interface
    | task `000000000000000000000000000000a0`: Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet
    > give the service more or larger subnets (`networkConfiguration.awsvpcConfiguration.subnets`)
    > free addresses there: stop tasks, delete network interfaces that nothing uses
    ");
}

#[test]
fn provisioning_limit() {
    let world = World::new().event(
        6,
        "was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.",
    );
    insta::assert_snapshot!(world.told(), @r"
    provisioning-limit: the cluster `web` has as many tasks in PROVISIONING as ECS allows (500)
    | event 4m 54s ago: (service api) was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.
    > find the services whose tasks wait for capacity, and give them instances or fewer tasks
    > ask Service Quotas for a higher quota: L-B7718569
    ");
}

#[test]
fn capacity_provider() {
    let activity = "Launching a new EC2 instance. Status Reason: There is no Spot capacity available that matches your request.";
    let world = World::new().group(2, 4, Some(activity)).with(|world| {
        let task = world.task(TaskStatus::Provisioning);
        world.tasks.push(task);
    });
    insta::assert_snapshot!(world.told(), @r"
    capacity-provider: 1 task waits for an instance, the first for 5m, and the Auto Scaling group fails to launch one
    | Auto Scaling group `web-asg`: 2 of at most 4 instances
    | scaling activity of `web-asg`: Launching a new EC2 instance. Status Reason: There is no Spot capacity available that matches your request.
    > add an instance to the Auto Scaling group `web-asg` (now 2 of at most 4)
    ");
}

#[test]
fn capacity_provider_of_managed_instances() {
    let world = World::new().reason(
        "ResourceInitializationError: Unable to launch instance(s) for capacity provider mi. \
         UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration",
    );
    insta::assert_snapshot!(world.told(), @r"
    capacity-provider: EC2 gives the capacity provider `mi` no instance
    | event 4m 50s ago: (service api) was unable to place a task. Reason: ResourceInitializationError: Unable to launch instance(s) for capacity provider mi. UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration.
    > widen the provider's instance requirements (types, vCPU, memory, zones): nothing meets them now
    ");
}

#[test]
fn deployment_configuration() {
    let world = World::new().with(|world| {
        world.service.configuration.maximum_percent = 125;
        world.service.az_rebalancing = true;
    });
    insta::assert_snapshot!(world.told(), @r"
    deployment-configuration: the percentages 100/125 leave no room to roll 3 tasks: at least 3 must run, at most 3 may
    | desired 3, running 3, of which 0 of this deployment; `minimumHealthyPercent` 100, `maximumPercent` 125
    > set `maximumPercent` to 134 or more (now 125); it needs room for one more task
    > set `minimumHealthyPercent` to 66 (now 100), so that ECS may stop an old task before it starts a new one [2 of 3 tasks serve meanwhile]
    > keep `maximumPercent` above 100 while AZ rebalancing is on: ECS refuses anything else
    ");
}

#[test]
fn image_pull() {
    let world = World::new().stopped(
        3,
        "TaskFailedToStart",
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref \
         000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c: 000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c: not found",
    );
    insta::assert_snapshot!(world.told(), @r"
    image-pull: the repository or the tag doesn't exist: `000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c`
    | 3 tasks: CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c: 000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c: not found
    > push that tag or digest, or deploy one that exists
    > see what ECR has: `aws ecr describe-images --registry-id 000000000000 --region eu-central-1 --repository-name api --image-ids imageTag=7f3c`
    ");
}

#[test]
fn image_platform() {
    let world = World::new()
        .exited(3, 255, "")
        .log(&["exec /app/server: exec format error"]);
    insta::assert_snapshot!(world.told(), @r"
    image-platform: the program of container `app` is most likely built for another CPU architecture than it runs on
    | log of `app`: exec /app/server: exec format error
    | 3 tasks, container `app`, exit code 255: Essential container in task exited
    > build the image for `linux/amd64`
    > or set `runtimePlatform.cpuArchitecture` to `ARM64` (now not set), where there is such capacity
    then container-exit
    ");
}

#[test]
fn image_platform_of_a_manifest() {
    let world = World::new().stopped(
        1,
        "TaskFailedToStart",
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
    );
    insta::assert_snapshot!(world.told(), @r"
    image-platform: the image has no variant for `linux/amd64`
    | task `000000000000000000000000000000a0`: CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'
    > build the image for `linux/amd64`
    > or set `runtimePlatform.cpuArchitecture` to `ARM64` (now not set), where there is such capacity
    ");
}

#[test]
fn secrets() {
    let world = World::new().stopped(
        2,
        "TaskFailedToStart",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
         unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret \
         arn:aws:secretsmanager:eu-central-1:000000000000:secret:api-token-a1b2c3 from secrets manager: \
         ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    );
    insta::assert_snapshot!(world.told(), @r"
    secrets: a secret or parameter doesn't exist: `arn:aws:secretsmanager:eu-central-1:000000000000:secret:api-token-a1b2c3:token::`
    | 2 tasks: ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-central-1:000000000000:secret:api-token-a1b2c3 from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.
    > create it in this region and account, or correct its `valueFrom`
    > check that the execution role `arn:aws:iam::000000000000:role/api-execution` may read it (`secretsmanager:GetSecretValue`, `ssm:GetParameters`, `kms:Decrypt`)
    ");
}

#[test]
fn logging() {
    let world = World::new().stopped(
        2,
        "TaskFailedToStart",
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: \
         failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
    );
    insta::assert_snapshot!(world.told(), @r"
    logging: the log group `/ecs/api` doesn't exist
    | 2 tasks: ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.
    > create it: `aws logs create-log-group --log-group-name /ecs/api --region eu-central-1`
    > or set the option `awslogs-create-group` to `true` and allow `logs:CreateLogGroup` to `arn:aws:iam::000000000000:role/api-execution`
    ");
}

#[test]
fn role() {
    let world = World::new().reason(
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
         unable to retrieve ecr registry auth: service call has been retried 1 time(s): operation error ECR: \
         GetAuthorizationToken, https response error StatusCode: 400, RequestID: 415e, api error AccessDeniedException: \
         User: arn:aws:sts::000000000000:assumed-role/api-execution/x is not authorized to perform: \
         ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
    );
    insta::assert_snapshot!(world.told(), @r"
    role: the role `api-execution` may not do `ecr:GetAuthorizationToken` on `*`
    | event 4m 50s ago: (service api) was unable to place a task. Reason: ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: 415e, api error AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/api-execution/x is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action.
    > allow `ecr:GetAuthorizationToken` on `*` to the role `api-execution`
    ");
}

#[test]
fn role_that_nobody_may_take() {
    let world = World::new().event(
        6,
        "failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::000000000000:role/r' that \
         was provided for this task. Please verify that the role being passed has the proper trust relationship.).",
    );
    insta::assert_snapshot!(world.told(), @r"
    role: ECS can't assume the role `arn:aws:iam::000000000000:role/r`
    | event 4m 54s ago: (service api) failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::000000000000:role/r' that was provided for this task. Please verify that the role being passed has the proper trust relationship.).
    > let `ecs-tasks.amazonaws.com` do `sts:AssumeRole` in the trust policy of the role `arn:aws:iam::000000000000:role/r`
    > check that the role exists, and that `iam:PassRole` was allowed for it
    ");
}

#[test]
fn volume() {
    let world = World::new().stopped(
        1,
        "TaskFailedToStart",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection timed out",
    );
    insta::assert_snapshot!(world.told(), @r"
    volume: the EFS file system `fs-0123` could not be mounted
    | task `000000000000000000000000000000a0`: ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection timed out
    > give the file system a mount target in each Availability Zone of the service's subnets
    > allow NFS (TCP `2049`) from the task's security group in that of the mount targets
    > check the access point and IAM authorization for `arn:aws:iam::000000000000:role/api-task`
    ");
}

#[test]
fn network() {
    let world = World::new().reason(
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from \
         Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. \
         operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error \
         StatusCode: 0, RequestID: , request send failed, Post \"https://api.ecr.eu-central-1.amazonaws.com/\": dial tcp \
         10.0.0.7:443: i/o timeout",
    );
    insta::assert_snapshot!(world.told(), @r#"
    network: the task can't reach `api.ecr.eu-central-1.amazonaws.com` from its subnets `subnet-1`, `subnet-2`
    | event 4m 50s ago: (service api) was unable to place a task. Reason: ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post "https://api.ecr.eu-central-1.amazonaws.com/": dial tcp 10.0.0.7:443: i/o timeout.
    > give the subnets a NAT gateway, or VPC endpoints for `ecr.api`, `ecr.dkr`, `logs`, `secretsmanager` and a gateway to S3
    > in public subnets on Fargate: set `assignPublicIp` to `ENABLED` (now `DISABLED`)
    > allow HTTPS (TCP `443`) out in the security groups `sg-1`, and in to the endpoints
    "#);
}

#[test]
fn container_exit() {
    let world = World::new()
        .exited(4, 1, "")
        .log(&["starting", "panic: no DATABASE_URL"]);
    insta::assert_snapshot!(world.told(), @r"
    container-exit: the essential container `app` ended with exit code 1 3s after its start
    | 4 tasks, container `app`, exit code 1: Essential container in task exited
    | log of `app`: starting
    | log of `app`: panic: no DATABASE_URL
    > run the image `000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c` elsewhere with the same settings
    ");
}

#[test]
fn container_exit_without_a_log() {
    let world = World::new().exited(1, 137, "");
    insta::assert_snapshot!(world.told(), @r"
    container-exit: the essential container `app` ended with exit code 137 3s after its start: it was killed (SIGKILL); AWS doesn't say that memory ran out
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
    > mend what makes the tasks fail; ECS counts it, it doesn't cause it
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
            }],
            ..ServiceDeployment::default()
        });
    });
    insta::assert_snapshot!(world.told(), @r"
    lifecycle-hook: the deployment waits at the lifecycle hook `approve` for somebody to let it go on, for 1h yet
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
    > mend what makes the tasks fail: a new task definition ends the waiting at once
    ");
}

#[test]
fn unknown() {
    let world = World::new().reason("something that AWS will say next year");
    insta::assert_snapshot!(world.told(), @r"
    unknown: AWS says what no rule knows: `(service api) was unable to place a task. Reason: something that AWS will say next year.`
    | event 4m 50s ago: (service api) was unable to place a task. Reason: something that AWS will say next year.
    > look at the stopped task and at the service's events in the ECS console
    ");
}
