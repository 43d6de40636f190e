//! fabfuel's ecs-deploy against the stand-in: what it says of each world, its known faults included.
//!
//! It looks once a second, which is a minute of the stand-in.

use crate::stage::{Ended, Stage};

const DEPLOY: [&str; 5] = ["deploy", "web", "api", "--tag", "v2"];

impl Stage {
    fn ecs(&self, arguments: &[&str]) -> Ended {
        let mut command = self.client("ecs");
        command.args(arguments);
        self.run(command)
    }

    fn deploy(&self, more: &[&str]) -> Ended {
        self.ecs(&[&DEPLOY[..], more].concat())
    }
}

#[test]
fn a_rollout_that_works_is_successful() {
    let stage = Stage::roomy();
    stage.deploy(&[]).is(0).says(&[
        "Deploying based on task definition: api:1",
        "Changed image of container \"app\" to: \"111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v2\"",
        "Successfully created revision: 2",
        "Successfully changed task definition to: api:2",
        "Deployment successful",
        "Successfully deregistered revision: 1",
    ]);
    assert_eq!(stage.primary(), "api:2");
    assert_eq!(stage.status("api:1"), "INACTIVE");
    // It sends an empty role where there is none, and no role comes of it.
    let document = stage.sim.with(|world| {
        let found = world.find_task_definition("api:2");
        found.unwrap().document.clone()
    });
    assert_eq!(document.get("taskRoleArn"), None);
}

/// It ends at the first event that says "unable", and leaves the service at the new revision.
#[test]
fn a_rollout_without_room_fails_at_the_first_event() {
    let stage = Stage::full();
    stage.deploy(&[]).is(1).says(&[
        "ERROR: (service api) was unable to place a task because no container instance met all of its requirements.",
        "has insufficient CPU units available",
        "Deployment failed",
    ]);
    assert_eq!(
        (stage.primary(), stage.status("api:1")),
        ("api:2".to_owned(), "ACTIVE".to_owned())
    );
}

#[test]
fn a_rollout_without_room_runs_out_of_time_where_warnings_are_ignored() {
    let stage = Stage::full();
    let ended = stage.deploy(&["--ignore-warnings", "--timeout", "4"]);
    ended.is(1).says(&[
        "WARNING: (service api) was unable to place a task",
        "Continuing.",
        "Deployment failed due to timeout. Please see: https://github.com/fabfuel/ecs-deploy#timeout",
    ]);
}

/// Without a wait each rollout is a success, and what runs is deregistered.
#[test]
fn a_rollout_without_room_is_successful_where_nobody_waits() {
    let stage = Stage::full();
    let ended = stage.deploy(&["--timeout", "-1"]);
    ended.is(0).says(&["Deployment successful"]);
    assert_eq!(stage.status("api:1"), "INACTIVE");
}

/// Its best-known fault (its issue 185): the old revision is back and steady, so that the deployment
/// was successful, and the revision that runs is deregistered.
#[test]
fn a_rollback_of_the_circuit_breaker_is_successful() {
    let stage = Stage::crashing(true);
    stage.deploy(&[]).is(0).says(&[
        "Deployment successful",
        "Successfully deregistered revision: 1",
    ]);
    assert_eq!(
        (stage.primary(), stage.status("api:1")),
        ("api:1".to_owned(), "INACTIVE".to_owned())
    );
}

#[test]
fn a_circuit_breaker_that_does_not_roll_back_fails_the_deployment() {
    let stage = Stage::crashing(false);
    stage.deploy(&[]).is(1).says(&[
        "tasks failed to start",
        "Deployment Failed! ECS deployment circuit breaker: tasks failed to start.",
    ]);
    assert_eq!(stage.status("api:1"), "ACTIVE");
}

#[test]
fn what_is_not_there_is_named_in_its_words() {
    let stage = Stage::roomy();
    stage.ecs(&["deploy", "web", "nothing"]).is(1).says(&[
        "An error occurred when calling the DescribeServices operation: Service not found.",
    ]);
    stage.ecs(&["deploy", "nowhere", "api"]).is(1).says(&[
        "An error occurred (ClusterNotFoundException) when calling the DescribeServices operation: Cluster not found.",
    ]);
    let unknown = ["deploy", "web", "api", "--task", "nothing"];
    stage
        .ecs(&unknown)
        .is(1)
        .says(&["Unknown task definition arn: nothing"]);
    assert_eq!(stage.calls("UpdateService"), 0);
}

#[test]
fn what_is_denied_is_named_by_its_action() {
    let stage = Stage::roomy();
    stage.sim.with(|world| world.deny("ecs:UpdateService"));
    stage.deploy(&[]).is(1).says(&[
        "Successfully created revision: 2",
        "An error occurred (AccessDeniedException) when calling the UpdateService operation: User: ",
        "is not authorized to perform: ecs:UpdateService on resource: ",
    ]);
    assert_eq!(stage.primary(), "api:1");
}

#[test]
fn a_service_is_scaled_up_and_down() {
    let stage = Stage::roomy();
    for (count, running) in [("3", 3), ("0", 0)] {
        stage.ecs(&["scale", "web", "api", count]).is(0).says(&[
            &format!("Successfully changed desired count to: {count}"),
            "Scaling successful",
        ]);
        assert_eq!(stage.tasks(), running);
    }
}

#[test]
fn a_scale_out_without_room_is_no_success() {
    let stage = Stage::full();
    stage.ecs(&["scale", "web", "api", "2"]).is(1).says(&[
        "ERROR: (service api) was unable to place a task",
        "Scaling failed",
    ]);
}

#[test]
fn one_off_tasks_are_started() {
    let stage = Stage::roomy();
    stage
        .ecs(&[
            "run",
            "web",
            "api",
            "2",
            "--command",
            "app",
            "./migrate --now",
        ])
        .is(0)
        .says(&[
            "Changed command of container \"app\" to: \"./migrate --now\"",
            "Successfully started 2 instances of task: api:1",
            "- arn:aws:ecs:eu-west-1:111122223333:task/web/",
        ]);
    assert_eq!(stage.tasks(), 3);
}

#[test]
fn a_definition_is_updated_without_a_deployment() {
    let stage = Stage::roomy();
    let update = [
        "update", "api", "--tag", "v2", "--env", "app", "MODE", "quick",
    ];
    stage.ecs(&update).is(0).says(&[
        "Update task definition based on: api:1",
        "Changed environment \"MODE\" of container \"app\" to: \"quick\"",
        "Successfully created revision: 2",
    ]);
    assert_eq!(stage.primary(), "api:1");
    let difference = stage.ecs(&["diff", "api", "1", "2"]);
    difference.is(0).says(&["change: containers.app.image"]);
}
