//! SDK types to `snapshot` types, once and for all. Unknown words are kept, absent ones are empty.

use std::time::Duration;

use aws_sdk_ecs::types as sdk;
use aws_smithy_types::DateTime;

use crate::snapshot::{
    CapacityProvider, CircuitBreaker, CircuitBreakerState, Constraint, Container, Deployment,
    DeploymentConfiguration, DeploymentStatus, Event, Health, Hook, Instance, LoadBalancer,
    Network, PlacementStrategy, Resources, RolloutState, Scheduling, Service, ServiceDeployment,
    StrategyItem, Task, TaskStatus, Timestamp,
};

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn time(value: Option<DateTime>) -> Option<Timestamp> {
    let millis = value?.to_millis().ok();
    // Too far off for a number of milliseconds: as far as a date goes.
    millis.map(Timestamp::of_millis)
}

pub(super) fn strategy_item(item: sdk::CapacityProviderStrategyItem) -> StrategyItem {
    StrategyItem {
        provider: item.capacity_provider,
        weight: count(item.weight),
        base: count(item.base),
    }
}

pub(super) fn service(cluster: &str, answer: sdk::Service) -> Service {
    Service {
        cluster: cluster.to_owned(),
        name: answer.service_name.unwrap_or_default(),
        arn: answer.service_arn.unwrap_or_default(),
        status: answer.status.unwrap_or_default(),
        desired: count(answer.desired_count),
        running: count(answer.running_count),
        pending: count(answer.pending_count),
        task_definition: answer.task_definition.unwrap_or_default(),
        launch_type: answer.launch_type.map(|launch| launch.as_str().to_owned()),
        capacity_providers: answer
            .capacity_provider_strategy
            .unwrap_or_default()
            .into_iter()
            .map(strategy_item)
            .collect(),
        deployments: answer
            .deployments
            .unwrap_or_default()
            .into_iter()
            .map(deployment)
            .collect(),
        events: answer
            .events
            .unwrap_or_default()
            .into_iter()
            .map(event)
            .collect(),
        configuration: answer
            .deployment_configuration
            .map(configuration)
            .unwrap_or_default(),
        scheduling: match answer.scheduling_strategy {
            Some(sdk::SchedulingStrategy::Daemon) => Scheduling::Daemon,
            _ => Scheduling::Replica,
        },
        controller: answer.deployment_controller.map_or_else(
            || "ECS".to_owned(),
            |controller| controller.r#type.as_str().to_owned(),
        ),
        constraints: answer
            .placement_constraints
            .unwrap_or_default()
            .into_iter()
            .map(constraint)
            .collect(),
        placement: answer
            .placement_strategy
            .unwrap_or_default()
            .into_iter()
            .map(placement)
            .collect(),
        network: answer
            .network_configuration
            .and_then(|network| network.awsvpc_configuration)
            .map(network),
        load_balancers: answer
            .load_balancers
            .unwrap_or_default()
            .into_iter()
            .map(load_balancer)
            .collect(),
        az_rebalancing: answer.availability_zone_rebalancing
            == Some(sdk::AvailabilityZoneRebalancing::Enabled),
        service_deployment: answer.current_service_deployment,
        health_check_grace: Duration::from_secs(
            answer
                .health_check_grace_period_seconds
                .and_then(|s| u64::try_from(s).ok())
                .unwrap_or(0),
        ),
    }
}

fn deployment(answer: sdk::Deployment) -> Deployment {
    Deployment {
        id: answer.id.unwrap_or_default(),
        status: match answer.status.unwrap_or_default().as_str() {
            "PRIMARY" => DeploymentStatus::Primary,
            "ACTIVE" => DeploymentStatus::Active,
            "INACTIVE" => DeploymentStatus::Inactive,
            other => DeploymentStatus::Other(other.to_owned()),
        },
        task_definition: answer.task_definition.unwrap_or_default(),
        desired: count(answer.desired_count),
        pending: count(answer.pending_count),
        running: count(answer.running_count),
        failed: count(answer.failed_tasks),
        created: time(answer.created_at).unwrap_or_default(),
        updated: time(answer.updated_at).unwrap_or_default(),
        rollout: answer.rollout_state.map(|state| match state.as_str() {
            "IN_PROGRESS" => RolloutState::InProgress,
            "COMPLETED" => RolloutState::Completed,
            "FAILED" => RolloutState::Failed,
            other => RolloutState::Other(other.to_owned()),
        }),
        rollout_reason: answer.rollout_state_reason.unwrap_or_default(),
    }
}

fn event(answer: sdk::ServiceEvent) -> Event {
    Event {
        id: answer.id.unwrap_or_default(),
        at: time(answer.created_at).unwrap_or_default(),
        message: answer.message.unwrap_or_default(),
    }
}

fn configuration(answer: sdk::DeploymentConfiguration) -> DeploymentConfiguration {
    let default = DeploymentConfiguration::default();
    let alarms = answer.alarms.filter(|alarms| alarms.enable);
    let minutes = |minutes: i32| Duration::from_secs(60 * u64::from(count(minutes)));
    let linear = answer.linear_configuration.as_ref();
    let canary = answer.canary_configuration.as_ref();
    let between_steps = linear
        .and_then(|linear| linear.step_bake_time_in_minutes)
        .or_else(|| canary.and_then(|canary| canary.canary_bake_time_in_minutes));
    DeploymentConfiguration {
        minimum_healthy_percent: answer
            .minimum_healthy_percent
            .map_or(default.minimum_healthy_percent, count),
        maximum_percent: answer
            .maximum_percent
            .map_or(default.maximum_percent, count),
        circuit_breaker: answer
            .deployment_circuit_breaker
            .filter(|breaker| breaker.enable)
            .map(|breaker| CircuitBreaker {
                rollback: breaker.rollback,
            }),
        alarms_roll_back: alarms.as_ref().is_some_and(|alarms| alarms.rollback),
        alarms: alarms.map(|alarms| alarms.alarm_names).unwrap_or_default(),
        strategy: answer
            .strategy
            .map_or(default.strategy, |strategy| strategy.as_str().to_owned()),
        bake_time: answer.bake_time_in_minutes.map(minutes),
        step_bake_time: between_steps.map(minutes),
    }
}

fn constraint(answer: sdk::PlacementConstraint) -> Constraint {
    match answer.r#type {
        Some(sdk::PlacementConstraintType::DistinctInstance) => Constraint::DistinctInstance,
        Some(sdk::PlacementConstraintType::MemberOf) => {
            Constraint::MemberOf(answer.expression.unwrap_or_default())
        }
        other => Constraint::Other(
            other
                .map(|kind| kind.as_str().to_owned())
                .unwrap_or_default(),
        ),
    }
}

fn placement(answer: sdk::PlacementStrategy) -> PlacementStrategy {
    PlacementStrategy {
        kind: answer
            .r#type
            .map(|kind| kind.as_str().to_owned())
            .unwrap_or_default(),
        field: answer.field.unwrap_or_default(),
    }
}

fn network(answer: sdk::AwsVpcConfiguration) -> Network {
    Network {
        subnets: answer.subnets,
        security_groups: answer.security_groups.unwrap_or_default(),
        assign_public_ip: answer.assign_public_ip == Some(sdk::AssignPublicIp::Enabled),
    }
}

fn load_balancer(answer: sdk::LoadBalancer) -> LoadBalancer {
    LoadBalancer {
        target_group: answer.target_group_arn,
        classic_name: answer.load_balancer_name,
        container: answer.container_name.unwrap_or_default(),
        port: answer
            .container_port
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(0),
    }
}

pub(super) fn service_deployment(answer: sdk::ServiceDeployment) -> ServiceDeployment {
    let target = answer.target_service_revision;
    ServiceDeployment {
        arn: answer.service_deployment_arn.unwrap_or_default(),
        status: answer
            .status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        reason: answer.status_reason.unwrap_or_default(),
        production_traffic: target
            .as_ref()
            .and_then(|target| target.requested_production_traffic_weight),
        target_revision: target.and_then(|target| target.arn).unwrap_or_default(),
        created: time(answer.created_at).unwrap_or_default(),
        stage: answer
            .lifecycle_stage
            .map(|stage| stage.as_str().to_owned()),
        circuit_breaker: answer
            .deployment_circuit_breaker
            .map(|breaker| CircuitBreakerState {
                status: breaker
                    .status
                    .map(|status| status.as_str().to_owned())
                    .unwrap_or_default(),
                failures: count(breaker.failure_count),
                threshold: count(breaker.threshold),
            }),
        triggered_alarms: answer
            .alarms
            .and_then(|alarms| alarms.triggered_alarm_names)
            .unwrap_or_default(),
        hooks: answer
            .lifecycle_hook_details
            .unwrap_or_default()
            .into_iter()
            .map(hook)
            .collect(),
        rollback_reason: answer.rollback.and_then(|rollback| rollback.reason),
    }
}

fn hook(answer: sdk::DeploymentLifecycleHookDetail) -> Hook {
    Hook {
        id: answer.hook_id.unwrap_or_default(),
        status: answer
            .status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        target: answer.target_arn.unwrap_or_default(),
        expires: time(answer.expires_at),
        timeout_action: answer
            .timeout_action
            .map(|action| action.as_str().to_owned())
            .unwrap_or_default(),
    }
}

fn health(answer: Option<&sdk::HealthStatus>) -> Health {
    match answer {
        Some(sdk::HealthStatus::Healthy) => Health::Healthy,
        Some(sdk::HealthStatus::Unhealthy) => Health::Unhealthy,
        _ => Health::Unknown,
    }
}

pub(super) fn task(answer: sdk::Task) -> Task {
    Task {
        arn: answer.task_arn.unwrap_or_default(),
        task_definition: answer.task_definition_arn.unwrap_or_default(),
        started_by: answer.started_by.unwrap_or_default(),
        group: answer.group.unwrap_or_default(),
        instance: answer.container_instance_arn,
        capacity_provider: answer.capacity_provider_name,
        launch_type: answer.launch_type.map(|launch| launch.as_str().to_owned()),
        availability_zone: answer.availability_zone,
        last_status: task_status(answer.last_status.unwrap_or_default()),
        desired_status: answer.desired_status.unwrap_or_default(),
        health: health(answer.health_status.as_ref()),
        created: time(answer.created_at).unwrap_or_default(),
        started: time(answer.started_at),
        stopping: time(answer.stopping_at),
        stopped: time(answer.stopped_at),
        stop_code: answer.stop_code.map(|code| code.as_str().to_owned()),
        stopped_reason: answer.stopped_reason.unwrap_or_default(),
        has_eni: answer
            .attachments
            .unwrap_or_default()
            .iter()
            .any(|attachment| attachment.r#type() == Some("ElasticNetworkInterface")),
        protected: false,
        in_service: None,
        cpu: answer.cpu.and_then(|cpu| cpu.parse().ok()),
        memory: answer.memory.and_then(|memory| memory.parse().ok()),
        containers: answer
            .containers
            .unwrap_or_default()
            .into_iter()
            .map(container)
            .collect(),
    }
}

fn task_status(word: String) -> TaskStatus {
    match word.as_str() {
        "PROVISIONING" => TaskStatus::Provisioning,
        "PENDING" => TaskStatus::Pending,
        "ACTIVATING" => TaskStatus::Activating,
        "RUNNING" => TaskStatus::Running,
        "DEACTIVATING" => TaskStatus::Deactivating,
        "STOPPING" => TaskStatus::Stopping,
        "DEPROVISIONING" => TaskStatus::Deprovisioning,
        "STOPPED" => TaskStatus::Stopped,
        _ => TaskStatus::Other(word),
    }
}

fn container(answer: sdk::Container) -> Container {
    Container {
        name: answer.name.unwrap_or_default(),
        last_status: answer.last_status.unwrap_or_default(),
        exit_code: answer.exit_code.map(i64::from),
        reason: answer.reason.unwrap_or_default(),
        health: health(answer.health_status.as_ref()),
        image: answer.image.unwrap_or_default(),
        image_digest: answer.image_digest.unwrap_or_default(),
        addresses: answer
            .network_interfaces
            .unwrap_or_default()
            .into_iter()
            .filter_map(|one| one.private_ipv4_address)
            .collect(),
        host_ports: answer
            .network_bindings
            .unwrap_or_default()
            .into_iter()
            .filter_map(|one| u16::try_from(one.host_port?).ok())
            .collect(),
    }
}

pub(super) fn instance(answer: sdk::ContainerInstance) -> Instance {
    Instance {
        arn: answer.container_instance_arn.unwrap_or_default(),
        ec2_instance_id: answer.ec2_instance_id,
        status: answer.status.unwrap_or_default(),
        agent_connected: answer.agent_connected,
        capacity_provider: answer.capacity_provider_name,
        registered: resources(answer.registered_resources.unwrap_or_default()),
        remaining: resources(answer.remaining_resources.unwrap_or_default()),
        attributes: answer
            .attributes
            .unwrap_or_default()
            .into_iter()
            .map(|attribute| (attribute.name, attribute.value))
            .collect(),
        running_tasks: count(answer.running_tasks_count),
        pending_tasks: count(answer.pending_tasks_count),
    }
}

/// Resources are found by name: their order in the answer means nothing.
fn resources(answer: Vec<sdk::Resource>) -> Resources {
    let mut resources = Resources::default();
    for resource in answer {
        let name = resource.name.clone().unwrap_or_default();
        let kind = resource.r#type.clone().unwrap_or_default();
        match (name.as_str(), kind.as_str()) {
            ("CPU", _) => resources.cpu = amount(&resource, &kind),
            ("MEMORY", _) => resources.memory = amount(&resource, &kind),
            ("PORTS", "STRINGSET") => resources.tcp_ports = ports(&resource),
            ("PORTS_UDP", "STRINGSET") => resources.udp_ports = ports(&resource),
            ("GPU", "STRINGSET") => {
                resources.gpus = u32::try_from(resource.string_set_value().len()).ok();
            }
            ("GPU", _) => {
                resources.gpus = amount(&resource, &kind).and_then(|gpus| u32::try_from(gpus).ok());
            }
            _ => resources.unknown.push(name),
        }
    }
    resources
}

fn amount(resource: &sdk::Resource, kind: &str) -> Option<i64> {
    match kind {
        "INTEGER" => Some(i64::from(resource.integer_value)),
        "LONG" => Some(resource.long_value),
        // Whole units are all that placement counts in; a fraction is rounded towards less room.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a saturating cast is what is wanted here"
        )]
        "DOUBLE" => Some(resource.double_value.floor() as i64),
        _ => None,
    }
}

fn ports(resource: &sdk::Resource) -> std::collections::BTreeSet<u16> {
    resource
        .string_set_value()
        .iter()
        .filter_map(|port| port.parse().ok())
        .collect()
}

pub(super) fn capacity_provider(answer: sdk::CapacityProvider) -> CapacityProvider {
    let group = answer.auto_scaling_group_provider;
    CapacityProvider {
        name: answer.name.unwrap_or_default(),
        status: answer
            .status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        kind: answer
            .r#type
            .map(|kind| kind.as_str().to_owned())
            .unwrap_or_default(),
        managed_scaling: group
            .as_ref()
            .and_then(|group| group.managed_scaling.as_ref())
            // Only what AWS calls disabled can't grow; a provider of a kind that isn't known may.
            .is_none_or(|scaling| scaling.status != Some(sdk::ManagedScalingStatus::Disabled)),
        group_name: group
            .map(|group| crate::snapshot::last_part(&group.auto_scaling_group_arn).to_owned()),
        group: None,
    }
}
