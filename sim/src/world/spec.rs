//! What a world is built from: small values with realistic defaults.

use serde_json::Value;

use super::service::Scheduling;

/// Seconds that a target group drains by default (ELB's own default).
pub const DEREGISTRATION_DELAY_SECS: i64 = 300;

/// One EC2 instance that runs the agent. Zeros and empty strings mean "as the type has it".
#[derive(Clone, Debug)]
pub struct InstanceSpec {
    pub cluster: String,
    /// An EC2 instance type; it gives CPU, memory, ENI slots, GPUs and architecture.
    pub ec2_type: String,
    /// CPU units to register; 0 takes the type's.
    pub cpu: i64,
    /// MiB to register; 0 takes the type's.
    pub memory: i64,
    /// Further attributes; they win over the automatic ones. No value: the attribute exists only.
    pub attributes: Vec<(String, Option<String>)>,
    /// Names of automatic attributes that this instance lacks.
    pub without_attributes: Vec<String>,
    pub capacity_provider: Option<String>,
    pub agent_connected: bool,
    /// `ACTIVE`, `DRAINING`, …
    pub status: String,
    /// awsvpc tasks that it can hold; none takes the type's.
    pub eni_limit: Option<usize>,
    /// GPUs; none takes the type's.
    pub gpus: Option<u32>,
    pub az: String,
}

impl Default for InstanceSpec {
    fn default() -> Self {
        InstanceSpec {
            cluster: "web".to_owned(),
            ec2_type: "m5.large".to_owned(),
            cpu: 0,
            memory: 0,
            attributes: Vec::new(),
            without_attributes: Vec::new(),
            capacity_provider: None,
            agent_connected: true,
            status: "ACTIVE".to_owned(),
            eni_limit: None,
            gpus: None,
            az: "eu-west-1a".to_owned(),
        }
    }
}

/// The circuit breaker's settings as `deploymentCircuitBreaker` has them.
#[derive(Clone, Debug)]
pub struct Breaker {
    pub enable: bool,
    pub rollback: bool,
    /// `BOUNDED_PERCENT`, `UNBOUNDED_PERCENT` or `COUNT`.
    pub threshold_type: String,
    pub threshold_value: u32,
    /// Whether the count starts at zero again each time a task becomes healthy.
    pub reset_on_healthy_task: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker {
            enable: true,
            rollback: true,
            threshold_type: "BOUNDED_PERCENT".to_owned(),
            threshold_value: 50,
            reset_on_healthy_task: true,
        }
    }
}

/// A service that has been there for a while: steady, its one deployment completed.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    pub cluster: String,
    pub name: String,
    /// ARN or `family:revision` of a registered task definition.
    pub task_definition: String,
    pub desired: u32,
    pub minimum_healthy_percent: u32,
    pub maximum_percent: u32,
    /// `EC2` or `FARGATE`; ignored where `capacity_providers` has items.
    pub launch_type: String,
    /// Provider, weight, base.
    pub capacity_providers: Vec<(String, u32, u32)>,
    pub scheduling: Scheduling,
    pub breaker: Option<Breaker>,
    /// ARNs of target groups; each stands for a load balancer entry of the first container.
    pub target_groups: Vec<String>,
    pub deregistration_delay_secs: i64,
    /// `placementConstraints` as the API has them.
    pub constraints: Vec<Value>,
    /// `placementStrategy` as the API has it.
    pub strategy: Vec<Value>,
    pub az_rebalancing: bool,
    pub health_check_grace_secs: i64,
    pub subnets: Vec<String>,
    /// Ids of the instances that its tasks are on, in turn; empty: the scheduler places them.
    pub on: Vec<String>,
    /// How long ago the service was created.
    pub age_secs: i64,
}

impl Default for ServiceSpec {
    fn default() -> Self {
        ServiceSpec {
            cluster: "web".to_owned(),
            name: "api".to_owned(),
            task_definition: String::new(),
            desired: 1,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            launch_type: "EC2".to_owned(),
            capacity_providers: Vec::new(),
            scheduling: Scheduling::Replica,
            breaker: None,
            target_groups: Vec::new(),
            deregistration_delay_secs: DEREGISTRATION_DELAY_SECS,
            constraints: Vec::new(),
            strategy: Vec::new(),
            az_rebalancing: false,
            health_check_grace_secs: 0,
            subnets: vec!["subnet-0aaa".to_owned()],
            on: Vec::new(),
            age_secs: 7 * 24 * 3600,
        }
    }
}

/// An Auto Scaling group as a capacity provider, or one of Fargate's two.
#[derive(Clone, Debug)]
pub struct ProviderSpec {
    pub name: String,
    /// Cluster that it serves.
    pub cluster: String,
    pub managed_scaling: bool,
    pub min: u32,
    pub max: u32,
    /// Instances there at the start; raised to `min`.
    pub desired: u32,
    /// What the group launches.
    pub instance: InstanceSpec,
    /// Instance types that the group names itself; none leaves it to its launch template.
    pub types: Vec<String>,
    /// The version of the launch template that the group names: `1`, `$Latest`, `$Default`.
    pub template_version: String,
    /// What EC2 answers to every launch; nothing lets launches succeed.
    pub launch_error: Option<String>,
    /// From the decision to scale until the instance has registered.
    pub registers_after_secs: i64,
    /// How long a task waits in PROVISIONING before ECS gives up (10 to 30 minutes).
    pub provisioning_timeout_secs: i64,
}

impl Default for ProviderSpec {
    fn default() -> Self {
        ProviderSpec {
            name: "workers".to_owned(),
            cluster: "web".to_owned(),
            managed_scaling: true,
            min: 0,
            max: 2,
            desired: 1,
            instance: InstanceSpec::default(),
            types: Vec::new(),
            template_version: "$Latest".to_owned(),
            launch_error: None,
            registers_after_secs: 90,
            provisioning_timeout_secs: 30 * 60,
        }
    }
}

/// A subnet, for tasks with network interfaces of their own.
#[derive(Clone, Debug)]
pub struct SubnetSpec {
    pub id: String,
    pub vpc: String,
    pub zone: String,
    /// Addresses that nothing has taken: each network interface of a task takes one, and gives it
    /// back when it is deleted.
    pub free: i64,
}

impl Default for SubnetSpec {
    fn default() -> Self {
        SubnetSpec {
            id: "subnet-0aaa".to_owned(),
            vpc: "vpc-0aaa".to_owned(),
            zone: "eu-west-1a".to_owned(),
            free: 250,
        }
    }
}

/// What Fargate allows this account.
#[derive(Clone, Debug)]
pub struct FargateSpec {
    /// On-demand quota in CPU units (1024 = one vCPU).
    pub cpu_quota: i64,
    pub task_quota: usize,
    /// Fargate has nothing left in these zones.
    pub unavailable: bool,
    /// Seconds that the network interface takes.
    pub eni_secs: i64,
}

impl Default for FargateSpec {
    fn default() -> Self {
        FargateSpec {
            cpu_quota: 4000 * 1024,
            task_quota: 1000,
            unavailable: false,
            eni_secs: 12,
        }
    }
}

/// How a container ends by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Seconds after RUNNING.
    pub after_secs: i64,
    pub code: i64,
    /// `containers[].reason`; often empty.
    pub reason: String,
}

/// How tasks of a revision behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskBehaviour {
    pub pull_secs: i64,
    pub start_secs: i64,
    /// Seconds after RUNNING until the health checks pass, where there are any.
    pub healthy_after_secs: i64,
    /// The health checks never pass; found out `unhealthy_after_secs` after RUNNING.
    pub never_healthy: bool,
    pub unhealthy_after_secs: i64,
    pub exit: Option<Exit>,
    /// What the pull ends with, `CannotPullContainerError: …`.
    pub pull_error: Option<String>,
    /// Lines that each container writes when it has started.
    pub log: Vec<String>,
    /// Seconds from SIGTERM until it is gone; the container's `stopTimeout` (30 s) is the most.
    pub stop_secs: i64,
}

impl Default for TaskBehaviour {
    fn default() -> Self {
        TaskBehaviour {
            pull_secs: 8,
            start_secs: 2,
            healthy_after_secs: 15,
            never_healthy: false,
            unhealthy_after_secs: 60,
            exit: None,
            pull_error: None,
            log: Vec::new(),
            stop_secs: 2,
        }
    }
}

/// A load balancer of the newer kinds.
#[derive(Clone, Debug)]
pub struct LoadBalancerSpec {
    pub arn: String,
    pub dns_name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// `application` or `network`.
    pub kind: String,
    pub listeners: Vec<ListenerSpec>,
}

/// Where a load balancer listens.
#[derive(Clone, Debug)]
pub struct ListenerSpec {
    /// `HTTP`, `HTTPS`, `TCP`, `TLS`.
    pub protocol: String,
    pub port: u16,
    /// ARN of the target group that the default action forwards to; none: it redirects to HTTPS.
    pub forwards_to: Option<String>,
}

impl Default for LoadBalancerSpec {
    fn default() -> Self {
        LoadBalancerSpec {
            arn: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188".to_owned(),
            dns_name: "shop-1234567890.eu-west-1.elb.amazonaws.com".to_owned(),
            scheme: "internet-facing".to_owned(),
            kind: "application".to_owned(),
            listeners: Vec::new(),
        }
    }
}
