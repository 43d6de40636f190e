//! A task that has a place and can't start.

use crate::world::World;

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
