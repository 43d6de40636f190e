//! What scaling groups and instance types add to a forecast and a proof, and what is left without
//! them.

use plimsoll_sim::{InstanceSpec, ProviderSpec, ServiceSpec, World};
use serde_json::json;

use crate::door::{Story, Told};
use crate::setting::{definition, images, redeploy, service};

/// Two tasks of this size don't fit on one m5.large.
const LARGE: (i64, i64) = (1536, 4096);

/// The group `workers` with one m5.large that the service's one task fills.
fn workers(world: &mut World, spec: ProviderSpec) {
    images(world);
    let kind = spec.instance.ec2_type.clone();
    let instance = InstanceSpec {
        ec2_type: kind,
        capacity_provider: Some("workers".to_owned()),
        ..InstanceSpec::default()
    };
    world.add_capacity_provider(ProviderSpec { instance, ..spec });
    let of_group = ServiceSpec {
        capacity_providers: vec![("workers".to_owned(), 1, 0)],
        ..ServiceSpec::default()
    };
    service(world, definition("api", LARGE.0, LARGE.1), of_group);
}

fn full() -> Story {
    redeploy(|world| {
        workers(
            world,
            ProviderSpec {
                max: 1,
                ..ProviderSpec::default()
            },
        );
    })
}

/// Everything that explains the outcome of the one service, in one text.
pub(crate) fn causes(told: &Told) -> String {
    let causes = told
        .report
        .services
        .iter()
        .flat_map(|service| &service.causes);
    causes
        .map(|cause| {
            format!(
                "{}: {}\n{}\n",
                cause.kind.as_str(),
                cause.message,
                cause.evidence.join("\n")
            )
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_group_at_its_maximum_is_part_of_the_proof() {
    let told = full().deploy().await;
    assert_eq!(told.outcome(), "blocked", "{}", told.log);
    assert_eq!(told.calls("UpdateService"), 0);
    assert!(
        told.log
            .contains("`workers` is at its maximum: 1 of 1 instances"),
        "{}",
        told.log
    );

    let told = full().input("capacity-check", "off").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(
        told.seconds <= 30,
        "called as soon as it was certain: {} s",
        told.seconds
    );
    assert!(
        causes(&told).contains("at its maximum: 1 of 1 instances"),
        "{}",
        causes(&told)
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_larger_than_the_groups_smallest_type_gets_no_instance() {
    let mixed = |world: &mut World| {
        images(world);
        let instance = InstanceSpec {
            ec2_type: "m5.xlarge".to_owned(),
            ..InstanceSpec::default()
        };
        let types = vec!["m5.xlarge".to_owned(), "m5.large".to_owned()];
        world.add_capacity_provider(ProviderSpec {
            max: 4,
            instance,
            types,
            ..ProviderSpec::default()
        });
        let of_group = ServiceSpec {
            capacity_providers: vec![("workers".to_owned(), 1, 0)],
            ..ServiceSpec::default()
        };
        service(world, definition("api", 3072, 8192), of_group);
    };
    let told = redeploy(mixed)
        .input("capacity-check", "off")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    let causes = causes(&told);
    assert!(
        causes.contains("smallest instance type, `m5.large` (2048 CPU units, 8192 MiB)"),
        "{causes}"
    );
    assert!(told.seconds <= 30, "{} s", told.seconds);
}

/// The task runs on a larger instance that joined by hand; the group launches what its template
/// names, and that is too small.
pub(crate) fn templated() -> Story {
    redeploy(|world| {
        images(world);
        world.add_capacity_provider(ProviderSpec {
            max: 4,
            ..ProviderSpec::default()
        });
        let capacity_provider = Some("workers".to_owned());
        world.add_instance(InstanceSpec {
            ec2_type: "m5.xlarge".to_owned(),
            capacity_provider,
            ..InstanceSpec::default()
        });
        let of_group = ServiceSpec {
            capacity_providers: vec![("workers".to_owned(), 1, 0)],
            ..ServiceSpec::default()
        };
        service(world, definition("api", 3072, 8192), of_group);
    })
    .input("capacity-check", "off")
}

#[tokio::test(start_paused = true)]
async fn what_a_group_launches_next_stands_in_its_template() {
    let told = templated().deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(told.seconds <= 30, "{} s", told.seconds);
    assert!(
        causes(&told).contains("smallest instance type, `m5.large`"),
        "{}",
        causes(&told)
    );

    let story = templated();
    story
        .sim
        .with(|world| world.deny("ec2:DescribeLaunchTemplateVersions"));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(
        told.seconds >= 300,
        "the instance that runs proves nothing of the next: {} s",
        told.seconds
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_below_its_maximum_is_waited_for() {
    let told = redeploy(|world| {
        workers(
            world,
            ProviderSpec {
                max: 2,
                ..ProviderSpec::default()
            },
        );
    })
    .input("stuck-after", "5m")
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert_eq!(told.report.services[0].causes, []);
}

#[tokio::test(start_paused = true)]
async fn what_ec2_answers_to_a_launch_is_the_evidence() {
    let error = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a). Launching EC2 instance failed.";
    let failing = ProviderSpec {
        max: 4,
        launch_error: Some(error.to_owned()),
        ..ProviderSpec::default()
    };
    let told = redeploy(|world| workers(world, failing))
        .input("stuck-after", "5m")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(
        causes(&told).contains(
            "scaling activity of `workers`: We currently do not have sufficient m5.large capacity"
        ),
        "{}",
        causes(&told)
    );
}

/// Two tasks with network interfaces of their own fill the one instance, of a type that is newer
/// than the table in the source.
pub(crate) fn interfaces() -> Story {
    redeploy(|world| {
        images(world);
        world.add_instance(InstanceSpec {
            ec2_type: "m8i.large".to_owned(),
            ..InstanceSpec::default()
        });
        let mut document = definition("api", 128, 256);
        document["networkMode"] = json!("awsvpc");
        document["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
        service(
            world,
            document,
            ServiceSpec {
                desired: 2,
                ..ServiceSpec::default()
            },
        );
    })
    .input("capacity-check", "off")
    .input("stuck-after", "10m")
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_network_interfaces_comes_from_ec2() {
    let told = interfaces().deploy().await;
    assert_eq!(
        (told.outcome(), told.kinds().first()),
        ("stuck", Some(&"eni")),
        "{}",
        told.log
    );
    assert!(told.seconds <= 30, "{} s", told.seconds);

    let story = interfaces();
    story
        .sim
        .with(|world| world.deny("ec2:DescribeInstanceTypes"));
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert!(
        told.seconds >= 600,
        "not certain without the limit: {} s",
        told.seconds
    );
}

#[tokio::test(start_paused = true)]
async fn denied_reads_of_groups_leave_the_forecast_unknown_and_are_named_once() {
    let story = full();
    story.sim.with(|world| {
        world.deny("autoscaling:DescribeAutoScalingGroups");
        world.deny("autoscaling:DescribeScalingActivities");
    });
    let told = story.input("stuck-after", "2m").deploy().await;
    assert_eq!(told.outcome(), "stuck", "{}", told.log);
    assert_eq!(
        told.calls("UpdateService"),
        1,
        "an unknown forecast holds nothing back"
    );
    // Once while it goes on, and once more as evidence where it ends without a proof.
    let (before, closing) = told.log.split_once("\ncause (").unwrap();
    for part in [before, closing] {
        assert_eq!(
            part.matches("autoscaling:DescribeAutoScalingGroups")
                .count(),
            1,
            "{}",
            told.log
        );
    }
}

#[tokio::test(start_paused = true)]
async fn plain_deploys_read_nothing_but_ecs() {
    let told = redeploy(|world| crate::setting::roomy(world, 3))
        .deploy()
        .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    for operation in [
        "DescribeAutoScalingGroups",
        "DescribeInstanceTypes",
        "GetLogEvents",
        "DescribeTargetHealth",
    ] {
        assert_eq!(told.calls(operation), 0, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_scale_out_that_is_under_way_is_waited_for() {
    let told = redeploy(|world| {
        images(world);
        world.add_capacity_provider(ProviderSpec {
            name: "workers".to_owned(),
            instance: InstanceSpec {
                capacity_provider: Some("workers".to_owned()),
                ..InstanceSpec::default()
            },
            // Longer than any patience of the watch with what it can't see.
            registers_after_secs: 11 * 60,
            ..ProviderSpec::default()
        });
        let spec = ServiceSpec {
            capacity_providers: vec![("workers".to_owned(), 1, 0)],
            ..ServiceSpec::default()
        };
        service(world, definition("api", 1536, 4096), spec);
    })
    .deploy()
    .await;
    assert_eq!(told.outcome(), "succeeded", "{}", told.log);
    assert!(told.seconds > 11 * 60);
}
