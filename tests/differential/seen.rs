//! The world as a client sees it: the stand-in's answers read into what the forecast takes.

use std::collections::BTreeSet;

use bytes::Bytes;
use plimsoll::capacity::{TaskNeeds, TypeSize};
use plimsoll::snapshot::{
    CapacityProvider, Constraint, Deployment, DeploymentConfiguration, DeploymentStatus, Health,
    Instance, PlacementStrategy, Resources, ScalingGroup, Scheduling, Service, StrategyItem, Task,
    TaskStatus, Timestamp,
};
use plimsoll::survey::Survey;
use plimsoll_sim::{Answer, Sim};
use serde_json::{Value, json};

use crate::network;
use crate::plan::Plan;

/// What EC2 says that a type has in all: CPU units and MiB.
const TYPES: [(&str, i64, i64); 6] = [
    ("m5.large", 2048, 8192),
    ("m5.xlarge", 4096, 16384),
    ("m5.4xlarge", 16384, 65536),
    ("c5.large", 2048, 4096),
    ("t3.small", 2048, 2048),
    ("g4dn.xlarge", 4096, 16384),
];

/// Everything that one forecast of a run takes.
pub(crate) struct Seen {
    pub(crate) survey: Survey,
    pub(crate) services: Vec<Service>,
    pub(crate) needs: Vec<TaskNeeds>,
    /// The deployments under way; none before.
    pub(crate) targets: Vec<Option<String>>,
}

pub(crate) fn ask(sim: &Sim, operation: &str, body: &Value) -> Value {
    let request = http::Request::builder()
        .method("POST")
        .uri("/")
        .header(
            "x-amz-target",
            format!("AmazonEC2ContainerServiceV20141113.{operation}"),
        )
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let now = sim.with(|world| world.now());
    match sim.answer(now, &request) {
        Answer::Response(answer) | Answer::Late(_, answer) => {
            let body = serde_json::from_slice(answer.body()).unwrap();
            assert!(answer.status() == 200, "{operation}: {body}");
            body
        }
        Answer::Dropped => panic!("no fault was asked for"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn some(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn count(value: &Value) -> u32 {
    value
        .as_u64()
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(0)
}

/// `begun`: the deployments under way count as new.
pub(crate) fn look(sim: &Sim, plan: &Plan, begun: bool) -> Seen {
    let names: Vec<&str> = plan.deployed.iter().map(|party| party.name).collect();
    let described = ask(
        sim,
        "DescribeServices",
        &json!({"cluster": "web", "services": names}),
    );
    let services: Vec<Service> = list(&described["services"]).iter().map(service).collect();
    let mut survey = Survey {
        instances: instances(sim),
        tasks: tasks(sim, &names),
        ..Survey::default()
    };
    let lost = survey.instances.iter().filter(|one| !one.agent_connected);
    survey.agents_lost = lost.map(|one| one.arn.clone()).collect();
    survey.type_sizes = TYPES
        .iter()
        .map(|(name, cpu, memory)| {
            (
                (*name).to_owned(),
                TypeSize {
                    cpu: *cpu,
                    memory: *memory,
                },
            )
        })
        .collect();
    survey.providers = providers(sim, plan);
    survey.eni_limits = network::eni_limits();
    network::read(sim, plan, list(&described["services"]), &mut survey);
    let mut needs = Vec::new();
    for (party, service) in plan.deployed.iter().zip(&services) {
        let mut new = TaskNeeds::default();
        for number in [1, 2] {
            let document = definition(sim, &format!("{}:{number}", party.name));
            new = TaskNeeds::of(&document);
            survey
                .old_needs
                .insert(text(&document["taskDefinitionArn"]), new.clone());
        }
        constrain(sim, &mut survey, service, &new.constraints);
        needs.push(new);
    }
    let target = |service: &Service| {
        service
            .primary()
            .filter(|_| begun)
            .map(|primary| primary.id.clone())
    };
    let targets = services.iter().map(target).collect();
    Seen {
        survey,
        services,
        needs,
        targets,
    }
}

fn constrain(sim: &Sim, survey: &mut Survey, service: &Service, more: &[Constraint]) {
    let mut found: Option<BTreeSet<String>> = None;
    for constraint in service.constraints.iter().chain(more) {
        let Constraint::MemberOf(expression) = constraint else {
            continue;
        };
        let listed = ask(
            sim,
            "ListContainerInstances",
            &json!({"cluster": "web", "filter": expression}),
        );
        let matching: BTreeSet<String> = list(&listed["containerInstanceArns"])
            .iter()
            .map(text)
            .collect();
        found = Some(found.map_or(matching.clone(), |before| {
            before.intersection(&matching).cloned().collect()
        }));
    }
    survey
        .member_of
        .extend(found.map(|found| (service.name.clone(), found)));
}

fn definition(sim: &Sim, name: &str) -> Value {
    ask(
        sim,
        "DescribeTaskDefinition",
        &json!({"taskDefinition": name}),
    )["taskDefinition"]
        .clone()
}

fn providers(sim: &Sim, plan: &Plan) -> Vec<CapacityProvider> {
    let there = |name: &str| {
        let of_it = |world: &mut plimsoll_sim::World| {
            world
                .instances()
                .iter()
                .filter(|one| one.capacity_provider.as_deref() == Some(name))
                .count()
        };
        u32::try_from(sim.with(of_it)).unwrap_or(0)
    };
    let one = |pool: &crate::plan::Pool| CapacityProvider {
        name: pool.name.to_owned(),
        status: "ACTIVE".to_owned(),
        kind: "EC2_AUTOSCALING".to_owned(),
        managed_scaling: pool.managed,
        group_name: Some(pool.name.to_owned()),
        group: Some(ScalingGroup {
            name: pool.name.to_owned(),
            min: 0,
            max: pool.max,
            desired: there(pool.name),
            instance_types: vec![pool.kind.to_owned()],
            activities: Vec::new(),
        }),
    };
    plan.pools.iter().map(one).collect()
}

fn instances(sim: &Sim) -> Vec<Instance> {
    let listed = ask(sim, "ListContainerInstances", &json!({"cluster": "web"}));
    let arns = &listed["containerInstanceArns"];
    if list(arns).is_empty() {
        return Vec::new();
    }
    let described = ask(
        sim,
        "DescribeContainerInstances",
        &json!({"cluster": "web", "containerInstances": arns}),
    );
    list(&described["containerInstances"])
        .iter()
        .map(instance)
        .collect()
}

fn instance(one: &Value) -> Instance {
    Instance {
        arn: text(&one["containerInstanceArn"]),
        ec2_instance_id: some(&one["ec2InstanceId"]),
        status: text(&one["status"]),
        agent_connected: one["agentConnected"] == true,
        capacity_provider: some(&one["capacityProviderName"]),
        registered: resources(&one["registeredResources"]),
        remaining: resources(&one["remainingResources"]),
        attributes: list(&one["attributes"])
            .iter()
            .map(|pair| (text(&pair["name"]), some(&pair["value"])))
            .collect(),
        running_tasks: count(&one["runningTasksCount"]),
        pending_tasks: count(&one["pendingTasksCount"]),
    }
}

fn resources(all: &Value) -> Resources {
    let mut resources = Resources::default();
    let ports = |one: &Value| {
        list(&one["stringSetValue"])
            .iter()
            .filter_map(|port| port.as_str()?.parse().ok())
            .collect()
    };
    for one in list(all) {
        match one["name"].as_str().unwrap_or_default() {
            "CPU" => resources.cpu = one["integerValue"].as_i64(),
            "MEMORY" => resources.memory = one["integerValue"].as_i64(),
            "PORTS" => resources.tcp_ports = ports(one),
            "PORTS_UDP" => resources.udp_ports = ports(one),
            "GPU" => resources.gpus = u32::try_from(list(&one["stringSetValue"]).len()).ok(),
            other => resources.unknown.push(other.to_owned()),
        }
    }
    resources
}

/// All tasks that are to run, and those of the services that are still stopping.
fn tasks(sim: &Sim, services: &[&str]) -> Vec<Task> {
    let mut arns = list(&ask(sim, "ListTasks", &json!({"cluster": "web"}))["taskArns"]).to_vec();
    for name in services {
        let query = json!({"cluster": "web", "serviceName": name, "desiredStatus": "STOPPED"});
        arns.extend_from_slice(list(&ask(sim, "ListTasks", &query)["taskArns"]));
    }
    let mut tasks = Vec::new();
    for some in arns.chunks(100) {
        let described = ask(
            sim,
            "DescribeTasks",
            &json!({"cluster": "web", "tasks": some}),
        );
        tasks.extend(list(&described["tasks"]).iter().map(task));
    }
    tasks.retain(|task| task.last_status != TaskStatus::Stopped);
    tasks
}

fn task(one: &Value) -> Task {
    let attachments = list(&one["attachments"]);
    Task {
        arn: text(&one["taskArn"]),
        task_definition: text(&one["taskDefinitionArn"]),
        started_by: text(&one["startedBy"]),
        group: text(&one["group"]),
        instance: some(&one["containerInstanceArn"]),
        capacity_provider: some(&one["capacityProviderName"]),
        launch_type: some(&one["launchType"]),
        availability_zone: some(&one["availabilityZone"]),
        last_status: status(&text(&one["lastStatus"])),
        desired_status: text(&one["desiredStatus"]),
        health: match one["healthStatus"].as_str() {
            Some("HEALTHY") => Health::Healthy,
            Some("UNHEALTHY") => Health::Unhealthy,
            _ => Health::Unknown,
        },
        created: Timestamp::default(),
        started: None,
        stopping: None,
        stopped: None,
        stop_code: some(&one["stopCode"]),
        stopped_reason: text(&one["stoppedReason"]),
        has_eni: attachments
            .iter()
            .any(|one| one["type"] == "ElasticNetworkInterface"),
        protected: false,
        in_service: None,
        cpu: one["cpu"].as_str().and_then(|cpu| cpu.parse().ok()),
        memory: one["memory"]
            .as_str()
            .and_then(|memory| memory.parse().ok()),
        containers: Vec::new(),
    }
}

fn status(word: &str) -> TaskStatus {
    match word {
        "PROVISIONING" => TaskStatus::Provisioning,
        "PENDING" => TaskStatus::Pending,
        "ACTIVATING" => TaskStatus::Activating,
        "RUNNING" => TaskStatus::Running,
        "DEACTIVATING" => TaskStatus::Deactivating,
        "STOPPING" => TaskStatus::Stopping,
        "DEPROVISIONING" => TaskStatus::Deprovisioning,
        "STOPPED" => TaskStatus::Stopped,
        other => TaskStatus::Other(other.to_owned()),
    }
}

fn service(one: &Value) -> Service {
    let percent = &one["deploymentConfiguration"];
    let item = |item: &Value| StrategyItem {
        provider: text(&item["capacityProvider"]),
        weight: count(&item["weight"]),
        base: count(&item["base"]),
    };
    let constraint = |one: &Value| match one["type"].as_str() {
        Some("memberOf") => Constraint::MemberOf(text(&one["expression"])),
        _ => Constraint::DistinctInstance,
    };
    let strategy = |one: &Value| PlacementStrategy {
        kind: text(&one["type"]),
        field: text(&one["field"]),
    };
    Service {
        cluster: "web".to_owned(),
        name: text(&one["serviceName"]),
        arn: text(&one["serviceArn"]),
        status: text(&one["status"]),
        desired: count(&one["desiredCount"]),
        running: count(&one["runningCount"]),
        pending: count(&one["pendingCount"]),
        task_definition: text(&one["taskDefinition"]),
        launch_type: some(&one["launchType"]),
        capacity_providers: list(&one["capacityProviderStrategy"])
            .iter()
            .map(item)
            .collect(),
        deployments: list(&one["deployments"]).iter().map(deployment).collect(),
        configuration: DeploymentConfiguration {
            minimum_healthy_percent: count(&percent["minimumHealthyPercent"]),
            maximum_percent: count(&percent["maximumPercent"]),
            ..DeploymentConfiguration::default()
        },
        scheduling: if one["schedulingStrategy"] == "DAEMON" {
            Scheduling::Daemon
        } else {
            Scheduling::Replica
        },
        controller: "ECS".to_owned(),
        constraints: list(&one["placementConstraints"])
            .iter()
            .map(constraint)
            .collect(),
        placement: list(&one["placementStrategy"])
            .iter()
            .map(strategy)
            .collect(),
        az_rebalancing: one["availabilityZoneRebalancing"] == "ENABLED",
        ..Service::default()
    }
}

fn deployment(one: &Value) -> Deployment {
    Deployment {
        id: text(&one["id"]),
        status: match one["status"].as_str() {
            Some("PRIMARY") => DeploymentStatus::Primary,
            _ => DeploymentStatus::Active,
        },
        task_definition: text(&one["taskDefinition"]),
        desired: count(&one["desiredCount"]),
        pending: count(&one["pendingCount"]),
        running: count(&one["runningCount"]),
        failed: count(&one["failedTasks"]),
        created: Timestamp::default(),
        updated: Timestamp::default(),
        rollout: None,
        rollout_reason: String::new(),
    }
}
